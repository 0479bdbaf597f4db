"""Layers that did not arrive on a route, sent along it again: together without what is to blame, then by themselves.

By itself also goes a layer that no input has reached, or that one sample alone went through, along all routes: that it
survived said nothing.

What breaks in one layer must hide no other, and a model that cannot travel a route says nothing about its layers. Where
a known issue tells what kept the model from it, the layers that it is not about go together; all others go alone. (To
guess what is to blame takes as long as to send all of them alone: in most groups is one that breaks.)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from harness.architectures.graph import SCOPE_NAME
from harness.check.reduce import isolated, parted
from harness.check.sender import PROCESS, Table
from harness.protocol.architecture import Architecture, Call, Compile, Node, Ref, calls, nodes_of

Where = Mapping[str, tuple[Architecture, str]]  # of each of `kinds_of` a model, and the node of it that holds it
Blamed = Mapping[tuple[str, str], Collection[str] | None]  # by digest and route: what an issue is about; None: unknown


def kinds_of(nodes: Iterable[Node]) -> Iterator[str]:
    """What must arrive of these nodes: layers, and layers that were told something (``layers.Normalization.adapt``)."""
    nodes = tuple(nodes)
    yield from (call.name for call in calls(nodes) if call.name.startswith(("layers.", "custom.")))
    for node in nodes_of(nodes):
        if isinstance(node.layer, Call):
            yield from (f"{node.layer.name}.{method.name}" for method in node.methods)


def together(
    where: Where, table: Table, arrived: Collection[tuple[str, str]], blamed: Blamed
) -> Iterator[tuple[Architecture, Table]]:
    """Of each model the layers that lack a route and are not to blame for it, where there are several."""
    models: dict[str, tuple[Architecture, dict[str, set[str]]]] = {}
    for public, (architecture, name) in sorted(where.items()):
        missing = {route for route in table if (public, route) not in arrived}
        _, lacking = models.setdefault(architecture.digest(), (architecture, {}))
        lacking.setdefault(name, set()).update(missing)
    for digest, (architecture, lacking) in models.items():
        nodes = {node.name: node for node in architecture.nodes if node.name in lacking}
        parts: dict[frozenset[str], dict[str, Mapping[str, str]]] = {}
        for route, row in table.items():
            # What could not be saved was not handed to another process either.
            about = [blamed.get((digest, each), ()) for each in (route, route.removesuffix(PROCESS))]
            words = {word for each in about if each is not None for word in each}
            if None not in about:
                left = {name for name, node in nodes.items() if route in lacking[name] and not _is_meant(node, words)}
                parts.setdefault(frozenset(left), {})[route] = row
        for names, rows in parts.items():
            part = parted(architecture, names) if len(names) > 1 else None
            if part is not None:
                # With other data than their model had: what was the same for every sample there need not be so here.
                yield from _sent(replace(part, seed=architecture.seed + 1), rows)


def alone(where: Where, table: Table, arrived: Collection[tuple[str, str]]) -> Iterator[tuple[Architecture, Table]]:
    """Each layer that lacks a route; no node twice that holds several."""
    asked: set[tuple[str, str]] = set()
    for public, (architecture, name) in sorted(where.items()):
        missing = {route: row for route, row in table.items() if (public, route) not in arrived}
        single = isolated(architecture, name) if missing else None
        if single is None:
            continue
        digest = single.digest()
        missing = {route: row for route, row in missing.items() if (digest, route) not in asked}
        asked.update((digest, route) for route in missing)
        yield from _sent(single, missing)


def chained(single: Architecture) -> Architecture | None:
    """A layer alone as a Sequential; None where it is no layer that takes one tensor and gives one."""
    node = single.nodes[0] if len(single.nodes) == len(single.inputs) == 1 else None
    if node is None or single.form != "functional" or single.inputs[0].optional:
        return None
    plain = (node.inputs, node.keywords, single.outputs) == ((Ref(single.inputs[0].name),), {}, Ref(node.name))
    one = node.shapes is None or len(node.shapes) == 1
    return replace(single, form="sequential") if plain and one and isinstance(node.layer, Call) else None


def unmoved(
    where: Where, table: Table, silent: Callable[[], Collection[str]], lone: Callable[[], Collection[str]]
) -> Iterator[tuple[Architecture, Table]]:
    """Each layer alone that no input has reached, or of which nobody can say so.

    `silent` are the classes for which what came before them made every sample the same; `lone`, those that one sample
    at a time went through: they go with several. Both are asked for when all other models have been looked at.
    """
    yield from alone(_of(where, silent()), table, ())
    for single, rows in alone(_of(where, lone()), table, ()):
        yield _of_several(single), rows


def _of(where: Where, classes: Collection[str]) -> Where:
    return {public: held for public, held in where.items() if public.rpartition(".")[2] in classes}


def _of_several(architecture: Architecture) -> Architecture:
    """The same with two samples, where it had one."""
    inputs = tuple(replace(each, batch_size=2) if each.batch_size == 1 else each for each in architecture.inputs)
    return replace(architecture, batch=2, inputs=inputs)


def _sent(architecture: Architecture, table: Table) -> Iterator[tuple[Architecture, Table]]:
    """Compiled only where it must be: to load a model without compile settings makes no difference else."""
    compiled = {route: row for route, row in table.items() if "no" in row.values()}
    if table.keys() - compiled:
        yield architecture, {route: row for route, row in table.items() if route not in compiled}
    if compiled:
        yield replace(architecture, compile=Compile({"optimizer": "sgd"}, steps=0)), compiled


def _is_meant(node: Node, about: Collection[str]) -> bool:
    """Whether an issue that is told under these words may be about this node, or about one in it."""
    inside = list(calls(node.layer))
    return (
        not {call.name.rpartition(".")[2] for call in inside}.isdisjoint(about)
        or ("names" in about and not all(re.fullmatch(SCOPE_NAME, each.name) for each in nodes_of((node,))))
        or ("dtypes" in about and any("dtype" in call.arguments for call in inside))
    )
