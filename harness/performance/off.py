"""Pairs of which one process was slow as a whole: nearly every benchmark says so of it.

A process in ten that is a third slower for life would widen each interval so far that half of what is slower is not
found. But all of its benchmarks show it at once, and the other benchmarks are no party to the test of one. Whether a
pair is left out does not depend on which of the two was slow.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence

MANY = 8  # benchmarks that say so together
FEWEST = 6  # pairs that it is told of
FAR = 4.0  # deviations of what pairs have in common
LEAST = 0.1  # in logarithms: no smaller shift of all is held against a pair


def off(every: Sequence[Sequence[float]]) -> dict[int, float]:
    """The pairs that are far off, each with how far its benchmarks are, of log ratios; place k of each is of pair k.

    >>> off([[0.0, 0.01, 0.3, 0.0, -0.01, 0.0]] * 8)
    {2: 0.3}
    """
    pairs = max(map(len, every), default=0)
    if pairs < FEWEST:
        return {}
    middles = [statistics.median(each) if each else 0.0 for each in every]
    shifts = {}
    for pair in range(pairs):
        apart = [each[pair] - middle for each, middle in zip(every, middles, strict=True) if pair < len(each)]
        if len(apart) >= MANY:
            shifts[pair] = statistics.median(apart)
    if len(shifts) < FEWEST:
        return {}
    # What half of the pairs do is no exception, and needs no rule: the median is half as far as the nearest of them.
    usual = 1.4826 * statistics.median(map(abs, shifts.values()))
    return {pair: shift for pair, shift in shifts.items() if abs(shift) > max(LEAST, FAR * usual)}
