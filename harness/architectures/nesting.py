"""Layers one behind another, and models within models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import strategies as st

from harness.architectures.graph import Goal, Graph, one_or_list
from harness.architectures.rules import Draw, LayerRule, chance
from harness.architectures.spec import Spec
from harness.protocol.architecture import Architecture, Node, Ref

DEPTH = 3  # models within models within models


def grow(draw: Draw, graph: Graph, goals: Sequence[Goal], *, depth: int) -> None:
    """Adds the goals, some of them inside of a model that is a layer of this one."""
    remaining = list(goals)
    while remaining:
        size = draw(st.integers(1, 3)) if depth < DEPTH and len(remaining) > 1 and chance(draw, 5) else 0
        if size:
            inner, remaining = remaining[:size], remaining[size:]
            _nest(draw, graph, inner, depth=depth + 1)
        else:
            goal = remaining.pop(0)
            graph.add(graph.rules[goal.layer], goal.arguments)


def _nest(draw: Draw, graph: Graph, goals: Sequence[Goal], *, depth: int) -> None:
    """A model of the goals as a layer of the graph; now and then called a second time, on other inputs."""
    inside = _inside(graph)
    chain = chain_of(draw, inside, goals, name="inner", seed=0, whole=True) if chance(draw, 2) else None
    if chain is None:
        inside = _inside(graph)
        grow(draw, inside, goals, depth=depth)
        leaves = inside.leaves()
        chain = inside.architecture("inner", one_or_list([ref for ref, _ in leaves]))
    else:
        leaves = inside.tensors[-1:]
    # A layer that is stateful keeps one state, however often its model is called: a second call is another promise.
    stateful = graph.fixed_batch
    name = graph.unique(draw(st.sampled_from(("block", "encoder", "inner"))))
    chain = replace(chain, name=name)
    specs = [inside.spec(Ref(each.name)) for each in chain.inputs]
    for call in range(1 + (not stateful and chance(draw, 4))):
        refs = [graph.find(spec, besides=set()) for spec in specs]
        node = Node(
            name if call == 0 else graph.unique(name),
            chain if call == 0 else Ref(name),
            (one_or_list(refs),),
        )
        graph.append(node, tuple(spec.but(masked=False) for _, spec in leaves), set(refs))


def _inside(graph: Graph) -> Graph:
    """An empty graph for a model that is to be a layer of this one."""
    inside = Graph(graph.draw, graph.vocabulary, graph.rules, batch=graph.batch, fixed_batch=graph.fixed_batch)
    inside.objects = graph.objects
    return inside


def chain_of(
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
    deferred = not whole and not graph.fixed_batch and spec.static and chance(draw, 4)
    return Architecture(
        name, "sequential", tuple(graph.inputs), tuple(graph.nodes), Ref(graph.nodes[-1].name), batch=graph.batch,
        seed=seed, deferred=deferred,
    )  # fmt: skip


def _add_to_chain(
    draw: Draw, graph: Graph, rule: LayerRule, wanted: frozenset[str], onto: tuple[Ref, Spec]
) -> tuple[Ref, Spec] | None:
    """Adds a layer behind the last one, unless it wants more than one tensor or gives more."""
    name, values, placement = graph.placed(rule, wanted, onto[1])
    if placement.others or placement.named or placement.keywords or placement.as_list or len(placement.outputs) != 1:
        return None
    if placement.keyed:  # layers that leave their input as it is take a dict while they do, and fail in training
        return None
    node = graph.attach(name, values, placement, onto[0])
    return Ref(node.name), placement.outputs[0]
