"""What it means for a file which Keras is here, as far as that is certain without loading it."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from harness.inspection import exports
from harness.inspection.report import Report


@dataclass(frozen=True)
class Refusal:
    """A release refuses what another has written: `holds` is an expression on the config, `cause` one of the gate's."""

    cause: str
    written_by: int  # the major release
    read_by: int
    formats: tuple[str, ...]
    holds: str
    do: str


ANEW = "ask its author for the code of the model and for its weights alone"
REFUSALS = (
    Refusal(
        "keras-2-module-path", 2, 3, ("keras",), r'"module": ?"keras\.src\.engine\.functional"',
        f"have it loaded in Keras 2 and saved as .h5, or {ANEW}",
    ),
    Refusal("keras-2-module-path", 3, 2, ("keras",), r'"module": ?"keras\.src\.models\.functional"', ANEW),
    Refusal("batch-shape-of-an-input", 3, 2, ("hdf5", "json config", "keras"), r'"batch_shape": ?\[', ANEW),
    Refusal(
        "time-major", 2, 3, ("hdf5",), r'"time_major": ?(true|false)',
        f"take time_major out of the model_config of the file, or {ANEW}",
    ),
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
        if of_these and re.search(each.holds, report.config):
            from harness.gate.causes import causes

            changed = next(row.explanation for row in causes() if row.id == each.cause)
            return f"{wrote}, and not {here}, which refuses it. {changed} What helps: {each.do}"
    return f"{wrote}, and not {here}: only loading it tells whether it works"
