"""One run of `check`: starts workers, hands out the plan, judges the answers, reduces what failed."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import chain
from pathlib import Path
from typing import Any

from harness.architectures.families import all_rules
from harness.architectures.vocabulary import Vocabulary
from harness.check import again, recordings
from harness.check.apart import alone, kinds_of, together, unmoved
from harness.check.awaited import Awaited
from harness.check.bases import bases
from harness.check.ending import Ending
from harness.check.listening import Listener, nobody
from harness.check.losses import LEAST_FREE, full_disk, lost_finding, too_large
from harness.check.plan import Plan
from harness.check.proof import BUDGET, proven, scripted
from harness.check.recordings import KNOWN, Recording, Replayed
from harness.check.result import UNFINISHED, Options, Result
from harness.check.sender import PROCESS, Sender, Table, as_one
from harness.check.smaller import cannot_be_called, smaller, try_limit
from harness.check.thrift import COSTLY, SPARED, Thrift
from harness.check.unchecked import problems
from harness.dispatch.pool import Answer, Pool
from harness.dispatch.scratch import Scratch
from harness.dispatch.signals import Signals
from harness.dispatch.worker import WorkerFailed
from harness.expectations.finding import Finding
from harness.expectations.judge import judge
from harness.expectations.table import asked, parse
from harness.protocol.architecture import Architecture

STATED = ("python", "tensorflow", "keras", "module", "packages", "devices")  # of what a worker says of itself
GRACE = 20.0  # seconds that models under way are given beyond the time limit
ROOM = 64 << 20  # bytes that must be free on the disk to begin with
APPLICATION_LIMIT = 900.0  # seconds at least: the largest base weighs a hundred times what is drawn
REDUCE_ALL = 120.0  # and on all of them, where there are many: those that come last stay as they were drawn


class Session:
    """Runs a check. `listener` is told of the events in `listening`.

    `leftovers` are files of the caller that must not stay behind where the run is killed.
    """

    def __init__(
        self,
        options: Options,
        listener: Listener = nobody,
        *,
        signals: Signals | None = None,
        leftovers: Sequence[Path] = (),
    ) -> None:
        self.options = options
        self.listener = listener
        self.table = parse()
        self.result = Result(options, stopped=UNFINISHED)
        self._ending = Ending(self.result.problems, signals or Signals(), self._lost)
        self._leftovers = leftovers
        self._start = time.monotonic()
        self._reduce_until = self._start
        self._replayed: dict[Future[Answer], tuple[Architecture, Answer]] = {}
        self._blamed: dict[tuple[str, str], set[str] | None] = {}  # why a model did not travel a route, see `together`

    def run(self) -> Result:
        """The whole check. What keeps it from its end is in the result: `stopped`, and `problems` where it is one."""
        begin = time.perf_counter()
        self.listener("starting", self.result, None)
        try:
            self._scratch = Scratch(self._leftovers)
        except OSError as error:
            self._ending.stopped = "no place"
            self.result.problems.append(f"there is no place for temporary files: {error}")
            return self._done(begin)
        pool: Pool | None = None
        with self._ending.noted():
            if self._scratch.free < ROOM:
                raise OSError(f"only {self._scratch.free >> 20} MiB are free in {self._scratch.path.parent}")
            pool = Pool(
                self.options.interpreter,
                size=self.options.workers,
                limits=self.options.limits,
                environment=dict(self.options.variables),
                scratch=self._scratch,
            )
            self._check(pool)
        if pool is not None:
            pool.close()
            self.result.peak_rss, self.result.replaced = pool.peak_rss, pool.replaced
        self._scratch.close()
        return self._done(begin)

    def _lost(self, error: WorkerFailed) -> str:
        self.result.tail = error.tail
        first = not self.result.environment
        return f"{'TensorFlow could not be started' if first else 'a lost worker could not be replaced'}: {error}"

    def _done(self, begin: float) -> Result:
        self.result.stopped = self._ending.stopped
        self.result.seconds = time.perf_counter() - begin
        self.result.problems += problems(self.result)
        again.settle(self.result)
        self.listener("done", self.result, None)
        return self.result

    def _check(self, pool: Pool) -> None:
        begin = time.perf_counter()
        about = pool.start()
        self.result.add_time("worker_start", time.perf_counter() - begin)
        self.result.environment = {key: about[key] for key in STATED if key in about}
        vocabulary = Vocabulary.from_report(about)
        plan = Plan(
            vocabulary,
            all_rules(),
            self.options.profile,
            seed=self.options.seed,
            only=self.options.layers,
            topologies=self.options.topologies,
        )
        self.result.plan = plan
        self.result.awaited = Awaited.of(self.options.known.entries, vocabulary, str(about["keras"]))
        self.table = {
            route: row
            for route, row in self.table.items()
            if route.removesuffix(PROCESS) in about["routes"]
            and (not self.options.routes or route in self.options.routes)
        }
        self.result.table = self.table
        self._sender = Sender(pool, self.table, self._scratch)
        self.listener("started", self.result, plan)
        self._again(plan)
        light, large = bases(self.options, self.table, vocabulary)
        several = together(plan.where, self.table, self.result.arrived, self._blamed)
        apart = alone(plan.where, self.table, self.result.arrived)
        substance = self.result.substance
        still = unmoved(plan.where, self.table, substance.silent, substance.with_one_sample)
        self._examples(chain(light, self._planned(plan), large), several, apart, still)
        self._reduce()
        self._prove()

    def _planned(self, plan: Plan) -> Iterable[tuple[Architecture, Table]]:
        thrift = Thrift(plan.topologies, costly=COSTLY if self.options.profile.thrifty else {})
        for drawn in self._timed(plan):
            table = thrift.table(drawn, self.table)
            self.result.unsent.update((route, SPARED) for route in self.table if route not in table)
            yield drawn, table

    def _again(self, plan: Plan) -> None:
        """Sends what was found before, each along one route; what is drawn afterwards is the same without it."""
        if self.options.recordings is None:
            return
        begin = time.perf_counter()
        found, damaged = recordings.read(self.options.recordings, str(self.result.environment["keras"]))
        self.result.replayed.update({each.id: each for each in damaged})
        tried: list[tuple[Recording, str]] = []
        for recording, route in again.chosen(found, self.options, plan, self.table):
            entry = self.options.known.entry_of(recording.finding, self.result.environment)
            if entry is None or entry.expired:
                tried.append((recording, route))
            else:
                self.result.replayed[recording.finding.id] = Replayed(recording.finding.id, KNOWN, recording, entry.id)
        threads = ThreadPoolExecutor(self.options.workers)
        try:
            answers = threads.map(lambda each: self._answer_again(*each), tried)
            for (recording, route), answer in zip(tried, answers, strict=True):
                if answer is not None:
                    outcome = again.outcome(recording, route, answer, self.table)
                    self.result.replayed[outcome.replayed.id] = outcome.replayed
                    for finding in outcome.findings:
                        self._add(finding)
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
        if tried:
            self.result.add_time("found before", time.perf_counter() - begin)

    def _answer_again(self, recording: Recording, route: str) -> Answer | None:
        """None where there is no time left for it."""
        finding = recording.finding
        assert finding.architecture is not None
        if self._late:
            return None
        limit = try_limit(finding, self.options.hung_after)
        answer = self._sender.along(finding.architecture, route, limit)
        self._hold_against_disk(answer)
        return answer

    def _timed(self, plan: Iterable[Architecture]) -> Iterable[Architecture]:
        models = iter(plan)
        while True:
            begin = time.perf_counter()
            drawn = next(models, None)
            self.result.add_time("drawing", time.perf_counter() - begin)
            if drawn is None:
                return
            yield drawn

    @property
    def _over(self) -> float:
        """Seconds beyond the time limit; below zero before it."""
        limit = self.options.time_limit
        return -1.0 if limit is None else time.monotonic() - self._start - limit

    @property
    def _late(self) -> bool:
        return self._over > 0

    def _examples(self, *plans: Iterable[tuple[Architecture, Table]]) -> None:
        """Sends the models of all plans; a plan begins when what came of the one before it is known.

        Large bases are not waited for: they take a worker half a minute, and the other would have nothing to do.
        """
        under_way: dict[Future[Answer], Architecture] = {}
        ahead = [iter(plan) for plan in plans]
        while under_way or self._replayed or ahead:
            while ahead and len(under_way) < 2 * self.options.workers:
                following = None if self._late else next(ahead[0], None)
                if following is None:
                    if self._late and self._ending.stopped is None:
                        self._ending.stopped = f"time limit of {self.options.time_limit:g} s"
                    elif len(ahead) > 1 and (self._replayed or not all(map(_is_large, under_way.values()))):
                        break
                    del ahead[0]
                    continue
                drawn, table = following
                request = self._sender.request(drawn, table)
                limit = max(self.options.hung_after, APPLICATION_LIMIT if _is_large(drawn) else 0.0)
                under_way[self._sender.pool.submit(request, limit=limit)] = drawn
            begin = time.perf_counter()
            done, _ = wait({*under_way, *self._replayed}, timeout=1.0, return_when=FIRST_COMPLETED)
            done &= set(under_way)
            self.result.add_time("idle", time.perf_counter() - begin)
            for future in done:
                self._take(under_way.pop(future), future.result())
            self._take_replayed()
            if not done:
                self.listener("waiting", self.result, None)
            if self._over > GRACE and (under_way or self._replayed):
                given_up = len(under_way) + len(self._replayed)
                self._replayed.clear()
                self._ending.stopped = f"time limit of {self.options.time_limit:g} s; {given_up} under way given up"
                return

    def _take_replayed(self) -> None:
        for future in [each for each in self._replayed if each.done()]:
            architecture, first = self._replayed.pop(future)
            second = as_one(first, future.result())
            for what, seconds in future.result().reply.get("timings", {}).items():
                self.result.add_time(what, seconds)
            self._count(architecture, second.reply.get("routes", {}))
            self._found(architecture, self._judge(architecture, second))

    def _take(self, architecture: Architecture, answer: Answer) -> None:
        self.result.examples += 1
        for what, seconds in answer.reply.get("timings", {}).items():
            self.result.add_time(what, seconds)
        begin = time.perf_counter()
        found = self._judge(architecture, answer, first=True)
        self.result.add_time("comparing", time.perf_counter() - begin)
        self._found(architecture, found)
        replayed = self._sender.replay(architecture, answer, self.options.hung_after)
        if replayed is not None:
            self._replayed[replayed] = (architecture, answer)
        self.listener("example", self.result, architecture)

    def _found(self, architecture: Architecture, found: Iterable[Finding]) -> None:
        """Takes the findings of a model, and down what is to blame where it did not travel a route."""
        for finding in found:
            if finding.observation == "travel":
                entry = self.options.known.entry_of(finding, self.result.environment)
                self._blamed[architecture.digest(), finding.routes[0]] = None if entry is None else {*entry.about}
            self._add(finding)

    def _count(self, architecture: Architecture, routes: Mapping[str, Any]) -> None:
        asks = asked(self.table, compiled=architecture.compile is not None)
        self.result.awaited.add(architecture, {route: asks[route] for route in routes})
        names = set(kinds_of(architecture.nodes))
        for route, seen in routes.items():
            self.result.route_examples[route] = self.result.route_examples.get(route, 0) + 1
            self.result.substance.compared.update(list(seen.get("after", ())))
            if "error" not in seen:
                self.result.arrived |= {(name, route) for name in names}

    def _judge(self, architecture: Architecture, answer: Answer, *, first: bool = False) -> list[Finding]:
        """The findings of an answer; of the `first` one about a model it is counted what there was to be checked."""
        self._hold_against_disk(answer)
        if answer.lost is not None:
            if too_large(architecture, answer.lost):
                self.result.too_large[architecture.name] = answer.lost.detail
                return []
            return [lost_finding(architecture, answer.lost)]
        if "fault" in answer.reply:
            fault = answer.reply["fault"]
            self.result.add_problem(f"the harness failed: {fault['type']}: {fault['message']} ({fault['place']})")
            return []
        try:
            found = judge(architecture, answer.reply, answer.blobs, self.table)
            if first and "error" not in answer.reply["build"]:
                self.result.built += 1
                self._count(architecture, answer.reply["routes"])
                for route, lacking in answer.reply.get("unsent", {}).items():
                    self.result.unsent.update((route, fact) for fact in lacking)
                self.result.substance.add(architecture, answer.reply, answer.blobs)
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            self.result.add_problem(
                f"an answer could not be judged: {type(error).__name__}: {error} ({place.name}, line {place.lineno})"
            )
            return []
        return found

    def _hold_against_disk(self, answer: Answer) -> None:
        """Raises OSError where the disk is full: an answer says nothing about Keras then."""
        full = full_disk(answer.reply)
        if full is not None or (answer.lost is not None and self._scratch.free < LEAST_FREE):
            raise OSError(f"the disk of {self._scratch.path} is full{f': {full}' if full else ''}")

    def _add(self, finding: Finding) -> None:
        for route in finding.routes:
            for layer in finding.layers or ("",):
                key = (layer, route)
                self.result.failed_by[key] = self.result.failed_by.get(key, 0) + 1
        before = self.result.findings.get(finding.id)
        if before is None or before.status == "known":
            finding = self.options.known.marked(finding, self.result.environment)
        if before is not None and (before.status == "new" or finding.status == "known"):
            self.result.findings[finding.id] = before.merged(finding)
            return
        # What is known must not take in what looks the same and is no known issue: that one is shown, and reduced.
        finding = scripted(finding if before is None else finding.merged(before), self.result.environment)
        self.result.findings[finding.id] = finding
        self.listener("finding", self.result, finding)

    def _reduce(self) -> None:
        """Makes the new findings small, several at a time."""
        new = [finding for finding in self.result.findings.values() if finding.status == "new"]
        if not new or self._late:
            return
        begin = time.perf_counter()
        self._reduce_until = time.monotonic() + REDUCE_ALL
        threads = ThreadPoolExecutor(self.options.workers)
        try:
            for finding, smaller in zip(new, threads.map(self._smaller, new), strict=True):
                environment = self.result.environment
                marked = scripted(self.options.known.marked(smaller, environment), environment)
                self.result.findings[finding.id] = marked
                self.listener("reduced", self.result, marked)
        finally:
            # Where it was interrupted, the threads end with the workers that they wait for.
            threads.shutdown(wait=False, cancel_futures=True)
        self.result.add_time("shrinking", time.perf_counter() - begin)

    def _prove(self) -> None:
        """Runs the script of each new finding, so that none is shown without a word of what it does."""
        new = [finding for finding in self.result.findings.values() if finding.status == "new"]
        begin = time.perf_counter()
        left = BUDGET
        if self.options.time_limit is not None:
            left = min(left, self._start + self.options.time_limit - time.monotonic())
        for finding in proven(
            new,
            self.options.interpreter,
            self._scratch.path,
            budget=left,
            at_a_time=self.options.workers,
            variables=self.options.variables,
        ):
            self.result.findings[finding.id] = finding
            self.listener("proven", self.result, finding)
        if new:
            self.result.add_time("scripts", time.perf_counter() - begin)

    def _smaller(self, finding: Finding) -> Finding:
        limit = try_limit(finding, self.options.hung_after)

        def same(architecture: Architecture) -> list[Finding]:
            answer = self._sender.along(architecture, finding.routes[0], limit)
            found = self._judge(architecture, answer)
            if cannot_be_called(found, finding):
                return []
            return [each for each in found if each.signature == finding.signature]

        return smaller(finding, same, until=self._reduce_until, over=lambda: self._late)


def _is_large(architecture: Architecture) -> bool:
    return architecture.form.startswith("application:")
