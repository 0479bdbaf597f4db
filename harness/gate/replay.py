"""Replays recordings: the files of a release of long ago, taken up by the one at hand and judged as a gate judges.

The baseline's half of the gate was recorded, the candidate's is done now. A model of which a file does not pass is also
built and sent along that route in the candidate itself: what is broken there anyway is not laid to the files.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.check.ending import Ending
from harness.dispatch.pool import Answer, Pool
from harness.dispatch.scratch import Scratch
from harness.dispatch.signals import Signals
from harness.expectations.finding import Finding
from harness.gate import across
from harness.gate.causes import Cause, diagnose, later
from harness.gate.comparison import FILES, Comparison, Table, rows, to_run, to_take, within
from harness.gate.exchange import Trip
from harness.gate.recording import NoRecording, Recorded, Recording, told_apart
from harness.gate.release import Side
from harness.gate.result import Options, Result, kind
from harness.gate.status import BACK, FORWARD, alone
from harness.gate.tally import Tally

Listener = Callable[[str, "Replayed", Any], None]
CANDIDATE = "candidate"


@dataclass
class Passed:
    """What came of one recording: files that passed, that did not, and that break anyway, by route."""

    recording: Recording
    models: int = 0
    routes: dict[str, list[int]] = field(default_factory=dict)

    @property
    def files(self) -> int:
        """How many of its files were taken up, whatever came of it."""
        return sum(map(sum, self.routes.values()))


@dataclass
class Replayed(Result):
    """The result of a replay: that of a gate, with what came of each recording."""

    recordings: list[Passed] = field(default_factory=list)
    shown: dict[str, list[str]] = field(default_factory=dict)  # names of recordings by status and id of a finding

    def cause(self, finding: Finding) -> Cause | None:
        """Why it broke; a recording of a later release is on its way back."""
        names = self.shown.get(f"{kind(finding)} {finding.id}", [])
        saved_by = self._keras(names[0]) if names else ""
        way = BACK if finding.direction and later(saved_by, self._keras(CANDIDATE)) else finding.direction
        return diagnose(replace(finding, direction=way), self._keras(CANDIDATE), saved_by)

    def add(self, name: str, trip: Trip) -> None:
        """Notes in which recording the findings of a model have shown."""
        for finding in trip.findings:
            names = self.shown.setdefault(f"{kind(finding)} {finding.id}", [])
            if name not in names:
                names.append(name)


class Replay:
    """Runs a replay.

    `listener` is told of ``starting``, ``started``, ``recording``, ``example``, ``finding``, ``done``.
    """

    def __init__(
        self,
        options: Options,
        recordings: list[Recording],
        listener: Listener,
        *,
        signals: Signals | None = None,
        modules: tuple[Path, ...] = (),
        workers: int = 2,
    ) -> None:
        self.options = options
        self._workers = workers
        self.recordings = told_apart(recordings, CANDIDATE)
        self.listener = listener
        self.result = Replayed(options)
        self._tally = Tally(self.result)
        self._ending = Ending(
            self.result.problems,
            signals or Signals(),
            lambda error: f"TensorFlow could not be started: {error}\n{error.tail[-2000:]}",
            {NoRecording: "a damaged recording"},
        )
        self._modules = modules
        self._alone: dict[str, Future[Answer]] = {}  # of the candidate, by architecture and routes
        self._lock = threading.Lock()
        self._start = time.monotonic()

    def run(self) -> Replayed:
        """All of it. What keeps it from its end is in the result: `stopped`, and `problems` where it is one."""
        self.listener("starting", self.result, None)
        scratch = Scratch()
        pool: Pool | None = None
        with self._ending.noted():
            pool = Pool(
                self.options.candidate,
                size=self._workers,
                limits=self.options.limits,
                scratch=scratch,
                environment=self.options.variables.get(CANDIDATE, {}),
                modules=self._modules,
            )
            side = Side(CANDIDATE, pool, pool.start())
            self.result.environments[CANDIDATE] = {**side.environment, **self.options.origins.get(CANDIDATE, {})}
            self.listener("started", self.result, None)
            for recording in self.recordings:
                self._replay(recording, side, scratch)
            self._tally.settle()
        if pool is not None:
            pool.close()
        scratch.close()
        self.result.stopped = self._ending.stopped
        self.result.seconds = time.monotonic() - self._start
        if self._ending.stopped is None:
            self.result.problems += self._nothing()
        self.listener("done", self.result, None)
        return self.result

    def _nothing(self) -> Iterator[str]:
        """Recordings of which nothing was taken up: they have shown nothing, and that is no pass."""
        for each in self.result.recordings:
            if not each.files:
                yield f"no file of {each.recording.name} was taken up ({each.models} models in it)"

    def _replay(self, recording: Recording, side: Side, scratch: Scratch) -> None:
        comparison = Comparison(recording.release, side)
        self.result.environments[recording.name] = recording.release.environment
        passed = Passed(recording)
        self.result.recordings.append(passed)
        threads = ThreadPoolExecutor(self._workers, thread_name_prefix="replay")
        try:
            for trip in threads.map(lambda each: self._trip(each, comparison, side, scratch), recording.recorded()):
                self._count(recording, passed, trip)
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
        self.listener("recording", self.result, passed)

    def _count(self, recording: Recording, passed: Passed, trip: Trip) -> None:
        passed.models += 1
        for route, direction in trip.sent:
            row = passed.routes.setdefault(route, [0, 0, 0])
            which = (trip.passed, trip.sent - trip.excused, trip.excused)
            row[next(number for number, each in enumerate(which) if (route, direction) in each)] += 1
        self.result.add(recording.name, trip)
        for finding in self._tally.take(trip):
            self.listener("finding", self.result, finding)
        self.listener("example", self.result, trip.architecture)

    def _trip(self, recorded: Recorded, comparison: Comparison, side: Side, scratch: Scratch) -> Trip:
        architecture = recorded.architecture
        trip = Trip(architecture, built=True)
        wanted = self.options.routes or tuple(FILES)
        files = [route for route in recorded.files if route in wanted and route in side.about["routes"]]
        if not files:
            return trip
        paths, data = recorded.put({route: scratch.folder(route) for route in files})
        loaded = side.pool.submit(to_take(architecture, paths, data), limit=self.options.hung_after).result()
        data.unlink(missing_ok=True)
        if "fault" in loaded.reply:
            within(architecture, loaded, {})  # raises: it is the harness that failed
        trip.timed(side.name, loaded)
        broken = list(comparison.across(architecture, recorded.answer, loaded))
        # What is not asked of a file is not asked of the release itself.
        table = {
            route: {name: relation for name, relation in row.items() if name in across.OBSERVATIONS}
            for route, row in rows().items()
            if route in FILES and any(route in each.routes for each in broken)
        }
        alike: list[list[Finding]] = [[], []]
        if broken:
            saved = recorded.answer.reply
            replied = {route: each for route, each in saved["routes"].items() if route in table}
            before = replace(recorded.answer, reply={**saved, "routes": replied})
            alike = [within(architecture, answer, table) for answer in (before, self._own(recorded, side, table))]
            trip.findings += alone(*alike)
        trip.arrived(loaded, broken, FORWARD, *alike)
        return trip

    def _own(self, recorded: Recorded, side: Side, table: Table) -> Answer:
        """What the candidate itself makes of the model on these routes: once, for recordings hold the same ones."""
        key = f"{recorded.architecture.digest()} {' '.join(table)}"
        with self._lock:
            if key not in self._alone:
                request = to_run(recorded.architecture, table, {})
                self._alone[key] = side.pool.submit(request, limit=self.options.hung_after)
            future = self._alone[key]
        return future.result()
