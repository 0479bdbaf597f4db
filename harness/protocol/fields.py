"""Whether what was read holds what it should: each field what its annotation says, names nothing but names.

A script is written of an architecture, and run. One that was read from a file may be a stranger's: with text in the
place of a number, or an expression for a name, it would say what is run.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

# Text that a script holds as it is; all other text stands in quotes there.
NAMES = {
    ("Call", "name"): r"\w+(\.\w+)*",
    ("Name", "name"): r"\w+(\.\w+)*",
    ("Method", "name"): r"\w+",
    ("Architecture", "form"): r"\w+(:\w+)?",
    ("Input", "dtype"): r"\w+",
    ("Data", "dtype"): r"\w+",
}
_PLAIN: Mapping[str, Any] = {"str": str, "int": int, "bool": bool, "float": (int, float)}


def check(value: Any) -> None:
    """Raises ValueError, with the field, where a dataclass of the architecture holds what it should not."""
    kind = type(value).__name__
    for each in dataclasses.fields(value):
        item = getattr(value, each.name)
        pattern = NAMES.get((kind, each.name))
        if not fits(item, str(each.type)) or (pattern and not re.fullmatch(pattern, item)):
            raise ValueError(f"{kind}.{each.name} holds {item!r:.60}, and must be {pattern or each.type}")


def fits(value: Any, annotation: str) -> bool:
    """Whether a value is what an annotation says, as far as the annotations of an architecture go.

    >>> fits((3, None), "tuple[int | None, ...]"), fits("3", "int"), fits({"not a name": 1}, "Mapping[str, Any]")
    (True, False, False)
    """
    if annotation == "Any":
        return True
    if annotation.endswith(" | None"):
        return value is None or fits(value, annotation[: -len(" | None")])
    if annotation.startswith("tuple["):
        inner = annotation[len("tuple[") : -len(", ...]")]
        return isinstance(value, (list, tuple)) and all(fits(item, inner) for item in value)
    if annotation == "Mapping[str, Any]":
        return isinstance(value, Mapping) and all(isinstance(key, str) and key.isidentifier() for key in value)
    if annotation in _PLAIN:
        return isinstance(value, _PLAIN[annotation])
    return type(value).__name__ == annotation
