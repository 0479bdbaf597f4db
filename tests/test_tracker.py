"""Bugs that Keras had, put back one at a time: each is reported by the cells that must see it, and by no other.

The bugs are in `planted/tracker_*_bugs.py`, a row each. All of them run in two workers, which take a fault in at a
request and out at the next, and each goes along every route of the table. What the Keras that is installed breaks by
itself on the same model is no part of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from harness.dispatch.pool import Answer, Pool
from harness.expectations.finding import Finding
from harness.expectations.judge import judge
from harness.expectations.table import asked, parse
from harness.protocol.architecture import Architecture, to_json
from tests.planted.tracker import Fault
from tests.planted.tracker_switch import faults

pytestmark = pytest.mark.slow
FAULTS = faults()
PROCESS = "_process"
ROOT = Path(__file__).parents[1]
LINK = re.compile(
    r"https://github\.com/(keras-team/(keras|keras-core|tf-keras)|tensorflow/tensorflow)/(pull|issues|commit)/[0-9a-f]+"
)


class Bench:
    """Two workers with the switch in them, and what was found on each model with and without a fault."""

    def __init__(self, folder: Path, size: int = 2) -> None:
        self.folder = folder
        module = folder / "switch.py"
        module.write_text(
            f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n"
            "from tests.planted.tracker_switch import install\ninstall()\n"
        )
        self.pool = Pool(size=size, modules=(module,))
        self.about = self.pool.start()
        self.major = int(str(self.about["keras"]).partition(".")[0])
        known = set(self.about["routes"])
        self.table = {name: row for name, row in parse().items() if name.removesuffix(PROCESS) in known}
        self.threads = ThreadPoolExecutor(size)
        self.healthy: dict[str, Future[list[Finding]]] = {}
        self.found: dict[str, Future[list[Finding]]] = {}

    def start(self, chosen: list[Fault]) -> None:
        """Sends all of them off, those without a fault first."""
        for fault in chosen:
            if fault.model.digest() not in self.healthy:
                self.healthy[fault.model.digest()] = self.threads.submit(self.findings, fault.model, "")
        for fault in chosen:
            self.found[fault.name] = self.threads.submit(self.findings, fault.model, fault.name)

    def findings(self, model: Architecture, planted: str) -> list[Finding]:
        """What is found on every route with this planted: in one process, and in two for those that need it."""
        asks = asked(self.table, compiled=model.compile is not None)
        told = to_json(model)
        kept = self.folder / f"{planted}-{model.digest()}"
        processes = [name.removesuffix(PROCESS) for name in asks if name.endswith(PROCESS)]
        first = self._answer(
            {
                "verb": "run", "architecture": told, "planted": planted,
                "routes": {name: names for name, names in asks.items() if not name.endswith(PROCESS)},
                "keep": {name: str(kept / name) for name in processes},
            }
        )  # fmt: skip
        routes, blobs = dict(first.reply.get("routes", {})), first.blobs
        files = first.reply.get("kept", {})
        if files:
            second = self._answer(
                {
                    "verb": "replay", "architecture": told, "planted": planted, "files": files,
                    "routes": {name: asks[name + PROCESS] for name in files},
                },
                first.reply["pid"],
            )  # fmt: skip
            routes.update({name + PROCESS: answer for name, answer in second.reply["routes"].items()})
            blobs = {**blobs, **second.blobs}
        return judge(model, {**first.reply, "routes": routes}, blobs, self.table)

    def _answer(self, request: dict[str, Any], avoid: int | None = None) -> Answer:
        answer = self.pool.submit(request, avoid=avoid).result()
        assert answer.lost is None, answer.lost
        assert "fault" not in answer.reply, answer.reply
        return answer

    def close(self) -> None:
        self.threads.shutdown(wait=False, cancel_futures=True)
        self.pool.close()


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Bench]:
    made = Bench(tmp_path_factory.mktemp("tracker"))
    asked_for = {item.callspec.params["name"] for item in request.session.items if "[" in item.name and
                 item.path == request.path and "name" in item.callspec.params}  # fmt: skip
    made.start([fault for fault in FAULTS.values() if fault.name in asked_for and made.major in fault.majors])
    yield made
    made.close()


def cells(findings: list[Finding]) -> set[tuple[str, str]]:
    return {(route, each.observation) for each in findings for route in each.routes}


def new(found: list[Finding], healthy: list[Finding]) -> list[Finding]:
    """What the fault has brought in: a finding that is there without it, on the same route, is Keras's own."""
    own = {(each.routes, each.signature) for each in healthy}
    return [each for each in found if (each.routes, each.signature) not in own]


@pytest.mark.parametrize("name", list(FAULTS))
def test_a_bug_of_the_tracker_is_seen_by_its_cells_alone(name: str, bench: Bench) -> None:
    fault = FAULTS[name]
    if bench.major not in fault.majors:
        pytest.skip(f"a bug of Keras {fault.majors}")
    found = new(bench.found[name].result(), bench.healthy[fault.model.digest()].result())
    told = [f"{each.check}: {each.title} ({each.where})" for each in found]
    assert cells(found) == set(fault.cells), told
    for each in found:
        place = fault.cells[each.routes[0], each.observation]
        assert any(place in text for text in (*each.layers, each.where, each.title)), (place, told)


@pytest.mark.parametrize("name", list(FAULTS))
def test_a_bug_of_the_tracker_has_its_link_and_a_sentence(name: str) -> None:
    fault = FAULTS[name]
    assert LINK.fullmatch(fault.link), fault.link
    assert fault.did.endswith("."), fault.did
    assert fault.cells, "a bug that nothing sees proves nothing"
