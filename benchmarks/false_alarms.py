"""How often a gate cries wolf, and what it sees: `bench` beside what is done else, in simulated noise.

    python benchmarks/false_alarms.py [--runs 2000]

Each round of a benchmark takes its time with 4 % noise, and in 5 % of the rounds up to twice as long; each process is
off by 3 % of its own, for as long as it lives. Then `bench` where ratios stay from one pair to the next, or processes
are slow as a whole. Nothing here starts TensorFlow. Prints tables in Markdown.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
import sys
from collections.abc import Callable
from pathlib import Path

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

Drifts = Callable[[random.Random, int, int], list[list[tuple[float, float]]]]  # of benchmarks, and pairs: both logs
Alarms = tuple[list[bool], float]  # for each benchmark, and how many pairs of processes it took


def process(draw: random.Random, shift: float, drift: float | None = None) -> list[float]:
    """The rounds of a benchmark in one process, in units of what it takes."""
    factor = shift * math.exp(draw.gauss(0, DRIFT) if drift is None else drift)
    return [
        factor * math.exp(draw.gauss(0, NOISE)) * (draw.uniform(1, 2) if draw.random() < OUTLIERS else 1)
        for _ in range(ROUNDS)
    ]


def one_after_the_other(draw: random.Random, shifts: list[float]) -> Alarms:
    """pytest-benchmark --benchmark-compare-fail=mean:5%: one process of each, the means compared."""
    found = []
    for shift in shifts:
        before, after = statistics.fmean(process(draw, 1.0)), statistics.fmean(process(draw, shift))
        found.append(after > before * 1.05)
    return found, 1


def eight_pairs(draw: random.Random, shifts: list[float]) -> Alarms:
    """Eight pairs in turns, a median per process, a paired test at .01, and a threshold of 5 %: each by itself."""
    found = []
    for shift in shifts:
        result = ratio(pairs(draw, shift, of_its_own(draw, 1, 8)[0]))
        found.append(result.p < 0.01 and result.estimate > 1.05)
    return found, 8


def bench(draw: random.Random, shifts: list[float], plan: Plan, drifts: Drifts | None = None) -> Alarms:
    """What `bench` does: as many pairs as it takes, looked at together."""
    off_by = (drifts or of_its_own)(draw, len(shifts), plan.cap)
    logs = {str(each): pairs(draw, shift, off_by[each]) for each, shift in enumerate(shifts)}
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


def pairs(draw: random.Random, shift: float, drifts: list[tuple[float, float]]) -> list[float]:
    """The log ratios of pairs of processes that are off by so much."""
    return log_ratios(
        [
            (statistics.median(process(draw, 1.0, before)), statistics.median(process(draw, shift, after)))
            for before, after in drifts
        ]
    )


def of_its_own(draw: random.Random, benchmarks: int, count: int) -> list[list[tuple[float, float]]]:
    """Every process is off for life, with each benchmark by another part."""
    return [[(draw.gauss(0, DRIFT), draw.gauss(0, DRIFT)) for _ in range(count)] for _ in range(benchmarks)]


def staying(part: float) -> Drifts:
    """So large a part of how far a pair is off stays to the next, with each benchmark by itself."""

    def drifts(draw: random.Random, benchmarks: int, count: int) -> list[list[tuple[float, float]]]:
        found, deviation = [], DRIFT * math.sqrt(2)
        for _ in range(benchmarks):
            logs = [draw.gauss(0, deviation)]
            while len(logs) < count:
                logs.append(part * logs[-1] + draw.gauss(0, deviation * math.sqrt(1 - part**2)))
            found.append([(0.0, log) for log in logs])
        return found

    return drifts


def slow(draw: random.Random, benchmarks: int, count: int, *, as_a_whole: bool) -> list[list[tuple[float, float]]]:
    """One process in ten is 30 % slower: with all of its benchmarks, or with each by itself."""

    def mode() -> list[tuple[float, ...]]:
        return [tuple(math.log(1.3) * (draw.random() < 0.1) for _ in range(2)) for _ in range(count)]

    whole = mode()
    found = []
    for own in of_its_own(draw, benchmarks, count):
        modes = whole if as_a_whole else mode()
        found.append([(one + more[0], other + more[1]) for (one, other), more in zip(own, modes, strict=True)])
    return found


WAYS: dict[str, Callable[[random.Random, list[float]], Alarms]] = {
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
    others: dict[str, Callable[[random.Random, list[float]], Alarms]] = {}
    for name, drifts in OTHERS.items():
        for plan, called in ((QUICK, "quick"), (FULL, "full")):
            others[f"{name}, {called}"] = lambda draw, shifts, of=(plan, drifts): bench(draw, shifts, *of)
    table(others, (1.0, 1.1, 1.15), runs)


def table(
    ways: dict[str, Callable[[random.Random, list[float]], Alarms]], planted: tuple[float, ...], runs: int
) -> None:
    """A row for each way: how often it alarms where nothing is planted, and how often where something is."""
    shifted = [f"{shift - 1:+.0%} seen" for shift in planted[1:]]
    print("| | false alarms | runs with one | " + " | ".join(shifted) + " | pairs |")
    print("|---|" + "---|" * (3 + len(shifted)))
    for name, way in ways.items():
        cells, spent = [], []
        for shift in planted:
            draw = random.Random(f"{name} {shift}")
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
