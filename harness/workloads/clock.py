"""The clock of a measurement: what it can tell apart, what a reading costs, and how a call is timed with it."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

READINGS = 2000
SHARE = 0.01  # of a round that reading the clock may take
MOST_AT_ONCE = 1000  # times as many calls a round as were made before
WARM_UPS = 10  # calls at most that do not count
LONGEST_WARM_UP = 0.1  # seconds after which no more of them are made


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
    """How much is spent on one measurement: `least` to `most` rounds, and no more after `seconds`.

    After `patience` seconds even less than `least` will do, one at least: what takes so long varies little.
    """

    seconds: float = 0.25
    least: int = 3
    most: int = 25
    patience: float = 5.0


@dataclass(frozen=True)
class Timed:
    """Nanoseconds of each round; a round is `inner` calls, and what is stated is of one call."""

    rounds: tuple[int, ...]
    inner: int
    warmed: int


def measure(prepare: Callable[[], Callable[[], Any]], clock: Clock, effort: Effort, *, fresh: bool = False) -> Timed:
    """Times what `prepare` returns. With `fresh`, each round is of a call that is prepared anew, outside of the clock.

    Some calls come before those that count. No garbage is collected inside of a round, but between two: what one call
    left is not paid by the next. What is there once all is prepared is not looked through for garbage again. Raises
    RuntimeError for what can be done but once and is too short for the clock: its time would be that of a tick.
    """
    call = prepare()
    begin = time.perf_counter_ns()
    took, warmed = _round(call, 1), 1
    while not fresh and warmed < WARM_UPS and time.perf_counter_ns() - begin < LONGEST_WARM_UP * 1e9:
        took = min(took, _round(call, 1))  # the one that was held up the least
        warmed += 1
    inner = 1
    while not fresh and took < clock.least:  # by steps: a clock that is coarse may say 0 of the first
        inner *= min(MOST_AT_ONCE, -(-clock.least // took)) if took else MOST_AT_ONCE
        took = _round(call, inner)
    gc.collect()
    gc.freeze()
    begin = time.perf_counter_ns()
    rounds: list[int] = []
    while not rounds or _goes_on(len(rounds), (time.perf_counter_ns() - begin) / 1e9, effort):
        if fresh:
            call = prepare()
        rounds.append(_round(call, inner) // inner)
    if fresh and statistics.median(rounds) < clock.least:
        raise RuntimeError(f"too short for the clock of this machine, which tells {clock.resolution} ns apart")
    return Timed(tuple(rounds), inner, warmed)


def _goes_on(rounds: int, seconds: float, effort: Effort) -> bool:
    return seconds < effort.patience if rounds < effort.least else rounds < effort.most and seconds < effort.seconds


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
