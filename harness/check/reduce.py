"""Makes a failing architecture small: nothing compiled or less, fewer layers, fewer arguments, nothing frozen.

It works on the description and not on Hypothesis's choices: a failure costs a model to try, so every step must be a
large one, and a recording of another machine can be reduced in the same way. Deterministic; each step is tried on a
worker, and kept when the same finding shows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

from harness.check.reduce_compile import boldly, simpler_compile, simpler_value
from harness.expectations.finding import class_of
from harness.protocol.architecture import (
    Architecture,
    Call,
    Compile,
    Data,
    Input,
    Node,
    Ref,
    references,
)


def reduce(
    architecture: Architecture,
    shows: Callable[[Architecture], bool],
    *,
    suspects: Collection[str] = (),
    tries: int = 150,
) -> tuple[Architecture, int]:
    """The smallest architecture found for which `shows` is true, and how many were tried.

    `suspects` are names of nodes, or of classes that they call: what the failure speaks of is tried by itself first.
    """
    current, used = architecture, 0
    progress = True
    seen = {current.digest()}
    while progress and used < tries:
        progress = False
        for candidate in chain(suspected(current, suspects), candidates(current)):
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


def suspected(architecture: Architecture, suspects: Collection[str]) -> Iterator[Architecture]:
    """What the failure speaks of by itself: never compiled, then as the model was.

    It takes a tenth of the time of all that the model holds, and is mostly what is left in the end.
    """
    if len(architecture.nodes) < 2 or architecture.form not in ("functional", "sequential"):
        return
    named = [node for node in architecture.nodes if node.name in suspects]
    named += [node for node in architecture.nodes if class_of(node) in suspects and node not in named]
    for node in named:
        single = parted(architecture, {node.name, *_sources(architecture, node)})
        if single is not None:
            yield single
        whole = architecture if architecture.form == "functional" else _functional(architecture)
        if architecture.compile is not None:
            yield keep(whole, {node.name, *_sources(whole, node)})
        behind = _behind(whole, node) if node.name in suspects else set()
        if behind:
            yield keep(whole, {node.name, *_sources(whole, node), *behind})


def _behind(architecture: Architecture, node: Node) -> set[str]:
    """The fewest nodes that lead from this one to an output: what it does may show in what follows alone."""
    takers: dict[str, list[str]] = {}
    for each in architecture.nodes:
        for ref in references((each.inputs, each.keywords)):
            takers.setdefault(ref.node, []).append(each.name)
    ends = {ref.node for ref in references(architecture.outputs)}
    came = {node.name: ""}
    reached = [node.name]
    for name in reached:  # breadth first: it grows as it is gone through
        if name in ends:
            break
        for taker in takers.get(name, ()):
            if taker not in came:
                came[taker] = name
                reached.append(taker)
    else:
        return set()
    way = set()
    while name != node.name:
        way.add(name)
        name = came[name]
    return way


def candidates(architecture: Architecture) -> Iterator[Architecture]:
    """Smaller architectures, the boldest first."""
    yield from boldly(architecture)
    if architecture.form == "sequential" and not architecture.deferred and len(architecture.nodes) > 1:
        for node in architecture.nodes:
            yield keep(_functional(architecture), {node.name})
    if architecture.form == "functional":
        if len(architecture.nodes) > 1:
            yield from _parts(architecture)
        for node in architecture.nodes:
            if isinstance(node.layer, Architecture):
                yield replace(node.layer, compile=_simple(architecture, node.layer), policy=architecture.policy)
        yield from _inside(architecture)
        yield from _one_output(architecture)
    yield from simpler_compile(architecture)
    if architecture.freezes:
        yield replace(architecture, freezes=())
        for each in architecture.freezes:
            yield replace(architecture, freezes=(each,))
    if architecture.policy:
        yield replace(architecture, policy=None)
    if architecture.form == "functional" and len(architecture.nodes) > 2:
        names = [node.name for node in architecture.nodes]
        for name in names:
            yield keep(architecture, set(names) - {name})
    yield from _fewer_arguments(architecture)
    if architecture.batch > 1 and not any(each.batch_size for each in architecture.inputs):
        yield replace(architecture, batch=1, compile=_rebatched(architecture, 1))


def _parts(architecture: Architecture) -> Iterator[Architecture]:
    """The halves, the quarters, and what is left without each; every node by itself.

    Of twenty nodes the one at fault is found in eight tries so, and two that need each other in a few more.
    """
    alone = {node.name: {node.name} | _sources(architecture, node) for node in architecture.nodes}
    names = list(alone)
    pieces = 2
    while pieces < len(names):
        size = -(-len(names) // pieces)
        parts = [set(names[start : start + size]) for start in range(0, len(names), size)]
        for part in parts:
            yield keep(architecture, part)
        if pieces > 2:
            for part in parts:
                yield keep(architecture, set(names) - part)
        pieces *= 2
    for part in alone.values():
        yield keep(architecture, part)


def isolated(architecture: Architecture, name: str) -> Architecture | None:
    """The node of this name alone, neither compiled nor frozen; None where it cannot be taken out."""
    single = parted(architecture, {name})
    if single is not None and isinstance(single.nodes[0].layer, Architecture):
        return replace(single.nodes[0].layer, compile=None)
    return single


def parted(architecture: Architecture, names: Collection[str]) -> Architecture | None:
    """The nodes of these names and no other, neither compiled nor frozen; None where they cannot be taken out."""
    if architecture.form in ("sequential", "subclass"):
        architecture = _functional(architecture)
    nodes = [each for each in architecture.nodes if each.name in names]
    if architecture.form != "functional" or not nodes or any(isinstance(each.layer, Ref) for each in nodes):
        return None
    return replace(keep(architecture, {*names}), compile=None, freezes=(), policy=None)


def _inside(architecture: Architecture) -> Iterator[Architecture]:
    """Where a nested model is all that is left: a part of it in its place, with inputs that the part takes.

    What a failure is called by may have the nesting in it, so that the part alone is another one.
    """
    node = architecture.nodes[0] if len(architecture.nodes) == 1 else None
    if node is None or not isinstance(node.layer, Architecture):
        return
    nested = node.layer
    for part in _links(nested) if nested.form == "sequential" else candidates(nested):
        if part.form == nested.form and part.inputs != nested.inputs:
            yield _around(architecture, node, part)


def _links(chain: Architecture) -> Iterator[Architecture]:
    """Each layer of a chain as a chain of its own."""
    before: tuple[Input, ...] = chain.inputs
    for node in chain.nodes if len(chain.nodes) > 1 else ():
        if len(before) == 1:
            freezes = tuple(each for each in chain.freezes if not each.path or each.path[0] == node.name)
            alone = replace(node, inputs=(Ref(before[0].name),))
            yield replace(chain, inputs=before, nodes=(alone,), outputs=Ref(node.name), freezes=freezes)
        before = node.stand_ins


def _around(architecture: Architecture, node: Node, part: Architecture) -> Architecture:
    """The model with another nested one at its only node."""
    given: Any = {each.name: Ref(each.name) for each in part.inputs}
    if part.input_structure != "dict":
        given = list(given.values())
    ends = part.nodes[-1].stand_ins if part.form == "sequential" else tuple(_output_inputs(part))
    inner = replace(
        node,
        layer=part,
        inputs=(given[0] if len(part.inputs) == 1 and isinstance(given, list) else given,),
        keywords={},
        shapes=None,
        stand_ins=ends,
    )
    names = {node.name, *(each.name for each in part.nodes)}
    outputs = [Ref(node.name, index) for index in range(len(ends))]
    outer = replace(
        architecture,
        inputs=part.inputs,
        nodes=(inner,),
        outputs=outputs[0] if len(outputs) == 1 else outputs,
        input_structure="list",
        freezes=tuple(each for each in architecture.freezes if set(each.path[:2]) <= names),
    )
    return replace(outer, compile=_simple(architecture, outer))


def _one_output(architecture: Architecture) -> Iterator[Architecture]:
    """Each of several outputs alone; an argument may be needed for nothing but another one of them."""
    refs = list(dict.fromkeys(references(architecture.outputs)))
    if architecture.compile is None and len(refs) > 1:
        for ref in refs:
            yield replace(architecture, outputs=ref)


def _sources(architecture: Architecture, node: Node) -> set[str]:
    """The node whose layer this one calls again, if it does."""
    return {node.layer.node} if isinstance(node.layer, Ref) else set()


def keep(architecture: Architecture, names: set[str]) -> Architecture:
    """The part of a functional graph made of these nodes; what they took from others comes from new inputs."""
    nodes = [node for node in architecture.nodes if node.name in names]
    made = {node.name for node in nodes if not isinstance(node.layer, Ref)}
    # What calls the layer of another node goes with that node, and others are fed in its place.
    nodes = [node for node in nodes if not isinstance(node.layer, Ref) or node.layer.node in made]
    kept = {node.name for node in nodes}
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
    if {ref for ref, _ in leaves} == set(references(architecture.outputs)):
        # What is left is compiled as it was.
        return replace(smaller, outputs=architecture.outputs, compile=architecture.compile)
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


def _fewer_arguments(architecture: Architecture) -> Iterator[Architecture]:
    for number, node in enumerate(architecture.nodes):
        for smaller in _simpler_node(node):
            # Without the argument the rule's shape may no longer hold: it is left to Keras.
            nodes = (*architecture.nodes[:number], smaller, *architecture.nodes[number + 1 :])
            yield replace(architecture, nodes=nodes)


def _simpler_node(node: Node) -> Iterator[Node]:
    if isinstance(node.layer, Call):
        for simpler in simpler_value(node.layer):
            yield replace(node, layer=simpler, shapes=None)
    elif isinstance(node.layer, Architecture):
        for smaller in candidates(node.layer):
            if smaller.form == node.layer.form and len(smaller.inputs) == len(node.layer.inputs):
                yield replace(node, layer=smaller)
    if node.keywords and not any(True for _ in references(node.keywords)):
        yield replace(node, keywords={}, shapes=None)
    if node.methods and all(method.name != "adapt" for method in node.methods):
        yield replace(node, methods=())
