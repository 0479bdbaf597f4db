"""The release of Keras that wrote a file, as its metadata say, and whether the file bears it out."""

from __future__ import annotations

import re
from typing import Any

from harness.inspection import exports
from harness.inspection.limits import Limits
from harness.inspection.report import Report
from harness.inspection.strict_json import parse_into

# No two parts of it can match the same characters, or a release that is none takes time without end.
RELEASE = re.compile(r"\d+\.\d\w*([-.+]\w+)*")


MODULES = (2, 11)  # the first release that writes `.keras`, and objects with their module
BATCH_SHAPE = (3, 0)  # the first whose InputLayer has `batch_shape`


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
        if exports.newer(value):
            report.add("newer-release", where, f"{value}; known here is {exports.releases()[-1]} and what came before")
    else:
        report.add("metadata", where, "keras_version is missing or names no release")


def contradicts(report: Report, config: Any, where: str, *, of_zip: bool = False) -> None:
    """Notes where the release is too old to have written a config, or a `.keras` file at all."""
    release = exports.numbers(report.keras_version or "")
    # The releases of keras-core, after which Keras 3 was made, are 0.1.0 to 0.1.7.
    if not (1,) <= release < BATCH_SHAPE:
        return
    inner = config.get("config") if isinstance(config, dict) else None
    listed = inner.get("layers") if isinstance(inner, dict) else None
    objects = [each for each in (config, *(listed if isinstance(listed, list) else ())) if isinstance(each, dict)]
    what = ""
    if release < MODULES and any({"module", "registered_name"} <= each.keys() for each in objects):
        what = "objects with their module"
    elif any(each.get("class_name") == "InputLayer" and isinstance(each.get("config"), dict)
             and "batch_shape" in each["config"] for each in objects):  # fmt: skip
        what = "an InputLayer with batch_shape"
    elif release < MODULES and of_zip:
        what = "a .keras file"
    if what:
        report.add("metadata", where, f"Keras {report.keras_version} wrote no such thing as {what}")
