"""One run of `gate`: two releases started at the same time, models drawn for both, what breaks made small."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from typing import Any

from harness.architectures.families import all_rules
from harness.check.apart import alone, chained
from harness.check.ending import Ending
from harness.check.plan import Plan
from harness.check.profiles import Profile
from harness.check.reduce import parted
from harness.check.smaller import alone_in_it, cannot_be_called, smaller
from harness.check.thrift import Thrift
from harness.dispatch.pool import Pool
from harness.dispatch.scratch import Scratch
from harness.dispatch.signals import Signals
from harness.dispatch.worker import WorkerFailed
from harness.expectations.finding import Finding
from harness.gate.accepted import accepted
from harness.gate.causes import NO_GRAPH
from harness.gate.comparison import FILES, Table, rows
from harness.gate.exchange import Exchange, Trip
from harness.gate.models import NOT_TRIED, verdicts
from harness.gate.proof import Place, proven
from harness.gate.release import Side
from harness.gate.result import Options, Result, kind
from harness.gate.shared import shared
from harness.gate.status import BACK, FIXED, FORWARD, PRE_EXISTING
from harness.gate.tally import Tally
from harness.protocol.architecture import Architecture

Listener = Callable[[str, Result, Any], None]
REDUCE_ALL = 90.0  # seconds spent on making findings small
SUSPECTS = 4  # nodes that a cause may point at; where it points at more it says nothing of any
SCRIPTS_LIMIT = 90.0  # seconds for the scripts of each half
AT_A_TIME = 4  # models under way: enough that no worker waits


class Gate:
    """Runs a gate.

    `listener` is told of ``starting``, ``started``, ``model``, ``example``, ``finding``, ``reduced``, ``done``.
    """

    def __init__(self, options: Options, listener: Listener, *, signals: Signals | None = None) -> None:
        self.options = options
        self.listener = listener
        self.result = Result(options)
        self._ending = Ending(self.result.problems, signals or Signals(), self._lost)
        self._start = time.monotonic()
        self._tally = Tally(self.result)

    def run(self) -> Result:
        """The whole gate. What keeps it from its end is in the result: `stopped`, and `problems` where it is one."""
        self.listener("starting", self.result, None)
        pools: list[Pool] = []
        scratch = Scratch()
        with self._ending.noted():
            for name in (self.options.baseline, self.options.candidate):
                side = ("baseline", "candidate")[len(pools)]
                pools.append(
                    Pool(
                        name,
                        # Two of each: one release is the slower, and the processor is not to wait for it.
                        size=1 if self.options.profile is None else 2,
                        limits=self.options.limits,
                        scratch=scratch,
                        environment=self.options.variables.get(side, {}),
                    )
                )
            self._gate(pools[0], pools[1], scratch)
        for pool in pools:
            pool.close()
        scratch.close()
        self.result.stopped = self._ending.stopped
        self.result.seconds = time.monotonic() - self._start
        if self._ending.stopped is None and not self.result.compared and self.options.profile is not None:
            self.result.problems.append("no file of one release was given to the other")
        self.listener("done", self.result, None)
        return self.result

    def _lost(self, error: WorkerFailed) -> str:
        side = "candidate" if self.result.environments else "baseline"
        return f"the {side}'s TensorFlow could not be started: {error}\n{error.tail[-2000:]}"

    def _gate(self, baseline: Pool, candidate: Pool, scratch: Scratch) -> None:
        begin = time.perf_counter()
        sides = []
        for name, pool in (("baseline", baseline), ("candidate", candidate)):
            side = Side(name, pool, pool.start())
            self.result.environments[name] = {**side.environment, **self.options.origins.get(name, {})}
            sides.append(side)
        self.result.timings["worker_start"] = time.perf_counter() - begin
        one, other = sides
        exchange = Exchange(one, other, scratch, hung_after=self.options.hung_after)
        self.listener("started", self.result, None)
        self._models(exchange, scratch)
        if self.options.profile is not None:
            self._drawn(exchange, self.options.profile)

    def _models(self, exchange: Exchange, scratch: Scratch) -> None:
        """The user's own models, each with its verdict."""
        begin = time.perf_counter()
        for found in verdicts(exchange, scratch, self.options.models, self.options.given):
            told = accepted(found, self.options.known, self.result.environments["candidate"])
            self.result.models.append(told)
            self.listener("model", self.result, told)
        untried = [each.file for each in self.result.models if each.verdict == NOT_TRIED]
        if untried:
            more = f" and {len(untried) - 3} more" if len(untried) > 3 else ""
            self.result.problems.append(
                f"{len(untried)} of {len(self.result.models)} models were not tried: {', '.join(untried[:3])}{more}"
            )
        if self.options.models:
            self.result.timings["models"] = time.perf_counter() - begin

    def _drawn(self, exchange: Exchange, profile: Profile) -> None:
        begin = time.perf_counter()
        one, other = exchange.baseline, exchange.candidate
        both = set(one.about["routes"]) & set(other.about["routes"])
        wanted = self.options.routes
        table = {name: row for name, row in rows().items() if name in both and (not wanted or name in wanted)}
        vocabulary = shared(one.vocabulary, other.vocabulary)
        plan = Plan(vocabulary, all_rules(), profile, seed=self.options.seed, only=self.options.layers)
        self.listener("started", self.result, plan)
        thrift = Thrift(plan.topologies)
        self._trips(exchange, ((drawn, thrift.table(drawn, table)) for drawn in plan))
        self._trips(exchange, self._alone(plan, table))
        self.result.layers = len(plan.coverage.layers)
        self.result.timings["exchanging"] = time.perf_counter() - begin
        self._tally.settle()
        self._reduce(exchange, table)
        self._prove(exchange)

    @property
    def _late(self) -> bool:
        limit = self.options.time_limit
        return limit is not None and time.monotonic() - self._start > limit

    def _trips(self, exchange: Exchange, models: Iterator[tuple[Architecture, Table]]) -> None:
        threads = ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="trip")
        under_way: set[Future[Trip]] = set()
        exhausted = False
        try:
            while under_way or not exhausted:
                while not exhausted and len(under_way) < AT_A_TIME:
                    following = None if self._late else next(models, None)
                    if following is None:
                        exhausted = True
                        if self._late:
                            self._ending.stopped = f"time limit of {self.options.time_limit:g} s"
                        break
                    under_way.add(threads.submit(exchange.trip, *following))
                done, under_way = wait(under_way, timeout=1.0, return_when=FIRST_COMPLETED)
                for future in done:
                    self._take(future.result())
        finally:
            threads.shutdown(wait=False, cancel_futures=True)

    def _take(self, trip: Trip) -> None:
        for finding in self._tally.take(trip):
            self.listener("finding", self.result, finding)
        self.listener("example", self.result, trip.architecture)

    def _alone(self, plan: Plan, table: Table) -> Iterator[tuple[Architecture, Table]]:
        """Each layer by itself whose file has not passed: what broke in one layer must hide no other.

        Where no graph passes along a route, whatever is in it, a layer goes along that as a chain, which may.
        """
        files = {route: table[route] for route in FILES if route in table}
        passed = self.result.compatibility
        both = {
            (public, route)
            for public in plan.where
            for route in files
            if all(passed.get(public, {}).get(f"{route} {way}", [0])[0] for way in (FORWARD, BACK))
        }
        closed = {
            route
            for finding in self.result.findings.values()
            if finding.observation == "travel" and (cause := self.result.cause(finding)) and cause.id == NO_GRAPH
            for route in finding.routes
        }
        for single, missing in alone(plan.where, files, both):
            chain = chained(single)
            if chain is None or not closed & missing.keys():
                yield single, missing
                continue
            yield chain, {route: row for route, row in missing.items() if route in closed}
            if missing.keys() - closed:
                yield single, {route: row for route, row in missing.items() if route not in closed}

    def _reduce(self, exchange: Exchange, table: Table) -> None:
        """Makes what fails small; both releases are asked again for each try.

        There may be no time for all. So of each finding first what it speaks of is tried by itself, which takes a
        fifth of a second and mostly is enough. What has no cause yet comes before all else, for somebody must look at
        it, and then what is large: nobody reads a script of twenty layers.
        """
        wanted = {
            key: self.result.cause(finding) is not None
            for key, finding in self.result.findings.items()
            if finding.status not in (PRE_EXISTING, FIXED) and finding.known_issue is None
        }

        def rank(key: str) -> tuple[bool, bool, bool, bool]:
            finding = self.result.findings[key]
            return (
                wanted[key],
                kind(finding) not in self.options.fail_on,
                _is_single(finding),
                finding.direction == BACK,
            )

        begin = time.perf_counter()
        end = time.monotonic() + REDUCE_ALL
        threads = ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="smaller")
        try:
            large = [key for key in wanted if not _is_single(self.result.findings[key])]
            for apart, keys in ((True, large), (False, list(wanted))):
                keys.sort(key=rank)
                tried = threads.map(
                    lambda key, apart=apart: self._smaller(exchange, key, table, end, apart=apart), keys
                )
                for key, _ in zip(keys, tried, strict=True):
                    if not apart:
                        self.listener("reduced", self.result, self.result.findings[key])
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
        self.result.timings["shrinking"] = time.perf_counter() - begin

    def _prove(self, exchange: Exchange) -> None:
        """Gives each finding that is shown in full its script, and runs that."""
        begin = time.perf_counter()
        wanted = {
            key: finding
            for key, finding in self.result.findings.items()
            if finding.status not in (PRE_EXISTING, FIXED) and finding.known_issue is None
        }
        one, other = (
            Place(
                interpreter or sys.executable,
                {**side.environment, "module": side.about.get("module", "keras")},
                self.options.variables.get(side.name, {}),
            )
            for side, interpreter in (
                (exchange.baseline, self.options.baseline),
                (exchange.candidate, self.options.candidate),
            )
        )
        limit = 1.0 if self._late else SCRIPTS_LIMIT
        for key, finding in zip(
            wanted, proven(wanted.values(), one, other, exchange.scratch, limit=limit), strict=True
        ):
            self.result.findings[key] = finding
        self.result.timings["scripts"] = time.perf_counter() - begin

    def _smaller(self, exchange: Exchange, key: str, table: Table, end: float, *, apart: bool) -> None:
        """Makes one finding small, and with it all others that show in the models that are tried for it."""
        findings = self.result.findings
        finding = findings[key]
        if self._late or time.monotonic() > end:
            findings[key] = alone_in_it(finding)
            return
        part = {route: row for route, row in table.items() if route in finding.routes[:1]}

        def same(architecture: Architecture) -> list[Finding]:
            found = {f"{kind(each)} {each.id}": each for each in exchange.trip(architecture, part).findings}
            if cannot_be_called(found.values(), finding):
                return []
            for other in (found.keys() & findings.keys()) - {key}:
                findings[other] = self._tally.smaller_of(findings[other], found[other])
            return [found[key]] if key in found else []

        suspects = self._suspects(finding)
        small = smaller(finding, same, until=end, over=lambda: self._late, apart=apart, suspects=suspects)
        if not findings[key].is_smaller(small):
            findings[key] = small

    def _suspects(self, finding: Finding) -> set[str]:
        """Names of the nodes that hold by themselves what the cause of a finding needs, unless too many do."""
        cause = self.result.cause(finding)
        if cause is None or finding.architecture is None:
            return set()
        parts = {node.name: parted(finding.architecture, {node.name}) for node in finding.architecture.nodes}
        alike = {
            name
            for name, part in parts.items()
            if part is not None and self.result.cause(replace(finding, architecture=part)) == cause
        }
        return alike if len(alike) <= SUSPECTS else set()


def _is_single(finding: Finding) -> bool:
    return finding.architecture is None or len(finding.architecture.nodes) < 2
