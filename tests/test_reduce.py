"""A failing architecture becomes small: the layer and the argument that it needs are what is left."""

from dataclasses import replace

import pytest

from harness.architectures.drawing import draws
from harness.architectures.families import all_rules
from harness.architectures.graph import Goal
from harness.architectures.models import architectures
from harness.check.reduce import isolated, keep, parted, reduce
from harness.check.reduce_compile import simpler_value
from harness.check.smaller import alone_in_it, cannot_be_called
from harness.expectations.finding import Finding
from harness.protocol.architecture import (
    Architecture,
    Call,
    Compile,
    Data,
    Freeze,
    Input,
    Node,
    Ref,
    calls,
    layer_calls,
)
from tests.vocabularies import vocabulary

RULES = all_rules()
KERAS = vocabulary()


def drawn(*goals: Goal, seed: int = 0) -> Architecture:
    return draws(architectures(vocabulary=KERAS, rules=RULES, goals=goals), 1, seed_value=seed)[0]


def holds(architecture: Architecture, layer: str, argument: str) -> bool:
    return any(call.name == layer and argument in call.arguments for call in layer_calls(architecture))


@pytest.mark.parametrize("seed", range(6))
def test_one_layer_and_one_argument_are_left(seed: int) -> None:
    goals = [Goal("Conv1D", frozenset({"padding"})), Goal("Dense"), Goal("BatchNormalization"), Goal("LSTM")]
    model = drawn(*goals, seed=seed)
    if not holds(model, "layers.Conv1D", "padding"):
        pytest.skip("a chain left the layer to another model")
    small, tries = reduce(model, lambda each: holds(each, "layers.Conv1D", "padding"))
    (call,) = layer_calls(small)
    assert set(call.arguments) == {"padding"}
    assert small.compile is None
    assert not small.freezes
    assert tries < 60


def test_a_failure_that_nothing_smaller_shows_stays_as_it_is() -> None:
    model = drawn(Goal("Dense"), Goal("Conv2D"))
    assert reduce(model, lambda each: False)[0] == model


def test_the_same_failure_is_reduced_in_the_same_way() -> None:
    model = drawn(Goal("Dense"), Goal("Conv2D"), Goal("LSTM"), seed=3)
    shows = lambda each: any(call.name == "layers.LSTM" for call in layer_calls(each))  # noqa: E731
    assert reduce(model, shows) == reduce(model, shows)


def test_what_is_kept_of_a_graph_is_fed_by_new_inputs() -> None:
    model = drawn(Goal("Dense"), Goal("Activation"), seed=1)
    if model.form != "functional":
        pytest.skip("not a graph")
    last = model.nodes[-1]
    part = keep(model, {last.name})
    assert [node.name for node in part.nodes] == [last.name]
    assert len(part.inputs) >= 1


def test_a_second_call_goes_with_the_node_whose_layer_it_calls_and_what_it_fed_has_an_input_instead() -> None:
    twice = Node("dense_1", Ref("dense"), (Ref("dense"),), stand_ins=(Input("dense_1_0", (3,)),))
    first = Node("dense", Call("layers.Dense", {"units": 3}), (Ref("x"),), stand_ins=(Input("dense_0", (3,)),))
    last = Node("relu", Call("layers.ReLU"), (Ref("dense_1"),), stand_ins=(Input("relu_0", (3,)),))
    model = Architecture("m", inputs=(Input("x", (3,)),), nodes=(first, twice, last), outputs=Ref("relu"))
    part = keep(model, {"dense_1", "relu"})
    assert [node.name for node in part.nodes] == ["relu"]
    assert part.nodes[0].inputs == (Ref("dense_1_0"),)
    assert [each.name for each in part.inputs] == ["dense_1_0"]


LARGE = [Goal(name) for name in ("Dense", "Conv1D", "LSTM", "GRU", "Conv2D", "ReLU", "MaxPooling2D", "PReLU")] * 2


def test_the_node_at_fault_is_found_in_a_large_graph_by_halving_it() -> None:
    model = drawn(*LARGE, seed=0)
    assert model.form == "functional"
    assert len(model.nodes) >= 16
    for node in model.nodes:
        small, tries = reduce(model, lambda each, name=node.name: name in {n.name for n in each.nodes})
        assert node.name in {each.name for each in small.nodes}
        assert len(small.nodes) <= 2
        assert tries < 40


def test_two_nodes_that_fail_together_are_what_is_left() -> None:
    model = drawn(*LARGE, seed=0)
    pair = {model.nodes[2].name, model.nodes[-1].name}
    small, tries = reduce(model, lambda each: pair <= {node.name for node in each.nodes})
    assert pair <= {node.name for node in small.nodes}
    assert len(small.nodes) <= 4
    assert tries < 80


def test_what_the_failure_speaks_of_is_tried_first() -> None:
    model = drawn(*LARGE, seed=0)
    node = model.nodes[-1]
    tried = []

    def shows(each: Architecture) -> bool:
        tried.append(each)
        return node.name in {n.name for n in each.nodes}

    reduce(model, shows, suspects={node.name})
    assert ([each.name for each in tried[0].nodes], tried[0].compile) == ([node.name], None)


def test_what_shows_in_an_output_alone_is_tried_with_the_shortest_way_to_one() -> None:
    def dense(name: str, *before: str) -> Node:
        layer = Call("layers.Dense", {"units": 3}) if len(before) == 1 else Call("layers.Add")
        return Node(name, layer, tuple(map(Ref, before)), stand_ins=(Input(f"{name}_0", (3,)),))

    nodes = (dense("a", "x"), dense("b", "a"), dense("c", "b"), dense("d", "c"), dense("e", "b"), dense("f", "d", "e"))
    model = Architecture("m", "functional", (Input("x", (3,)),), nodes, Ref("f"))
    tried: list[list[str]] = []

    def shows(each: Architecture) -> bool:
        tried.append([node.name for node in each.nodes])
        return {"b", "f"} <= set(tried[-1])

    small, _ = reduce(model, shows, suspects={"b"})
    assert tried[:2] == [["b"], ["b", "e", "f"]]
    assert {node.name for node in small.nodes} == {"b", "f"}


@pytest.mark.parametrize("form", ["functional", "sequential"])
def test_what_needs_to_be_compiled_is_tried_by_itself_as_the_model_was(form: str) -> None:
    names = ("dense", "relu", "other")
    nodes, before = [], "x"
    for name in names:
        layer = Call("layers.ReLU") if name == "relu" else Call("layers.Dense", {"units": 3})
        nodes.append(Node(name, layer, (Ref(before),), stand_ins=(Input(f"{name}_0", (3,)),)))
        before = name
    model = Architecture(
        "m", form, inputs=(Input("x", (3,)),), nodes=tuple(nodes), outputs=Ref("other"), policy="mixed_float16",
        compile=Compile({"optimizer": "adam", "loss": "mean_absolute_error"}, Data((2, 3))),
    )  # fmt: skip
    tried: list[Architecture] = []

    def shows(each: Architecture) -> bool:
        tried.append(each)
        return each.compile is not None and [node.name for node in each.nodes] == ["relu"]

    small, _ = reduce(model, shows, suspects={"ReLU"})
    assert [[node.name for node in each.nodes] for each in tried[:2]] == [["relu"], ["relu"]]
    assert [each.compile is None for each in tried[:2]] == [True, False]
    assert tried[1].compile is not None
    assert (tried[1].compile.arguments["optimizer"], tried[1].policy) == ("adam", "mixed_float16")
    assert [node.name for node in small.nodes] == ["relu"]


def metrics_in(architecture: Architecture) -> list[str]:
    return [] if architecture.compile is None else [call.name for call in calls(architecture.compile)]


@pytest.mark.parametrize("seed", range(8))
def test_of_what_a_model_is_compiled_with_the_one_metric_at_fault_is_left(seed: int) -> None:
    strategy = architectures(vocabulary=KERAS, rules=RULES, goals=LARGE, wanted={"metrics.AUC": frozenset()})
    model = draws(strategy, 1, seed_value=seed)[0]
    if "metrics.AUC" not in metrics_in(model):
        pytest.skip("no output takes it")
    small, tries = reduce(model, lambda each: "metrics.AUC" in metrics_in(each))
    assert metrics_in(small) == ["metrics.AUC"]
    assert len(small.nodes) == 1
    assert tries < 60


def test_what_a_layer_takes_stays_as_it_is() -> None:
    inverted = Call("layers.StringLookup", {"vocabulary": ("red",), "invert": True})
    assert [each.arguments for each in simpler_value(inverted)] == [{"invert": True}, {"invert": True}]


def test_inputs_of_a_fixed_batch_size_keep_the_targets_that_go_with_them() -> None:
    model = drawn(Goal("Dense"))
    free, fixed = (
        replace(model, inputs=tuple(replace(each, batch_size=size) for each in model.inputs))
        for size in (None, model.batch)
    )
    assert any(each.batch == 1 for each in _tries(free))
    assert all(each.batch == model.batch for each in _tries(fixed))


def _tries(model: Architecture) -> list[Architecture]:
    tried: list[Architecture] = []
    reduce(model, lambda each: bool(tried.append(each)))
    return tried


def test_a_model_that_cannot_be_called_is_told_from_one_that_cannot_be_trained_and_from_the_finding_itself() -> None:
    lost = Finding("weights", "value", ("Dense",), ("keras_zip",), "")
    error = {"type": "TypeError", "message": "no such input", "place": ""}
    uncalled = Finding("outputs", "error", ("Dense",), ("build",), "", error=error)
    assert cannot_be_called([lost, uncalled], lost)
    assert not cannot_be_called([lost], lost)
    assert not cannot_be_called([lost, uncalled], uncalled)
    assert not cannot_be_called([lost, replace(uncalled, observation="training")], lost)


def test_a_finding_that_nobody_made_smaller_names_its_layer_where_there_is_one_alone() -> None:
    first = Node("crop", Call("layers.RandomCrop", {"height": 2, "width": 2}), (Ref("x"),))
    second = Node("flat", Call("layers.Flatten"), (Ref("crop"),))
    model = Architecture("m", inputs=(Input("x", (3, 3, 1)),), nodes=(first,), outputs=Ref("crop"))
    finding = Finding("outputs", "shape", (), ("hdf5",), "another shape", architecture=model)
    assert alone_in_it(finding).layers == ("RandomCrop",)
    larger = replace(model, nodes=(first, second), outputs=Ref("flat"))
    assert alone_in_it(replace(finding, architecture=larger)).layers == ()
    assert alone_in_it(replace(finding, layers=("Dense",))).layers == ("Dense",)


def test_layers_are_taken_out_as_they_are_and_without_what_was_done_with_their_model() -> None:
    first = Node("crop", Call("layers.Cropping1D"), (Ref("x"),), stand_ins=(Input("crop_0", (2, 1)),))
    second = Node("flat", Call("layers.Flatten"), (Ref("crop"),), stand_ins=(Input("flat_0", (2,)),))
    again = Node("again", Ref("crop"), (Ref("x"),), stand_ins=(Input("again_0", (2, 1)),))
    model = Architecture(
        "m", inputs=(Input("x", (4, 1)),), nodes=(first, second, again), outputs=[Ref("flat"), Ref("again")],
        compile=Compile({"optimizer": "sgd"}, steps=1), freezes=(Freeze(("crop",), "built"),), policy="mixed_float16",
    )  # fmt: skip
    taken = parted(model, {"crop", "flat"})
    assert taken is not None
    assert [node.name for node in taken.nodes] == ["crop", "flat"]
    assert (taken.compile, taken.freezes, taken.policy) == (None, (), None)
    assert taken.outputs == Ref("flat")
    single = isolated(model, "flat")
    assert single is not None
    assert [each.name for each in single.inputs] == ["crop_0"]
    assert (single.compile, single.freezes, single.policy) == (None, (), None)
    # What only calls the layer of another node cannot be taken out without it.
    assert parted(model, {"again"}) is parted(model, {"nothing"}) is isolated(model, "again") is None
