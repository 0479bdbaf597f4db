"""The ends of a graph: brought to floats, named, put under one head, and handed out in a structure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Optional

from hypothesis import strategies as st

from harness.architectures.graph import Graph
from harness.architectures.rules import Draw, chance
from harness.architectures.spec import Spec
from harness.architectures.vocabulary import Vocabulary
from harness.protocol.architecture import Call, Name, Node, Ref


def structure(draw: Draw, refs: list[Ref], vocabulary: Vocabulary, wanted: str | None = None) -> Any:
    """The outputs as one tensor, a list, a dict, a tuple, or nested: as `wanted`, where there are several."""
    if len(refs) == 1:
        return [refs[0]] if chance(draw, 8) else refs[0]
    form = wanted or draw(st.sampled_from(("list", "list", "dict", "nested")))
    if form == "dict":
        return {f"out_{number}": ref for number, ref in enumerate(refs)}
    # Keras 3.0 to 3.3 (models/functional.py) refuse what is nested.
    if form == "nested" and len(refs) > 2 and not (3,) <= vocabulary.version < (3, 4):
        return [refs[0], {"a": refs[1], "b": list(refs[2:])}]
    return tuple(refs) if form == "tuple" else list(refs)


def bring_to_floats(draw: Draw, graph: Graph) -> None:
    """Strings are hashed and integers scaled, so that every leaf can be trained towards."""
    for ref, spec in list(graph.leaves()):
        if spec.kind == "string" and "Hashing" in graph.rules and graph.vocabulary.has("layers.Hashing"):
            node = Node(graph.name("hashing"), Call("layers.Hashing", {"num_bins": 5}), (ref,), {}, (spec.shape,))
            spec = spec.but(kind="int", limit=5, dtype=None, words=())
            graph.append(node, (spec,), {ref})
            ref = Ref(node.name)
        if spec.kind in ("int", "bool") and not spec.sparse:
            scale = Call("layers.Rescaling", {"scale": 0.25})
            node = Node(graph.name("rescaling"), scale, (ref,), {}, (spec.shape,))
            graph.append(node, (spec.but(kind="float", limit=None, dtype=None, differentiable=False),), {ref})


def name_outputs(draw: Draw, graph: Graph) -> None:
    """Puts a layer on each leaf that is an operation or a second call.

    Losses are given by the name of an output, and these have no name of their own.
    """
    layers = {node.name: node.layer for node in graph.nodes}
    for ref, spec in list(graph.leaves()):
        if spec.kind == "float" and not spec.sparse and isinstance(layers[ref.node], (Name, Ref)):
            node = Node(
                graph.name("output"),
                Call("layers.Activation", {"activation": "linear"}),
                (ref,),
                {},
                (spec.shape,),
            )
            graph.append(node, (spec,), {ref})


Head = tuple[tuple[int, ...], Optional[str]]  # the shape and the activation of an output


def merge(draw: Draw, graph: Graph, heads: Sequence[Head] = ()) -> None:
    """Flattens every leaf of known size and puts one Dense on top of them all, or these heads."""
    parts = []
    for ref, spec in graph.leaves():
        if spec.kind != "float" or spec.sparse or not spec.static or spec.rank < 1 or spec.size > 4096:
            continue
        if spec.rank > 1:
            flat = Node(graph.name("flatten"), Call("layers.Flatten", {}), (ref,), {}, ((spec.size,),))
            spec = spec.but(shape=(spec.size,), image=False, masked=False)
            graph.append(flat, (spec,), {ref})
            ref = Ref(flat.name)
        parts.append((ref, spec))
    if len(parts) > 1:
        width = sum(spec.size for _, spec in parts)
        refs = [ref for ref, _ in parts]
        joined = Node(graph.name("concatenate"), Call("layers.Concatenate", {}), (refs,), {}, ((width,),))
        graph.append(joined, (parts[0][1].but(shape=(width,), image=False),), set(refs))
        parts = [(Ref(joined.name), graph.spec(Ref(joined.name)))]
    if parts and heads:
        for shape, activation in heads:
            _head(graph, parts[0][0], shape, activation)
        return
    for ref, _ in parts:
        units = draw(st.integers(1, 3))
        head = Node(graph.name("head"), Call("layers.Dense", {"units": units}), (ref,), {}, ((units,),))
        graph.append(head, (Spec((units,)),), {ref})


def _head(graph: Graph, ref: Ref, shape: tuple[int, ...], activation: str | None) -> None:
    """An output of this shape on top of a tensor of one axis."""
    size = math.prod(shape)
    last = {"activation": activation} if activation else {}
    layers: list[tuple[str, Call, tuple[int, ...]]] = [
        ("head", Call("layers.Dense", {"units": size} | (last if len(shape) == 1 else {})), (size,))
    ]
    if len(shape) > 1:
        layers.append(("reshape", Call("layers.Reshape", {"target_shape": shape}), shape))
        if activation:
            layers.append(("output", Call("layers.Activation", last), shape))
    for name, layer, reached in layers:
        node = Node(graph.name(name), layer, (ref,), {}, (reached,))
        graph.append(node, (Spec(reached),), {ref})
        ref = Ref(node.name)
