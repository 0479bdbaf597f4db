"""The clock of a measurement: what it can tell apart, what a reading costs, and how a call is timed with it."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

READINGS = 2000
SHARE = 0.01  # of a round that reading the clock may take
LONGEST_WARM_UP = 0.2  # seconds, for calls that are made more than twice before they count


@dataclass(frozen=True)
class Clock:
    """What `time.perf_counter_ns` is here, in ns: `resolution` is the least step seen, `overhead` one reading."""

    resolution: int
    overhead: int

    @property
    def least(self) -> int:
        """The shortest round that can be trusted."""
        return int((self.resolution + self.overhead) / SHARE)

    def to_json(self) -> dict[str, int]:
        """As a report states it."""
        return {"resolution_ns": self.resolution, "overhead_ns": self.overhead}


def look(read: Callable[[], int] = time.perf_counter_ns) -> Clock:
    """Finds out about a clock; raises RuntimeError for one that goes back, or that stands still.

    >>> look().overhead < 1_000_000
    True
    """
    readings = [read() for _ in range(READINGS)]
    steps = [after - before for before, after in zip(readings, readings[1:])]
    if min(steps) < 0:
        raise RuntimeError(f"the clock of this machine goes back, by {-min(steps)} ns")
    moved = [step for step in steps if step]
    if not moved:
        raise RuntimeError(f"the clock of this machine stood still for {READINGS} readings")
    return Clock(min(moved), max(1, (readings[-1] - readings[0]) // READINGS))


@dataclass(frozen=True)
class Effort:
    """How much is spent on one measurement: `least` to `most` rounds, and no more after `seconds`."""

    seconds: float = 0.25
    least: int = 3
    most: int = 25
    warm_up: int = 1  # calls before those that count


@dataclass(frozen=True)
class Timed:
    """Nanoseconds of each round; a round is `inner` calls, and what is stated is of one call."""

    rounds: tuple[int, ...]
    inner: int
    warmed: int


def measure(prepare: Callable[[], Callable[[], Any]], clock: Clock, effort: Effort, *, fresh: bool = False) -> Timed:
    """Times what `prepare` returns. With `fresh`, each round is of a call that is prepared anew, outside of the clock.

    No garbage is collected inside of a round, but between two: what one call left is not paid by the next.
    """
    end = time.perf_counter_ns() + int(effort.seconds * 1e9)
    call = prepare()
    warmed, inner = 0, 1
    if not fresh:
        begin = time.perf_counter_ns()
        while warmed < effort.warm_up or (
            warmed < 10 * effort.warm_up and time.perf_counter_ns() - begin < LONGEST_WARM_UP * 1e9
        ):
            took = _round(call, 1)
            warmed += 1
        inner = max(1, -(-clock.least // max(1, took)))
        end = time.perf_counter_ns() + int(effort.seconds * 1e9)
    rounds: list[int] = []
    while len(rounds) < effort.least or (len(rounds) < effort.most and time.perf_counter_ns() < end):
        if fresh and rounds:
            call = prepare()
        rounds.append(_round(call, inner) // inner)
    return Timed(tuple(rounds), inner, warmed)


def _round(call: Callable[[], Any], times: int) -> int:
    gc.collect()
    gc.disable()
    try:
        if times == 1:
            begin = time.perf_counter_ns()
            kept = call()
            took = time.perf_counter_ns() - begin
        else:
            begin = time.perf_counter_ns()
            for _ in range(times):
                kept = call()
            took = time.perf_counter_ns() - begin
        del kept  # what is thrown away is not part of what was asked
        return took
    finally:
        gc.enable()
