"""metadata.json of a `.keras` file: the release of Keras that wrote it."""

from __future__ import annotations

import re

from harness.inspection.limits import Limits
from harness.inspection.report import Report
from harness.inspection.strict_json import parse_into

RELEASE = re.compile(r"\d+\.\d+(\.\d+)?([-.+]?\w+)*")


def look(report: Report, data: bytes, where: str, limits: Limits) -> None:
    """Takes the release from it."""
    found = parse_into(report, data, where, limits)
    if found is None:
        return
    release = found.get("keras_version") if isinstance(found, dict) else None
    if not isinstance(release, str) or not RELEASE.fullmatch(release) or len(release) > 40:
        report.add("metadata", where, "keras_version is missing or names no release")
    else:
        report.keras_version = release
