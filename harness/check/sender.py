"""Sends models to workers, and what one process has saved to another; puts together what both of them saw."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

from harness.dispatch.pool import Answer, Pool
from harness.dispatch.scratch import Scratch
from harness.expectations.table import asked
from harness.protocol.architecture import Architecture, to_json

PROCESS = "_process"  # a route of this ending is its namesake, loaded by another process

Table = Mapping[str, Mapping[str, str]]


class Sender:
    """What is asked of the workers of `pool`, by the routes and observations of `table`."""

    def __init__(self, pool: Pool, table: Table, scratch: Scratch) -> None:
        self.pool = pool
        self.table = table
        self._scratch = scratch

    def request(self, architecture: Architecture, table: Table, *, see: Table | None = None) -> dict[str, Any]:
        """What is asked of a worker; `see` has the observations of the original, where no route asks for them."""
        compiled = architecture.compile is not None
        asks = asked(table, compiled=compiled)
        seen = asks if see is None else asked(see, compiled=compiled)
        return {
            "verb": "run",
            "architecture": to_json(architecture),
            "routes": {route: names for route, names in asks.items() if not route.endswith(PROCESS)},
            # What is asked of the loading process alone must be seen of the original too.
            "also": sorted({name for names in seen.values() for name in names}),
            "keep": {
                route.removesuffix(PROCESS): str(self._scratch.folder(route))
                for route in table
                if route.endswith(PROCESS)
            },
        }

    def replay(self, architecture: Architecture, answer: Answer, limit: float) -> Future[Answer] | None:
        """Hands the files of an example to another process; None where it has saved none."""
        files = answer.reply.get("kept")
        if not files:
            return None
        asks = asked(self.table, compiled=architecture.compile is not None)
        request = {
            "verb": "replay",
            "architecture": to_json(architecture),
            "routes": {route: asks[route + PROCESS] for route in files},
            "files": files,
        }
        return self.pool.submit(request, limit=limit, avoid=answer.reply["pid"])

    def along(self, architecture: Architecture, route: str, limit: float) -> Answer:
        """The answer of a model that is sent along one route, and to the other process if that is the route."""
        table = {route: self.table[route]} if route in self.table else {}
        request = self.request(architecture, table, see=None if table else self.table)
        answer = self.pool.submit(request, limit=limit).result()
        replayed = self.replay(architecture, answer, limit)
        return answer if replayed is None else as_one(answer, replayed.result())


def as_one(first: Answer, second: Answer) -> Answer:
    """What one process saw before and another after, as if one had seen both."""
    if second.lost is not None or "routes" not in second.reply:
        return second
    routes = {f"{route}{PROCESS}": answer for route, answer in second.reply["routes"].items()}
    reply = {**second.reply, "build": first.reply["build"], "before": first.reply["before"], "routes": routes}
    return Answer(reply, {**first.blobs, **second.blobs})
