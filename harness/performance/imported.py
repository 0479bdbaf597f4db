"""Runs of pytest-benchmark (`--benchmark-json`, `--benchmark-autosave`) as lines of the history."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

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
        data = json.loads(raw)
        machine, when = data["machine_info"], str(data["datetime"])
        entries = [(each["name"], each.get("fullname", each["name"]), each["stats"], each.get("extra_info") or {})
                   for each in data["benchmarks"]]  # fmt: skip
        medians = [float(stats["median"]) for _, _, stats, _ in entries]
    except (ValueError, KeyError, TypeError) as error:
        raise NotOfPytest(f"{path} is no JSON of pytest-benchmark: {error or type(error).__name__}") from error
    source = hashlib.sha256(raw).hexdigest()[:16]
    commit = (data.get("commit_info") or {}).get("id")
    by_place: dict[str, dict[str, Any]] = {}
    for (_, fullname, _, extra), median in zip(entries, medians, strict=True):
        ours = isinstance(extra.get("keras_harness"), Mapping)
        about = dict(extra["keras_harness"]["environment"]) if ours else {"python": machine.get("python_version")}
        place = dict(extra["keras_harness"]["machine"]) if ours else _machine(machine)
        name = extra["keras_harness"]["benchmark"] if ours else fullname
        line = by_place.setdefault(
            json.dumps([about, place], sort_keys=True),
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
        line["benchmarks"][name] = {TIME: median}
    return list(by_place.values())


def _machine(info: Mapping[str, Any]) -> dict[str, Any]:
    cpu = info.get("cpu") or {}
    kind = {
        "processor": cpu.get("brand_raw") or cpu.get("brand") or info.get("processor") or "",
        "cores": cpu.get("count"),
        "system": info.get("system"),
        "node": info.get("node"),
    }
    return {"id": hashlib.sha256(json.dumps(kind, sort_keys=True).encode()).hexdigest()[:12], **kind}
