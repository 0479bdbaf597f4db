"""What a layer with a dtype of its own gives goes where it is cast."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st

from harness.architectures.drawing import draws
from harness.architectures.graph import Graph
from harness.architectures.models import GLOBAL
from harness.architectures.models import _policy as policy
from harness.architectures.operations import OPERATIONS
from harness.architectures.operations.placing import add_operation
from harness.architectures.rules import Placement
from harness.architectures.spec import Spec
from harness.protocol.architecture import Call, references
from tests.vocabularies import vocabulary

SEEN = Spec((2,))
ORTHOGONAL = Call("initializers.Orthogonal")


@st.composite
def _cell_beside_a_layer_of_its_own_dtype(draw: st.DrawFn, version: str) -> tuple[bool, bool]:
    """Whether a cell takes a state from such a layer, and whether another layer takes it first."""
    graph = Graph(draw, vocabulary(version), {}, batch=2)
    source = graph.input(Spec((3,)))
    halved = graph.attach("layers.Dense", {"units": 2, "dtype": "mixed_float16"}, Placement((SEEN,)), source)
    cell = graph.attach("layers.GRUCell", {"units": 2}, Placement((SEEN, SEEN), named={"states": (SEEN,)}), source)
    added = graph.attach("layers.Add", {}, Placement((SEEN,), others=(SEEN,), as_list=True), source)
    return (
        halved.name in {ref.node for ref in references(cell.keywords)},
        halved.name in {ref.node for ref in references(added.inputs)},
    )


def taken(version: str) -> tuple[bool, bool]:
    """Whether it ever is, in many draws."""
    states, first = zip(*draws(_cell_beside_a_layer_of_its_own_dtype(version), 60, seed_value=3), strict=True)
    return any(states), any(first)


def test_keras_2_casts_the_first_argument_alone_and_is_given_no_other_to_be_cast() -> None:
    assert taken("2.15") == (False, True)


def test_keras_3_casts_all_and_is_given_such() -> None:
    assert taken("3.15") == (True, True)


@st.composite
def _operator_on_a_layer_of_its_own_dtype(draw: st.DrawFn, version: str) -> bool:
    """Whether an operator stands on such a layer, or on an operator that does."""
    graph = Graph(draw, vocabulary(version), {}, batch=2)
    source = graph.input(Spec((3,)))
    graph.attach("layers.Dense", {"units": 2, "dtype": "mixed_float16"}, Placement((SEEN,)), source)
    halved = {ref.node for ref in graph.of_another_dtype()}
    (row,) = [row for row in OPERATIONS if row.name == "operator.neg"]
    for _ in range(3):
        add_operation(draw, graph, row)
    return any(ref.node in halved for node in graph.nodes[1:] for ref in references(node.inputs))


def test_keras_2_casts_no_operand_and_is_given_no_other_to_compute_with() -> None:
    found = [any(draws(_operator_on_a_layer_of_its_own_dtype(each), 30, seed_value=3)) for each in ("2.15", "3.15")]
    assert found == [False, True]


def test_what_is_computed_from_a_layer_of_another_dtype_is_of_that_dtype() -> None:
    def drawn(draw: st.DrawFn) -> bool:
        graph = Graph(draw, vocabulary("3.15"), {}, batch=2)
        source = graph.input(Spec((3,)))
        graph.attach("layers.Dense", {"units": 2, "dtype": "mixed_float16"}, Placement((SEEN,)), source)
        graph.inputs.clear()
        graph.tensors[:] = graph.tensors[1:]
        add_operation(draw, graph, next(row for row in OPERATIONS if row.name == "operator.neg"))
        return len(graph.of_another_dtype()) == len(graph.tensors)

    assert any(draws(st.composite(drawn)(), 10, seed_value=3))


@st.composite
def _bfloat16_is_wanted(draw: st.DrawFn, version: str, layer: str, arguments: dict[str, Any]) -> str | None:
    """The policy of a model with this layer, for which one in bfloat16 is wanted."""
    graph = Graph(draw, vocabulary(version), {}, batch=2)
    graph.attach(layer, arguments, Placement((SEEN,)), graph.input(Spec((3, 2))))
    return policy(draw, graph, graph.vocabulary, {f"{GLOBAL}bfloat16": frozenset()})


@pytest.mark.parametrize("version", ["2.15", "3.15"])
@pytest.mark.parametrize(
    ("layer", "arguments", "policy"),
    [
        ("layers.Dense", {"units": 2}, "bfloat16"),
        ("layers.LSTM", {"units": 2, "recurrent_initializer": "zeros"}, "bfloat16"),
        ("layers.LSTM", {"units": 2}, None),
        ("layers.SimpleRNNCell", {"units": 2}, None),
        ("layers.RNN", {"cell": [Call("layers.GRUCell", {"units": 2})]}, None),
        ("layers.Dense", {"units": 2, "kernel_initializer": "orthogonal"}, None),
        ("layers.TimeDistributed", {"layer": Call("layers.Dense", {"kernel_initializer": ORTHOGONAL})}, None),
    ],
)
def test_a_policy_goes_to_a_model_that_can_be_built_under_it(
    version: str, layer: str, arguments: dict[str, Any], policy: str | None
) -> None:
    """TensorFlow has no QR decomposition in bfloat16, by which a kernel is made orthogonal."""
    assert set(draws(_bfloat16_is_wanted(version, layer, arguments), 5, seed_value=1)) == {policy}
