"""One object at several places of a config: Keras makes the first, and takes it wherever its number stands again.

What is written at the other places is not looked at by it. So it must be the same, or what is read is not what is made.
"""

from __future__ import annotations

from typing import Any

NUMBER = "shared_object_id"
SAME = ("class_name", "module", "registered_name", "config")


class Shared:
    """The objects of one config by their numbers."""

    def __init__(self) -> None:
        self._first: dict[int | str, dict[str, Any]] = {}

    def differs(self, value: dict[str, Any]) -> str | None:
        """In what an object is not the one that was first of its number; None where it is, or is the first."""
        number = value.get(NUMBER)
        if number is None:
            return None
        if not isinstance(number, int | str):
            return NUMBER
        first = self._first.setdefault(number, value)
        return next((key for key in SAME if first.get(key) != value.get(key)), None)
