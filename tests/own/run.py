"""Checks every layer and model of `healthy` and `faulty`, in a process of its own; writes what was found as JSON.

python -m tests.own.run FILE [WORD...]     only those whose names hold one of the words
"""

from __future__ import annotations

import json
import sys
import time
import traceback
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness.own import check_layer, check_model
from harness.own.report import Report
from tests.own import faulty, healthy


def reports() -> Iterator[tuple[str, Any]]:
    """Every case by name, with what checks it."""
    for name, (layer, arguments, inputs, *more) in healthy.LAYERS.items():
        options = {"inputs": inputs, "keywords": more[0] if more else None, "raise_on_failure": False}
        yield name, lambda a=layer, b=arguments, c=options: check_layer(a, b, **c)
    for name, (model, options) in healthy.MODELS.items():
        yield name, lambda a=model, b=options: check_model(a, **b, raise_on_failure=False)
    for name, each in faulty.FAULTS.items():
        if faulty.MAJOR not in each.majors:
            continue
        if isinstance(each.layer, type):
            yield name, lambda a=each: check_layer(a.layer, a.arguments, inputs=a.inputs, raise_on_failure=False)
        else:
            yield name, lambda a=each: check_model(a.layer, targets=a.targets, raise_on_failure=False)


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
    words = sys.argv[2:]
    found: dict[str, Any] = {}
    for name, check in reports():
        if words and not any(word in name for word in words):
            continue
        start = time.perf_counter()
        try:
            found[name] = told(check())
        except Exception:
            found[name] = {"raised": traceback.format_exc()}
        found[name]["seconds"] = time.perf_counter() - start
        if name in faulty.FAULTS:
            each = faulty.FAULTS[name]
            wanted = {"check": each.check, "title": each.title, "mend": each.mend, "others": list(each.others)}
            found[name]["wanted"] = wanted
        Path(sys.argv[1]).write_text(json.dumps(found, default=str))


if __name__ == "__main__":
    main()
