"""How often `history` sees a step that is there, and one that is not, in simulated noise.

    python benchmarks/change_points.py [--series 2000]

Series of 30 runs with noise of 1 to 3 %, and 5 % of the runs up to half as slow again; then, of what is not there,
how often it is told in noise of other shapes, and how often 10 % are seen in that. Nothing here starts TensorFlow.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.performance.changes import changes

RUNS = 30
CLOSE = 2  # runs that a step may be told beside its place


def values(draw: random.Random, noise: float, at: int, step: float) -> list[float]:
    """The values of a series that grows by the part `step` from run `at` on."""
    return [
        math.exp(draw.gauss(0, noise))
        * (1 + step * (run >= at))
        * (draw.uniform(1, 1.5) if draw.random() < 0.05 else 1)
        for run in range(RUNS)
    ]


def two_speeds(draw: random.Random, count: int) -> list[float]:
    """A machine that is 8 % slower in one of two runs."""
    return [math.exp(0.08 * (draw.random() < 0.5) + draw.gauss(0, 0.003)) for _ in range(count)]


def heavy(draw: random.Random, count: int) -> list[float]:
    """Noise of 2 %, with the tails of Student's t of two degrees of freedom."""
    return [math.exp(0.02 * draw.gauss(0, 1) / math.sqrt(draw.expovariate(1))) for _ in range(count)]


def remembering(draw: random.Random, count: int, part: float) -> list[float]:
    """Noise of 3 %, of which a part stays from one run to the next: others use the machine for days."""
    logs = [draw.gauss(0, 0.03)]
    while len(logs) < count:
        logs.append(part * logs[-1] + draw.gauss(0, 0.03 * math.sqrt(1 - part**2)))
    return list(map(math.exp, logs))


OTHERS: dict[str, Callable[[random.Random, int], list[float]]] = {
    "two speeds, 8 % apart": two_speeds,
    "heavy tails, 2 %": heavy,
    "3 %, of which 0.3 stays to the next run": lambda draw, count: remembering(draw, count, 0.3),
    "3 %, of which 0.5 stays": lambda draw, count: remembering(draw, count, 0.5),
    "3 %, of which 0.7 stays": lambda draw, count: remembering(draw, count, 0.7),
}
LENGTHS = (8, 12, 30, 100)


def main() -> None:
    """Prints the table."""
    options = argparse.ArgumentParser()
    options.add_argument("--series", type=int, default=2000)
    count = options.parse_args().series
    print("| noise | none there, one told | 10 % seen | 20 % seen | 10 % faster seen |")
    print("|---|---|---|---|---|")
    for noise in (0.01, 0.02, 0.03):
        draw = random.Random(str(noise))
        told = sum(bool(changes(values(draw, noise, 0, 0.0))) for _ in range(count))
        cells = [f"{told / count:.1%}"]
        for step in (0.1, 0.2, -0.1):
            seen = 0
            for _ in range(count):
                at = draw.randrange(8, RUNS - 7)
                found = changes(values(draw, noise, at, step))
                seen += any(abs(each.at - at) <= CLOSE and (each.ratio > 1) == (step > 0) for each in found)
            cells.append(f"{seen / count:.1%}")
        print(f"| {noise:.0%} | " + " | ".join(cells) + " |", flush=True)
    print("\n| nothing there, one told | " + " | ".join(f"{runs} runs" for runs in LENGTHS) + " | 10 % seen, 30 runs |")
    print("|---|" + "---|" * (len(LENGTHS) + 1))
    for name, shape in OTHERS.items():
        draw = random.Random(name)
        parts = [sum(bool(changes(shape(draw, runs))) for _ in range(count)) / count for runs in LENGTHS]
        seen = 0
        for _ in range(count):
            at = draw.randrange(8, RUNS - 7)
            found = changes([value * (1 + 0.1 * (run >= at)) for run, value in enumerate(shape(draw, RUNS))])
            seen += any(abs(each.at - at) <= CLOSE and each.ratio > 1 for each in found)
        print(f"| {name} | " + " | ".join(f"{part:.1%}" for part in (*parts, seen / count)) + " |", flush=True)


if __name__ == "__main__":
    main()
