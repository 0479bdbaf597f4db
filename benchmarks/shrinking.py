"""How small planted faults become: of each, what is left beside the one layer and the one argument that it needs.

    python benchmarks/shrinking.py

Plants the faults of `tests/argument_faults.py` in the Keras installed here, in turns as an error and as a wrong weight,
each in a drawn model of some eight layers. Prints a line for each, and exits 1 where fewer than 95 % become just the
layer and the argument, or one takes more than 30 seconds.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.argument_faults import FAULTS
from tests.shrinking import DAMAGES, LIMIT, Shrinking

LEAST = 0.95


def main() -> None:
    exact, nested, seconds = 0, 0, []
    with tempfile.TemporaryDirectory() as folder:
        shrinking = Shrinking(Path(folder))
        for number, (layer, argument) in enumerate(FAULTS):
            told = shrinking.planted(layer, argument, DAMAGES[number % len(DAMAGES)])
            exact += not told.more
            nested += told.nested
            seconds.append(told.seconds)
            print(
                f"{layer:24}{argument:22}of {told.layers:2} layers{told.seconds:6.1f} s  {told.more or ''}", flush=True
            )
        shrinking.close()
    seconds.sort()
    print(
        f"{exact} of {len(FAULTS)} are just layer and argument ({nested} of them inside of a nested model);"
        f" seconds: median {seconds[len(seconds) // 2]:.1f}, most {seconds[-1]:.1f}"
    )
    sys.exit(exact < LEAST * len(FAULTS) or seconds[-1] > LIMIT)


if __name__ == "__main__":
    main()
