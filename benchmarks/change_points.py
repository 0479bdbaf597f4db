"""How often `history` sees a step that is there, and one that is not, in simulated noise.

    python benchmarks/change_points.py [--series 500]

Series of 30 runs with noise of 1 to 3 %, and 5 % of the runs up to half as slow again. Nothing here starts TensorFlow.
"""

from __future__ import annotations

import argparse
import math
import random

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


def main() -> None:
    """Prints the table."""
    options = argparse.ArgumentParser()
    options.add_argument("--series", type=int, default=500)
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


if __name__ == "__main__":
    main()
