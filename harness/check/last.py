"""The report of the last check, kept so that a finding can be asked for by its id alone."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path


class NoReport(Exception):
    """There is no report to look into, or it cannot be read."""


def place() -> Path:
    """Where it is: in the cache folder of the user, whatever folder the check ran in."""
    return user_cache_path("keras-harness") / "last-report.json"


def keep(data: dict[str, Any]) -> None:
    """Keeps a report; a cache that cannot be written costs the convenience, and no check."""
    path = place()
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".part")
        partial.write_text(json.dumps(data, default=str), encoding="utf-8")
        partial.replace(path)


def add(findings: list[dict[str, Any]], environment: dict[str, Any]) -> None:
    """Keeps findings that no check has found (a test of the suite has), beside those of the same environment."""
    data: dict[str, Any] = {"environments": {"candidate": environment}, "findings": []}
    with contextlib.suppress(NoReport):
        earlier = read()
        if earlier.get("environments") == data["environments"]:
            data = earlier
    kept = {each["id"]: each for each in [*data["findings"], *findings]}
    keep({**data, "findings": list(kept.values())})


def read(path: Path | None = None) -> dict[str, Any]:
    """A report, or that of the last check; raises NoReport."""
    found = path or place()
    if not found.exists():
        raise NoReport(
            f"{path}: no such file"
            if path
            else "no check has been run here yet: run `keras-harness check` first, or name its file with --report"
        )
    try:
        data = json.loads(found.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise NoReport(f"{found}: {error}") from error
    if not isinstance(data, dict) or not isinstance(data.get("findings"), list):
        raise NoReport(f"{found} is no report of keras-harness: it holds no findings")
    return data
