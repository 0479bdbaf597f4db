"""Checks every case, in a process of its own; writes what was found as JSON.

python -m tests.own.run FILE [WORD...]     only those whose names hold one of the words
"""

from __future__ import annotations

import importlib
import json
import sys
import time
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness.own.report import Report
from tests.own.case import CASES, MAJOR

SUBJECTS = ("arguments", "parts", "outputs", "masks", "drawing", "models")


def told(report: Report) -> dict[str, Any]:
    """The report as JSON."""
    return {
        "failures": [asdict(each) for each in report.failures],
        "known": [asdict(each) for each in report.known],
        "passed": report.passed,
        "unchecked": dict(report.unchecked),
        "remarks": report.remarks,
        "text": report.text(),
    }


def main() -> None:
    """Writes the file anew after each case."""
    for name in SUBJECTS:
        importlib.import_module(f"tests.own.{name}")
    words = sys.argv[2:]
    found: dict[str, Any] = {}
    for name, case in CASES.items():
        if MAJOR not in case.majors or (words and not any(word in name for word in words)):
            continue
        start = time.perf_counter()
        try:
            found[name] = told(case.report())
        except Exception:
            found[name] = {"raised": traceback.format_exc()}
        found[name]["seconds"] = time.perf_counter() - start
        if case.wanted is not None:
            found[name]["wanted"] = asdict(case.wanted)
        Path(sys.argv[1]).write_text(json.dumps(found, default=str))


if __name__ == "__main__":
    main()
