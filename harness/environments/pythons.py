"""Which Python a TensorFlow runs on, where the requirements leave that open."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from harness.environments.wanted import TENSORFLOWS

# The releases of Python that wheels of TensorFlow are made for: first and last. What is newer than the last row is
# taken to be like it.
WHEELS = {
    "2.12": ((3, 8), (3, 11)),
    "2.13": ((3, 8), (3, 11)),
    "2.14": ((3, 9), (3, 11)),
    "2.15": ((3, 9), (3, 11)),
    "2.16": ((3, 9), (3, 12)),
    "2.17": ((3, 9), (3, 12)),
    "2.18": ((3, 9), (3, 12)),
    "2.19": ((3, 9), (3, 12)),
    "2.20": ((3, 9), (3, 13)),
    "2.21": ((3, 10), (3, 13)),
}  # fmt: skip
FIXES = range(10)  # of a minor release
OLDEST = (3, 9)  # that the worker runs on


def python_for(requirements: Iterable[Requirement], own: tuple[int, int] = sys.version_info[:2]) -> str:
    """What uv is asked for: the driver's own release of Python where this TensorFlow has wheels for it, else a range.

    uv takes of a range what it finds installed first, and gets one where there is none.
    """
    first, last = WHEELS[_release(requirements)]
    first = max(first, OLDEST)
    if first <= own <= last:
        return f"{own[0]}.{own[1]}"
    return f">={first[0]}.{first[1]},<{last[0]}.{last[1] + 1}"


def _release(requirements: Iterable[Requirement]) -> str:
    """The newest minor release that the requirements leave: uv takes that."""
    pinned = SpecifierSet()
    for each in requirements:
        if canonicalize_name(each.name) in TENSORFLOWS and (each.marker is None or each.marker.evaluate()):
            pinned &= each.specifier
    newest = list(WHEELS)[-1]
    left = [minor for minor in WHEELS if any(pinned.contains(f"{minor}.{fix}") for fix in FIXES)]
    return left[-1] if left else newest
