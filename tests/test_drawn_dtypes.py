"""What a layer with a dtype of its own gives goes where it is cast."""

from __future__ import annotations

from hypothesis import strategies as st

from harness.architectures.drawing import draws
from harness.architectures.graph import Graph
from harness.architectures.rules import Placement
from harness.architectures.spec import Spec
from harness.protocol.architecture import references
from tests.vocabularies import vocabulary

SEEN = Spec((2,))


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
