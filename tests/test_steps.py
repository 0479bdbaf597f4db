"""A subclassed model of steps has the sizes that Keras finds by following the tensors through them."""

from __future__ import annotations

from hypothesis import strategies as st

from harness.architectures.drawing import draws
from harness.architectures.families import all_rules
from harness.architectures.rules import Arguments
from harness.architectures.spec import Spec
from tests.vocabularies import vocabulary

RULES = all_rules()


@st.composite
def _sizes(draw: st.DrawFn, rule: str) -> tuple[int | None, ...]:
    arguments = Arguments(draw, vocabulary("3.15"), RULES[rule].public, rules=RULES, plain=True)
    return RULES[rule].place(arguments, Spec((3, 5, 2))).outputs[0].shape


def test_no_step_leaves_a_size_unsaid_though_such_a_layer_by_itself_does() -> None:
    assert any(None in shape for shape in draws(_sizes("TimeDistributed"), 400, seed_value=3))
    assert not any(None in shape for shape in draws(_sizes("custom.Steps"), 400, seed_value=3))
