"""How many planted faults prove each cell of the table: ``python -m tests.planted.figures`` prints it.

Counted is each fault once for each cell that must report it: the bugs of the tracker, those that hold for a whole
worker, and the damages that are done at the doors of Keras. What a model shows before it travels is the row `build`.
"""

from __future__ import annotations

from collections import Counter

from harness.expectations.table import parse
from tests import test_every_cell, test_planted
from tests.argument_faults import FAULTS as OF_ARGUMENTS
from tests.planted.tracker_switch import faults


def by_cell() -> Counter[tuple[str, str]]:
    """Faults by route and observation."""
    proved: Counter[tuple[str, str]] = Counter()
    for fault in faults().values():
        proved.update(fault.cells.keys())
    for expected in test_planted.FAULTS.values():
        proved.update(expected)
    proved.update((cell.route, cell.observation) for cell in test_every_cell.cells())
    proved.update((route, "adapters") for route, row in parse().items() if "adapters" in row)
    return proved


def distinct() -> dict[str, int]:
    """Faults by where they are written down, each once."""
    damages = {cell.damage for cell in test_every_cell.cells()} | {"adapters"}
    return {
        "bugs of Keras's tracker and history": len(faults()),
        "patches of a whole worker": len(test_planted.FAULTS),
        "damages at the doors of Keras": len(damages),
        "one layer with one argument": len(OF_ARGUMENTS),
    }


def printed() -> str:
    """The table: a line for each route, a column for each observation of the table; `.` where nothing is asked."""
    proved, table = by_cell(), parse()
    columns = list(dict.fromkeys(name for row in table.values() for name in row))
    table = {**table, "build": dict.fromkeys(name for route, name in proved if route == "build")}  # type: ignore[dict-item]
    lines = [f"{'':18}" + " ".join(f"{name.replace(' ', '_'):>9.9}" for name in columns)]
    for route, row in table.items():
        cells = [str(proved[route, name]) if name in row else "." for name in columns]
        lines.append(f"{route:18}" + " ".join(f"{cell:>9}" for cell in cells))
    others = sorted({cell for cell in proved if cell[1] not in columns})
    lines += [f"{route}/{name}: {proved[route, name]}" for route, name in others]
    lines += [f"{count:4} {what}" for what, count in distinct().items()]
    return "\n".join([*lines, f"{sum(distinct().values()):4} in all"])


if __name__ == "__main__":
    print(printed())
