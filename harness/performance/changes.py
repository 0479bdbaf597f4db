"""Where a series changes: kernel change point detection on the logarithms of its values.

The values are divided by how far neighbours are apart (robustly: a step or an outlier moves that little), and a
Gaussian kernel bounds what one outlier can do. The penalty and the width were chosen by simulation
(`benchmarks/change_points.py`) so that steps of 10 % over 30 runs are found, and none is where there is none. What
noise that stays from run to run may have made is taken back (`lasting.py`).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.performance.lasting import lasting

LEAST = 3  # runs on either side of a change: one that stands alone is an outlier
WIDTH = 0.25  # of the kernel: gamma, in units of the noise
PENALTY = 3.0  # for 30 runs, and in proportion to the logarithm of their number
MANY, REACH = 0.7, 1.0364  # of a normal distribution, so many lie within so many deviations
QUIETEST = 0.002  # the noise that is assumed at least, in logarithms
FARTHEST = 700.0  # in logarithms: of more there is no number
MARGIN = 0.03  # a smaller step is of no interest


class Missing(ImportError):
    """A package of the extra `bench` is not there; the message says how to get it."""

    def __init__(self, package: str) -> None:
        super().__init__(f'{package} is not installed: pip install "keras-harness[bench]"')


@dataclass(frozen=True)
class Change:
    """From run `at` on the values are `ratio` times those before."""

    at: int
    ratio: float


def noise(logs: Sequence[float]) -> float:
    """How far neighbours are apart by chance: from their distances, as a standard deviation.

    From the median of these, and from the value that seven of ten do not exceed: where a machine knows two speeds, half
    of the neighbours are alike, and the median sees no noise at all. A step moves one distance, an outlier two.

    >>> noise([0.0, 0.0, 0.0, 1.0, 1.0, 1.0])
    0.002
    """
    steps = [after - before for before, after in zip(logs, logs[1:], strict=False)]
    middle = statistics.median(steps)
    apart = sorted(abs(step - middle) for step in steps)
    place = MANY * (len(apart) - 1)
    upper = apart[math.floor(place)] + (place % 1) * (apart[math.ceil(place)] - apart[math.floor(place)])
    return max(QUIETEST, 1.4826 * statistics.median(apart) / math.sqrt(2), upper / REACH / math.sqrt(2))


def changes(values: Sequence[float]) -> list[Change]:
    """The changes of a series of positive values, in order; raises Missing where ruptures is not there."""
    if len(values) < 2 * LEAST:
        return []
    ruptures, numpy = _needed()
    logs = [math.log(value) for value in values]
    scaled = numpy.array(logs).reshape(-1, 1) / noise(logs)
    search = ruptures.KernelCPD(kernel="rbf", min_size=LEAST, params={"gamma": WIDTH}).fit(scaled)
    ends = search.predict(pen=PENALTY * math.log(len(values)) / math.log(30))
    places = [0, *lasting(logs, [int(each) for each in ends[:-1]], QUIETEST), len(logs)]
    levels = [statistics.median(logs[begin:end]) for begin, end in zip(places, places[1:], strict=False)]
    found = []
    for at, before, after in zip(places[1:-1], levels, levels[1:], strict=False):
        if abs(after - before) >= math.log(1 + MARGIN):
            found.append(Change(at, math.exp(min(FARTHEST, after - before))))
    return found


def _needed() -> tuple[Any, Any]:
    try:
        import numpy
        import ruptures
    except ImportError as error:
        raise Missing("ruptures") from error
    return ruptures, numpy
