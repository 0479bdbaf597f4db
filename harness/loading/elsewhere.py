"""What it means for a file which Keras is here, as far as that is certain without loading it."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.inspection import exports, graph
from harness.inspection.graph import MODELS
from harness.inspection.report import Report


@dataclass(frozen=True)
class Refusal:
    """A release refuses what another has written: `holds` looks at the config, `cause` is one of the gate's."""

    cause: str
    written_by: int  # the major release
    read_by: int
    formats: tuple[str, ...]
    holds: Callable[[str], object]
    do: str


def _nested_and_called(config: str) -> bool:
    """Is a model in a model called once, and is there something that takes what came of its second call?"""
    try:
        waiting = [json.JSONDecoder().raw_decode(config)[0]]  # what comes after it is of another
    except ValueError:  # only its first megabytes are here
        return False
    while waiting:
        value = waiting.pop()
        waiting.extend(value.values() if isinstance(value, dict) else value if isinstance(value, list) else ())
        layers = value.get("layers") if isinstance(value, dict) else None
        if not isinstance(layers, list):
            continue
        calls = {
            str(each.get("name")): each.get("inbound_nodes")
            for each in layers
            if isinstance(each, dict) and str(each.get("class_name")) in MODELS
        }
        once = {name for name, found in calls.items() if isinstance(found, list) and len(found) == 1}
        for each in layers:
            taken = graph.sources(each.get("inbound_nodes")) if isinstance(each, dict) else ()
            if any(name in once and node == 1 for name, node in taken):
                return True
    return False


def _in(pattern: str) -> Callable[[str], object]:
    return re.compile(pattern).search


ANEW = "ask its author for the code of the model and for its weights alone"
REFUSALS = (
    Refusal(
        "keras-2-module-path", 2, 3, ("keras",), _in(r'"module": ?"keras\.src\.engine\.functional"'),
        f"have it loaded in Keras 2 and saved as .h5, or {ANEW}",
    ),
    Refusal("keras-2-module-path", 3, 2, ("keras",), _in(r'"module": ?"keras\.src\.models\.functional"'), ANEW),
    Refusal("batch-shape-of-an-input", 3, 2, ("hdf5", "json config", "keras"), _in(r'"batch_shape": ?\['), ANEW),
    Refusal(
        "time-major", 2, 3, ("hdf5",), _in(r'"time_major": ?(true|false)'),
        f"take time_major out of the model_config of the file, or {ANEW}",
    ),
    Refusal("nested-models", 2, 3, ("hdf5",), _nested_and_called, ANEW),
)  # fmt: skip


def installed() -> str:
    """The release of Keras beside this program, without importing it; empty where there is none."""
    for folder in sys.path:
        for found in sorted(Path(folder or ".").glob("keras-[0-9]*.dist-info")):
            return found.name.removesuffix(".dist-info").partition("-")[2]
    return ""


def meaning(report: Report, here: str) -> str:
    """Of a file that another Keras wrote than is here, which, and what that means; empty where that is not so.

    >>> meaning(Report("m.keras", keras_version="3.15.1"), "3.12.0")
    '3.15.1, and not 3.12.0: only loading it tells whether it works'
    """
    wrote = report.keras_version or ""
    one, other = exports.numbers(wrote), exports.numbers(here)
    if not one or not other or (one[0] == other[0] and one <= other):
        return ""
    for each in REFUSALS:
        of_these = (each.written_by, each.read_by) == (one[0], other[0]) and report.format in each.formats
        if of_these and each.holds(report.config):
            from harness.gate.causes import causes

            changed = next(row.explanation for row in causes() if row.id == each.cause)
            return f"{wrote}, and not {here}, which refuses it. {changed} What helps: {each.do}"
    return f"{wrote}, and not {here}: only loading it tells whether it works"
