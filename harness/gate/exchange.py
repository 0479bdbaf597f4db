"""Sends one model through two releases: within each, and the file of each to the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from harness.architectures.vocabulary import Vocabulary
from harness.check.losses import lost_finding
from harness.dispatch.pool import Answer, Pool
from harness.dispatch.scratch import Scratch
from harness.expectations.finding import Finding, layer_classes
from harness.expectations.judge import difference_finding, judge
from harness.expectations.raised import error_finding
from harness.expectations.table import asked
from harness.gate import across
from harness.gate.status import BACK, FORWARD, alone, passing
from harness.protocol.architecture import Architecture, to_json

FILES = ("keras_zip", "hdf5")  # routes whose file goes to the other release
Table = Mapping[str, Mapping[str, str]]


@dataclass
class Side:
    """One release, with its worker."""

    name: str
    pool: Pool
    about: dict[str, Any] = field(default_factory=dict)

    @property
    def vocabulary(self) -> Vocabulary:
        """What this release has."""
        return Vocabulary.from_report(self.about)

    @property
    def environment(self) -> dict[str, Any]:
        """What is installed, as a report states it."""
        return {key: self.about[key] for key in ("python", "tensorflow", "keras", "packages", "devices")}


@dataclass
class Trip:
    """What came of one model: its findings, and the routes that its files passed in each direction."""

    architecture: Architecture
    findings: list[Finding] = field(default_factory=list)
    built: bool = False
    timings: dict[str, float] = field(default_factory=dict)  # seconds in a worker, by side and what it was at
    sent: set[tuple[str, str]] = field(default_factory=set)  # route and direction, of files that were saved
    passed: set[tuple[str, str]] = field(default_factory=set)

    @property
    def compared(self) -> int:
        """How many files the other release was given."""
        return len(self.sent)

    def timed(self, side: str, answer: Answer) -> None:
        """Adds the seconds that an answer took."""
        for what, seconds in answer.reply.get("timings", {}).items():
            self.timings[f"{side}:{what}"] = self.timings.get(f"{side}:{what}", 0.0) + seconds


class Exchange:
    """Two releases between which models go. Every temporary file lies in `scratch`."""

    def __init__(self, baseline: Side, candidate: Side, scratch: Scratch, *, hung_after: float = 300.0) -> None:
        self.baseline = baseline
        self.candidate = candidate
        self.scratch = scratch
        self.limit = hung_after
        older, newer = baseline.vocabulary, candidate.vocabulary
        self._arguments = {
            name: {*older.arguments[name]} & {*newer.arguments[name]}
            for name in older.arguments
            if name in newer.arguments
        }

    def trip(self, architecture: Architecture, table: Table) -> Trip:
        """Both releases make the model and send it along the routes of the table; then each takes up the other's files.

        Raises WorkerFailed where a worker was lost and no other could be started.
        """
        sides = (self.baseline, self.candidate)
        first = [side.pool.submit(self._run(architecture, table), limit=self.limit) for side in sides]
        one, other = (future.result() for future in first)
        trip = Trip(architecture)
        for side, answer in zip(sides, (one, other), strict=True):
            trip.timed(side.name, answer)
        within = [self._within(architecture, answer, table) for answer in (one, other)]
        trip.findings += alone(*within)
        if any("before" not in answer.reply for answer in (one, other)):
            return trip
        trip.built = True
        forward = self._take(self.candidate, architecture, one)
        back = self._take(self.baseline, architecture, other)
        for direction, saved, future in ((FORWARD, one, forward), (BACK, other, back)):
            if future is None:
                continue
            loaded = future.result()
            trip.timed(self.candidate.name if direction == FORWARD else self.baseline.name, loaded)
            broken = list(self._across(architecture, saved, loaded))
            told = list(passing(broken, direction, *within))
            trip.findings += told
            failed = {route for each in broken for route in each.routes}
            trip.sent |= {(route, direction) for route in loaded.reply.get("routes", {})}
            trip.passed |= {(route, way) for route, way in trip.sent if way == direction and route not in failed}
        return trip

    def _run(self, architecture: Architecture, table: Table) -> dict[str, Any]:
        asks = asked(table, compiled=architecture.compile is not None)
        return {
            "verb": "run",
            "architecture": to_json(architecture),
            "routes": asks,
            "also": sorted({*across.OBSERVATIONS, *across.ALSO, *(name for names in asks.values() for name in names)}),
            "keep": {route: str(self.scratch.folder(route)) for route in FILES if route in table},
        }

    def _take(self, side: Side, architecture: Architecture, saved: Answer) -> Future[Answer] | None:
        files = saved.reply.get("kept")
        if not files:
            return None
        request = {
            "verb": "replay",
            "architecture": to_json(architecture),
            "routes": {route: list(across.OBSERVATIONS) for route in files},
            "files": files,
        }
        return side.pool.submit(request, limit=self.limit)

    def _within(self, architecture: Architecture, answer: Answer, table: Table) -> list[Finding]:
        if answer.lost is not None:
            return [lost_finding(architecture, answer.lost)]
        if "fault" in answer.reply:
            fault = answer.reply["fault"]
            raise RuntimeError(f"the harness failed: {fault['type']}: {fault['message']} ({fault['place']})")
        return judge(architecture, answer.reply, answer.blobs, table)

    def _across(self, architecture: Architecture, saved: Answer, loaded: Answer) -> Iterator[Finding]:
        """What the release that loads does not see as the one that saved saw it."""
        if loaded.lost is not None:
            yield lost_finding(architecture, loaded.lost)
            return
        blobs = {**saved.blobs, **loaded.blobs}
        classes = layer_classes(architecture)
        before = saved.reply["before"]
        for route, answer in loaded.reply.get("routes", {}).items():
            if "error" in answer:
                yield error_finding(route, "travel", answer["error"], architecture)
                continue
            for observation, difference in across.held(before, answer["after"], blobs, self.known):
                yield difference_finding(route, observation, difference, architecture, classes)

    def known(self, owner: str, argument: str) -> bool:
        """Whether the class of that name takes the argument in both releases."""
        rooms = ("layers", "initializers", "regularizers", "constraints", "optimizers")
        return any(argument in self._arguments.get(f"{room}.{owner}", ()) for room in rooms)
