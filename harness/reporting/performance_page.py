"""A measurement, a comparison or a history as one page that needs nothing else: no script, no font, no network."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from harness.performance.changes import Missing
from harness.performance.paired import CONFIDENCE
from harness.performance.result import ALONE, Result
from harness.performance.verdicts import VERDICTS, Row, rows
from harness.reporting import bench_text, comparison_text, plots
from harness.reporting.history_text import Looked, by_machine, change_line, headline, machine_line, runs
from harness.reporting.printable import printable_lines
from harness.reporting.quantities import amount, percent

TEMPLATE = Path(__file__).with_name("performance.html")
COLUMNS = ("time", "processes apart", "peak memory", "file")


def of_result(result: Result, looked: Sequence[Looked] = ()) -> str:
    """The page of a result, with the history of what it measured. Raises Missing without jinja2."""
    compares = result.compares
    names = {each.name for each in result.benchmarks}
    return _page(
        title="keras-harness bench",
        headline=comparison_text.verdict_line(result) if compares else bench_text.alone_line(result),
        notes=[*result.notes, *bench_text.disturbance_lines(result), *result.problems],
        groups=_groups(result) if compares else [],
        margin=f"{result.options.plan.margin:.0%}",
        tables=[] if compares else _measured(result),
        machines=_machines(each for each in looked if each[0].benchmark in names),
        environments=_environments(result.environments, result.machine),
    )


def of_history(looked: Sequence[Looked]) -> str:
    """The page of a history. Raises Missing without jinja2."""
    latest: dict[str, Mapping[str, Any]] = {}
    for series, _ in looked:
        latest[str(series.machine["id"])] = series.machine
    return _page(
        title="keras-harness history",
        headline=headline(looked),
        notes=[],
        groups=[],
        margin="",
        tables=[],
        machines=_machines(looked),
        environments={
            "names": list(latest),
            "rows": [
                (key, [str(machine.get(key, "")) for machine in latest.values()])
                for key in ("processor", "cores", "memory_gib", "system", "kernel")
            ],
        },
    )


def _page(**parts: Any) -> str:
    try:
        import jinja2
    except ImportError as error:
        raise Missing("jinja2") from error
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    when = datetime.datetime.now().astimezone().strftime("%Y-%m-%d %H:%M")
    page = template.render(**parts, when=when, style=plots.STYLE, confidence=f"{CONFIDENCE:.0%}")
    return printable_lines(page) + "\n"  # a name may not even be UTF-8


def _groups(result: Result) -> list[dict[str, Any]]:
    found = []
    for workload, of in groupby(rows(result), key=lambda row: row.benchmark.workload):
        every = list(of)
        counts = Counter(row.verdict for row in every)
        said = ", ".join(f"{counts[word]} {word.replace('-', ' ')}" for word in VERDICTS if counts[word])
        told = any(plots.kind(row) in ("bad", "good") for row in every)
        found.append({"name": workload, "said": said, "open": told, "rows": [_row(row, result) for row in every]})
    return found


def _row(row: Row, result: Result) -> dict[str, str]:
    name = row.benchmark.name.removeprefix(f"{row.benchmark.workload} / ")
    return {
        "name": name if row.measure == "time" else f"{name}: {row.measure}",
        "baseline": amount(row.baseline, row.measure),
        "candidate": amount(row.candidate, row.measure),
        "bar": plots.bar(row, result.options.plan.margin),
        "by": percent(row.ratio.estimate) if row.ratio.pairs else "",
        "kind": plots.kind(row),
        "said": f"{row.said}: {row.told}" if row.told else row.said,
    }


def _measured(result: Result) -> list[tuple[str, list[tuple[str, str]]]]:
    return [
        (benchmark.name, list(zip(COLUMNS, cells, strict=True))) for benchmark, cells in bench_text.rows(result, ALONE)
    ]


def _machines(looked: Iterable[Looked]) -> list[dict[str, Any]]:
    def machine_of(each: Looked) -> str:
        return str(each[0].machine["id"])

    found = []
    for _, of in groupby(by_machine(looked), key=machine_of):
        every = list(of)
        found.append({"name": machine_line(every[0][0]), "series": [_series(*each) for each in every]})
    return found


def _series(series: Any, changes: Any) -> dict[str, Any]:
    return {
        "name": series.name,
        "measure": series.measure,
        "last": amount(series.points[-1].value, series.measure),
        "runs": runs(series),
        "plot": plots.line(series, changes),
        "changes": [
            {"said": change_line(series, each), "kind": "bad" if each.ratio > 1 else "good"} for each in changes
        ],
        "points": [
            {"day": point.day, "release": point.release, "value": amount(point.value, series.measure)}
            for point in reversed(series.points)
        ],
    }


def _environments(environments: Mapping[str, Mapping[str, Any]], machine: Mapping[str, Any]) -> dict[str, Any]:
    keys = ("asked", "python", "tensorflow", "keras")
    packages = sorted({name for about in environments.values() for name in about.get("packages", {})})
    cells = [(key, [str(about.get(key, "")) for about in environments.values()]) for key in keys]
    cells += [(name, [about.get("packages", {}).get(name, "") for about in environments.values()]) for name in packages]
    cells += [(key, [str(machine.get(key, ""))] * len(environments)) for key in ("processor", "cores", "memory_gib")]
    return {"names": list(environments), "rows": [row for row in cells if any(row[1])]}
