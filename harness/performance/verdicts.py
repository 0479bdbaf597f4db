"""What is said of each benchmark of a comparison, and whether that fails."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.performance.measured import BYTES, DEVICE_MEMORY, MEMORY, TIME, Benchmark
from harness.performance.paired import Ratio, log_ratios, ratio
from harness.performance.pairing import measures_of, pairs_of
from harness.performance.result import BASELINE, CANDIDATE, Result
from harness.performance.sequential import LESS, MORE, SAME, UNDECIDED

WORDS = {
    TIME: {MORE: "slower", LESS: "faster"},
    MEMORY: {MORE: "more-memory", LESS: "less-memory"},
    DEVICE_MEMORY: {MORE: "more-memory", LESS: "less-memory"},
    BYTES: {MORE: "larger", LESS: "smaller"},
}
FAILS, FAILED_BEFORE, FAILS_IN_BOTH = "fails", "no-longer-fails", "fails-in-both"
VERDICTS = (
    "slower", "faster", "more-memory", "less-memory", "larger", "smaller",
    SAME, UNDECIDED, FAILS, FAILED_BEFORE, FAILS_IN_BOTH,
)  # fmt: skip
ALARMS = ("slower", "more-memory", "larger", FAILS)  # what may be failed on, with a percentage or without
NOISY = 0.5  # of the times; where more are undecided, a pass would be no answer


@dataclass(frozen=True)
class Row:
    """What is said of one measure of one benchmark; the values are the medians over the processes."""

    benchmark: Benchmark
    measure: str
    verdict: str
    ratio: Ratio
    baseline: float | None = None
    candidate: float | None = None
    told: str = ""  # why it could not be measured

    @property
    def said(self) -> str:
        """The verdict for people."""
        return (
            f"same within {self.ratio.within * 100:.1f} %" if self.verdict == SAME else self.verdict.replace("-", " ")
        )


@dataclass(frozen=True)
class Alarm:
    """A verdict that fails, from a difference of `least` on (.1 is 10 %)."""

    verdict: str
    least: float = 0.0

    def rings(self, row: Row) -> bool:
        """Whether that is such a row."""
        return row.verdict == self.verdict and not row.ratio.estimate < 1 + self.least


class NoAlarm(ValueError):
    """Text that names no alarm; the message says what would."""


def alarm(text: str) -> Alarm:
    """Of ``slower:10%`` or ``slower``; raises NoAlarm.

    >>> alarm("slower:10%")
    Alarm(verdict='slower', least=0.1)
    """
    name, colon, amount = text.partition(":")
    if name not in ALARMS:
        raise NoAlarm(f"{name!r} is none of {', '.join(ALARMS)}")
    if not colon:
        return Alarm(name)
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?%", amount) or name == FAILS:
        raise NoAlarm(f"{text!r} is not of the form {ALARMS[0]}:10%")
    return Alarm(name, float(amount[:-1]) / 100)


def alarms_of(texts: Sequence[str]) -> tuple[Alarm, ...]:
    """Of what was asked for, ``slower`` where nothing was; raises NoAlarm.

    ``fails`` is among them in any case: what does not run at all must not pass a gate that asks whether it is slower.

    >>> [each.verdict for each in alarms_of(["larger:10%"])]
    ['larger', 'fails']
    """
    return tuple(dict.fromkeys((*map(alarm, texts or ["slower"]), Alarm(FAILS))))


def key(benchmark: Benchmark, measure: str) -> str:
    """The name of one measure of one benchmark."""
    return f"{benchmark.name} [{measure}]"


def rows(result: Result) -> Iterator[Row]:
    """Every benchmark with every measure; one that failed, once."""
    for benchmark in result.benchmarks:
        failed = _failed(result, benchmark)
        if failed is not None:
            yield failed
            continue
        for measure in measures_of(result, benchmark):
            yield _tested(result, benchmark, measure)
        sizes = [result.values(side, benchmark, BYTES) for side in (BASELINE, CANDIDATE)]
        if all(sizes):
            yield _size(result, benchmark, *map(statistics.median, sizes))


def _failed(result: Result, benchmark: Benchmark) -> Row | None:
    before, after = (result.failures.get(side, {}).get(benchmark) for side in (BASELINE, CANDIDATE))
    if before is None and after is None:
        return None
    verdict = FAILS_IN_BOTH if before and after else FAILED_BEFORE if before else FAILS
    told = "; ".join(
        f"{side}: {failure.told}" for side, failure in ((BASELINE, before), (CANDIDATE, after)) if failure is not None
    )
    return Row(benchmark, TIME, verdict, ratio(()), told=told)


def _tested(result: Result, benchmark: Benchmark, measure: str) -> Row:
    before, after = (result.values(side, benchmark, measure) for side in (BASELINE, CANDIDATE))
    decision = result.decisions.at(key(benchmark, measure)) if result.decisions is not None else None
    if decision is None or not decision.ratio.pairs:  # stopped before the first look
        verdict, found = UNDECIDED, ratio(log_ratios(pairs_of(result, benchmark, measure)))
    else:
        verdict, found = decision.verdict, decision.ratio
    word = WORDS[measure].get(verdict, verdict)
    return Row(benchmark, measure, word, found, statistics.median(before), statistics.median(after))


def _size(result: Result, benchmark: Benchmark, before: float, after: float) -> Row:
    """Sizes of files do not vary, so nothing is tested."""
    each = after / before
    exact = Ratio(each, each, each, 1.0, 1)
    verdict = SAME if exact.within <= result.options.plan.margin else WORDS[BYTES][MORE if each > 1 else LESS]
    return Row(benchmark, BYTES, verdict, exact, before, after)


def failing(result: Result) -> list[Row]:
    """The rows that make it fail."""
    return [row for row in rows(result) if any(alarm.rings(row) for alarm in result.alarms)]


def unanswered(result: Result) -> str | None:
    """Why nothing can be said, where that is so: nothing was compared, or more than half of it is undecided.

    What fails on both sides is no more answered than what is undecided. What `--fail-on` names must have been there.
    """
    every = list(rows(result))
    times = [row for row in every if row.measure == TIME and row.ratio.pairs]
    if not times:
        return f"no benchmark ran on both sides ({len(result.benchmarks)} failed): nothing was compared"
    undecided = [row for row in times if row.verdict == UNDECIDED]
    broken = [row for row in every if row.verdict == FAILS_IN_BOTH]
    if len(undecided) + len(broken) <= NOISY * (len(times) + len(broken)):
        return next(filter(None, (_unseen(every, alarm.verdict) for alarm in result.alarms)), None)
    if len(broken) > len(undecided):
        return f"{len(broken)} of {len(result.benchmarks)} benchmarks fail on both sides: too little was compared"
    pairs, plan = result.processes // 2, result.options.plan
    why = (
        f"this machine is too noisy to tell {plan.margin:.0%}"
        if pairs >= plan.cap
        else f"there was no time for more (--time-limit), of {plan.cap} at most"
    )
    return f"{len(undecided)} of {len(times)} benchmarks are undecided after {pairs} pairs: {why}"


def _unseen(every: Sequence[Row], alarm: str) -> str | None:
    """Why an alarm that is not of times could not have rung, where that is so: a gate that nothing can come to."""
    measures = [measure for measure, words in WORDS.items() if alarm in words.values() and measure != TIME]
    of = [row for row in every if row.measure in measures]
    undecided = [row for row in of if row.verdict == UNDECIDED]
    if not measures or (of and len(undecided) <= NOISY * len(of)):
        return None
    said = f"{len(undecided)} of {len(of)} values are undecided" if of else "nothing that was compared has any"
    return f"--fail-on {alarm}: of {measures[0]} {said}"


def verdict(result: Result) -> str:
    """``pass``, ``fail`` or ``error``: what was not measured, or is mostly undecided, is no pass."""
    if result.stopped or result.problems or not result.benchmarks:
        return "error"
    if failing(result):
        return "fail"
    return "error" if unanswered(result) else "pass"
