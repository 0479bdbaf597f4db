"""Summary: what `model.summary()` prints, line by line.

It is what people look at first to see whether a model came back: layers, shapes, parameter counts, what is trainable.
Keras 3 prints a table that ends where the terminal does, and a worker has none: of 120 columns 80 were seen once, and
no parameter of a model without branches among them.

What its layers are connected to is left out there. It is stated by numbers that count the calls of a layer in this
process, which loading counts anew; the config says what leads where, and its numbers count what the model holds.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from harness.worker.subject import Subject

WIDTH = 120
_TERMINAL = "COLUMNS"  # the variable goes before the width of a terminal, and before the 80 of what is none
_SIDE = "│"  # of a cell, in a table of Keras 3; what Keras 2 prints has none


def observe(subject: Subject) -> Any:
    """The lines, without the blanks at their ends."""
    lines: list[str] = []

    def take(text: str, **_: Any) -> None:
        lines.extend(text.splitlines())

    with _terminal_of(WIDTH):
        subject.model.summary(line_length=WIDTH, print_fn=take, expand_nested=True, show_trainable=True)
    return list(_without_connections(lines))


@contextmanager
def _terminal_of(columns: int) -> Iterator[None]:
    """While open, what asks for the width of the terminal is told this one."""
    before = os.environ.get(_TERMINAL)
    os.environ[_TERMINAL] = str(columns)
    try:
        yield
    finally:
        if before is None:
            del os.environ[_TERMINAL]
        else:
            os.environ[_TERMINAL] = before


def _without_connections(lines: list[str]) -> Iterator[str]:
    """The lines without the column before the last one, where there are five, and without those that are empty then."""
    for line in lines:
        outside, *cells = line.split(_SIDE)
        if not cells:
            yield outside.rstrip()
            continue
        kept = [*cells[:3], *cells[-2:]]  # name, shape, parameters; whether it is trainable, and what is outside again
        if any(map(str.strip, kept)):
            yield _SIDE.join([outside, *kept])
