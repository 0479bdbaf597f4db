"""What was observed is held against the table: what against what; each rule can fail."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness.expectations.compare import LIMIT
from harness.expectations.finding import Finding
from harness.expectations.judge import judge
from harness.protocol.architecture import Architecture, Call
from tests.small import DENSE, ERROR, MODEL, found, judged, model

ARRAYS = {"one": np.array([1.0]).tobytes(), "near": np.array([1.0 + 1e-9]).tobytes(), "far": np.array([1.1]).tobytes()}
SUMMARY = [
    "dense (Dense) 8",
    "Total params: 8",
    " Trainable params: 8",
    "Non-trainable params: 0",
    "Optimizer params: 2",
]


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


def test_what_changed_places_is_one_finding_of_all_the_layers_that_it_is_of() -> None:
    values = {name: {"array": name, "shape": [1], "dtype": "float32", "kept": "float64"} for name in ARRAYS}
    one, near, far = (
        [
            {"path": path, "value": values[name]}
            for path, name in zip(("dense/kernel", "dense/bias"), names, strict=True)
        ]
        for names in (("one", "near"), ("near", "one"), ("far", "near"))
    )
    (finding,) = judged("=", one, near, "weights", blobs=ARRAYS)
    assert (finding.kind, finding.where, finding.layers) == ("moved", "dense", ("Dense",))
    assert finding.title == "weights: Dense has values of other entries"
    (finding,) = judged("=", one, one[::-1], "weights", blobs=ARRAYS)
    assert (finding.kind, finding.where, finding.layers) == ("order", "dense", ("Dense",))
    assert finding.title == "weights: Dense has its entries in another order"
    (finding,) = judged("=", one, far, "weights", blobs=ARRAYS)
    assert (finding.kind, finding.where) == ("value", "dense/kernel/value")


def test_all_the_layers_whose_entries_changed_places_are_named() -> None:
    two = replace(MODEL, nodes=(DENSE, replace(DENSE, name="norm", layer=Call("layers.LayerNormalization"))))
    values = {name: {"array": name, "shape": [1], "dtype": "float32", "kept": "float64"} for name in ("one", "far")}
    one = [{"path": "dense/kernel", "value": values["one"]}, {"path": "norm/gamma", "value": values["far"]}]
    moved = [{**one[0], "value": values["far"]}, {**one[1], "value": values["one"]}]
    for after, kind in ((one[::-1], "order"), (moved, "moved")):
        reply = {"build": {"shapes": {}}, "before": {"weights": one},
                 "routes": {"json": {"before": {}, "after": {"weights": after}}}}  # fmt: skip
        (finding,) = judge(two, reply, ARRAYS, {"json": {"weights": "="}})
        assert (finding.kind, finding.layers) == (kind, ("Dense", "LayerNormalization"))


def test_a_title_says_what_is_missing_and_what_came() -> None:
    assert found("=", {"dense": 1}, {}) == [("dense", "missing", "flags: Dense is missing")]
    assert found("=", {}, {"dense": 1}) == [("dense", "surplus", "flags: Dense is there and was not")]
    assert found("=", 1, 2) == [("", "value", "flags: all of it is another one")]


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


def test_an_error_after_is_a_finding_and_an_error_before_as_well_is_none() -> None:
    (finding,) = judged("=", {"a": 1}, {"$error": ERROR})
    assert (finding.kind, finding.observation, finding.routes) == ("error", "flags", ("keras_zip",))
    assert finding.architecture == MODEL
    assert [each.routes for each in judged("=", {"$error": ERROR}, {"$error": ERROR})] == [("build",)]
    (finding,) = judged("no", {"a": 1}, {"$error": ERROR})
    assert finding.kind == "error"


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


def test_at_most_so_many_differences_of_one_observation_are_told() -> None:
    many = {f"a{chr(97 + number // 26)}{chr(97 + number % 26)}": 1 for number in range(LIMIT + 5)}
    assert len(found("=", many, dict.fromkeys(many, 2))) == LIMIT


def test_one_argument_of_a_layer_is_one_difference_of_a_config() -> None:
    def config(**more: Any) -> dict[str, Any]:
        return {"layers": [{"config": {"name": "dense", **more}}], "name": "model"}

    one, other = config(initializer={"a": 1, "b": {"c": 1}}), config(initializer={"a": 2, "b": {"c": 2}})
    assert [where for where, *_ in found("=", one, other, "config")] == ["layers/dense/config/initializer"]
    assert [where for where, *_ in found("=", one, config(), "config")] == ["layers/dense/config/initializer"]
    nested, nested_again = [
        {"layers": [{"config": {"name": "inner", "layers": each["layers"]}}]} for each in (one, other)
    ]
    assert [where for where, *_ in found("=", nested, nested_again, "config")] == [
        "layers/inner/config/layers/dense/config/initializer"
    ]
    wrapped, wrapped_again = [
        {"layers": [{"config": {"name": "dense", "layer": {"config": {"units": n, "x": n}}}}]} for n in (1, 2)
    ]
    assert [where for where, *_ in found("=", wrapped, wrapped_again, "config")] == [
        "layers/dense/config/layer/config/units",
        "layers/dense/config/layer/config/x",
    ]
    assert [where for where, *_ in found("=", {"config": 1}, {"config": 2}, "config")] == ["config"]
    bare, bare_again = [
        {"layers": [{"config": {"name": "inner", "layers": [{"name": "dense", "config": n}]}}]} for n in (1, 2)
    ]
    assert [where for where, *_ in found("=", bare, bare_again, "config")] == [
        "layers/inner/config/layers/dense/config"
    ]
    plain, plain_again = [{"a": {"b": {"config": {"x": n}}}} for n in (1, 2)]
    assert [where for where, *_ in found("=", plain, plain_again, "config")] == ["a/b/config/x"]


def test_a_model_that_was_not_built_is_one_finding_and_the_end() -> None:
    (finding,) = judge(MODEL, {"build": {"error": ERROR}, "routes": {}}, {}, {})
    assert (finding.check, finding.architecture) == ("build/build", MODEL)


def test_classes_that_were_told_go_before_those_of_the_architecture() -> None:
    reply = {"build": {"shapes": {}}, "before": {"flags": {"dense": 1, "other": 1}},
             "routes": {"json": {"before": {}, "after": {"flags": {"dense": 2, "other": 2}}}}}  # fmt: skip
    told = judge(MODEL, reply, {}, {"json": {"flags": "="}}, {"dense": "Mine", "other": "Yours"})
    assert [each.layers for each in told] == [("Mine",), ("Yours",)]


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


def of_training(architecture: Architecture, shape: list[object], trained: str, relation: str = "~t") -> list[Finding]:
    def seen(name: str) -> dict[str, object]:
        return {"training": {"array": name, "dtype": "float64", "shape": [1], "kept": "float64"}}

    reply = {
        "build": {"shapes": {"layer": [shape]}},
        "before": seen("one"),
        "routes": {"keras_zip": {"before": {}, "after": seen(trained)}},
    }
    return judge(architecture, reply, ARRAYS, {"keras_zip": {"training": relation}})


def test_a_shape_that_keras_does_not_know_contradicts_no_rule_and_another_one_does() -> None:
    dense = Call("layers.Dense", {"units": 2})
    assert of_training(model(dense), [None, None], "one") == []
    assert [each.observation for each in of_training(model(dense), [None, 3], "one")] == ["shape"]
    assert [each.observation for each in of_training(model(dense), [None, 2, 2], "one")] == ["shape"]


def test_float64_is_held_to_its_own_tolerance_only_where_all_of_the_model_is_float64() -> None:
    dense = Call("layers.Dense", {"units": 2})
    assert of_training(model(dense), [None, 2], "near") == []
    assert len(of_training(model(dense, policy="float64"), [None, 2], "near")) == 1
    assert len(of_training(model(dense), [None, 2], "far")) == 1
    assert len(of_training(model(dense), [None, 2], "near", "=")) == 1


def test_the_number_of_a_shared_object_is_no_setting() -> None:
    def seen(config: dict[str, object]) -> dict[str, object]:
        return {"config": config}

    def of(after: dict[str, object]) -> list[Finding]:
        before = {"layers": [{"config": {"name": "layer", "units": 2}}]}
        routes = {"json": {"before": {}, "after": seen(after)}}
        reply = {"build": {"shapes": {}}, "before": seen(before), "routes": routes}
        return judge(model(Call("layers.Dense", {"units": 2})), reply, {}, {"json": {"config": "="}})

    assert of({"layers": [{"config": {"name": "layer", "units": 2, "shared_object_id": 7}}]}) == []
    assert len(of({"layers": [{"config": {"name": "layer", "units": 3, "shared_object_id": 7}}]})) == 1


def test_what_a_checkpoint_lacks_is_told_of_the_layer_around_it() -> None:
    name = MODEL.nodes[0].name
    answer = {"before": {"tracked": {name: "all of its layers"}}, "after": {"tracked": {name: "all but a"}}}
    reply = {"build": {"shapes": {}}, "before": {}, "routes": {"checkpoint": answer}}
    (finding,) = judge(MODEL, reply, {}, {"checkpoint": {"tracked": "="}})
    assert finding.title == "tracked: Dense lacks some of its layers"
