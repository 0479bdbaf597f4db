"""What is held against what, how it is named, and what follows from what: each rule of the judge by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness.expectations.compare import LIMIT, Difference, differences, measure, short
from harness.expectations.finding import Finding
from harness.expectations.given import given
from harness.expectations.judge import ORDER, difference_finding, judge
from harness.expectations.raised import error_finding
from harness.protocol.architecture import Architecture, Call, Compile, Freeze, Input, Node, Ref

DENSE = Node("dense", Call("layers.Dense", {"units": 2}), (Ref("input"),), {}, ((2,),))
MODEL = Architecture("model", inputs=(Input("input", (3,)),), nodes=(DENSE,), outputs=Ref("dense"))
ERROR = {"type": "ValueError", "message": "first line\nsecond line", "place": "keras/somewhere.py:load"}


def judged(
    relation: str,
    before: Any,
    after: Any,
    observation: str = "flags",
    *,
    blobs: dict[str, bytes] | None = None,
    optimizer: Any = None,
) -> list[Finding]:
    original = {"optimizer": optimizer, observation: before}
    reply = {
        "build": {"shapes": {}},
        "before": original,
        "routes": {"keras_zip": {"before": {}, "after": {observation: after}}},
    }
    return judge(MODEL, reply, blobs or {}, {"keras_zip": {observation: relation}})


def found(
    relation: str, before: Any, after: Any, observation: str = "flags", **more: Any
) -> list[tuple[str, str, str]]:
    """Where and how the observation differs; that a config forgets what was given is another matter."""
    findings = judged(relation, before, after, observation, **more)
    return [(each.where, each.kind, each.title) for each in findings if each.observation == observation]


# What a finding says of a difference.


@pytest.mark.parametrize(
    ("before", "after", "kind", "says"),
    [
        (1, 2, "value", "is another one"),
        (1, "1", "type", "is of another type"),
        ([1], [1, 2], "length", "has another number of entries"),
        ({"array": "a", "shape": [1], "dtype": "float32"}, {"array": "b", "shape": [2], "dtype": "float32"}, "shape",
         "has another shape"),
        ({"array": "a", "shape": [1], "dtype": "float32"}, {"array": "b", "shape": [1], "dtype": "int32"}, "dtype",
         "has another dtype"),
    ],
)  # fmt: skip
def test_a_title_says_where_and_in_what_way(before: Any, after: Any, kind: str, says: str) -> None:
    assert found("=", {"dense": before}, {"dense": after}) == [("dense", kind, f"flags: Dense {says}")]


def test_a_title_says_what_is_missing_and_what_came() -> None:
    assert found("=", {"dense": 1}, {}) == [("dense", "missing", "flags: Dense is missing")]
    assert found("=", {}, {"dense": 1}) == [("dense", "surplus", "flags: Dense is there and was not")]
    assert found("=", 1, 2) == [("", "value", "flags: all of it is another one")]


def test_a_finding_carries_all_that_a_report_needs() -> None:
    long = "x" * 500
    difference = Difference(
        ("layers", "dense/kernel"), "value", long, {"array": "a", "dtype": "f4", "shape": [2]}, {"of": 1}
    )
    finding = difference_finding("hdf5", "weights", difference, MODEL, {"dense": "Dense", "model": "Model"})
    assert finding == Finding(
        "weights", "value", ("layers", "Dense/kernel"), ("hdf5",),
        "weights: layers / Dense/kernel is another one", "layers/dense/kernel",
        repr(long)[:400] + "…", "f4[2]", {"of": 1},
        layers=("Dense",), architecture=MODEL, path=("layers", "dense/kernel"),
    )  # fmt: skip


def test_models_and_inputs_are_no_layers_to_blame() -> None:
    classes = {"a": "Model", "b": "Sequential", "c": "InputLayer", "d": "ReLU", "e": "ReLU"}
    difference = Difference(("a/b/c", "d", "e"), "value", 1, 2)
    assert difference_finding("json", "flags", difference, MODEL, classes).layers == ("ReLU",)


def test_outputs_of_the_model_are_one_place_whatever_their_number() -> None:
    difference = Difference(("outputs", "3", "x"), "value", 1, 2)
    assert difference_finding("json", "outputs", difference, MODEL, {}).path == ("outputs",)
    assert difference_finding("json", "losses", difference, MODEL, {}).path == ("outputs", "3", "x")


def test_an_error_is_told_by_its_type_and_first_line_and_is_of_its_place() -> None:
    finding = error_finding("hdf5", "travel", {**ERROR, "more": 1}, MODEL)
    assert finding == Finding(
        "travel", "error", ("keras/somewhere.py:load",), ("hdf5",), "ValueError: first line",
        error={**ERROR, "more": 1}, architecture=MODEL,
    )  # fmt: skip
    assert error_finding("hdf5", "travel", {**ERROR, "message": ""}, MODEL).title == "ValueError: "
    assert len(error_finding("hdf5", "travel", {**ERROR, "message": "y" * 999}, MODEL).title) == 240


def test_every_finding_has_the_model_that_showed_it_and_what_was_there_before_and_after() -> None:
    error = {"$error": ERROR}
    reply = {
        "build": {"shapes": {"dense": [[None, 3]]}, "untrained": ERROR},
        "before": {"flags": 1, "config": {"layers": [{"config": {"name": "dense"}}]}, "losses": 1},
        "routes": {
            "json": {"error": ERROR},
            "clone": {"before": {}, "after": {"flags": 2, "losses": error}},
            "bare": {"before": {}, "after": {"flags": {"compiled": True}}},
        },
    }
    table = {"json": {}, "clone": {"flags": "=", "losses": "="}, "bare": {"flags": "no"}}
    findings = judge(MODEL, reply, {}, table)
    assert [each.architecture for each in findings] == [MODEL] * 6
    assert [(each.check, each.expected, each.actual) for each in findings] == [
        ("build/shape", [[2]], [[3]]),
        ("build/given", 2, None),
        ("build/training", None, None),
        ("json/travel", None, None),
        ("clone/flags", 1, 2),
        ("bare/flags", None, {"compiled": True}),
    ]
    assert findings[4].consequences == ("clone/losses",)


@pytest.mark.parametrize(
    ("before", "after", "expected", "actual"),
    [
        (1, 2, 1, 2), (1, "1", 1, "1"), ([1], 1, [1], 1), (1, [1], 1, [1]),
        ({"a": 1}, {}, 1, None), ({}, {"a": 1}, None, 1),
        ({"array": "a", "shape": [1], "dtype": "f4"}, {"array": "b", "shape": [2], "dtype": "f4"}, [1], [2]),
        ({"array": "a", "shape": [1], "dtype": "f4"}, {"array": "b", "shape": [1], "dtype": "f8"}, "f4", "f8"),
        ({"array": "a", "shape": [1], "dtype": "f4"}, {"other": 1}, "a", None),
    ],
)  # fmt: skip
def test_a_difference_says_what_was_and_what_is(before: Any, after: Any, expected: Any, actual: Any) -> None:
    first = next(iter(differences(before, after, {})))
    assert (first.expected, first.actual) == (expected, actual)


# What is held against what.


def test_an_error_after_is_a_finding_and_an_error_before_as_well_is_none() -> None:
    (finding,) = judged("=", {"a": 1}, {"$error": ERROR})
    assert (finding.kind, finding.observation, finding.routes) == ("error", "flags", ("keras_zip",))
    assert [each.routes for each in judged("=", {"$error": ERROR}, {"$error": ERROR})] == [("build",)]


def test_what_must_be_absent_is_absent() -> None:
    assert found("no", {"compiled": True}, None) == found("no", 1, {"compiled": False}) == []
    assert found("no", {"compiled": True}, {"compiled": True}) == [
        ("", "surplus", "flags: all of it is there and was not")
    ]


def test_nothing_is_asked_where_the_table_asks_nothing() -> None:
    reply = {"build": {"shapes": {}}, "before": {"flags": 1}, "routes": {"json": {"before": {}, "after": {"flags": 2}}}}
    assert judge(MODEL, reply, {}, {"json": {}}) == []
    assert judge(MODEL, reply, {}, {"json": {"weights": "="}}) == []
    assert len(judge(MODEL, reply, {}, {"json": {"flags": "="}})) == 1


def test_a_route_that_saw_the_original_itself_is_held_against_that() -> None:
    reply = {
        "build": {"shapes": {}},
        "before": {"flags": 1},
        "routes": {"json": {"before": {"flags": 2}, "after": {"flags": 2}}},
    }
    assert judge(MODEL, reply, {}, {"json": {"flags": "="}}) == []


SUMMARY = [
    "dense (Dense) 8",
    "Total params: 8",
    " Trainable params: 8",
    "Non-trainable params: 0",
    "Optimizer params: 2",
]


def test_of_a_summary_totals_are_asked_unless_loading_may_change_them() -> None:
    bare = SUMMARY[:1]
    assert found("=l", SUMMARY, bare, "summary") == found("=s", SUMMARY, bare, "summary") == []
    assert len(found("=", SUMMARY, bare, "summary")) == 1
    assert len(found("=s", SUMMARY, bare, "summary", optimizer={"iterations": 2})) == 1
    assert found("=s", SUMMARY, bare, "summary", optimizer={"iterations": 0}) == []
    assert found("=l", SUMMARY, bare, "summary", optimizer={"iterations": 2}) == []
    assert len(found("=l", SUMMARY, ["dense (Dense) 9"], "summary")) == 1
    assert len(found("=l", SUMMARY, bare)) == 1  # of another observation nothing is left out


@pytest.mark.parametrize("key", ["build_config", "vocabulary_size", "shared_object_id"])
def test_of_a_config_what_is_no_setting_is_not_asked(key: str) -> None:
    before, after = [[{"deep": {"config": {key: number, "units": 2}}}] for number in (1, 2)]
    assert found("=", before, after, "config") == []
    assert len(found("=", before, after)) == 1


def test_the_wiring_is_asked_but_of_a_clone() -> None:
    for key in ("inbound_nodes", "output_layers", "input_layers"):
        assert len(found("=", {key: 1}, {key: 2}, "config")) == 1
        assert found("=n", {key: 1}, {key: 2}, "config") == []
    assert len(found("=n", {"name": 1}, {"name": 2}, "config")) == 1


def test_of_h5_the_optimizer_alone_is_asked_of_what_was_compiled() -> None:
    before = {"compiled": True, "optimizer": 1, "config": 1}
    assert found("=h", before, {"compiled": True, "optimizer": 1, "config": 2}, "compile") == []
    assert len(found("=", before, {"compiled": True, "optimizer": 1, "config": 2}, "compile")) == 1
    assert len(found("=h", before, {"compiled": True, "optimizer": 2, "config": 1}, "compile")) == 1
    assert len(found("=h", before, {"compiled": False, "optimizer": 1, "config": 1}, "compile")) == 1
    assert len(found("=h", before, None, "compile")) == 1


def test_an_optimizer_that_made_no_step_may_come_back_built() -> None:
    new, built = {"iterations": 0, "variables": []}, {"iterations": 0, "variables": [1]}
    assert found("=s", new, built, "optimizer", optimizer=new) == []
    assert len(found("=", new, built, "optimizer", optimizer=new)) == 1
    assert len(found("=s", new, {"iterations": 1, "variables": []}, "optimizer", optimizer=new)) == 1
    trained = {"iterations": 2, "variables": []}
    reply = {"build": {"shapes": {}}, "before": {"optimizer": trained},
             "routes": {"a": {"before": {}, "after": {"optimizer": {"iterations": 2, "variables": [1]}}}}}  # fmt: skip
    assert len(judge(MODEL, reply, {}, {"a": {"optimizer": "=s"}})) == 1
    assert len(found("=s", new, None, "optimizer", optimizer=new)) == 1


def test_what_follows_from_a_first_difference_is_not_told() -> None:
    def several(observation: str) -> int:
        return len(found("=", {"a": 1, "b": 1}, {"a": 2, "b": 2}, observation))

    alone = {"outputs", "training outputs", "losses", "training", "summary", "compile", "structure", "frozen"}
    assert {each for each in ORDER if each not in ("travel",) and several(each) == 1} == alone
    assert several("weights") == 2


def test_at_most_so_many_differences_of_one_observation_are_told() -> None:
    many = {f"a{chr(97 + number // 26)}{chr(97 + number % 26)}": 1 for number in range(LIMIT + 5)}
    assert len(found("=", many, dict.fromkeys(many, 2))) == LIMIT


def test_one_argument_of_a_layer_is_one_difference_of_a_config() -> None:
    def config(**more: Any) -> dict[str, Any]:
        return {"layers": [{"config": {"name": "dense", **more}}], "name": "model"}

    one, other = config(initializer={"a": 1, "b": {"c": 1}}), config(initializer={"a": 2, "b": {"c": 2}})
    assert [where for where, *_ in found("=", one, other, "config")] == ["layers/dense/config/initializer"]
    assert [where for where, *_ in found("=", one, config(), "config")] == ["layers/dense/config/initializer"]
    nested = [{"layers": [{"config": {"name": "inner", "layers": each["layers"]}}]} for each in (one, other)]
    assert [where for where, *_ in found("=", *nested, "config")] == [
        "layers/inner/config/layers/dense/config/initializer"
    ]
    wrapped = [{"layers": [{"config": {"name": "dense", "layer": {"config": {"units": n, "x": n}}}}]} for n in (1, 2)]
    assert [where for where, *_ in found("=", *wrapped, "config")] == [
        "layers/dense/config/layer/config/units",
        "layers/dense/config/layer/config/x",
    ]
    assert [where for where, *_ in found("=", {"config": 1}, {"config": 2}, "config")] == ["config"]
    bare = [{"layers": [{"config": {"name": "inner", "layers": [{"name": "dense", "config": n}]}}]} for n in (1, 2)]
    assert [where for where, *_ in found("=", *bare, "config")] == ["layers/inner/config/layers/dense/config"]
    plain = [{"a": {"b": {"config": {"x": n}}}} for n in (1, 2)]
    assert [where for where, *_ in found("=", *plain, "config")] == ["a/b/config/x"]


# What follows from what.


def route(**after: Any) -> dict[str, Any]:
    before = dict.fromkeys(after, 1)
    return {"build": {"shapes": {}}, "before": before, "routes": {"json": {"before": {}, "after": after}}}


@pytest.mark.parametrize(
    ("cause", "consequence"),
    [
        ("weights", "outputs"),
        ("config", "summary"),
        ("flags", "training"),
        ("structure", "flags"),
        ("compile", "losses"),
    ],
)
def test_a_consequence_stands_with_its_cause(cause: str, consequence: str) -> None:
    table = {"json": {cause: "=", consequence: "="}}
    (finding,) = judge(MODEL, route(**{cause: 2, consequence: 2}), {}, table)
    assert (finding.check, finding.consequences) == (f"json/{cause}", (f"json/{consequence}",))
    (alone,) = judge(MODEL, route(**{cause: 1, consequence: 2}), {}, table)
    assert (alone.check, alone.consequences) == (f"json/{consequence}", ())


def test_what_explains_nothing_hides_nothing() -> None:
    table = {"json": {"flags": "=", "weights": "="}}
    assert {each.check for each in judge(MODEL, route(flags=2, weights=2), {}, table)} == {"json/flags", "json/weights"}


def test_a_route_that_fails_hides_no_other() -> None:
    reply = route(flags=2)
    reply["routes"] = {"hdf5": {"error": ERROR}, **reply["routes"]}
    checks = [each.check for each in judge(MODEL, reply, {}, {"hdf5": {"flags": "="}, "json": {"flags": "="}})]
    assert checks == ["hdf5/travel", "json/flags"]


def test_one_cause_in_several_places_of_a_route_is_one_finding_and_in_two_routes_two() -> None:
    twice = replace(MODEL, nodes=(DENSE, replace(DENSE, name="dense_1")))
    table = {"json": {"weights": "="}, "clone": {"weights": "="}}
    answer = {"before": {}, "after": {"weights": {"dense": 2, "dense_1": 2}}}
    reply = {"build": {"shapes": {}}, "before": {"weights": {"dense": 1, "dense_1": 1}},
             "routes": {"json": answer, "clone": answer}}  # fmt: skip
    assert [each.routes for each in judge(twice, reply, {}, table)] == [("json",), ("clone",)]


def test_a_model_that_was_not_built_is_one_finding_and_the_end() -> None:
    (finding,) = judge(MODEL, {"build": {"error": ERROR}, "routes": {}}, {}, {})
    assert (finding.check, finding.architecture) == ("build/build", MODEL)


def test_classes_that_were_told_go_before_those_of_the_architecture() -> None:
    reply = {"build": {"shapes": {}}, "before": {"flags": {"dense": 1, "other": 1}},
             "routes": {"json": {"before": {}, "after": {"flags": {"dense": 2, "other": 2}}}}}  # fmt: skip
    told = judge(MODEL, reply, {}, {"json": {"flags": "="}}, {"dense": "Mine", "other": "Yours"})
    assert [each.layers for each in told] == [("Mine",), ("Yours",)]


# Shapes.


def test_a_shape_that_contradicts_a_rule_names_the_layer_and_both_shapes() -> None:
    (finding,) = judge(MODEL, {"build": {"shapes": {"dense": [[None, 3]]}}, "before": {}, "routes": {}}, {}, {})
    assert finding == Finding(
        "shape", "value", ("Dense",), ("build",), "shape: Dense gives another shape than its rule says", "dense",
        [[2]], [[3]], layers=("Dense",), architecture=MODEL,
    )  # fmt: skip


def test_a_shape_that_is_not_known_contradicts_nothing() -> None:
    unknown = replace(MODEL, nodes=(replace(DENSE, shapes=None), replace(DENSE, name="later")))
    for shapes in ({}, {"dense": [[None, 9]]}, {"later": []}, {"later": [[None, 2], [None, 2]]}):
        assert judge(unknown, {"build": {"shapes": shapes}, "before": {}, "routes": {}}, {}, {}) == []
    wrong = {"build": {"shapes": {"dense": [[None, 9]], "later": [[None, 9]]}}, "before": {}, "routes": {}}
    assert [each.where for each in judge(unknown, wrong, {}, {})] == ["later"]


# What a config must say.


def stated(call: Call, config: dict[str, Any]) -> list[tuple[str, str, Any, Any]]:
    model = replace(MODEL, nodes=(replace(DENSE, layer=call),))
    before = {"config": {"layers": [{"config": {"name": "dense", **config}}]}}
    return [(each.where, each.kind, each.expected, each.actual) for each in given(model, before)]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (True, False), (0, 3), (-1, 0), (0.5, 3), (2, 2.0000021), (2, 3), (0.5, 0.6), ("relu", "tanh"),
        (-2, -1), (2, -1), (1.0, 1.0001), (100.0, 100.001),
    ],
)  # fmt: skip
def test_a_config_that_says_another_value_is_a_finding(value: Any, said: Any) -> None:
    assert stated(Call("layers.Dense", {"x": value}), {"x": said}) == [("dense/x", "value", value, said)]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (True, True), (True, 1), (0, False), (2, 2.0), (0.1, 0.10000000149), (0.5, 0.5000009), (-1, 3),
        ("ReLU", "relu"),
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
    assert stated(Call("layers.Dense", {"x": ones}), {"x": {"config": "text"}}) == []
    assert [kind for _, kind, *_ in stated(Call("layers.Dense", {"x": ones}), {"x": {"config": {}}})] == ["missing"]


def test_only_what_is_there_is_asked_for_its_arguments() -> None:
    custom = replace(MODEL, nodes=(replace(DENSE, layer=Call("custom.Mine", {"x": 1})),))
    entry = {"config": {"name": "dense"}}
    assert given(custom, {"config": {"layers": [entry]}}) == []
    plain = replace(MODEL, nodes=(replace(DENSE, layer=Call("layers.Dense", {"x": 1})),))
    for config in (None, {}, {"layers": []}, {"layers": ["text", {"config": 1}, {"config": {}}]}, {"$error": ERROR}):
        assert given(plain, {"config": config}) == []
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


# How far apart.


def test_of_arrays_that_differ_it_is_measured_in_how_many_places_and_by_how_much() -> None:
    one, other = np.array([1, 2, 3, 4], "float32"), np.array([1, 2.5, 3, 3], "float32")
    assert measure(one, other) == {
        "different": 2, "of": 4, "first expected": 2.0, "first actual": 2.5, "sampled": False,
        "max abs": 1.0, "max ulp": 1.0 / float(np.spacing(np.float32(4))),
    }  # fmt: skip
    whole = measure(np.array([1, 5]), np.array([1, 2]))
    assert (whole["max abs"], "max ulp" in whole) == (3.0, False)
    assert "max abs" not in measure(np.array([True]), np.array([False]))
    assert np.isnan(measure(np.array([np.nan]), np.array([1.0]))["max abs"])
    assert np.isnan(measure(np.array([np.nan]), np.array([1.0]))["max ulp"])
    assert measure(np.array([np.nan, 1.0]), np.array([1.0, 3.0]))["max abs"] == 2.0


def test_an_array_of_which_a_sample_was_sent_may_differ_where_nobody_looked() -> None:
    large = np.zeros((1 << 12) + 1, "float32")
    assert measure(large, large)["sampled"] is True
    assert measure(large[1:], large[1:])["sampled"] is False
    changed = large.copy()
    changed[7] = 1
    assert measure(large, changed)["sampled"] is False
    assert measure(np.zeros(0), np.zeros(0))["first expected"] is None


def arrays(one: np.ndarray, other: np.ndarray, **close: float) -> bool:
    blobs = {"one": one.tobytes(), "other": other.tobytes()}
    entries = [
        {"array": name, "dtype": str(each.dtype), "shape": list(each.shape), "kept": str(each.dtype)}
        for name, each in (("one", one), ("other", other))
    ]
    return not list(differences(*entries, blobs, close=close))


def test_a_tolerance_is_a_share_of_the_largest_value_and_at_least_of_one() -> None:
    small, large = np.array([0.01, 0.5]), np.array([0.01, 100.0])
    assert arrays(small, small + 0.0099, float64=0.01)
    assert not arrays(small, small + 0.011, float64=0.01)
    assert arrays(large, large + 0.999, float64=0.01)
    assert not arrays(large, large + 1.1, float64=0.01)
    assert not arrays(small, small + 0.0099, float32=0.01)  # another dtype has none
    assert not arrays(np.array([1]), np.array([2]), int64=10.0)


def test_arrays_are_close_wherever_they_stand_and_say_their_first_values() -> None:
    one, other = np.array([1.0, 2.0]), np.array([1.0, 2.001])
    blobs = {"one": one.tobytes(), "other": other.tobytes()}
    before, after = ({"array": name, "dtype": "float64", "shape": [2], "kept": "float64"} for name in blobs)
    for wrap in (lambda each: each, lambda each: [each], lambda each: {"a": each}, lambda each: {"a": [[each]]}):
        assert list(differences(wrap(before), wrap(after), blobs, close={"float64": 0.01})) == []
        (difference,) = differences(wrap(before), wrap(after), blobs, close={"float64": 0.0001})
        assert (difference.expected, difference.actual) == (2.0, 2.001)
        assert "first expected" not in difference.size


def test_half_precision_is_measured_in_double() -> None:
    one, other = np.array([60000.0], "float16"), np.array([-60000.0], "float16")
    assert measure(one, other)["max abs"] == float(one[0]) - float(other[0])
    assert not arrays(one, other, float16=1.5)
    assert measure(np.array([200], "uint8"), np.array([201], "uint8"))["max abs"] == 1.0
    assert arrays(np.zeros(0), np.zeros(0), float64=0.1)


def test_what_is_not_finite_must_be_the_same_within_any_tolerance() -> None:
    odd = np.array([np.nan, np.inf, -np.inf, 1.0])
    assert arrays(odd, odd + 0.001, float64=0.01)
    assert not arrays(odd, np.array([np.nan, np.inf, np.inf, 1.0]), float64=9.0)
    assert not arrays(np.array([1.0]), np.array([np.nan]), float64=9.0)


def test_places_in_lists_are_called_by_what_stands_there() -> None:
    def place(*entry: Any) -> list[tuple[str, ...]]:
        return [each.where for each in differences([entry[0]], [entry[1]], {})]

    assert place({"path": "a/b", "x": 1}, {"path": "a/b", "x": 2}) == [("a/b", "x")]
    assert place({"layer": "a", "name": "b", "x": 1}, {"layer": "a", "name": "b", "x": 2}) == [("a", "x")]
    assert place({"name": "b", "x": 1}, {"name": "b", "x": 2}) == [("b", "x")]
    assert place({"config": {"name": "c"}, "x": 1}, {"config": {"name": "c"}, "x": 2}) == [("c", "x")]
    assert place({"config": {"name": 3}, "x": 1}, {"config": {"name": 3}, "x": 2}) == [("0", "x")]
    assert place(["d", 1], ["d", 2]) == [("d", "1")]
    assert place([], [1]) == [("0",)]
    assert place(1, 2) == [("0",)]


def test_lists_of_other_lengths_are_told_by_their_entries() -> None:
    (difference,) = differences([{"path": "a"}] * 60, [], {}, ("here",))
    assert (difference.where, difference.kind, difference.expected, difference.actual) == (
        ("here",),
        "length",
        ["a"] * 50,
        [],
    )


def test_numbers_that_are_one_float32_are_the_same_and_others_are_not() -> None:
    assert list(differences(0.1, float(np.float32(0.1)), {})) == []
    assert list(differences(float("nan"), float("nan"), {})) == list(differences(1, 1.0, {})) == []
    for one, other in ((0.1, 0.1001), (float("nan"), 1.0), (1, 2.0), ("a", "b"), (None, 0), (True, False)):
        assert len(list(differences(one, other, {}))) == 1


def test_an_error_inside_is_a_difference_where_it_stands() -> None:
    (difference,) = differences({"a": {"b": 1}}, {"a": {"$error": ERROR}}, {})
    assert difference == Difference(("a",), "error", None, ERROR)
    assert list(differences({"a": {"$error": ERROR}}, {"a": {"b": 1}}, {})) == []


def test_values_are_short_in_reports() -> None:
    assert short([1, 2]) == [1, 2]
    assert short("y" * 398) == "y" * 398
    assert short("y" * 399) == "'" + "y" * 399 + "…"
    assert short({"array": "a", "dtype": "float32", "shape": [2, 3], "kept": "float32"}) == "float32[2, 3]"
    assert short(Call("layers.Dense", {"units": 2})).startswith('{"$":"Call"')
    assert len(short(Call("layers.Dense", {"x": "y" * 999}))) == 400
