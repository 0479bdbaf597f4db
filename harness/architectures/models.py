"""The strategy that draws whole models: goals to reach, a topology around them, and how it is trained.

A model is a functional graph, or a Sequential where its layers make a chain. Parts of a graph may be models of their
own (three deep, and called twice), layers may be shared, tensors added up and cut by operators, and the leaves are
brought to floats so that there is something to train towards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from harness.architectures.graph import Goal, Graph, common
from harness.architectures.operations import add_operation
from harness.architectures.rules import Arguments, Draw, LayerRule
from harness.architectures.spec import Spec
from harness.architectures.training import compiles, promised
from harness.architectures.vocabulary import Vocabulary
from harness.protocol.architecture import (
    Architecture,
    Call,
    Compile,
    Data,
    Freeze,
    Name,
    Node,
    Ref,
    calls,
    nodes_of,
    references,
)

POLICIES = ("mixed_float16", "mixed_bfloat16", "float64", "bfloat16")
DEPTH = 3  # models within models within models


@st.composite
def architectures(
    draw: st.DrawFn,
    *,
    vocabulary: Vocabulary,
    rules: Mapping[str, LayerRule],
    goals: Sequence[Goal],
    name: str = "model",
    plain: bool = False,
    wanted: frozenset[str] = frozenset(),
    settings: Mapping[str, Any] | None = None,
) -> Architecture:
    """Models that hold the `goals`, in an order and a topology that are drawn.

    A chain (Sequential) holds those goals that fit behind one another; the others are left to another model. `wanted`
    are losses, metrics and optimizers to be used. With `plain` nothing is drawn but a graph of the goals,
    compiled with `settings` where it can be trained.
    """
    # A layer can be stateful only where the batch size is fixed.
    fixed = any("stateful" in goal.arguments for goal in goals) or _chance(draw, 4)
    graph = Graph(draw, vocabulary, rules, batch=draw(st.sampled_from((2, 3))), fixed_batch=fixed)
    order = draw(st.permutations(list(goals)))
    seed = draw(st.integers(0, 2**16))
    if plain:
        for goal in order:
            graph.add(rules[goal.layer], goal.arguments)
        leaves = graph.leaves()
        single = graph.architecture(name, _one_or_list([ref for ref, _ in leaves]), seed=seed)
        if settings is None or not _trains(leaves):
            return single
        targets = [Data((graph.batch, *(axis or 1 for axis in spec.shape))) for _, spec in leaves]
        return replace(single, compile=Compile(settings, targets[0] if len(targets) == 1 else targets))
    if _chance(draw, 5):
        chain = _chain(draw, graph, order, name=name, seed=seed)
        if chain is not None:
            return _trained(draw, vocabulary, chain, graph, wanted)
    _grow(draw, graph, order, depth=0)
    _extras(draw, graph)
    _bring_to_floats(draw, graph)
    if _chance(draw, 2):
        _merge(draw, graph)
    _name_outputs(draw, graph)
    leaves = graph.leaves()
    architecture = graph.architecture(
        name,
        _structure(draw, [ref for ref, _ in leaves]),
        seed=seed,
        input_structure=draw(st.sampled_from(("list", "list", "dict", "tuple"))) if len(graph.inputs) > 1 else "list",
        policy=draw(st.sampled_from(POLICIES)) if _chance(draw, 12) and _any_dtype(graph, vocabulary) else None,
    )
    return _trained(draw, vocabulary, architecture, graph, wanted)


def _any_dtype(graph: Graph, vocabulary: Vocabulary) -> bool:
    """On the CPU some kernels are there in float32 alone: those of images with channels first are.

    And Keras 2 casts the first argument of a call to the dtype of the layer, and no other.
    """
    several = (True for node in nodes_of(graph.nodes) for _ in references([*node.inputs[1:], node.keywords]))
    if vocabulary.major == 2 and any(several):
        return False
    return not any("channels_first" in call.arguments.values() for node in graph.nodes for call in calls(node.layer))


def _chance(draw: Draw, of: int) -> bool:
    """True once in `of` times; shrinks to False."""
    return bool(draw(st.integers(0, of - 1)) == of - 1)


def _one_or_list(refs: list[Ref]) -> Any:
    return refs[0] if len(refs) == 1 else refs


def _structure(draw: Draw, refs: list[Ref]) -> Any:
    """The outputs as one tensor, a list, a dict, or nested."""
    if len(refs) == 1:
        return [refs[0]] if _chance(draw, 8) else refs[0]
    form = draw(st.sampled_from(("list", "list", "dict", "nested")))
    if form == "dict":
        return {f"out_{number}": ref for number, ref in enumerate(refs)}
    if form == "nested" and len(refs) > 2:
        return [refs[0], {"a": refs[1], "b": list(refs[2:])}]
    return list(refs)


def _grow(draw: Draw, graph: Graph, goals: Sequence[Goal], *, depth: int) -> None:
    """Adds the goals, some of them inside of a model that is a layer of this one."""
    remaining = list(goals)
    while remaining:
        size = draw(st.integers(1, 3)) if depth < DEPTH and len(remaining) > 1 and _chance(draw, 5) else 0
        if size:
            inner, remaining = remaining[:size], remaining[size:]
            _nest(draw, graph, inner, depth=depth + 1)
        else:
            goal = remaining.pop(0)
            graph.add(graph.rules[goal.layer], goal.arguments)


def _nest(draw: Draw, graph: Graph, goals: Sequence[Goal], *, depth: int) -> None:
    """A model of the goals as a layer of the graph; now and then called a second time, on other inputs."""
    inside = Graph(draw, graph.vocabulary, graph.rules, batch=graph.batch, fixed_batch=graph.fixed_batch)
    chain = _chain(draw, inside, goals, name="inner", seed=0, whole=True) if _chance(draw, 2) else None
    if chain is None:
        inside = Graph(draw, graph.vocabulary, graph.rules, batch=graph.batch, fixed_batch=graph.fixed_batch)
        _grow(draw, inside, goals, depth=depth)
        leaves = inside.leaves()
        chain = inside.architecture("inner", _one_or_list([ref for ref, _ in leaves]))
    else:
        leaves = inside.tensors[-1:]
    # A layer that is stateful keeps one state, however often its model is called: a second call is another promise.
    stateful = graph.fixed_batch
    name = graph.unique(draw(st.sampled_from(("block", "encoder", "inner"))))
    chain = replace(chain, name=name)
    specs = [inside.spec(Ref(each.name)) for each in chain.inputs]
    for call in range(1 + (not stateful and _chance(draw, 4))):
        refs = [graph.find(spec, besides=set()) for spec in specs]
        node = Node(
            name if call == 0 else graph.unique(name),
            chain if call == 0 else Ref(name),
            (_one_or_list(refs),),
        )
        graph.append(node, tuple(spec.but(masked=False) for _, spec in leaves), set(refs))


def _chain(
    draw: Draw, graph: Graph, goals: Sequence[Goal], *, name: str, seed: int, whole: bool = False
) -> Architecture | None:
    """A Sequential of those goals that fit behind one another (with `whole`: of all, or None)."""
    layers: list[tuple[Goal, LayerRule]] = [(goal, graph.rules[goal.layer]) for goal in goals]
    if not layers:
        return None
    spec = draw(layers[0][1].fresh())
    onto = (graph.input(spec), spec.but(masked=False, fixed_batch=graph.fixed_batch))
    for goal, rule in layers:
        added = _add_to_chain(draw, graph, rule, goal.arguments, onto) if rule.accepts(onto[1]) else None
        if added is not None:
            onto = added
        elif whole:
            return None
    if not graph.nodes:
        return None
    deferred = not whole and not graph.fixed_batch and spec.static and _chance(draw, 4)
    return Architecture(
        name, "sequential", tuple(graph.inputs), tuple(graph.nodes), Ref(graph.nodes[-1].name), batch=graph.batch,
        seed=seed, deferred=deferred,
    )  # fmt: skip


def _add_to_chain(
    draw: Draw, graph: Graph, rule: LayerRule, wanted: frozenset[str], onto: tuple[Ref, Spec]
) -> tuple[Ref, Spec] | None:
    """Adds a layer behind the last one, unless it wants more than one tensor or gives more."""
    arguments = Arguments(draw, graph.vocabulary, rule.public, wanted=wanted, rules=graph.rules)
    placement = rule.place(arguments, onto[1])
    if placement.others or placement.named or placement.keywords or placement.as_list or len(placement.outputs) != 1:
        return None
    common(arguments, rule)
    node = graph.attach(rule.public, arguments.values, placement, onto[0])
    return Ref(node.name), placement.outputs[0]


def _extras(draw: Draw, graph: Graph) -> None:
    """Operators, residual connections, and layers that are called once more."""
    # In a few models alone: there are routes on which no graph with an operation in it comes through.
    if _chance(draw, 5):
        for _ in range(draw(st.integers(1, 3))):
            add_operation(draw, graph)
    if _chance(draw, 3):
        _share(draw, graph)


def _share(draw: Draw, graph: Graph) -> None:
    """Calls an earlier layer of one input a second time, on another tensor of that shape."""
    candidates = [
        node
        for node in graph.nodes
        if isinstance(node.layer, Call) and node.layer.name.startswith("layers.") and not node.keywords
        and len(node.inputs) == 1 and isinstance(node.inputs[0], Ref) and len(node.stand_ins) == 1
        and not node.layer.arguments.get("stateful") and not node.methods
    ]  # fmt: skip
    if not candidates:
        return
    node = draw(st.sampled_from(candidates))
    taken = graph.spec(node.inputs[0])
    other = graph.find(taken, besides={node.inputs[0]})
    again = Node(graph.unique(node.name), Ref(node.name), (other,), {}, node.shapes)
    graph.append(again, (graph.spec(Ref(node.name)),), {other})


def _bring_to_floats(draw: Draw, graph: Graph) -> None:
    """Strings are hashed and integers scaled, so that every leaf can be trained towards."""
    for ref, spec in list(graph.leaves()):
        if spec.kind == "string" and "Hashing" in graph.rules and graph.vocabulary.has("layers.Hashing"):
            node = Node(graph.name("hashing"), Call("layers.Hashing", {"num_bins": 5}), (ref,), {}, (spec.shape,))
            spec = spec.but(kind="int", limit=5, dtype=None, words=())
            graph.append(node, (spec,), {ref})
            ref = Ref(node.name)
        if spec.kind == "int" and not spec.sparse:
            scale = Call("layers.Rescaling", {"scale": 0.25})
            node = Node(graph.name("rescaling"), scale, (ref,), {}, (spec.shape,))
            graph.append(node, (spec.but(kind="float", limit=None, dtype=None, differentiable=False),), {ref})


def _name_outputs(draw: Draw, graph: Graph) -> None:
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


def _merge(draw: Draw, graph: Graph) -> None:
    """Flattens every leaf of known size and puts one Dense on top of them all."""
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
    for ref, _ in parts:
        units = draw(st.integers(1, 3))
        head = Node(graph.name("head"), Call("layers.Dense", {"units": units}), (ref,), {}, ((units,),))
        graph.append(head, (Spec((units,)),), {ref})


def _trained(
    draw: Draw, vocabulary: Vocabulary, architecture: Architecture, graph: Graph, wanted: frozenset[str]
) -> Architecture:
    """Compiled in most cases, and frozen in some."""
    leaves = graph.leaves() if architecture.form == "functional" else graph.tensors[-1:]
    settings = None
    if _trains(leaves) and (wanted or not _chance(draw, 6)):
        outputs = [(ref.node, spec) for ref, spec in leaves]
        by_name = {node.name: node.layer for node in graph.nodes}
        settings = compiles(
            draw,
            vocabulary,
            outputs,
            architecture.outputs,
            architecture.batch,
            wanted=wanted,
            promises={name: promised(by_name[name]) for name, _ in outputs},
            # Where a layer passes no gradient, an optimizer of several may find one of its own without any.
            divisible=all(spec.differentiable for _, spec in graph.tensors),
        )
    return replace(architecture, compile=settings, freezes=_freezes(draw, architecture, settings is not None))


def _trains(leaves: Sequence[tuple[Ref, Spec]]) -> bool:
    """Whether outputs of these can be trained towards: floats of known shape, and a gradient from one at least."""
    return any(spec.differentiable for _, spec in leaves) and all(
        spec.kind == "float" and spec.static and not spec.sparse for _, spec in leaves
    )


def _freezes(draw: Draw, architecture: Architecture, compiled: bool) -> tuple[Freeze, ...]:
    """Up to two layers frozen, at any level and at any time."""
    if not _chance(draw, 3):
        return ()
    paths = list(_paths(architecture))
    moments = ("built", "compiled", "trained") if compiled else ("built",)
    return tuple(
        Freeze(draw(st.sampled_from(paths)), draw(st.sampled_from(moments))) for _ in range(draw(st.integers(1, 2)))
    )


def _paths(architecture: Architecture) -> list[tuple[str, ...]]:
    paths: list[tuple[str, ...]] = []
    for node in architecture.nodes:
        if isinstance(node.layer, Call):
            paths.append((node.name,))
        elif isinstance(node.layer, Architecture):
            paths.append((node.name,))
            paths += [(node.name, *path) for path in _paths(node.layer)]
    return paths or [()]
