"""How models are compiled: what is trained must have something to learn."""

from hypothesis import strategies as st

from harness.architectures.drawing import draws
from harness.architectures.spec import Spec
from harness.architectures.training import compiles
from harness.protocol.architecture import Compile, Ref
from tests.vocabularies import vocabulary

KERAS = vocabulary()


@st.composite
def _compiled(draw: st.DrawFn) -> Compile | None:
    outputs = [(name, Spec((3,))) for name in ("bare", "head", "other")]
    structure = [Ref(name) for name, _ in outputs]
    return compiles(draw, KERAS, outputs, structure, 4, learns={"head"})


def test_some_outputs_have_no_loss_and_the_one_that_something_is_learnt_from_has_one() -> None:
    without = 0
    for compiled in draws(_compiled(), 200, seed_value=1):
        assert compiled is not None
        loss = compiled.arguments["loss"]
        if isinstance(loss, (list, dict)):
            losses = loss if isinstance(loss, list) else list(loss.values())
            without += None in losses
            assert losses[1] is not None
    assert without > 10
