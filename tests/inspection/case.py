"""What a test of `validate` is made of: a file, and what must be said of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple


class Case(NamedTuple):
    """A file that is made, what must be said of it, and the rule that must say it."""

    name: str
    verdict: str
    rule: str | None
    make: Callable[[Path], Path]
