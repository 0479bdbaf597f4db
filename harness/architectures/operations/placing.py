"""Puts an operation onto a tensor of a graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from harness.architectures.graph import Graph
from harness.architectures.operations import known_operations
from harness.architectures.operations.operation import BATCH, Operation, X
from harness.architectures.rules import Draw
from harness.architectures.spec import Spec
from harness.protocol.architecture import Name, Node, Ref, references


def add_operation(draw: Draw, graph: Graph, operation: Operation | None = None) -> None:
    """Adds the operation, or one that is drawn, onto a tensor that it takes, or onto a new input."""
    if operation is None:
        known = [each for each in known_operations(graph.vocabulary) if graph.fixed_batch or not each.fixed]
        fitting = [each for each in known if _tensors(graph, each)]
        operation = draw(st.sampled_from(fitting or known))
    tensors = _tensors(graph, operation)
    if tensors and draw(st.sampled_from((True, True, True, False))):
        ref, spec = draw(st.sampled_from(tensors))
    else:
        spec = draw(operation.fresh())
        ref = graph.input(spec)
        spec = graph.spec(ref)
    for name, arguments in operation.before:
        ref, spec = _append(graph, name, arguments, {}, ref, spec, (spec.but(image=False, masked=False),))
    placed = operation.place(draw, spec)
    _append(graph, operation.name, placed.inputs, placed.keywords, ref, spec, placed.outputs)


def _tensors(graph: Graph, operation: Operation) -> list[tuple[Ref, Spec]]:
    inputs = {each.name for each in graph.inputs}
    # Keras 2 casts no operands: what is added to a tensor of another dtype may be an input.
    other = graph.of_another_dtype() if graph.vocabulary.major == 2 else set()
    return [
        (ref, spec)
        for ref, spec in graph.tensors
        if operation.accepts(spec) and ref not in other and (ref.node in inputs or not operation.exact)
    ]


def _append(
    graph: Graph,
    name: str,
    arguments: tuple[Any, ...],
    keywords: Mapping[str, Any],
    ref: Ref,
    spec: Spec,
    outputs: tuple[Spec, ...],
) -> tuple[Ref, Spec]:
    """Adds the node; returns its first output."""

    def found(structure: Any) -> Any:
        if structure is X:
            return ref
        if structure is BATCH:
            return graph.batch
        if isinstance(structure, Spec):
            return _another(graph, structure, ref, spec)
        if isinstance(structure, (list, tuple)):
            return type(structure)(found(item) for item in structure)
        return structure

    inputs = found(arguments)
    shapes = tuple(each.shape for each in outputs)
    node = Node(graph.name(name, unusual=False), Name(name), inputs, dict(keywords), shapes)
    graph.append(node, outputs, set(references(inputs)))
    return Ref(node.name), outputs[0]


def _another(graph: Graph, wanted: Spec, ref: Ref, spec: Spec) -> Ref:
    """A further tensor; one that must be of an exact dtype is cast to it, whatever it comes from."""
    if graph.vocabulary.major >= 3:
        another = graph.find(wanted, besides=set())
        if wanted.dtype is not None:
            another, _ = _append(graph, "ops.cast", (X, wanted.dtype), {}, another, wanted, (wanted,))
        return another
    # Keras 2 casts no operands: layers of two dtypes could not be added.
    return ref if (wanted.shape, wanted.kind) == (spec.shape, spec.kind) else graph.input(wanted)
