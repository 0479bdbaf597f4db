"""Operators and `keras.ops` as nodes of a functional graph: ``x + y``, ``x[:, 1:]``, ``ops.reshape(x, ...)``.

A row per operation: how many tensors it takes, and what shape comes out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from harness.architectures.graph import Graph
from harness.architectures.rules import Draw
from harness.architectures.spec import Spec
from harness.protocol.architecture import Name, Node, Slice


@dataclass(frozen=True)
class Operation:
    """`place` gives, for one tensor, the further arguments and the shape; `same` are more tensors of its shape."""

    name: str
    place: Callable[[Draw, Spec], tuple[tuple[Any, ...], tuple[int | None, ...]]]
    same: int = 0
    minimum_rank: int = 1


def _kept(draw: Draw, x: Spec) -> tuple[tuple[Any, ...], tuple[int | None, ...]]:
    return (), x.shape


def _number(draw: Draw, x: Spec) -> tuple[tuple[Any, ...], tuple[int | None, ...]]:
    return (draw(st.sampled_from((0.5, 2.0, -1.0))),), x.shape


def _index(draw: Draw, x: Spec) -> tuple[tuple[Any, ...], tuple[int | None, ...]]:
    length = x.shape[0]
    if length is None or length < 2:
        return ((Slice(), Slice(0, None)),), x.shape
    return ((Slice(), Slice(1, None)),), (length - 1, *x.shape[1:])


OPERATIONS = (
    Operation("operator.add", _kept, same=1),
    Operation("operator.mul", _kept, same=1),
    Operation("operator.sub", _kept, same=1),
    Operation("operator.add", _number),
    Operation("operator.mul", _number),
    Operation("operator.neg", _kept),
    Operation("operator.getitem", _index),
    Operation("ops.tanh", _kept),
    Operation("ops.abs", _kept),
    Operation("ops.maximum", _kept, same=1),
)


def add_operation(draw: Draw, graph: Graph) -> None:
    """Adds one operation onto a tensor of the graph that it fits, if there is any."""
    known = [each for each in OPERATIONS if each.name.startswith("operator.") or graph.vocabulary.has(each.name)]
    tensors = [
        (ref, spec)
        for ref, spec in graph.tensors
        if spec.kind == "float" and spec.static and not spec.sparse and spec.rank >= 1
    ]
    if not tensors:
        return
    operation = draw(st.sampled_from(known))
    ref, spec = draw(st.sampled_from(tensors))
    arguments, shape = operation.place(draw, spec)
    # Keras 2 casts no operands: layers of two dtypes could not be added.
    others = [
        ref if graph.vocabulary.major == 2 else graph.find(spec.but(image=False), besides=set())
        for _ in range(operation.same)
    ]
    name = graph.name(operation.name, unusual=False)
    node = Node(name, Name(operation.name), (ref, *others, *arguments), {}, (shape,))
    graph.append(node, (spec.but(shape=shape, image=False, masked=False),), {ref, *others})
