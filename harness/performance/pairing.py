"""The pairs of a comparison: which of them count for a benchmark, and how they hang together."""

from __future__ import annotations

from collections.abc import Iterator

from harness.performance.measured import TESTED, TIME, Benchmark
from harness.performance.off import off
from harness.performance.paired import log_ratios
from harness.performance.result import BASELINE, CANDIDATE, Result
from harness.performance.together import together

ENOUGH = 5  # pairs for a test


def measures_of(result: Result, benchmark: Benchmark) -> list[str]:
    """The measures of it that are tested; those of a benchmark that failed on either side are told by that."""
    return [
        measure for measure in TESTED if all(result.values(side, benchmark, measure) for side in (BASELINE, CANDIDATE))
    ]


def pairs_of(result: Result, benchmark: Benchmark, measure: str) -> list[tuple[float, float]]:
    """Baseline and candidate of each pair of processes.

    Of times, pairs in which somebody else used the machine, or of which one process was slow as a whole, are left out
    as long as `ENOUGH` others remain; where they do not, the former are kept first. Which they are says nothing of
    which side is slower, so that leaves the test what it is.
    """
    every = list(_pairs(result, benchmark, measure))
    if measure == TIME:
        steady = [each for each in every if each[0] not in result.off]
        for some in ([each for each in steady if not each[-1]], steady):
            if len(some) >= ENOUGH:
                return [(before, after) for _, before, after, _ in some]
    return [(before, after) for _, before, after, _ in every]


def _pairs(result: Result, benchmark: Benchmark, measure: str) -> Iterator[tuple[int, float, float, bool]]:
    """The number of each pair, both values, and whether somebody else used the machine."""
    sides = [result.of(side, benchmark) for side in (BASELINE, CANDIDATE)]
    for number, (before, after) in enumerate(zip(*sides, strict=True)):
        values = before.value(measure), after.value(measure)
        if values[0] is not None and values[1] is not None:
            yield number, values[0], values[1], bool(before.disturbed or after.disturbed)


def look_over(result: Result) -> None:
    """Finds out, before each look, which pairs are off as a whole, and how the pairs hang together."""

    def all_of(measure: str) -> Iterator[list[tuple[int, float]]]:
        for benchmark in result.benchmarks:
            found = list(_pairs(result, benchmark, measure))
            logs = log_ratios([(before, after) for _, before, after, _ in found])
            yield [(number, log) for (number, *_), log in zip(found, logs, strict=True)]

    result.off = off([[log for _, log in each] for each in all_of(TIME)])
    for measure in TESTED:
        left_out = result.off if measure == TIME else {}
        result.stays[measure] = together(
            [[log for number, log in each if number not in left_out] for each in all_of(measure)]
        )
