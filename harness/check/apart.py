"""Layers that did not arrive on a route, each sent along it by itself.

What breaks in one layer must hide no other, and a model that cannot travel a route says nothing about its layers. (To
send several of them together first, without what may be to blame, takes as long: in most groups is one that breaks.)
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from harness.check.reduce import isolated
from harness.check.sender import Table
from harness.protocol.architecture import Architecture, Compile


def alone(
    where: Mapping[str, tuple[Architecture, str]], table: Table, arrived: Collection[tuple[str, str]]
) -> Iterator[tuple[Architecture, Table]]:
    """Each layer that lacks a route, of `where` it is (a model and a node); no node twice that holds several.

    Compiled only where it must be: to load a model without compile settings makes no difference else.
    """
    asked: set[tuple[str, str]] = set()
    for public, (architecture, name) in sorted(where.items()):
        missing = {route: row for route, row in table.items() if (public, route) not in arrived}
        single = isolated(architecture, name) if missing else None
        if single is None:
            continue
        digest = single.digest()
        missing = {route: row for route, row in missing.items() if (digest, route) not in asked}
        asked.update((digest, route) for route in missing)
        compiled = {route: row for route, row in missing.items() if "no" in row.values()}
        if missing.keys() - compiled:
            yield single, {route: row for route, row in missing.items() if route not in compiled}
        if compiled:
            yield replace(single, compile=Compile({"optimizer": "sgd"}, steps=0)), compiled
