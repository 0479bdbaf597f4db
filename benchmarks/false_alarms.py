"""How often a gate cries wolf, and what it sees: `bench` beside what is done else, in simulated noise.

    python benchmarks/false_alarms.py [--runs 2000]

Each round of a benchmark takes its time with 4 % noise, and in 5 % of the rounds up to twice as long; each process is
off by 3 % of its own, for as long as it lives. Nothing here starts TensorFlow. Prints a table in Markdown.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
from collections.abc import Callable

from harness.performance.paired import log_ratios, ratio
from harness.performance.sequential import MORE, Decisions, Plan

NOISE, OUTLIERS, DRIFT = 0.04, 0.05, 0.03
ROUNDS = 15  # in a process
BENCHMARKS = 60  # in a run: `bench --quick` has 42, the whole set 149
SHIFTED = 6  # of them are slower, where any is
SHIFTS = (1.0, 1.05, 1.1, 1.15, 1.3)

Alarms = tuple[list[bool], float]  # for each benchmark, and how many pairs of processes it took


def process(draw: random.Random, shift: float) -> list[float]:
    """The rounds of a benchmark in one process, in units of what it takes."""
    drift = math.exp(draw.gauss(0, DRIFT))
    return [
        shift * drift * math.exp(draw.gauss(0, NOISE)) * (draw.uniform(1, 2) if draw.random() < OUTLIERS else 1)
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
        result = ratio(pairs(draw, shift, 8))
        found.append(result.p < 0.01 and result.estimate > 1.05)
    return found, 8


def bench(draw: random.Random, shifts: list[float], plan: Plan) -> Alarms:
    """What `bench` does: as many pairs as it takes, looked at together."""
    logs = {str(each): pairs(draw, shift, plan.cap) for each, shift in enumerate(shifts)}
    decisions = Decisions(plan, list(logs))
    taken = plan.cap
    for count in plan.looks:
        decisions.look(count, {name: values[:count] for name, values in logs.items()})
        if not decisions.open:
            taken = count
            break
    return [decisions.at(name).verdict == MORE for name in logs], taken


def pairs(draw: random.Random, shift: float, count: int) -> list[float]:
    """The log ratios of so many pairs of processes."""
    medians = [(statistics.median(process(draw, 1.0)), statistics.median(process(draw, shift))) for _ in range(count)]
    return log_ratios(medians)


WAYS: dict[str, Callable[[random.Random, list[float]], Alarms]] = {
    "pytest-benchmark, mean:5%": one_after_the_other,
    "eight pairs, each benchmark by itself": eight_pairs,
    "`bench --quick`, at most 12 pairs": lambda draw, shifts: bench(draw, shifts, Plan(looks=(5, 8, 12))),
    "`bench`, at most 20 pairs": lambda draw, shifts: bench(draw, shifts, Plan(looks=(5, 8, 12, 20))),
}


def main() -> None:
    """Prints the table."""
    options = argparse.ArgumentParser()
    options.add_argument("--runs", type=int, default=100, help=f"of {BENCHMARKS} benchmarks each")
    runs = options.parse_args().runs
    shifted = [f"{shift - 1:+.0%} seen" for shift in SHIFTS[1:]]
    print(f"{runs} runs of {BENCHMARKS} benchmarks each, of which {SHIFTED} are slower where anything is seen.\n")
    print("| | false alarms | runs with one | " + " | ".join(shifted) + " | pairs |")
    print("|---|" + "---|" * (3 + len(shifted)))
    for name, way in WAYS.items():
        cells, spent = [], []
        for shift in SHIFTS:
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
