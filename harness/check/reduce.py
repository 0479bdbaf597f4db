"""Makes a failing architecture small: fewer layers, then fewer arguments, then nothing compiled or frozen.

It works on the description and not on Hypothesis's choices: a failure costs a model to try, so every step must be a
large one, and a recording of another machine can be reduced in the same way. Deterministic; each step is tried on a
worker, and kept when the same finding shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from harness.protocol.architecture import (
    Architecture,
    Call,
    Compile,
    Data,
    Input,
    Name,
    Node,
    Ref,
    references,
)


def reduce(
    architecture: Architecture, shows: Callable[[Architecture], bool], *, tries: int = 150
) -> tuple[Architecture, int]:
    """The smallest architecture found for which `shows` is true, and how many were tried."""
    current, used = architecture, 0
    progress = True
    seen = {current.digest()}
    while progress and used < tries:
        progress = False
        for candidate in candidates(current):
            digest = candidate.digest()
            if digest in seen:
                continue
            seen.add(digest)
            used += 1
            if shows(candidate):
                current, progress = candidate, True
                break
            if used >= tries:
                break
    return current, used


def candidates(architecture: Architecture) -> Iterator[Architecture]:
    """Smaller architectures, the boldest first."""
    if architecture.form == "sequential" and not architecture.deferred and len(architecture.nodes) > 1:
        for node in architecture.nodes:
            yield keep(_functional(architecture), {node.name})
    if architecture.form == "functional":
        if len(architecture.nodes) > 1:
            for node in architecture.nodes:
                yield keep(architecture, {node.name} | _sources(architecture, node))
        for node in architecture.nodes:
            if isinstance(node.layer, Architecture):
                yield replace(node.layer, compile=_simple(architecture, node.layer), policy=architecture.policy)
    if architecture.compile is not None:
        yield replace(architecture, compile=None, freezes=tuple(f for f in architecture.freezes if f.when == "built"))
    if architecture.freezes:
        yield replace(architecture, freezes=())
        for each in architecture.freezes:
            yield replace(architecture, freezes=(each,))
    if architecture.policy:
        yield replace(architecture, policy=None)
    if architecture.form == "functional" and len(architecture.nodes) > 2:
        half = len(architecture.nodes) // 2
        names = [node.name for node in architecture.nodes]
        for part in (set(names[:half]), set(names[half:])):
            yield keep(architecture, part)
        for name in names:
            yield keep(architecture, set(names) - {name})
    if architecture.compile is not None:
        yield from _simpler_compile(architecture)
    yield from _fewer_arguments(architecture)
    if architecture.batch > 1:
        yield replace(architecture, batch=1, compile=_rebatched(architecture, 1))


def isolated(architecture: Architecture, name: str) -> Architecture | None:
    """The node of this name alone, neither compiled nor frozen; None where it cannot be taken out."""
    if architecture.form in ("sequential", "subclass"):
        architecture = _functional(architecture)
    if architecture.form != "functional":
        return None
    node = next((each for each in architecture.nodes if each.name == name), None)
    if node is None or isinstance(node.layer, Ref):
        return None
    single = replace(keep(architecture, {name}), compile=None, freezes=(), policy=None)
    if isinstance(node.layer, Architecture):
        return replace(node.layer, compile=None)
    return single


def _sources(architecture: Architecture, node: Node) -> set[str]:
    """The node whose layer this one calls again, if it does."""
    return {node.layer.node} if isinstance(node.layer, Ref) else set()


def keep(architecture: Architecture, names: set[str]) -> Architecture:
    """The part of a functional graph made of these nodes; what they took from others comes from new inputs."""
    nodes = [node for node in architecture.nodes if node.name in names]
    kept = {node.name for node in nodes}
    nodes = [node for node in nodes if not isinstance(node.layer, Ref) or node.layer.node in kept]
    stand_ins = {node.name: node.stand_ins for node in architecture.nodes}
    inputs = {each.name: each for each in architecture.inputs}
    used: dict[str, Input] = {}

    def moved(structure: Any) -> Any:
        if isinstance(structure, Ref):
            if structure.node in kept:
                return structure
            if structure.node in inputs:
                used[structure.node] = inputs[structure.node]
                return structure
            each = stand_ins[structure.node][structure.index]
            used[each.name] = each
            return Ref(each.name)
        if isinstance(structure, (list, tuple)):
            return type(structure)(moved(item) for item in structure)
        if isinstance(structure, dict):
            return {key: moved(item) for key, item in structure.items()}
        return structure

    nodes = [replace(node, inputs=moved(node.inputs), keywords=moved(dict(node.keywords))) for node in nodes]
    taken = {ref for node in nodes for ref in references((node.inputs, node.keywords))}
    leaves = [
        (Ref(node.name, index), each)
        for node in nodes
        for index, each in enumerate(node.stand_ins)
        if Ref(node.name, index) not in taken
    ]
    outputs: Any = [ref for ref, _ in leaves]
    if len(outputs) == 1:
        outputs = outputs[0]
    smaller = replace(
        architecture,
        inputs=tuple(used.values()),
        nodes=tuple(nodes),
        outputs=outputs,
        input_structure="list" if architecture.input_structure == "tuple" else architecture.input_structure,
        freezes=tuple(each for each in architecture.freezes if not each.path or each.path[0] in kept),
    )
    return replace(smaller, compile=_simple(architecture, smaller))


def _functional(architecture: Architecture) -> Architecture:
    return replace(architecture, form="functional", outputs=Ref(architecture.nodes[-1].name))


def _output_inputs(architecture: Architecture) -> list[Input]:
    by_name = {node.name: node.stand_ins for node in architecture.nodes}
    return [by_name[ref.node][ref.index] for ref in references(architecture.outputs) if by_name.get(ref.node)]


def _simple(original: Architecture, smaller: Architecture) -> Compile | None:
    """The same optimizer on the outputs that are left, with the plainest loss."""
    if original.compile is None:
        return None
    if smaller.form == "sequential":
        leaves = list(smaller.nodes[-1].stand_ins)
    else:
        leaves = _output_inputs(smaller)
    targets: Any = [
        Data((smaller.batch, *(4 if axis is None else axis for axis in each.shape)), "float32") for each in leaves
    ]
    if len(targets) == 1:
        targets = targets[0]
    arguments = {
        key: value
        for key, value in original.compile.arguments.items()
        if key in ("optimizer", "run_eagerly", "jit_compile")
    }
    return Compile({**arguments, "loss": "mean_squared_error"}, targets, original.compile.steps)


def _rebatched(architecture: Architecture, batch: int) -> Compile | None:
    def data(structure: Any) -> Any:
        if isinstance(structure, Data):
            return replace(structure, shape=(batch, *structure.shape[1:]))
        if isinstance(structure, (list, tuple)):
            return type(structure)(data(item) for item in structure)
        if isinstance(structure, dict):
            return {key: data(item) for key, item in structure.items()}
        return structure

    return architecture.compile and replace(architecture.compile, targets=data(architecture.compile.targets))


def _simpler_compile(architecture: Architecture) -> Iterator[Architecture]:
    assert architecture.compile is not None
    settings = architecture.compile
    plain = {"optimizer": "sgd", "loss": "mean_squared_error"}
    if dict(settings.arguments) != plain:
        yield replace(architecture, compile=replace(settings, arguments=plain))
    if settings.steps > 0:
        yield replace(architecture, compile=replace(settings, steps=0))
    if settings.steps > 1:
        yield replace(architecture, compile=replace(settings, steps=1))
    for key in settings.arguments:
        if key not in ("optimizer", "loss"):
            fewer = {name: value for name, value in settings.arguments.items() if name != key}
            yield replace(architecture, compile=replace(settings, arguments=fewer))
    for key in ("optimizer", "loss"):
        value = settings.arguments.get(key)
        if value is not None and value != plain[key]:
            yield replace(architecture, compile=replace(settings, arguments={**settings.arguments, key: plain[key]}))
        for simpler in _simpler_value(value):
            yield replace(architecture, compile=replace(settings, arguments={**settings.arguments, key: simpler}))


def _fewer_arguments(architecture: Architecture) -> Iterator[Architecture]:
    for number, node in enumerate(architecture.nodes):
        for smaller in _simpler_node(node):
            # Without the argument the rule's shape may no longer hold: it is left to Keras.
            nodes = (*architecture.nodes[:number], smaller, *architecture.nodes[number + 1 :])
            yield replace(architecture, nodes=nodes)


def _simpler_node(node: Node) -> Iterator[Node]:
    if isinstance(node.layer, Call):
        for simpler in _simpler_value(node.layer):
            yield replace(node, layer=simpler, shapes=None)
    elif isinstance(node.layer, Architecture):
        for smaller in candidates(node.layer):
            if smaller.form == node.layer.form and len(smaller.inputs) == len(node.layer.inputs):
                yield replace(node, layer=smaller)
    if node.keywords and not any(True for _ in references(node.keywords)):
        yield replace(node, keywords={})
    if node.methods and all(method.name != "adapt" for method in node.methods):
        yield replace(node, methods=())


def _simpler_value(value: Any) -> Iterator[Any]:
    if isinstance(value, Name):
        return
    if isinstance(value, Call):
        if value.arguments:
            yield replace(value, arguments={})
        for key in value.arguments:
            yield replace(value, arguments={name: other for name, other in value.arguments.items() if name != key})
        for key, item in value.arguments.items():
            for simpler in _simpler_value(item):
                yield replace(value, arguments={**value.arguments, key: simpler})
    elif isinstance(value, list) and value and isinstance(value[0], Call):
        for number, item in enumerate(value):
            if len(value) > 1:
                yield [*value[:number], *value[number + 1 :]]
            for simpler in _simpler_value(item):
                yield [*value[:number], simpler, *value[number + 1 :]]
