"""Inspected files on the terminal: a line each, the findings below, a verdict at the end. Plain text starts at once."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from harness.inspection.report import Finding, Report
from harness.inspection.rules import VERDICTS
from harness.reporting.printable import printable

SHOWN = 12  # findings of one file
COLOURS = {"unsafe": "1;31", "bomb": "1;31", "corrupt": "31", "non-finite": "33", "needs custom objects": "33",
           "unsupported": "33", "incompatible": "33", "ok": "32", "error": "1;35", "note": "2"}  # fmt: skip


def _coloured(word: str, text: str) -> str:
    plain = not sys.stdout.isatty() or "NO_COLOR" in os.environ
    return text if plain else f"\033[{COLOURS.get(word, '0')}m{text}\033[0m"


def file_lines(report: Report) -> list[str]:
    """What is printed of one file."""
    about = [report.format]
    if report.keras_version:
        about.append(f"Keras {report.keras_version}")
    if report.layers:
        about.append(f"{report.layers:,} layers")
    if report.parameters is not None:
        about.append(f"{report.parameters:,} parameters")
    about.append(f"{report.seconds:.2f} s")
    verdict = _coloured(report.verdict, f"{report.verdict:<13}")
    lines = [f"{verdict} {printable(report.file)}  ({printable(', '.join(about))})"]
    if report.loaded is not None:
        lines.append(f"    {printable(_loaded(report.loaded))}")
    if report.error:
        lines.append(f"    a fault of keras-harness, please report it: {printable(report.error)}")
    order = [*VERDICTS, None]
    found = sorted(report.findings, key=lambda each: (bool(each.suppressed), order.index(each.about.verdict)))
    for finding in found[:SHOWN]:
        lines.extend(_finding(finding))
    left = len(found) - SHOWN + sum(report.more.values())
    if left > 0:
        lines.append(f"    and {left:,} more: --json FILE has them")
    return lines


def _loaded(loaded: Mapping[str, Any]) -> str:
    """That it was loaded, where, how confined, and which routes it has passed."""
    seconds = sum(loaded.get("seconds", {}).values())
    passed = [route for route, said in loaded["routes"].items() if said == "passed"]
    told = f"loaded ({loaded.get('loads', 'no')}) in Keras {loaded['environment'].get('keras', '?')}, {seconds:.1f} s"
    told += f", with {loaded['weights']}" if "weights" in loaded else ""
    told += f"; passed {', '.join(passed)}" if passed else ""
    missing = ", ".join(loaded["not_confined"])
    if missing and not loaded["confined"]:
        return f"{told}; NOT confined: {missing}"
    return f"{told}; confined, but not: {missing}" if missing else f"{told}; confined"


def _finding(finding: Finding) -> list[str]:
    rule = finding.about
    word = "accepted" if finding.suppressed else rule.verdict or "note"
    where = f" at {printable(finding.where)}" if finding.where else ""
    lines = [f"    {_coloured(word, finding.rule)}{where}", f"        {rule.title}: {printable(finding.what)}"]
    if finding.suppressed:
        lines.append(f"        accepted: {printable(finding.suppressed)}")
    elif rule.verdict is not None:
        lines.append(f"        {rule.do}")
    return lines


def last_line(reports: Sequence[Report], seconds: float) -> str:
    """How many of which verdict."""
    counts = Counter(report.verdict for report in reports)
    words = [f"{counts[verdict]} {verdict}" for verdict in (*VERDICTS, "error") if counts[verdict]]
    loaded = sum(report.loaded is not None for report in reports)
    told = f"{loaded} of them loaded" if loaded else "none loaded"
    return f"{len(reports)} inspected in {seconds:.1f} s, {told}: {', '.join(words) or 'none'}"
