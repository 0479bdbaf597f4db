"""What was observed is held against the table and against what was given; each rule of that can fail."""

import json
import time
from dataclasses import replace

import numpy as np

from harness.expectations.compare import TOLERANCES, tolerance
from harness.expectations.finding import Finding, layer_classes, normalised, place_of
from harness.expectations.frozen import still_trained
from harness.expectations.given import given
from harness.expectations.judge import judge
from harness.protocol.architecture import Architecture, Call, Compile, Freeze, Input, Node, Ref, nodes_of

ARRAYS = {"one": np.array([1.0]).tobytes(), "near": np.array([1.0 + 1e-9]).tobytes(), "far": np.array([1.1]).tobytes()}


def model(layer: object, *, name: str = "model", node: str = "layer", policy: str | None = None) -> Architecture:
    return Architecture(
        name=name,
        inputs=(Input("input", (3,)),),
        nodes=(Node(node, layer, (Ref("input"),), {}, ((2,),)),),
        outputs=Ref(node),
        policy=policy,
    )


DENSE = Call("layers.Dense", {"units": 2, "kernel_initializer": Call("initializers.Identity", {"gain": 2.0})})


def config(name: str, **stated: object) -> dict[str, object]:
    return {"layers": [{"config": {"name": name, **stated}}]}


def judged(architecture: Architecture, shape: list[object], trained: str, relation: str = "~t") -> list[Finding]:
    def seen(name: str) -> dict[str, object]:
        return {"training": {"array": name, "dtype": "float64", "shape": [1], "kept": "float64"}}

    reply = {
        "build": {"shapes": {"layer": [shape]}},
        "before": seen("one"),
        "routes": {"keras_zip": {"before": {}, "after": seen(trained)}},
    }
    return judge(architecture, reply, ARRAYS, {"keras_zip": {"training": relation}})


def test_an_error_of_several_observations_is_one_finding_and_hides_no_other() -> None:
    def error(message: str) -> dict[str, object]:
        return {"type": "ValueError", "message": message, "place": "keras/trainer.py:step"}

    step = error("Layer 'dense_3' has no gradient")
    before = {"losses": {"$error": error("Layer 'dense_4' has no gradient")}, "training": {"$error": step}}
    reply = {
        "build": {"shapes": {}, "untrained": step},
        "before": {**before, "flags": {"$error": error("another")}},
        "routes": {"keras_zip": {"error": error("it does not load")}},
    }
    found = judge(model(DENSE), reply, {}, {"keras_zip": {"flags": "="}})
    assert [(each.check, each.consequences) for each in found] == [
        ("build/training", ("build/losses",)),
        ("build/flags", ()),
        ("keras_zip/travel", ()),
    ]


def test_a_config_that_forgets_an_argument_is_found_in_a_nested_model_too() -> None:
    inner = model(DENSE, name="inner")
    nested = {"layers": [{"config": {"name": "inner", **config("layer", units=2)}}]}
    (finding,) = given(model(inner, node="inner"), {"config": nested})
    assert (finding.place, finding.where) == (("Dense", "kernel_initializer"), "inner/layer/kernel_initializer")


def test_a_finding_about_an_object_that_was_given_can_be_written_as_json() -> None:
    (finding,) = given(model(DENSE), {"config": config("layer", units=2)})
    assert "initializers.Identity" in json.dumps(finding.to_json()["expected"])


def test_a_loss_or_a_metric_that_forgets_an_argument_is_found_in_whatever_structure_it_stands() -> None:
    huber = Call("losses.Huber", {"delta": 2.0, "name": "mine"})
    cosine = Call("metrics.CosineSimilarity", {"axis": 1})
    settings = {"loss": {"a": ["mse", huber]}, "metrics": [[cosine], []], "optimizer": "sgd"}
    compiled = replace(model(DENSE), compile=Compile(settings, None))

    def stated(loss: dict[str, object], metric: dict[str, object]) -> list[tuple[tuple[str, ...], str]]:
        config = {"loss": {"a": ["mse", {"config": loss}]}, "metrics": [[{"config": metric}], []]}
        before = {"compile": {"compiled": True, "config": config}}
        return [(each.place, each.where) for each in given(compiled, before)]

    assert stated({"name": "mine", "delta": 2.0}, {"axis": 1}) == []
    others = {"loss": {"a": ["mse"], "b": huber}, "metrics": [[Call("custom.Mine", {"x": 1})], [], []]}
    apart = replace(model(DENSE), compile=Compile(others, None))
    config = {"loss": {"a": [{"config": {}}, 1], "c": 1}, "metrics": [[{"config": {}}], []]}
    assert given(apart, {"compile": {"config": config}}) == []
    assert given(apart, {"compile": {"config": {"loss": [1, 2], "metrics": {"a": 1}}}}) == []
    assert stated({"name": "output_mine", "delta": 2.0}, {"axis": 1}) == []
    assert len(stated({"name": "other", "delta": 2.0}, {"axis": 1})) == 1
    assert stated({"name": "mine"}, {"axis": 1}) == [(("Huber", "delta"), "compile.loss/a/1/delta")]
    assert stated({"name": "mine", "delta": 1.0}, {"axis": 1}) == [(("Huber", "delta"), "compile.loss/a/1/delta")]
    assert stated({"name": "mine", "delta": 2.0}, {}) == [(("CosineSimilarity", "axis"), "compile.metrics/0/0/axis")]


def test_first_weights_are_no_setting_that_a_config_could_forget() -> None:
    layer = Call("layers.Dense", {"units": 2, "weights": (1.0,)})
    assert given(model(layer), {"config": config("layer", units=2)}) == []


def test_a_shape_that_keras_does_not_know_contradicts_no_rule_and_another_one_does() -> None:
    dense = Call("layers.Dense", {"units": 2})
    assert judged(model(dense), [None, None], "one") == []
    assert [each.observation for each in judged(model(dense), [None, 3], "one")] == ["shape"]
    assert [each.observation for each in judged(model(dense), [None, 2, 2], "one")] == ["shape"]


def test_float64_is_held_to_its_own_tolerance_only_where_all_of_the_model_is_float64() -> None:
    dense = Call("layers.Dense", {"units": 2})
    assert judged(model(dense), [None, 2], "near") == []
    assert len(judged(model(dense, policy="float64"), [None, 2], "near")) == 1
    assert len(judged(model(dense), [None, 2], "far")) == 1
    assert len(judged(model(dense), [None, 2], "near", "=")) == 1


def test_a_number_is_no_more_exact_than_the_coarsest_that_it_was_computed_from() -> None:
    single, half = model(DENSE), model(Call("layers.Dense", {"units": 2, "dtype": "mixed_float16"}))
    assert tolerance("=", half) is None
    for relation in TOLERANCES:
        close, low = tolerance(relation, single), tolerance(relation, half)
        assert close is not None
        assert low is not None
        assert close["float32"] < 1e-3 <= low["float32"] == low["float16"] < low["bfloat16"]
        whole = tolerance(relation, model(DENSE, policy="mixed_bfloat16"))
        assert whole is not None
        assert whole["float32"] == whole["bfloat16"]


def test_a_layer_may_be_called_as_a_part_of_a_config() -> None:
    classes = layer_classes(model(Call("layers.Dense", {"units": 2}), node="layers"))
    assert place_of(("layers", "layers", "config"), classes) == ("layers", "Dense", "config")


def test_a_name_that_is_given_twice_is_that_of_the_outer_layer() -> None:
    inside = Call("layers.TimeDistributed", {"layer": Call("layers.Dense", {"units": 2, "name": "twice"})})
    nested = model(Call("layers.Dense", {"units": 2}), node="twice", name="nested")
    for each in (inside, nested):
        around = model(each, node="around")
        both = replace(around, nodes=(Node("twice", Call("layers.ReLU"), (Ref("input"),)), *around.nodes))
        assert layer_classes(both)["twice"] == "ReLU"


def test_of_two_models_of_one_name_in_two_scopes_each_has_its_own_class() -> None:
    deep = replace(model(DENSE, name="block"), form="sequential")
    around = model(model(model(deep, name="inner", node="block"), name="block", node="inner"), node="block")
    assert place_of(("layers", "block/inner/block"), layer_classes(around)) == ("layers", "Model/Model/Sequential")
    assert place_of(("layers", "block"), layer_classes(around)) == ("layers", "Model")


def test_the_nodes_of_models_within_models_are_seen() -> None:
    deep = model(model(model(DENSE, name="c", node="deepest"), name="b", node="c"), name="a", node="b")
    assert [node.name for node in nodes_of(deep.nodes)] == ["b", "c", "deepest"]


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


def test_a_message_full_of_digits_is_normalised_at_once() -> None:
    start = time.monotonic()
    assert normalised(f"weights ({'1234567890' * 20} and more") == "weights (# and more"
    assert normalised("expected (None, 3, 4) and [1 2  3], got (2,)") == "expected (#) and (#), got (#)"
    assert time.monotonic() - start < 1.0


def test_configs_of_layers_that_came_in_another_order_are_no_finding_of_their_own() -> None:
    def seen(*names: str) -> dict[str, object]:
        return {"structure": {"order": list(names)}, "config": config(names[0])}

    reply = {
        "build": {"shapes": {}},
        "before": seen("layer", "other"),
        "routes": {"json": {"before": {}, "after": seen("other", "layer")}},
    }
    found = judge(model(DENSE), reply, {}, {"json": {"structure": "=", "config": "="}})
    (finding,) = (each for each in found if each.routes == ("json",))
    assert (finding.check, finding.consequences) == ("json/structure", ("json/config",))


def flags(*trainable: str, **layers: bool) -> dict[str, object]:
    return {"flags": {"model": True, "layers": layers, "trainable weights": list(trainable)}}


def test_a_trainable_weight_of_a_frozen_layer_is_found_before_the_model_goes_anywhere() -> None:
    architecture = model(DENSE)
    (finding,) = still_trained(architecture, flags("layer/kernel", layer=False), layer_classes(architecture))
    assert (finding.check, finding.place) == ("build/flags", ("frozen", "Dense", "its own"))
    assert still_trained(architecture, flags("layer/kernel", layer=True), {}) == []


def test_what_lies_in_a_frozen_layer_may_have_been_set_free_again() -> None:
    freed = replace(model(DENSE), freezes=(Freeze(("layer",)), Freeze(("layer", "inside"), trainable=True)))
    assert still_trained(freed, flags("layer/inside/kernel", layer=False), {}) == []
