"""Measured again where somebody else used the machine meanwhile, and counted."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from harness.performance.measured import Failure, Sample
from harness.performance.result import Result

TRIES = 3  # of a measurement that somebody else disturbs
PATIENCE = 0.5  # of the time spent so far, that may go into repeating

Found = Mapping[str, Sample | Failure]  # by side


def undisturbed(result: Result, measure: Callable[[], Found], spent: float) -> Found:
    """What `measure` finds; where it was disturbed it is made again, at most `TRIES` times, and the quietest kept.

    On a machine that is never quiet that would never end: no more than half of the time `spent` goes into it.
    """
    best: Found = {}
    for number in range(TRIES):
        begin = time.monotonic()
        found = measure()
        result.measured += 1
        if any(isinstance(each, Failure) for each in found.values()):
            return found
        if not number or _others(found) < _others(best):
            best = found
        if not _others(best):
            break
        if number < TRIES - 1:
            if result.repeating > PATIENCE * spent:
                break
            result.repeated += 1
            result.repeating += time.monotonic() - begin
    result.disturbed += bool(_others(best))
    return best


def _others(found: Found) -> float:
    return max(each.disturbed for each in found.values() if isinstance(each, Sample))
