"""A series in a few letters."""

from __future__ import annotations

import math
from collections.abc import Sequence

LETTERS = "▁▂▃▄▅▆▇█"
CALM = 0.1  # a range that is always shown, so that noise does not look like mountains


def sparkline(values: Sequence[float], width: int = 40) -> str:
    """The logarithms of positive values as letters; the last `width` of them.

    >>> sparkline([1, 1, 2, 2])
    '▁▁██'
    >>> sparkline([1, 1.01, 1])
    '▄▅▄'
    """
    logs = [math.log(value) for value in values[-width:]]
    if not logs:
        return ""
    low, high = min(logs), max(logs)
    if high - low < CALM:
        low, high = (low + high - CALM) / 2, (low + high + CALM) / 2
    steps = len(LETTERS) - 1
    return "".join(LETTERS[round((each - low) / (high - low) * steps)] for each in logs)
