"""The release that is installed as a side of a gate, as it is or with faults planted in it."""

from __future__ import annotations

from pathlib import Path

from harness.dispatch.pool import Pool
from harness.dispatch.scratch import Scratch
from harness.gate.release import Side

PLANTED = Path(__file__).with_name("planted")


def side(name: str, scratch: Scratch, *faults: str) -> Side:
    """The side with its worker, which the caller ends."""
    pool = Pool(size=1, scratch=scratch, modules=tuple(PLANTED / f"{each}.py" for each in faults))
    return Side(name, pool, pool.start())
