"""A config must say what its layer, optimizer, loss or metric was given; one that forgets it is found in its place."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from harness.expectations.finding import Finding
from harness.expectations.given import given
from harness.protocol.architecture import Call, Compile, Freeze
from tests.small import DENSE, ERROR, EYE, MODEL, config, model


def stated(call: Call, config: dict[str, Any]) -> list[tuple[str, str, Any, Any]]:
    model = replace(MODEL, nodes=(replace(DENSE, layer=call),))
    before = {"config": {"layers": [{"config": {"name": "dense", **config}}]}}
    return [(each.where, each.kind, each.expected, each.actual) for each in given(model, before)]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (True, False), (0, 3), (-1, 0), (0.5, 3), (2, 2.0000021), (2, 3), (0.5, 0.6), ("relu", "tanh"),
        (-2, -1), (2, -1), (1.0, 1.0001), (100.0, 100.001), (0.5, 0.5000015), ("swish", "hard_silu"), ("silu", "swish"),
    ],
)  # fmt: skip
def test_a_config_that_says_another_value_is_a_finding(value: Any, said: Any) -> None:
    assert stated(Call("layers.Dense", {"x": value}), {"x": said}) == [("dense/x", "value", value, said)]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (True, True), (True, 1), (True, 2), (2, True),
        (0, False), (2, 2.0), (0.1, 0.10000000149), (0.5, 0.5000009), (-1, 3),
        ("ReLU", "relu"), ("swish", "silu"), ("hard_swish", "hard_silu"),
        ("relu", {"a": 1}), ((1, 2), [1, 2]), (3, [3, 3]), (100.0, 100.00001),
    ],
)  # fmt: skip
def test_a_config_that_says_it_in_its_own_way_is_none(value: Any, said: Any) -> None:
    assert stated(Call("layers.Dense", {"x": value}), {"x": said}) == []


def test_every_argument_is_asked_for_whatever_came_before_it() -> None:
    ones = Call("initializers.Constant", {"value": 2.0})
    arguments = {"weights": (1,), "first": 1, "inner": ones, "last": 1}
    said: dict[str, Any] = {"inner": {"config": {"value": 2.0}}}
    assert [where for where, *_ in stated(Call("layers.core.Dense", arguments), said)] == ["dense/first", "dense/last"]
    said["inner"] = {"config": {}}
    places = [where for where, *_ in stated(Call("layers.core.Dense", arguments), said)]
    assert places == ["dense/first", "dense/inner/value", "dense/last"]


def test_an_argument_that_a_config_forgets_is_told_with_its_layer() -> None:
    assert stated(Call("layers.Dense", {"x": 1}), {}) == [("dense/x", "missing", 1, None)]
    model = replace(MODEL, nodes=(replace(DENSE, layer=Call("layers.Dense", {"x": 1})),))
    (finding,) = given(model, {"config": {"layers": [{"config": {"name": "dense"}}]}})
    assert finding == Finding(
        "given", "missing", ("Dense", "x"), ("build",), "given: the config of Dense does not say what x was", "dense/x",
        1, None, layers=("Dense",), architecture=model,
    )  # fmt: skip


def test_a_number_of_thresholds_is_not_heard_where_they_are_given() -> None:
    said = {"num_thresholds": 4, "thresholds": [0.2, 0.8]}
    assert [where for where, *_ in stated(Call("layers.AUC", {"num_thresholds": 10}), said)] == ["dense/num_thresholds"]
    assert stated(Call("layers.AUC", {"num_thresholds": 10, "thresholds": (0.2, 0.8)}), said) == []


def test_what_was_frozen_or_unfrozen_later_is_no_contradiction() -> None:
    frozen = replace(MODEL, nodes=(replace(DENSE, layer=Call("layers.Dense", {"trainable": False, "units": 2})),))
    before = {"config": {"layers": [{"config": {"name": "dense", "trainable": True, "units": 3}}]}}
    assert [each.where for each in given(frozen, before)] == ["dense/trainable", "dense/units"]
    later = replace(frozen, freezes=(Freeze(("dense",), "trained", trainable=True),))
    assert [each.where for each in given(later, before)] == ["dense/units"]


def test_objects_that_state_their_arguments_are_looked_into_and_others_are_not() -> None:
    ones = Call("initializers.Constant", {"value": 2.0})
    inner = Call("layers.LSTMCell", {"units": 2})
    right, wrong = {"config": {"value": 2.0}}, {"config": {"value": 3.0}}
    assert stated(Call("layers.Dense", {"x": ones}), {"x": right}) == []
    assert stated(Call("layers.Dense", {"x": ones}), {"x": wrong}) == [("dense/x/value", "value", 2.0, 3.0)]
    assert stated(Call("layers.Dense", {"x": inner}), {"x": {"config": {"units": 3}}}) == []
    for said in ({"config": "text"}, "text", None):
        assert stated(Call("layers.Dense", {"x": ones}), {"x": said}) == []
    assert [kind for _, kind, *_ in stated(Call("layers.Dense", {"x": ones}), {"x": {"config": {}}})] == ["missing"]


def test_only_what_is_there_is_asked_for_its_arguments() -> None:
    custom = replace(MODEL, nodes=(replace(DENSE, layer=Call("custom.Mine", {"x": 1})),))
    entry = {"config": {"name": "dense"}}
    assert given(custom, {"config": {"layers": [entry]}}) == []
    plain = replace(MODEL, nodes=(replace(DENSE, layer=Call("layers.Dense", {"x": 1})),))
    for said in (None, {}, {"layers": []}, {"layers": ["text", {"config": 1}, {"config": {}}]}, {"$error": ERROR}):
        assert given(plain, {"config": said}) == []
    assert given(plain, {}) == []


def test_an_optimizer_is_held_against_its_own_config() -> None:
    compiled = replace(MODEL, compile=Compile({"optimizer": Call("optimizers.Adam", {"beta_1": 0.8})}, None))

    def said(settings: Any) -> list[str]:
        return [each.where for each in given(compiled, {"compile": settings})]

    assert said({"optimizer": {"class": "Adam", "config": {"beta_1": 0.9}}}) == ["optimizer/beta_1"]
    assert said({"optimizer": {"class": "Adam", "config": {"beta_1": 0.8}}}) == []
    assert said({"optimizer": {"class": "LossScaleOptimizer", "config": {}}}) == []
    both = replace(compiled, nodes=(replace(DENSE, layer=Call("layers.Dense", {"x": 1})),))
    config = {"layers": [{"config": {"name": "dense"}}]}
    wrong = {"optimizer": {"class": "Adam", "config": {}}}
    found = given(both, {"config": config, "compile": wrong})
    assert [(each.where, each.architecture) for each in found] == [("dense/x", both), ("optimizer/beta_1", both)]
    assert said({"optimizer": None}) == said({"$error": ERROR}) == said(None) == []
    assert [each.where for each in given(MODEL, {"compile": {"optimizer": {"class": "Adam", "config": {}}}})] == []


def test_a_schedule_is_held_against_its_config_within_that_of_the_optimizer() -> None:
    """A step or two of training are too few to show how a rate ends."""
    rate = Call("optimizers.schedules.CosineDecay", {"initial_learning_rate": 0.1, "alpha": 0.5})
    compiled = replace(MODEL, compile=Compile({"optimizer": Call("optimizers.Adam", {"learning_rate": rate})}, None))

    def said(**schedule: float) -> list[tuple[tuple[str, ...], str]]:
        config = {"learning_rate": {"class_name": "CosineDecay", "config": schedule}}
        before = {"compile": {"optimizer": {"class": "Adam", "config": config}}}
        return [(each.place, each.where) for each in given(compiled, before)]

    assert said(initial_learning_rate=0.1, alpha=0.5) == []
    assert said(initial_learning_rate=0.1) == [(("CosineDecay", "alpha"), "optimizer/learning_rate/alpha")]


def test_a_config_that_forgets_an_argument_is_found_in_a_nested_model_too() -> None:
    inner = model(EYE, name="inner")
    nested = {"layers": [{"config": {"name": "inner", **config("layer", units=2)}}]}
    (finding,) = given(model(inner, node="inner"), {"config": nested})
    assert (finding.place, finding.where) == (("Dense", "kernel_initializer"), "inner/layer/kernel_initializer")


def test_a_finding_about_an_object_that_was_given_can_be_written_as_json() -> None:
    (finding,) = given(model(EYE), {"config": config("layer", units=2)})
    assert "initializers.Identity" in json.dumps(finding.to_json()["expected"])


def test_a_loss_or_a_metric_that_forgets_an_argument_is_found_in_whatever_structure_it_stands() -> None:
    huber = Call("losses.Huber", {"delta": 2.0, "name": "mine"})
    cosine = Call("metrics.CosineSimilarity", {"axis": 1})
    settings = {"loss": {"a": ["mse", huber]}, "metrics": [[cosine], []], "optimizer": "sgd"}
    compiled = replace(model(EYE), compile=Compile(settings, None))

    def stated(loss: dict[str, object], metric: dict[str, object]) -> list[tuple[tuple[str, ...], str]]:
        config = {"loss": {"a": ["mse", {"config": loss}]}, "metrics": [[{"config": metric}], []]}
        before = {"compile": {"compiled": True, "config": config}}
        return [(each.place, each.where) for each in given(compiled, before)]

    assert stated({"name": "mine", "delta": 2.0}, {"axis": 1}) == []
    others = {"loss": {"a": ["mse"], "b": huber}, "metrics": [[Call("custom.Mine", {"x": 1})], [], []]}
    apart = replace(model(EYE), compile=Compile(others, None))
    config = {"loss": {"a": [{"config": {}}, 1], "c": 1}, "metrics": [[{"config": {}}], []]}
    assert given(apart, {"compile": {"config": config}}) == []
    assert given(apart, {"compile": {"config": {"loss": [1, 2], "metrics": {"a": 1}}}}) == []
    mine = replace(model(EYE), compile=Compile({"metrics": [Call("custom.Mine", {"x": 1})]}, None))
    assert given(mine, {"compile": {"config": {"metrics": [{"config": {}}]}}}) == []
    assert stated({"name": "output_mine", "delta": 2.0}, {"axis": 1}) == []
    assert len(stated({"name": "other", "delta": 2.0}, {"axis": 1})) == 1
    assert stated({"name": "mine"}, {"axis": 1}) == [(("Huber", "delta"), "compile.loss/a/1/delta")]
    assert stated({"name": "mine", "delta": 1.0}, {"axis": 1}) == [(("Huber", "delta"), "compile.loss/a/1/delta")]
    assert stated({"name": "mine", "delta": 2.0}, {}) == [(("CosineSimilarity", "axis"), "compile.metrics/0/0/axis")]


def test_first_weights_are_no_setting_that_a_config_could_forget() -> None:
    layer = Call("layers.Dense", {"units": 2, "weights": (1.0,)})
    assert given(model(layer), {"config": config("layer", units=2)}) == []
