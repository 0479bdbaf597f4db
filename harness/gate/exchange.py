"""Sends one model through two releases: within each, and the file of each to the other."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field

from harness.dispatch.pool import Answer
from harness.dispatch.scratch import Scratch
from harness.expectations.finding import Finding
from harness.gate.comparison import FILES, Comparison, Table, to_run, to_take, within
from harness.gate.release import Side
from harness.gate.status import BACK, FORWARD, alone, passing
from harness.protocol.architecture import Architecture


@dataclass
class Trip:
    """What came of one model: its findings, and the routes that its files passed in each direction."""

    architecture: Architecture
    findings: list[Finding] = field(default_factory=list)
    built: bool = False
    timings: dict[str, float] = field(default_factory=dict)  # seconds in a worker, by side and what it was at
    sent: set[tuple[str, str]] = field(default_factory=set)  # route and direction, of files that were saved
    passed: set[tuple[str, str]] = field(default_factory=set)
    excused: set[tuple[str, str]] = field(default_factory=set)  # broken within a release anyway

    @property
    def compared(self) -> int:
        """How many files the other release was given."""
        return len(self.sent)

    def arrived(
        self, loaded: Answer, broken: list[Finding], direction: str, one: list[Finding], other: list[Finding]
    ) -> None:
        """Takes down what came of the files in one direction; `one` and `other` broke within the releases."""
        told = list(passing(broken, direction, one, other))
        self.findings += told
        failed, at_fault = ({route for each in some for route in each.routes} for some in (broken, told))
        sent = {(route, direction) for route in loaded.reply.get("routes", {})}
        self.sent |= sent
        self.passed |= {each for each in sent if each[0] not in failed}
        self.excused |= {each for each in sent if each[0] in failed - at_fault}

    def timed(self, side: str, answer: Answer) -> None:
        """Adds the seconds that an answer took."""
        for what, seconds in answer.reply.get("timings", {}).items():
            self.timings[f"{side}:{what}"] = self.timings.get(f"{side}:{what}", 0.0) + seconds


class Exchange(Comparison):
    """Two releases between which models go. Every temporary file lies in `scratch`."""

    def __init__(self, baseline: Side, candidate: Side, scratch: Scratch, *, hung_after: float = 300.0) -> None:
        super().__init__(baseline, candidate)
        self.baseline = baseline
        self.candidate = candidate
        self.scratch = scratch
        self.limit = hung_after

    def trip(self, architecture: Architecture, table: Table) -> Trip:
        """Both releases make the model and send it along the routes of the table; then each takes up the other's files.

        Raises WorkerFailed where a worker was lost and no other could be started.
        """
        sides = (self.baseline, self.candidate)
        first = [self._run(side, architecture, table) for side in sides]
        one, other = (future.result() for future in first)
        trip = Trip(architecture)
        for side, answer in zip(sides, (one, other), strict=True):
            trip.timed(side.name, answer)
        broken = [within(architecture, answer, table) for answer in (one, other)]
        trip.findings += alone(*broken)
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
            trip.arrived(loaded, list(self.across(architecture, saved, loaded)), direction, *broken)
        return trip

    def _run(self, side: Side, architecture: Architecture, table: Table) -> Future[Answer]:
        keep = {route: self.scratch.folder(route) for route in FILES if route in table}
        return side.pool.submit(to_run(architecture, table, keep), limit=self.limit)

    def _take(self, side: Side, architecture: Architecture, saved: Answer) -> Future[Answer] | None:
        files = saved.reply.get("kept")
        if not files:
            return None
        return side.pool.submit(to_take(architecture, files), limit=self.limit)
