"""No vacuous pass: models that had nothing to lose are counted, and a run of nothing else could not measure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness.architectures.families import all_rules
from harness.check.kinds import drawable
from harness.check.plan import Plan
from harness.check.profiles import PROFILES, Profile
from harness.check.result import Options, Result
from harness.check.substance import Substance
from harness.check.unchecked import in_words, problems, unchecked
from harness.expectations.table import parse
from harness.protocol.architecture import Architecture, Call, Input, Node, Ref
from tests.vocabularies import vocabulary

VARIED = np.arange(6, dtype="float32").reshape(2, 3)
PROFILE = Profile("test", 1, 1, False, ())


def model(layer: str = "Dense", **arguments: Any) -> Architecture:
    node = Node("a", Call(f"layers.{layer}", arguments), (Ref("x"),))
    return Architecture("model", inputs=(Input("x", (3,)),), nodes=(node,), outputs=Ref("a"), batch=2)


class Seen:
    """A worker's answer about one model, with what a test wants changed."""

    def __init__(
        self,
        outputs: Any = VARIED,
        trained: Any = None,
        losses: tuple[float, ...] = (1.0, 0.5),
        weights: int = 2,
        trainable: int = 2,
    ) -> None:
        self.blobs: dict[str, bytes] = {}
        entry = self.array(outputs)
        before = {
            "weights": [],
            "outputs": {"inner": [{"layer": "a", "class": "Dense", "outputs": [entry]}], "outputs": [entry]},
            "training outputs": [self.array(outputs * 2 if trained is None else trained)],
            "training": {"logs": [{"loss": self.array(np.float32(each))} for each in losses], "weights": []},
        }
        build = {"weights": weights, "trainable": trainable}
        self.reply = {"build": build, "before": before, "routes": {"json": {"after": {"structure": []}}}}

    def array(self, value: Any) -> dict[str, Any]:
        value = np.asarray(value)
        name = f"{len(self.blobs)}"
        for known, blob in self.blobs.items():
            if blob == value.tobytes():
                name = known
        self.blobs[name] = value.tobytes()
        return {"array": name, "dtype": value.dtype.name, "shape": list(value.shape), "kept": value.dtype.name}


def substance(*seen: Seen, architecture: Architecture | None = None) -> Substance:
    found = Substance()
    for each in seen:
        found.add(architecture or model(), each.reply, each.blobs)
    return found


@pytest.mark.parametrize(
    ("seen", "said", "fatal"),
    [
        (Seen(weights=0), "1 model had no weights", True),
        (Seen(np.zeros((2, 3), "float32")), "1 model had outputs that are all zero", True),
        (Seen(np.ones((2, 3), "float32")), "1 model had outputs that are all one value", True),
        (Seen(np.full((2, 3), np.nan, "float32")), "1 model had outputs of which none is finite", True),
        (Seen(np.asarray([[1, 2], [1, 2]], "float32")), "1 model gave every sample the same outputs", False),
        (Seen(losses=(1.0, 1.0)), "1 model had a loss that did not move", True),
        (Seen(losses=(1.0, float("nan"))), "1 model had a loss that is not finite", True),
    ],
)
def test_what_is_empty_in_one_model_is_counted_and_what_is_in_all_was_not_measured(
    seen: Seen, said: str, fatal: bool
) -> None:
    alone = substance(seen)
    assert said in alone.remarks()
    assert any(said in each for each in alone.nowhere()) is fatal
    among_others = substance(seen, Seen())
    assert said in among_others.remarks()
    assert list(among_others.nowhere()) == []


def test_a_model_that_has_everything_gives_no_remark() -> None:
    assert substance(Seen()).remarks() == []
    assert list(substance(Seen()).nowhere()) == []


def test_a_frozen_model_is_not_asked_to_move_its_loss() -> None:
    assert substance(Seen(losses=(1.0, 1.0), trainable=0)).remarks() == []


def test_dropout_that_does_nothing_in_training_is_told() -> None:
    silent = Seen(trained=VARIED)
    (remark,) = substance(silent, architecture=model("Dropout", rate=0.5)).remarks()
    assert "the same in training as in inference" in remark
    assert substance(silent, architecture=model("Dropout", rate=0.0)).remarks() == []
    assert substance(silent, architecture=model("Dense", units=2)).remarks() == []


def test_a_layer_that_no_input_reaches_in_any_model_is_named() -> None:
    same = Seen(np.asarray([[1, 2], [1, 2]], "float32"))
    assert substance(same).silent() == ["Dense"]
    assert substance(same, Seen()).silent() == []


def test_a_layer_that_one_sample_alone_went_through_is_named_until_two_do() -> None:
    one = Seen(np.asarray([[1, 2]], "float32"))
    assert (substance(one).silent(), substance(one).with_one_sample()) == ([], ["Dense"])
    assert substance(one, Seen()).with_one_sample() == []
    told = result()
    told.substance = substance(one)
    assert "layers seen with one sample alone: Dense" in in_words(told)


def result(layers: tuple[str, ...] = ("Dense",)) -> Result:
    plan = Plan(vocabulary(), all_rules(), PROFILE, only=layers)
    table = {route: row for route, row in parse().items() if route in ("json", "keras_zip")}
    return Result(Options(PROFILE, layers), plan=plan, table=table)


def test_a_layer_that_was_promised_and_not_drawn_is_a_problem() -> None:
    nothing = result()
    assert problems(nothing) == ["layers.Dense was not reached: (the layer itself)"]
    assert nothing.verdict == "error"


def test_models_that_travel_without_being_compared_are_a_problem() -> None:
    one = result(())
    one.examples = one.built = 1
    one.route_examples = {"json": 1}
    assert "nothing of any model was compared" in problems(one)
    one.substance.compared["structure"] += 1
    assert "nothing of any model was compared" not in problems(one)


def test_a_report_says_what_was_not_checked() -> None:
    one = result()
    one.plan.coverage.add(model("Dense", units=3))
    one.route_examples = {"json": 1}
    one.substance.compared["structure"] += 1
    found = unchecked(one)
    assert found["layers"] == []
    assert found["layers left out"]["Conv2D"] == "not asked for"
    assert found["arguments"]["layers.Dense"]["use_bias"] == "no model gave it"
    assert "units" not in found["arguments"]["layers.Dense"]
    assert found["routes"] == ["keras_zip"]
    assert found["layers by route"] == {"json": ["layers.Dense"]}
    assert "weights" in found["observations"]
    assert "structure" not in found["observations"]
    assert "routes: keras_zip" in in_words(one)


def test_a_layer_of_a_coming_keras_that_is_not_known_here_is_told_by_name() -> None:
    one = result(())
    assert "does not know" not in in_words(one)
    news = replace(vocabulary(), layers=(*vocabulary().layers, "layers.Novel"))
    one.plan = Plan(news, all_rules(), PROFILE)
    assert unchecked(one)["layers left out"]["Novel"] == "this harness does not know it"
    assert "layers that this harness does not know: Novel" in in_words(one)


def test_a_profile_that_promises_a_share_of_the_losses_and_operations_says_what_it_leaves_to_other_seeds() -> None:
    one = result(())
    one.plan = Plan(vocabulary(), all_rules(), PROFILES["quick"], seed=3)
    for _ in one.plan:
        pass
    assert " arguments (one in 2 is asked for, others with each seed; profile ci has all)" in in_words(one)
    one.plan.profile = replace(one.plan.profile, one_argument_in=0)
    assert " arguments; " in in_words(one)
    left, held = unchecked(one)["left to other seeds"], one.plan.coverage
    assert set(left) == {"losses", "metrics", "operations"}
    for kind in ("losses", "metrics"):
        everything = {name for name in drawable(vocabulary()) if name.startswith(f"{kind}.")}
        assert set(left[kind]) == everything - set(held.objects)
        assert len(left[kind]) > len(everything) / 10
    assert not set(left["operations"]) & {name for name, times in held.operations.items() if times}
    assert f"{len(left['losses'])} losses, {len(left['metrics'])} metrics, " in in_words(one)
    one.plan = Plan(vocabulary(), all_rules(), PROFILES["ci"])
    assert unchecked(one)["left to other seeds"] == {}
    assert "other" not in in_words(one)


@pytest.mark.parametrize("kind", ["losses", "metrics"])
def test_as_many_seeds_in_a_row_as_a_profile_shares_the_losses_among_promise_each_of_them_once(kind: str) -> None:
    shares = [
        set(Plan(vocabulary(), all_rules(), PROFILES["quick"], seed=seed).wishes.promised[kind])
        for seed in range(6, 6 + PROFILES["quick"].one_loss_in)
    ]
    whole = set(Plan(vocabulary(), all_rules(), PROFILES["ci"]).wishes.promised[kind])
    assert set.union(*shares) == whole
    assert sum(map(len, shares)) == len(whole)
