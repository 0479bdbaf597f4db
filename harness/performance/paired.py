"""Two releases, measured in pairs: how much longer does the one take, and how sure is that?

All is about the logarithms of ratios, candidate over baseline, one for each pair of processes: what a machine does to
both of a pair goes out of the ratio, and twice as slow is as far from 1 as twice as fast.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from harness.performance.student import EXACT_TO, critical, two_sided
from harness.performance.together import counting

CONFIDENCE = 0.99
STEADY = 1e-12  # a deviation below that is none: the numbers are all the same, as the sizes of files are


@dataclass(frozen=True)
class Ratio:
    """Candidate over baseline: the estimate, its interval at `CONFIDENCE`, and the p of the test against 1."""

    estimate: float
    low: float
    high: float
    p: float
    pairs: int

    @property
    def within(self) -> float:
        """How far from 1 the interval reaches, as a part: .03 where both are the same within 3 %."""
        return max(self.high, 1 / self.low if self.low > 0 else math.inf) - 1


def log_ratios(pairs: Sequence[tuple[float, float]]) -> list[float]:
    """Of (baseline, candidate), both positive, one each pair.

    >>> log_ratios([(1.0, 1.0)])
    [0.0]
    """
    return [math.log(candidate / baseline) for baseline, candidate in pairs]


def ratio(logs: Sequence[float], confidence: float = CONFIDENCE, stays: float = 0.0) -> Ratio:
    """The paired t test on log ratios, of which a part `stays` from one pair to the next; with fewer than two the
    interval is boundless.

    >>> ratio([0.0, 0.01, -0.01, 0.0]).estimate
    1.0
    """
    count = len(logs)
    if count == 0:
        return Ratio(math.nan, 0.0, math.inf, 1.0, 0)
    middle = statistics.fmean(logs)
    if count == 1:
        return Ratio(math.exp(middle), 0.0, math.inf, 1.0, 1)
    error = statistics.stdev(logs, middle) / math.sqrt(count)
    if error < STEADY:
        same = abs(middle) < STEADY
        return Ratio(math.exp(middle), math.exp(middle), math.exp(middle), 1.0 if same else EXACT_TO, count)
    factor, freedom = counting(count, stays) if stays else (1.0, count - 1)
    error *= factor
    reach = critical(1 - confidence, freedom) * error
    return Ratio(
        math.exp(middle),
        math.exp(max(-700.0, middle - reach)),
        math.exp(min(700.0, middle + reach)),
        two_sided(middle / error, freedom),
        count,
    )
