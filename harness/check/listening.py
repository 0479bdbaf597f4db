"""Who is told how a check goes on: the terminal, the report.

The events, in their order: ``starting``, ``started``; for each model ``example``, before it a ``finding`` that is the
first of its kind, and ``waiting`` while nothing comes; then ``reduced`` for each finding that was new; ``proven`` for
each that still is; ``done``. What is new as it was drawn may turn out to be known when it is reduced: only that settles
it. A check that runs out of time settles nothing, and its findings stay new.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.check.result import Result

Listener = Callable[[str, Result, Any], None]


def nobody(event: str, result: Result, subject: Any) -> None:
    """Listens to nothing."""


def together(*listeners: Listener) -> Listener:
    """Tells several. One whose reader went away (`| head`) is told nothing more, and the check goes on."""
    left = list(listeners)

    def tell(event: str, result: Result, subject: Any) -> None:
        for listener in tuple(left):
            try:
                listener(event, result, subject)
            except (OSError, SystemExit):  # Rich ends the process where its pipe is broken
                left.remove(listener)

    return tell
