"""How models are compiled: what is trained must have something to learn."""

import pytest
from hypothesis import strategies as st

from harness.architectures.drawing import draws
from harness.architectures.families import all_rules
from harness.architectures.graph import Goal
from harness.architectures.heads import heads_for
from harness.architectures.leaves import Head
from harness.architectures.models import architectures
from harness.architectures.spec import Spec
from harness.architectures.training import compiles
from harness.protocol.architecture import Compile, Ref
from tests.vocabularies import vocabulary

KERAS = vocabulary()
RULES = all_rules()


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


@st.composite
def _weighted(draw: st.DrawFn, version: str) -> Compile | None:
    wanted = {"Model.compile": frozenset({"loss_weights"})}
    return compiles(draw, vocabulary(version), [("head", Spec((3,)))], Ref("head"), 4, wanted=wanted)


@pytest.mark.parametrize(("version", "kinds"), [("3.15", {float, list}), ("2.15", {list})])
def test_the_weight_of_a_single_loss_is_a_number_or_a_list_of_one(version: str, kinds: set[type]) -> None:
    weights = [each.arguments["loss_weights"] for each in draws(_weighted(version), 30, seed_value=1) if each]
    assert {type(each) for each in weights} == kinds


def test_nothing_is_frozen_where_an_output_has_no_loss_for_it_may_be_all_that_another_one_learns() -> None:
    goals = [Goal("Dense"), Goal("EinsumDense")]
    drawn = draws(architectures(vocabulary=KERAS, rules=RULES, goals=goals), 800, seed_value=1)
    losses = [(each.compile.arguments["loss"], each.freezes) for each in drawn if each.compile is not None]
    several = [
        (loss if isinstance(loss, list) else list(loss.values()), freezes)
        for loss, freezes in losses
        if isinstance(loss, (list, dict))
    ]
    without = [freezes for loss, freezes in several if None in loss]
    assert len(without) > 10
    assert not any(without)
    assert any(freezes for loss, freezes in several if None not in loss)


@st.composite
def _heads(draw: st.DrawFn, names: tuple[str, ...]) -> list[Head]:
    return heads_for(draw, KERAS, names, dict.fromkeys(names, frozenset()))


def test_a_metric_that_takes_the_targets_of_a_loss_shares_its_output() -> None:
    names = ("losses.MeanSquaredError", "metrics.MeanAbsoluteError", "metrics.RootMeanSquaredError")
    assert {len(heads) for heads in draws(_heads(names), 20, seed_value=1)} == {1}


def test_each_loss_has_an_output_of_its_own_and_so_has_a_metric_of_other_targets() -> None:
    names = ("losses.MeanSquaredError", "losses.Huber", "metrics.SparseCategoricalAccuracy")
    for heads in draws(_heads(names), 20, seed_value=1):
        assert len(heads) == 3
        assert heads[2][0][-1] > 1  # class numbers need classes


def test_two_forms_of_one_metric_stand_on_two_outputs() -> None:
    names = ("losses.MeanSquaredError", "metrics.MeanAbsoluteError", "metrics.mean_absolute_error")
    assert {len(heads) for heads in draws(_heads(names), 20, seed_value=1)} == {2}
