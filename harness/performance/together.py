"""How far successive pairs hang together, and for how many fewer they then count.

The t test takes pairs for strangers to each other. Where a ratio stays from one pair to the next, their mean varies
more than their spread says, and the test alarms too often: where half stays, in six to eight of ten runs. The 5 to 20
pairs of one benchmark do not tell how much stays, but those of all benchmarks of a run together do.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from functools import lru_cache

from harness.performance.lasting import of_mean

FEWEST = 5  # pairs of a benchmark that are asked
SURE = 2.33  # standard errors above that of strangers; below, nothing is made of it, as that would cost power
MOST = 0.9  # that may stay
STEADY = 1e-12  # what varies less does not vary


def together(every: Sequence[Sequence[float]]) -> float:
    """How much of a log ratio stays from one pair to the next, by those of all benchmarks; 0 unless that is sure.

    Place k of each is of pair k. Benchmarks of one process may move together, and then count as fewer than they are.

    >>> together([[0.1, -0.1, 0.1, -0.1, 0.1, -0.1]] * 9)
    0.0
    """
    rows = [_standard(each) for each in every if len(each) >= FEWEST]
    rows = [row for row in rows if row]
    if not rows:
        return 0.0
    whole = sum(map(len, rows))
    found = sum(sum(one * other for one, other in zip(row, row[1:], strict=False)) for row in rows) / whole
    strangers = sum(len(row) * expected(len(row), 0.0) for row in rows) / whole
    variance = sum((len(row) - 2) ** 2 / (len(row) - 1) for row in rows) / whole**2  # of it, of strangers: Moran 1948
    alike = 1 + (len(rows) - 1) * _common(rows)
    if found - strangers < SURE * math.sqrt(variance * alike):
        return 0.0
    low, high = 0.0, MOST
    for _ in range(30):
        middle = (low + high) / 2
        less = sum(len(row) * expected(len(row), middle) for row in rows) / whole < found
        low, high = (middle, high) if less else (low, middle)
    return round(high, 2)


def _standard(logs: Sequence[float]) -> list[float]:
    """Around their mean, in units of their deviation; nothing where they do not vary."""
    middle = statistics.fmean(logs)
    apart = [each - middle for each in logs]
    deviation = math.sqrt(statistics.fmean(each**2 for each in apart))
    return [each / deviation for each in apart] if deviation > STEADY else []


def _common(rows: Sequence[Sequence[float]]) -> float:
    """How much of what varies is common to all benchmarks: the mean product of two of them in one pair."""
    products = squares = 0.0
    for pair in range(max(map(len, rows))):
        values = [row[pair] for row in rows if pair < len(row)]
        of_these = sum(each**2 for each in values)
        products += sum(values) ** 2 - of_these
        squares += (len(values) - 1) * of_these
    return max(0.0, products / squares) if squares else 0.0


@lru_cache(maxsize=4096)
def expected(count: int, stays: float) -> float:
    """The correlation of neighbours to expect, around the mean of so many: their own mean makes it too small.

    >>> round(expected(5, 0.0), 2), round(expected(1000, 0.5), 2)
    (-0.2, 0.5)
    """
    mean = of_mean(count, stays)
    first = (1 - stays**count) / (count * (1 - stays))  # what the mean and the first of them have in common
    return ((count - 1) * stays - (count + 1) * mean + 2 * first) / (count * (1 - mean))


@lru_cache(maxsize=4096)
def counting(count: int, stays: float) -> tuple[float, int]:
    """What the standard error is to be multiplied by, and the degrees of freedom that are left (Satterthwaite).

    >>> counting(12, 0.0)
    (1.0, 11)
    """
    mean = of_mean(count, stays)
    powers = [stays**distance for distance in range(count)]
    with_mean = [sum(powers[abs(one - other)] for other in range(count)) / count for one in range(count)]
    squares = sum(
        (powers[abs(one - other)] - with_mean[one] - with_mean[other] + mean) ** 2
        for one in range(count)
        for other in range(count)
    )
    freedom = (count * (1 - mean)) ** 2 / squares
    return math.sqrt(mean * (count - 1) / (1 - mean)), max(1, math.floor(freedom + 1e-9))
