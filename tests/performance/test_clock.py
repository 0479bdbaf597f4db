"""The clock is looked at before it is trusted, and what is timed is the call alone."""

from __future__ import annotations

import gc
import itertools
import time

import pytest

from harness.workloads.clock import Clock, Effort, look, measure


def test_a_clock_that_goes_back_is_refused() -> None:
    readings = itertools.chain([5, 3], itertools.count(4))
    with pytest.raises(RuntimeError, match="goes back, by 2 ns"):
        look(lambda: next(readings))


def test_a_clock_that_stands_still_is_refused() -> None:
    with pytest.raises(RuntimeError, match="stood still"):
        look(lambda: 7)


def test_the_resolution_is_the_least_step_that_a_clock_makes() -> None:
    ticks = itertools.count()
    assert look(lambda: next(ticks) // 4 * 100) == Clock(resolution=100, overhead=24)


def test_a_call_too_short_for_the_clock_is_made_many_times_a_round() -> None:
    timed = measure(lambda: lambda: None, Clock(resolution=100_000, overhead=100_000), Effort(seconds=0.01))
    assert timed.inner > 50
    assert (
        min(timed.rounds) < 50_000
    )  # nanoseconds of one call; a round takes longer than what the clock can tell apart


class Ticking:
    """A clock that tells no less than a tick, and a call that takes so long by it, as often as it is not too often."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, took: int) -> None:
        self.now = self.calls = 0
        self.took = took
        self.clock = Clock(resolution=1_000_000, overhead=100)
        monkeypatch.setattr(time, "perf_counter_ns", lambda: self.now // 1_000_000 * 1_000_000)

    def __call__(self) -> None:
        self.calls += 1
        self.now += self.took
        assert self.calls < 1_000_000


def test_a_coarse_clock_that_says_nothing_of_one_call_is_asked_of_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the 0 that it says of one call, a hundred million calls a round would follow."""
    call = Ticking(monkeypatch, took=3_000)
    timed = measure(lambda: call, call.clock, Effort(seconds=0.01, least=1, most=1))
    assert timed.rounds[0] == pytest.approx(3_000, rel=0.01)
    assert call.calls < 200_000


def test_what_can_be_done_but_once_and_is_too_short_for_a_coarse_clock_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It would be as long as a tick, or take no time at all, and the same on both sides."""
    call = Ticking(monkeypatch, took=10_500_000)
    with pytest.raises(RuntimeError, match="too short for the clock of this machine, which tells 1000000 ns apart"):
        measure(lambda: call, call.clock, Effort(least=3), fresh=True)
    long = Ticking(monkeypatch, took=200_000_000)
    assert measure(lambda: long, long.clock, Effort(least=3), fresh=True).inner == 1


def test_a_long_call_is_made_once_a_round_and_as_often_as_there_is_time() -> None:
    timed = measure(lambda: lambda: time.sleep(0.01), look(), Effort(seconds=1.0, least=2, most=50))
    assert timed.inner == 1
    assert 4 <= len(timed.rounds) <= 50
    assert min(timed.rounds) >= 10_000_000


def test_what_can_be_done_but_once_is_prepared_for_each_round_outside_of_the_clock() -> None:
    prepared = []

    def prepare():
        time.sleep(0.02)
        prepared.append(True)
        return lambda: time.sleep(0.001)

    timed = measure(prepare, look(), Effort(seconds=0.0, least=3), fresh=True)
    assert len(prepared) == 4  # and once before those that count
    assert timed.warmed == 1
    assert max(timed.rounds) < 15_000_000


def test_what_takes_long_is_measured_less_often() -> None:
    timed = measure(lambda: lambda: time.sleep(0.05), look(), Effort(seconds=0.0, least=9, patience=0.12))
    assert 1 <= len(timed.rounds) <= 3


def test_no_garbage_is_collected_inside_of_a_round() -> None:
    collected = []
    timing = False

    def call() -> None:
        nonlocal timing
        timing = True
        for _ in range(50_000):
            cycle: list[object] = []
            cycle.append(cycle)
        timing = False

    def note(phase: str, info: dict[str, int]) -> None:
        collected.append(timing)

    gc.callbacks.append(note)
    try:
        measure(lambda: call, look(), Effort(seconds=0.0, least=2))
    finally:
        gc.callbacks.remove(note)
    assert collected
    assert not any(collected)
    assert gc.isenabled()
