"""Summary: what `model.summary()` prints, line by line.

It is what people look at first to see whether a model came back: layers, shapes, parameter counts, connections.
"""

from __future__ import annotations

from typing import Any

from harness.worker.subject import Subject


def observe(subject: Subject) -> Any:
    """The lines, without the blanks at their ends."""
    lines: list[str] = []

    def take(text: str, **_: Any) -> None:
        lines.extend(line.rstrip() for line in text.splitlines())

    subject.model.summary(line_length=120, print_fn=take, expand_nested=True, show_trainable=True)
    return lines
