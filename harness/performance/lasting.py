"""Which changes are more than noise that stays from one run to the next.

Where others use a machine for days, its runs are slower for days, and that looks like a change. Told apart are they by
how much the noise remembers: the correlation of neighbours (around the levels between the changes, so that the changes
themselves are not taken for memory). Noise of which the part r stays moves the mean of n runs by about
sqrt((1 + r) / (1 - r)) times as much as noise that forgets. A change must exceed what that makes of the difference of
two means by far. One that does not is taken back, the weakest first, and the rest is looked at anew.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

SURE = 4.0  # standard errors of a difference; chosen by simulation (`benchmarks/change_points.py`)
FAR = 3.0  # deviations from which on a run is an outlier, and says nothing of its neighbours
HELD = 2.0  # deviations that a run may move a mean by
MOST = 0.8  # of the noise that may stay: of more, short series say nothing


def lasting(logs: Sequence[float], places: Sequence[int], quietest: float) -> list[int]:
    """The places of the changes that remain, of logarithms in which there may be some; `quietest` is noise at least."""
    left = list(places)
    while left:
        ends = [0, *left, len(logs)]
        parts = [logs[begin:end] for begin, end in zip(ends, ends[1:], strict=False)]
        strengths = _strengths(parts, quietest)
        weakest = min(range(len(left)), key=strengths.__getitem__)
        if strengths[weakest] >= SURE:
            break
        del left[weakest]
    return left


def _strengths(parts: Sequence[Sequence[float]], quietest: float) -> list[float]:
    """How many standard errors the levels of neighbouring parts are apart."""
    apart = [[each - statistics.median(part) for each in part] for part in parts]
    spread = max(quietest, 1.4826 * statistics.median(abs(each) for part in apart for each in part))
    stays, variance = remembered(apart, FAR * spread)
    variance = max(variance, quietest**2)
    levels, errors = [], []
    for part, rest in zip(parts, apart, strict=True):
        held = statistics.fmean(max(-HELD * spread, min(HELD * spread, each)) for each in rest)
        levels.append(statistics.median(part) + held)
        errors.append(variance * of_mean(len(part), stays))
    return [
        abs(levels[place + 1] - levels[place]) / math.sqrt(errors[place] + errors[place + 1])
        for place in range(len(parts) - 1)
    ]


def remembered(apart: Sequence[Sequence[float]], far: float) -> tuple[float, float]:
    """How much of the noise stays to the next run, and its variance, of distances from the levels of some parts.

    Levels that were taken from the same runs make the correlation too small, by (1 + 3 r) / n for each (Kendall 1954);
    that is made good. What lies `far` off is left out, with its neighbourhoods.
    """
    near = [each for part in apart for each in part if abs(each) <= far]
    products = [
        one * other
        for part in apart
        for one, other in zip(part, part[1:], strict=False)
        if abs(one) <= far and abs(other) <= far
    ]
    squares = sum(each**2 for each in near)
    variance = squares / max(1, len(near) - len(apart))
    if not products or not squares:
        return 0.0, variance
    found = statistics.fmean(products) / (squares / len(near))
    stays = found + len(apart) * (1 + 3 * max(0.0, found)) / sum(map(len, apart))
    return min(MOST, max(0.0, stays)), variance


def of_mean(count: int, stays: float) -> float:
    """The variance of a mean of so many runs, in that of one.

    >>> of_mean(4, 0.0), of_mean(4, 0.5)
    (0.25, 0.515625)
    """
    without = 1 - stays
    return ((1 + stays) / without - 2 * stays * (1 - stays**count) / (count * without**2)) / count
