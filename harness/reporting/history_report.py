"""report.json of a history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.performance.changes import Change
from harness.performance.series import Point, Series
from harness.reporting.history_text import Looked, change_line
from harness.reporting.json_report import SCHEMA_VERSION


def report(looked: Sequence[Looked], *, measure: str, by: str, problems: Sequence[str] = ()) -> dict[str, Any]:
    """The report as plain data, of the shape that every command has; times in seconds, sizes in bytes.

    Points stand in the order that is asked for. `at` is the number of the first point of a change, or of a release.
    """
    return {
        "schema_version": SCHEMA_VERSION,
        "command": "history",
        "verdict": "pass" if looked else "error",
        "options": {"measure": measure, "by": by},
        "machines": {str(series.machine["id"]): dict(series.machine) for series, _ in looked},
        "problems": list(problems),
        "benchmarks": [_series(series, changes) for series, changes in looked],
    }


def _series(series: Series, changes: Sequence[Change]) -> dict[str, Any]:
    return {
        "name": series.benchmark,
        "measure": series.measure,
        "machine": series.machine["id"],
        "gpu": series.gpu or None,
        "threads": series.threads,
        "set": series.set,
        "source": series.source or "bench",
        "points": [_point(point) for point in series.points],
        "changes": [_change(series, change) for change in changes],
        "releases": [
            {"at": at, **_release(point)}
            for at, point in enumerate(series.points)
            if point.release and (at == 0 or _release(series.points[at - 1]) != _release(point))
        ],
    }


def _point(point: Point) -> dict[str, Any]:
    return {"time": point.time, **_release(point), "value": point.value, "commit": point.commit, "quick": point.quick}


def _change(series: Series, change: Change) -> dict[str, Any]:
    before, after = series.points[change.at - 1], series.points[change.at]
    return {
        "at": change.at,
        "time": after.time,
        "ratio": change.ratio,
        "before": {**_release(before), "commit": before.commit},
        "after": {**_release(after), "commit": after.commit},
        "said": change_line(series, change),
    }


def _release(point: Point) -> dict[str, Any]:
    return {"tensorflow": point.tensorflow or None, "keras": point.keras or None}
