"""How often a gate cries wolf, and what it sees: `bench` beside what is done else, in simulated noise.

    python benchmarks/false_alarms.py [--runs 2000]

Each round of a benchmark takes its time with 4 % noise, and in 5 % of the rounds up to twice as long; each process is
off by 3 % of its own, for as long as it lives. Then `bench` where ratios stay from one pair to the next, or processes
are slow as a whole. Nothing here starts TensorFlow. Prints tables in Markdown.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.performance.off import off
from harness.performance.paired import log_ratios, ratio
from harness.performance.pairing import ENOUGH
from harness.performance.sequential import MORE, Decisions, Plan
from harness.performance.together import together

NOISE, OUTLIERS, DRIFT = 0.04, 0.05, 0.03
ROUNDS = 15  # in a process
BENCHMARKS = 60  # in a run: `bench --quick` has 42, the whole set 149
SHIFTED = 6  # of them are slower, where any is
QUICK, FULL = Plan(looks=(5, 8, 12)), Plan(looks=(5, 8, 12, 20))
SHIFTS = (1.0, 1.05, 1.1, 1.15, 1.3)

Draw = np.random.Generator
Logs = Any  # an array
Drifts = Callable[[Draw, int, int], Logs]  # of so many benchmarks in so many pairs of processes: both logarithms
Alarms = tuple[list[bool], float]  # for each benchmark, and how many pairs of processes it took


def rounds(draw: Draw, drifts: Logs) -> Logs:
    """The rounds of a benchmark in processes that are off by so much, in units of what it takes; one more axis."""
    shape = (*drifts.shape, ROUNDS)
    held_up = np.where(draw.random(shape) < OUTLIERS, draw.uniform(1, 2, shape), 1)
    return np.exp(drifts[..., None] + draw.normal(0, NOISE, shape)) * held_up


def pairs(draw: Draw, shifts: list[float], drifts: Logs) -> list[list[float]]:
    """The log ratios of pairs of processes, for each benchmark."""
    before, after = np.moveaxis(np.median(rounds(draw, drifts), -1), -1, 0)
    return [
        log_ratios(list(zip(one, other * shift, strict=True)))
        for one, other, shift in zip(before.tolist(), after, shifts, strict=True)
    ]


def one_after_the_other(draw: Draw, shifts: list[float]) -> Alarms:
    """pytest-benchmark --benchmark-compare-fail=mean:5%: one process of each, the means compared."""
    before, after = rounds(draw, of_its_own(draw, len(shifts), 1)).mean(-1)[:, 0].T
    return (after * np.array(shifts) > before * 1.05).tolist(), 1


def eight_pairs(draw: Draw, shifts: list[float]) -> Alarms:
    """Eight pairs in turns, a median per process, a paired test at .01, and a threshold of 5 %: each by itself."""
    results = map(ratio, pairs(draw, shifts, of_its_own(draw, len(shifts), 8)))
    return [result.p < 0.01 and result.estimate > 1.05 for result in results], 8


def bench(draw: Draw, shifts: list[float], plan: Plan, drifts: Drifts | None = None) -> Alarms:
    """What `bench` does: as many pairs as it takes, looked at together."""
    found_of = pairs(draw, shifts, (drifts or of_its_own)(draw, len(shifts), plan.cap))
    logs = {str(each): values for each, values in enumerate(found_of)}
    decisions = Decisions(plan, list(logs))
    taken = plan.cap
    for count in plan.looks:
        left_out = off([values[:count] for values in logs.values()])
        kept = [each for each in range(count) if each not in left_out]
        kept = kept if len(kept) >= ENOUGH else list(range(count))
        found = {name: [values[each] for each in kept] for name, values in logs.items()}
        stays = together(list(found.values()))
        decisions.look(count, found, stays=lambda _, part=stays: part)
        if not decisions.open:
            taken = count
            break
    return [decisions.at(name).verdict == MORE for name in logs], taken


def of_its_own(draw: Draw, benchmarks: int, count: int) -> Logs:
    """Every process is off for life, with each benchmark by another part."""
    return draw.normal(0, DRIFT, (benchmarks, count, 2))


def staying(part: float) -> Drifts:
    """So large a part of how far a pair is off stays to the next, with each benchmark by itself."""

    def drifts(draw: Draw, benchmarks: int, count: int) -> Logs:
        logs = np.zeros((benchmarks, count, 2))
        new = draw.normal(0, DRIFT * math.sqrt(2), (benchmarks, count))
        logs[:, 0, 1] = new[:, 0]
        for pair in range(1, count):
            logs[:, pair, 1] = part * logs[:, pair - 1, 1] + math.sqrt(1 - part**2) * new[:, pair]
        return logs

    return drifts


def slow(draw: Draw, benchmarks: int, count: int, *, as_a_whole: bool) -> Logs:
    """One process in ten is 30 % slower: with all of its benchmarks, or with each by itself."""
    slower = draw.random((1 if as_a_whole else benchmarks, count, 2)) < 0.1
    return of_its_own(draw, benchmarks, count) + math.log(1.3) * slower


WAYS: dict[str, Callable[[Draw, list[float]], Alarms]] = {
    "pytest-benchmark, mean:5%": one_after_the_other,
    "eight pairs, each benchmark by itself": eight_pairs,
    "`bench --quick`, at most 12 pairs": lambda draw, shifts: bench(draw, shifts, QUICK),
    "`bench`, at most 20 pairs": lambda draw, shifts: bench(draw, shifts, FULL),
}

OTHERS: dict[str, Drifts] = {
    "0.3 of a ratio stays to the next pair": staying(0.3),
    "0.5 stays": staying(0.5),
    "0.7 stays": staying(0.7),
    "a process in ten is 30 % slower as a whole": lambda *of: slow(*of, as_a_whole=True),
    "with each benchmark by itself": lambda *of: slow(*of, as_a_whole=False),
}


def main() -> None:
    """Prints the tables."""
    options = argparse.ArgumentParser()
    options.add_argument("--runs", type=int, default=100, help=f"of {BENCHMARKS} benchmarks each")
    runs = options.parse_args().runs
    print(f"{runs} runs of {BENCHMARKS} benchmarks each, of which {SHIFTED} are slower where anything is seen.\n")
    table(WAYS, SHIFTS, runs)
    print()
    others: dict[str, Callable[[Draw, list[float]], Alarms]] = {}
    for name, drifts in OTHERS.items():
        for plan, called in ((QUICK, "quick"), (FULL, "full")):
            others[f"{name}, {called}"] = lambda draw, shifts, of=(plan, drifts): bench(draw, shifts, *of)
    table(others, (1.0, 1.1, 1.15), runs)


def table(ways: dict[str, Callable[[Draw, list[float]], Alarms]], planted: tuple[float, ...], runs: int) -> None:
    """A row for each way: how often it alarms where nothing is planted, and how often where something is."""
    shifted = [f"{shift - 1:+.0%} seen" for shift in planted[1:]]
    print("| | false alarms | runs with one | " + " | ".join(shifted) + " | pairs |")
    print("|---|" + "---|" * (3 + len(shifted)))
    for name, way in ways.items():
        cells, spent = [], []
        for shift in planted:
            draw = np.random.default_rng(zlib.crc32(f"{name} {shift}".encode()))
            shifts = [shift] * SHIFTED + [1.0] * (BENCHMARKS - SHIFTED)
            found = [way(draw, shifts) for _ in range(runs)]
            alarms = [alarm for each, _ in found for alarm in (each if shift == 1.0 else each[:SHIFTED])]
            cells.append(f"{statistics.fmean(alarms):.2%}" if shift == 1.0 else f"{statistics.fmean(alarms):.1%}")
            if shift == 1.0:
                cells.append(f"{statistics.fmean(any(each) for each, _ in found):.1%}")
            spent.append(statistics.fmean(count for _, count in found))
        print(f"| {name} | " + " | ".join(cells) + f" | {min(spent):.1f} to {max(spent):.1f} |", flush=True)


if __name__ == "__main__":
    main()
