"""metadata.json of a `.keras` file: the release of Keras that wrote it."""

from __future__ import annotations

import re
from typing import Any

from harness.inspection.limits import Limits
from harness.inspection.report import Report
from harness.inspection.strict_json import parse_into

RELEASE = re.compile(r"\d+\.\d+(\.\d+)?([-.+]?\w+)*")


def look(report: Report, data: bytes, where: str, limits: Limits) -> None:
    """Takes the release from it."""
    found = parse_into(report, data, where, limits)
    if found is None:
        return
    release(report, found.get("keras_version") if isinstance(found, dict) else None, where)


def release(report: Report, value: Any, where: str) -> None:
    """Notes the release, or that it is none."""
    if isinstance(value, str) and len(value) <= 40 and RELEASE.fullmatch(value):
        report.keras_version = value
    else:
        report.add("metadata", where, "keras_version is missing or names no release")
