"""A history as Markdown, for a comment in a pull request: a row for each benchmark, below a fold where none changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from harness.performance.changes import Change
from harness.performance.series import Series
from harness.reporting.history_text import Looked, by_machine, change_line, headline, machine_line, too_few
from harness.reporting.markdown_text import safe
from harness.reporting.quantities import amount
from harness.reporting.sparkline import sparkline

LETTERS = 30  # of a sparkline: a comment is narrow


def markdown(looked: Sequence[Looked], problems: Sequence[str] = ()) -> str:
    """What changed, and a table for each machine; where nothing is there, why."""
    lines = [f"## {headline(looked)}" if looked else "## ⚠️ No history to show", ""]
    lines += [f"> {safe(problem)}\n" for problem in (*problems, too_few(looked)) if problem]
    for _, of in groupby(by_machine(looked), key=lambda each: each[0].machine["id"]):
        lines += _machine(list(of))
    return "\n".join(lines).rstrip("\n") + "\n"


def _machine(looked: Sequence[Looked]) -> Iterator[str]:
    yield f"{safe(machine_line(looked[0][0]))}\n"
    calm = [each for each in looked if not each[1]]
    for part in ([each for each in looked if each[1]], calm):
        if not part:
            continue
        if part is calm:
            yield f"<details><summary>{len(calm)} without a change</summary>\n"
        yield f"| benchmark | {part[0][0].measure} | last | runs | changes |"
        yield "|---|---|---:|---:|---|"
        for each in part:
            yield _row(*each)
        yield "\n</details>\n" if part is calm else ""


def _row(series: Series, changes: Sequence[Change]) -> str:
    last = series.points[-1]
    value = amount(last.value, series.measure) + (f" ({last.release})" if last.release else "")
    told = "<br>".join(safe(change_line(series, each)) for each in changes)
    cells = (safe(series.name), sparkline(series.values, LETTERS), safe(value), str(len(series.points)), told)
    return f"| {' | '.join(cells)} |"
