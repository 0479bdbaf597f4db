"""A measurement that somebody else disturbed is told from one that was alone."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from harness.performance.disturbance import Watch, used
from harness.performance.measured import Benchmark, Failure, Sample
from harness.performance.options import Options
from harness.performance.pairing import pairs_of
from harness.performance.quiet import TRIES, undisturbed
from harness.performance.result import Result


def watched(elapsed: float, busy: float, ours: float) -> Watch:
    times, all_of_it, own = iter([0.0, elapsed]), iter([5.0, 5.0 + busy]), iter([1.0, 1.0 + ours])
    with Watch([1], clock=lambda: next(times), busy=lambda: next(all_of_it), used=lambda _: next(own)) as watch:
        pass
    return watch


def test_what_others_use_is_what_is_left_of_the_whole() -> None:
    watch = watched(elapsed=2.0, busy=3.0, ours=1.0)
    assert watch.others == 1.0
    assert watch.disturbed


def test_our_own_work_disturbs_nothing() -> None:
    assert not watched(elapsed=2.0, busy=3.9, ours=3.9).disturbed


def test_less_than_the_accounts_can_tell_is_nothing() -> None:
    assert watched(elapsed=0.1, busy=0.04, ours=0.0).others == 0.0


def test_a_process_beside_us_is_seen_on_this_machine() -> None:
    beside = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        time.sleep(0.3)
        before = used([beside.pid])
        until = time.monotonic() + 30.0  # where many share the machine, it comes to its turn late
        with Watch([os.getpid()]) as watch:
            while (theirs := used([beside.pid]) - before) <= 0.2 and time.monotonic() < until:
                time.sleep(1.0)
    finally:
        beside.kill()
        beside.wait()
    assert watch.disturbed
    assert theirs > 0.2  # and would not count among the others, were it ours


def sample(disturbed: float) -> dict[str, Sample | Failure]:
    return {"measured": Sample((1.0 + disturbed,), 1, disturbed=disturbed)}


def test_a_disturbed_measurement_is_made_again_and_counted() -> None:
    result, found = Result(Options()), iter([sample(0.5), sample(0.0)])
    assert undisturbed(result, lambda: next(found), 100.0) == sample(0.0)
    assert (result.measured, result.repeated, result.disturbed) == (2, 1, 0)


def test_the_quietest_is_kept_where_it_never_gets_quiet() -> None:
    result, found = Result(Options()), iter([sample(0.5), sample(0.2), sample(0.9)])
    assert undisturbed(result, lambda: next(found), 100.0) == sample(0.2)
    assert (result.measured, result.repeated, result.disturbed) == (TRIES, 2, 1)


def test_repeating_does_not_go_on_for_ever() -> None:
    result = Result(Options(), repeating=60.0)
    assert undisturbed(result, lambda: sample(0.5), 100.0) == sample(0.5)
    assert (result.measured, result.repeated, result.disturbed) == (1, 0, 1)


def test_pairs_that_were_disturbed_are_left_out_as_long_as_enough_remain() -> None:
    benchmark = Benchmark("one", "predict")
    result = Result(Options())
    for number in range(7):
        held_up = number in (1, 4)
        before, after = Sample((1.0,), 8), Sample((9.0 if held_up else 1.0,), 9, disturbed=0.5 * held_up)
        result.take(benchmark, {"baseline": before, "candidate": after})
    assert pairs_of(result, benchmark, "time") == [(1.0, 1.0)] * 5
    assert pairs_of(result, benchmark, "memory") == [(8.0, 9.0)] * 7
    result.take(benchmark, {"baseline": Sample((1.0,), 8), "candidate": Sample((9.0,), 9, disturbed=0.5)})
    del result.samples["baseline"][benchmark][0], result.samples["candidate"][benchmark][0]
    assert len(pairs_of(result, benchmark, "time")) == 7  # four quiet ones are too few


def test_where_too_few_were_quiet_those_that_are_off_are_left_out_all_the_same_and_kept_last() -> None:
    benchmark = Benchmark("one", "predict")
    result = Result(Options())
    for number in range(6):
        held_up = Sample((float(number + 1),), 8, disturbed=0.5)
        result.take(benchmark, {"baseline": held_up, "candidate": held_up})
    result.off = {2: 0.3}
    assert pairs_of(result, benchmark, "time") == [(each, each) for each in (1.0, 2.0, 4.0, 5.0, 6.0)]
    result.off = {2: 0.3, 4: -0.3}
    assert len(pairs_of(result, benchmark, "time")) == 6


def test_what_fails_is_not_tried_again() -> None:
    result = Result(Options())
    crashed = {"measured": Failure("crashed", "SIGSEGV")}
    assert undisturbed(result, lambda: crashed, 100.0) == crashed
    assert result.measured == 1
