"""Runs of pytest-benchmark (`--benchmark-json`, `--benchmark-autosave`) as lines of the history."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.performance.history import held, is_number
from harness.performance.measured import TIME


class NotOfPytest(ValueError):
    """A file that pytest-benchmark has not written; the message says what it lacks."""


def lines_of_file(path: Path) -> list[dict[str, Any]]:
    """One line for each environment that the benchmarks name. Raises NotOfPytest, and OSError.

    The benchmarks of `harness.suite` say their environment and machine in `extra_info`; of others what pytest-benchmark
    knows of the machine is taken, and a machine is the same where its name and processor are.
    """
    raw = path.read_bytes()
    try:
        lines = _lines(json.loads(raw), hashlib.sha256(raw).hexdigest()[:16])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise NotOfPytest(f"{path} is no JSON of pytest-benchmark: {error or type(error).__name__}") from error
    if not lines:
        raise NotOfPytest(f"{path} has no benchmark with a median")
    return lines


def _lines(data: Any, source: str) -> list[dict[str, Any]]:
    machine, when = data["machine_info"], data["datetime"]
    commit = (data.get("commit_info") or {}).get("id")
    by_place: dict[str, dict[str, Any]] = {}
    for each in data["benchmarks"]:
        median = each["stats"]["median"]
        if not is_number(median) or median <= 0:  # what took no time by its clock says nothing
            continue
        ours = (each.get("extra_info") or {}).get("keras_harness")
        about = dict(ours["environment"]) if ours else {"python": machine.get("python_version")}
        place = dict(ours["machine"]) if ours else _machine(machine)
        name = ours["benchmark"] if ours else each.get("fullname") or each["name"]
        line = by_place.setdefault(
            json.dumps([about, place["id"]], sort_keys=True),  # its load is another with each benchmark
            {
                "time": when,
                "side": "measured",
                "environment": {**about, "source": "pytest-benchmark"},
                "machine": place,
                "commit": commit,
                "imported": source,
                "benchmarks": {},
            },
        )
        line["benchmarks"][str(name)] = {TIME: median}
    return [held(line) for line in by_place.values()]


def _machine(info: Mapping[str, Any]) -> dict[str, Any]:
    cpu = info.get("cpu") or {}
    kind = {
        "processor": cpu.get("brand_raw") or cpu.get("brand") or info.get("processor") or "",
        "cores": cpu.get("count"),
        "system": info.get("system"),
        "node": info.get("node"),
    }
    return {"id": hashlib.sha256(json.dumps(kind, sort_keys=True).encode()).hexdigest()[:12], **kind}
