"""Student's t distribution for whole degrees of freedom, in closed form: no SciPy is needed to compare two releases.

Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4.
"""

from __future__ import annotations

import math
from functools import lru_cache

EXACT_TO = 1e-13  # smaller probabilities are lost in the rounding of 1 - p, and are given as this


def two_sided(t: float, freedom: int) -> float:
    """The probability that |T| is at least |t|, with `freedom` >= 1 degrees of freedom.

    >>> round(two_sided(2.262, 9), 3)
    0.05
    """
    if freedom < 1:
        raise ValueError(f"degrees of freedom must be at least 1, not {freedom}")
    if math.isinf(t):
        return EXACT_TO
    angle = math.atan(abs(t) / math.sqrt(freedom))
    sine, square = math.sin(angle), math.cos(angle) ** 2
    if freedom % 2:
        term = total = math.cos(angle) if freedom > 1 else 0.0
        for k in range(3, freedom - 1, 2):
            term *= square * (k - 1) / k
            total += term
        inside = 2 / math.pi * (angle + sine * total)
    else:
        term = total = 1.0
        for k in range(2, freedom - 1, 2):
            term *= square * (k - 1) / k
            total += term
        inside = sine * total
    return min(1.0, max(EXACT_TO, 1.0 - inside))


@lru_cache
def critical(p: float, freedom: int) -> float:
    """The t that |T| reaches with probability `p` (0 < p < 1), by halving.

    >>> round(critical(0.05, 9), 3)
    2.262
    """
    if not EXACT_TO < p < 1:
        raise ValueError(f"a probability between {EXACT_TO} and 1 is wanted, not {p}")
    low, high = 0.0, 1.0
    while two_sided(high, freedom) > p:
        low, high = high, 2 * high
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if two_sided(middle, freedom) > p else (low, middle)
    return (low + high) / 2
