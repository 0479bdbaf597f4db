"""Two environments, measured in pairs of processes: one of each is alive, and they are asked in turns.

So the two of a pair are measured within seconds of each other, and what the machine does in the long run (warms up,
slows down) is in both. Which of the two comes first is drawn, and the other comes first in the pair after. A new pair
of processes is made for each: what a process has by luck (where its memory lies) it keeps for life.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from harness.dispatch.scratch import Scratch
from harness.dispatch.worker import WorkerFailed
from harness.environments.environment import Environment
from harness.performance import machine
from harness.performance.alone import Hold, Listener, listen_on, nobody
from harness.performance.measured import Benchmark
from harness.performance.options import Options
from harness.performance.paired import log_ratios
from harness.performance.pairing import look_over, measures_of, pairs_of
from harness.performance.process import Side
from harness.performance.quiet import Found, undisturbed
from harness.performance.result import BASELINE, CANDIDATE, INTERRUPTED, Result
from harness.performance.selection import select
from harness.performance.sequential import Decisions
from harness.performance.verdicts import key


class Comparison:
    """Makes pairs until all is decided, or as many as there may be."""

    def __init__(
        self,
        baseline: Environment,
        candidate: Environment,
        options: Options,
        listener: Listener = nobody,
        hold: Hold = listen_on,
    ) -> None:
        self.result = Result(options, machine.about())
        self._options = options
        self._environments = {BASELINE: baseline, CANDIDATE: candidate}
        self._listener = listener
        self._hold = hold
        self._begin = 0.0

    def run(self) -> Result:
        """The result. Raises Unknown for names that are none; Ctrl-C leaves what was measured."""
        self._begin = time.monotonic()
        scratch = Scratch()
        sides = [Side(label, each, self._options, scratch) for label, each in self._environments.items()]
        try:
            self._listener("starting", self.result)
            for number in range(self._options.plan.cap):
                self._pair(number, sides)
                late = self._late(number + 1)
                if self._all_is_decided(number + 1, last=late) or late:
                    break
        except WorkerFailed as error:
            self.result.problems.append(f"TensorFlow could not be started: {error}")
        except KeyboardInterrupt:
            self._hold()
            self.result.stopped = INTERRUPTED
        finally:
            for side in sides:
                side.stop()
            scratch.close()
            self.result.seconds = time.monotonic() - self._begin
            self._listener("done", self.result)
        return self.result

    def _pair(self, number: int, sides: list[Side]) -> None:
        result = self.result
        for side in sides:
            side.spawn(number)  # both start at the same time: nothing is measured yet
        for side in sides:
            side.ready()
        result.processes += len(sides)
        if not number:
            for side in sides:
                result.environments[side.label] = {**side.about, **self._environments[side.label].origin}
            result.benchmarks, notes, problems = select(sides, self._options)
            result.notes += notes
            result.problems += problems
            self._listener("started", result)
        for benchmark in self._open():
            found = undisturbed(result, _in_turns(self._order(number, benchmark, sides), benchmark), self._spent)
            result.take(benchmark, found)
            self._listener("measured", result)

    def _late(self, pairs: int) -> bool:
        """Whether there is no time for another pair, by what those before took."""
        limit = self._options.time_limit
        return limit is not None and pairs >= 3 and self._spent * (pairs + 1) / pairs > limit

    @property
    def _spent(self) -> float:
        return time.monotonic() - self._begin

    def _order(self, number: int, benchmark: Benchmark, sides: list[Side]) -> list[Side]:
        """Drawn for every second pair; the pair after it goes the other way."""
        swap = random.Random(f"{self._options.seed} {number // 2} {benchmark.name}").random() < 0.5
        return list(reversed(sides)) if swap != bool(number % 2) else sides

    def _open(self) -> list[Benchmark]:
        """What needs to be measured still."""
        result = self.result
        failed = {each for of in result.failures.values() for each in of}
        left = [each for each in result.benchmarks if each not in failed]
        decisions = result.decisions
        if decisions is None:
            return left
        undecided = set(decisions.open)
        return [each for each in left if any(key(each, measure) in undecided for measure in measures_of(result, each))]

    def _all_is_decided(self, pairs: int, *, last: bool) -> bool:
        """Looks, where it is time to."""
        result = self.result
        if pairs not in self._options.plan.looks and not last:
            return False
        places = [(each, measure) for each in result.benchmarks for measure in measures_of(result, each)]
        if result.decisions is None:
            result.decisions = Decisions(self._options.plan, [key(*place) for place in places])
        failed = {each for of in result.failures.values() for each in of}
        look_over(result)
        logs, stays = {}, {}
        for benchmark, measure in places:
            if benchmark in failed:
                result.decisions.drop(key(benchmark, measure))
                continue
            logs[key(benchmark, measure)] = log_ratios(pairs_of(result, benchmark, measure))
            stays[key(benchmark, measure)] = result.stays[measure]
        result.decisions.look(pairs, logs, last=last, stays=lambda name: stays.get(name, 0.0))
        self._listener("looked", result)
        return not self._open()


def _in_turns(sides: list[Side], benchmark: Benchmark) -> Callable[[], Found]:
    def measure() -> Found:
        return {
            side.label: side.measure(benchmark, [pid for each in sides if each is not side for pid in each.pids])
            for side in sides
        }

    return measure
