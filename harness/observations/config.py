"""Config: what `get_config()` returns, as JSON.

Everything the constructors were given must be in it and come back; defaults spelled out by one side alone count as
a difference. Breaks are the commonest of all: an argument missing from a layer's `get_config` (keras#20110).
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from harness.worker.subject import Subject


def observe(subject: Subject) -> Any:
    """The config as plain JSON data (tuples as lists, NumPy scalars as numbers)."""
    return plain(subject.model.get_config())


def plain(value: Any) -> Any:
    """JSON data of a config; what has no JSON form is shown by its type."""
    return json.loads(json.dumps(value, default=_other))


def _other(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    if hasattr(value, "as_list"):
        return value.as_list()
    if isinstance(value, (set, frozenset)):
        return sorted(map(str, value))
    if hasattr(value, "get_config"):
        return {"class_name": type(value).__name__, "config": plain(value.get_config())}
    if hasattr(value, "items"):
        return dict(value)
    return f"<{type(value).__name__} {getattr(value, 'name', getattr(value, '__name__', ''))}>"
