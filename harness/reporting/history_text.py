"""A history for the terminal: a line for each benchmark, its changes below."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from harness.performance.changes import Change
from harness.performance.series import Series
from harness.reporting.printable import printable
from harness.reporting.quantities import amount, percent
from harness.reporting.sparkline import sparkline

Looked = tuple[Series, list[Change]]


def print_history(looked: Sequence[Looked], console: Console) -> None:
    """All series, machine by machine."""
    width = max((len(printable(series.benchmark)) for series, _ in looked), default=0)
    machine = None
    for series, changes in sorted(looked, key=lambda each: (str(each[0].machine["id"]), each[0].benchmark)):
        if series.machine["id"] != machine:
            machine = series.machine["id"]
            console.print(printable(machine_line(series)), highlight=False, markup=False, soft_wrap=True)
        last = series.points[-1]
        name = printable(series.benchmark)
        line = f"{name:<{width}}  {sparkline(series.values)}  {amount(last.value, series.measure)}"
        on = f" on {printable(series.gpu)}" if series.gpu else ""
        console.print(f"{line} in {_runs(len(series.points))}{on}", highlight=False, markup=False, soft_wrap=True)
        for change in changes:
            told = printable(change_line(series, change))
            console.print(f"{'':<{width}}  {told}", highlight=False, markup=False, soft_wrap=True)


def machine_line(series: Series) -> str:
    """The machine of a series."""
    about = series.machine
    return f"machine {about['id']}: {about.get('processor') or 'unknown'}, {about.get('cores')} processors"


def change_line(series: Series, change: Change) -> str:
    """One change with its date and the releases on both sides of it."""
    before, after = series.points[change.at - 1], series.points[change.at]
    direction = "slower" if change.ratio > 1 else "faster"
    if series.measure != "time":
        direction = "more" if change.ratio > 1 else "less"
    releases = before.release if before.release == after.release else f"{before.release} to {after.release}"
    commits = f", commit {after.commit[:10]}" if after.commit and before.commit != after.commit else ""
    return f"{percent(change.ratio)} {direction} since {after.day} ({releases}{commits})"


def _runs(count: int) -> str:
    return f"{count} run{'' if count == 1 else 's'}"
