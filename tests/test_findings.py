"""What names a finding and what it says, what of a message is kept, and which layer is blamed."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest

from harness.expectations.compare import Difference
from harness.expectations.finding import Finding, class_of, headline, layer_classes, normalised, place_of
from harness.expectations.judge import difference_finding
from harness.expectations.raised import error_finding
from harness.protocol.architecture import Architecture, Call, Name, Node, Ref, nodes_of
from tests.small import DENSE, ERROR, EYE, FINDING, MODEL, RAISED, model


def test_a_finding_as_json_holds_all_that_a_report_tells() -> None:
    said = json.loads(json.dumps(FINDING.to_json()))
    architecture = said.pop("subject")["architecture"]
    assert architecture["name"] == "model"
    assert said == {
        "id": FINDING.id, "check": "json/flags", "routes": ["json", "clone"], "status": "new", "layers": ["Dense"],
        "title": "flags: Dense is another one", "where": "layers/dense", "expected": 1, "actual": 2,
        "difference": {"of": 3}, "error": None, "consequences": ["json/losses"], "times": 2, "script": "import keras",
        "script_shows": True, "script_problem": "none", "known_issue": None,
    }  # fmt: skip
    more = replace(FINDING, error=RAISED, known_issue={"id": "one"}, direction="back", script_before="import numpy")
    said = json.loads(json.dumps(more.to_json()))
    assert (said["error"], said["known_issue"], said["direction"]) == (RAISED, {"id": "one"}, "back")
    assert said["scripts"] == {"save": "import numpy", "load": "import keras"}


def test_a_cause_has_one_id_wherever_and_whenever_it_shows() -> None:
    same = replace(FINDING, routes=("hdf5",), where="elsewhere", expected=3, actual=4, architecture=None, times=9)
    assert same.id == FINDING.id
    assert len(FINDING.id) == 8
    assert int(FINDING.id, 16) >= 0
    for change in (
        {"observation": "weights"}, {"kind": "missing"}, {"place": ("layers", "LSTM")}, {"direction": "back"},
        {"error": RAISED},
    ):  # fmt: skip
        assert replace(FINDING, **change).id != FINDING.id
    error = replace(FINDING, error=RAISED)
    assert replace(FINDING, error={**RAISED, "message": "no 'dense_7' of 6", "place": "b"}).id == error.id
    assert replace(FINDING, error={**RAISED, "message": "some 'dense_3' of 5"}).id != error.id
    assert replace(FINDING, error={**RAISED, "type": "TypeError"}).id != error.id
    assert FINDING.signature == "flags|value|layers|Dense"
    assert replace(error, direction="back").signature == "flags|value|layers|Dense|ValueError|no '?' of #|back"
    assert (
        len(replace(error, error={**RAISED, "message": "x" * 999}).signature)
        == len("flags|value|layers|Dense|ValueError|") + 160
    )


def of_a_part(observation: str, *place: str, layer: str = "Attention", kind: str = "value") -> Finding:
    return replace(FINDING, observation=observation, kind=kind, place=place, layers=(layer,))


def test_what_moves_or_is_free_inside_of_a_frozen_layer_has_one_id_whatever_the_layer_calls_its_parts() -> None:
    moved = of_a_part("frozen", "fit", "Model/Attention/query/kernel")
    for place in ("Model/Attention/query/bias", "Attention/value/kernel", "Model/Model/Attention/value/dense/kernel"):
        assert of_a_part("frozen", "fit", place).id == moved.id
    free = of_a_part("flags", "layers", "Attention/query")
    assert of_a_part("flags", "layers", "Model/Attention/out/dense").id == free.id
    others = [
        of_a_part("frozen", "reloaded fit", "Model/Attention/query/kernel"),  # after another journey
        of_a_part("frozen", "fit", "Model/Attention/kernel"),  # the layer's own
        of_a_part("frozen", "fit", "Model/Attention/query/kernel", kind="missing"),
        of_a_part("frozen", "fit", "Model/Dense/query/kernel", layer="Dense"),
        of_a_part("frozen", "fit", "nobody/knows/whose"),
        of_a_part("flags", "layers", "Attention"),  # the layer itself
        of_a_part("flags", "trainable weights"),
    ]
    assert len({each.id for each in (moved, free, *others)}) == 2 + len(others)


def test_a_weight_of_a_frozen_layer_itself_is_none_that_lies_inside() -> None:
    one, other = (of_a_part("frozen", "fit", f"Model/Dense/{weight}", layer="Dense") for weight in ("kernel", "bias"))
    assert one.id == other.id  # of each layer the first that moved is told, which may be either
    assert one.signature == "frozen|value|fit|Dense"
    assert of_a_part("weights", "Attention/query/kernel").id != of_a_part("weights", "Attention/value/kernel").id


def test_a_finding_that_shows_again_has_all_its_routes_once() -> None:
    again = FINDING.merged(replace(FINDING, routes=("clone", "hdf5"), times=3))
    assert (again.routes, again.times) == (("json", "clone", "hdf5"), 5)
    assert replace(again, routes=FINDING.routes, times=2) == FINDING


def test_the_smaller_of_two_models_has_fewer_layers_or_less_said_of_them() -> None:
    def of(*units: int) -> Finding:
        nodes = tuple(Node(f"d{at}", Call("layers.Dense", {"units": each}), ()) for at, each in enumerate(units))
        return replace(FINDING, architecture=replace(MODEL, nodes=nodes))

    assert of(2).is_smaller(of(2, 2))
    assert of(20000).is_smaller(of(2, 2))
    assert of(2, 2).is_smaller(of(2, 20))
    assert not of(2, 2).is_smaller(of(2))
    assert not of(2, 20).is_smaller(of(2, 2))
    assert not of(2, 2).is_smaller(of(20000))
    assert not of(2).is_smaller(of(2))
    bare = replace(FINDING, architecture=None)
    assert not bare.is_smaller(of(2))
    assert not of(2).is_smaller(bare)


@pytest.mark.parametrize(
    ("message", "first"),
    [
        ("no\nmore", "no"),
        ("  no\nmore", "no"),
        ("Exception encountered when calling Dense.call().\n\nno weights\n\nmore", "Dense.call(): no weights"),
        ("\x1b[1mException encountered when calling Dense.call().\x1b[0m\n\nno weights", "Dense.call(): no weights"),
        ("Exception encountered when calling Dense.call().\n\nDense.call() takes two",
         "Dense.call(): Dense.call() takes two"),
        ("Exception encountered when calling Dense.call().", "Exception encountered when calling Dense.call()."),
        ("<class 'a'> could not be deserialized properly. It.\n\nconfig={'a': 1}.\n\nException encountered: a: "
         "Exception encountered: b", "b"),
        ("Arguments received by Dense", "Arguments received by Dense"),
        ("a Exception encountered when calling B.call().\nno", "a Exception encountered when calling B.call()."),
    ],
)  # fmt: skip
def test_the_headline_is_the_sentence_that_tells_and_the_layer_that_was_called(message: str, first: str) -> None:
    assert headline(message) == first


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        ("of '/tmp/a-b/c.h5' and /home/x_1/y+z.keras", "of '?' and <path>"),
        ("a at 0x7f3a2b", "a at #"),
        ("two\n  lines", "two lines"),
        ("'Dense' 'keras.layers' `dense` \"a b\"", "'Dense' 'keras.layers' `?` \"?\""),
        ("shape (None, 3) or [2, 4, ] or (1)", "shape (#) or (#) or (#)"),
        ("-3.5e-07 and 12", "# and #"),
        ("\x1b[1mbold\x1b[0m", "bold"),
        ("got <tf.Tensor: shape=(2,), dtype=float32, numpy=<x>> here", "got <tensor> here"),
        ("got <KerasTensor shape=(2,)>", "got <tensor>"),
        ("in {{node model/dense/MatMul}} it", "in {node} it"),
        ("wrong. Arguments received by Dense.call(): x", "wrong."),
        ("wrong. Call arguments received by layer: x", "wrong."),
        ("it failed using config={'a': {'b': 1}}. Exception encountered: no", "it failed Exception encountered: no"),
        ("it failed. Full object config: {'a': 1}", "it failed. "),
        ("in user code:\n    File a\n    ValueError: no", "no"),
        (
            "grad=Slices(of=tf.Tensor([0 7], shape=(2,)), in=tf.Tensor(\n[[1.]], shape=(1, 1)))",
            "grad=Slices(of=<tensor>, in=<tensor>)",
        ),
        (
            'grad=Slices(of=Tensor("a/b_1:0", shape=(2,)), in=Tensor("c:0", shape=(1, 1)))',
            "grad=Slices(of=<tensor>, in=<tensor>)",
        ),
        ("Exception encountered when calling Dense.call().\n\nno weights\n\nmore", "no weights"),
        (
            "<class 'a.Model'> could not be deserialized properly. Please ensure it.\n\nconfig={'a': {'b': 1}}.\n\n"
            "Exception encountered: Error when deserializing class 'B' using config={'x': 1}.\n\n"
            "Exception encountered: B takes no x",
            "B takes no x",
        ),
        ("it could not be deserialized properly", "it could not be deserialized properly"),
        (
            "could not be deserialized properly. Exception encountered: no",
            "could not be deserialized properly. Exception encountered: no",
        ),
        ("in user code: it is one line", "in user code: it is one line"),
        ("Exception encountered when calling Dense.call().\n\nno weights", "no weights"),
        ("it failed using config={'a':\n1}. Exception encountered: no", "it failed Exception encountered: no"),
        ("plain\nsecond", "plain second"),
    ],
)
def test_of_a_message_what_was_drawn_or_is_of_a_machine_is_taken_out(message: str, kept: str) -> None:
    assert normalised(message) == kept


def test_the_class_of_a_node_is_what_people_call_it() -> None:
    sequential = replace(MODEL, form="sequential")
    assert class_of(Node("a", MODEL, ())) == "Functional"
    assert class_of(Node("a", sequential, ())) == "Sequential"
    assert class_of(Node("a", Call("layers.core.Dense"), ())) == "Dense"
    assert class_of(Node("a", Name("ops.add"), ())) == "ops.add"
    assert class_of(Node("a", Ref("dense"), ())) == "dense"
    assert class_of(Node("a", 3, ())) == "?"


def test_every_name_has_its_class() -> None:
    inner = Call("layers.rnn.GRU", {"units": 2, "name": "deep"})
    last = Call("layers.LSTMCell", {"units": 2, "name": "last"})
    cells = [Call("layers.Wrap", {"layer": inner}), last]
    wrapper = Node("wrapper", Call("layers.Stack", {"cells": cells, "other": 3}), ())
    mine = Architecture("mine", nodes=(Node("only", Call("custom.Mine"), ()),), form="subclass", outputs=Ref("only"))
    model = replace(MODEL, nodes=(DENSE, wrapper, Node("nested", replace(mine, name="nested"), ())))
    assert layer_classes(model) == {
        "input": "InputLayer", "dense": "Dense", "wrapper": "Stack", "deep": "GRU", "last": "LSTMCell",
        "nested": "Mine", "only": "Mine", "nested/only": "Mine", "model": "Model",
    }  # fmt: skip
    assert layer_classes(replace(MODEL, form="sequential"))["model"] == "Sequential"
    assert layer_classes(mine)["mine"] == "Mine"


def test_a_place_has_classes_for_names_and_no_numbers() -> None:
    classes = {"dense": "Dense", "layers": "Odd", "inner": "Strange"}
    assert place_of(("weights", "dense_3/kernel_12", "0"), classes) == ("weights", "Dense/kernel_#", "#")
    assert place_of(("layers", "dense", "config", "layers", "dense"), classes) == (
        "layers", "Dense", "config", "layers", "Dense",
    )  # fmt: skip
    assert place_of(("dense", "layers"), classes) == ("Dense", "Odd")
    assert place_of(("x/in_3",), {"in_3": "ReLU", "in": "Dense"}) == ("x/ReLU",)
    assert place_of(("inner", "inner"), classes) == ("inner", "Strange")


def test_models_and_inputs_are_no_layers_to_blame() -> None:
    classes = {"a": "Model", "b": "Sequential", "c": "InputLayer", "d": "ReLU", "e": "ReLU"}
    difference = Difference(("a/b/c", "d", "e"), "value", 1, 2)
    assert difference_finding("json", "flags", difference, MODEL, classes).layers == ("ReLU",)


def test_the_layer_at_which_a_part_of_a_model_ends_is_to_blame_for_what_the_part_gives() -> None:
    difference = Difference(("extracted", "saved alone: outputs of d", "0"), "dtype", "float16", "float32")
    finding = difference_finding("extraction", "extracted", difference, MODEL, {"d": "ReLU", "saved": "Dense"})
    assert finding.layers == ("ReLU",)


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
    deep = replace(model(EYE, name="block"), form="sequential")
    around = model(model(model(deep, name="inner", node="block"), name="block", node="inner"), node="block")
    assert place_of(("layers", "block/inner/block"), layer_classes(around)) == ("layers", "Model/Model/Sequential")
    assert place_of(("layers", "block"), layer_classes(around)) == ("layers", "Model")


def test_the_nodes_of_models_within_models_are_seen() -> None:
    deep = model(model(model(EYE, name="c", node="deepest"), name="b", node="c"), name="a", node="b")
    assert [node.name for node in nodes_of(deep.nodes)] == ["b", "c", "deepest"]


def test_a_message_full_of_digits_is_normalised_at_once() -> None:
    start = time.process_time()
    assert normalised(f"weights ({'1234567890' * 20} and more") == "weights (# and more"
    assert normalised("expected (None, 3, 4) and [1 2  3], got (2,)") == "expected (#) and (#), got (#)"
    assert time.process_time() - start < 1.0
