"""A history for the terminal: a line for each benchmark, its changes below."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console

from harness.performance.changes import LEAST, Change
from harness.performance.series import Series
from harness.reporting.printable import printable
from harness.reporting.quantities import amount, percent
from harness.reporting.sparkline import sparkline

Looked = tuple[Series, list[Change]]


def print_history(looked: Sequence[Looked], console: Console) -> None:
    """All series, machine by machine."""
    width = max((len(printable(series.name)) for series, _ in looked), default=0)
    machine = None
    for series, changes in by_machine(looked):
        if series.machine["id"] != machine:
            machine = series.machine["id"]
            console.print(printable(machine_line(series)), highlight=False, markup=False, soft_wrap=True)
        last = series.points[-1]
        name = printable(series.name)
        line = f"{name:<{width}}  {sparkline(series.values)}  {amount(last.value, series.measure)}"
        console.print(f"{line} in {printable(runs(series))}", highlight=False, markup=False, soft_wrap=True)
        for change in changes:
            told = printable(change_line(series, change))
            console.print(f"{'':<{width}}  {told}", highlight=False, markup=False, soft_wrap=True)
    if too_few(looked):
        console.print(too_few(looked), highlight=False, markup=False, soft_wrap=True)


def by_machine(looked: Iterable[Looked]) -> list[Looked]:
    """In the order in which all reports show them: those of one machine together, by name."""
    return sorted(looked, key=lambda each: (str(each[0].machine["id"]), each[0].benchmark))


def headline(looked: Sequence[Looked]) -> str:
    """What is to be seen, in a line."""
    changed = sum(bool(changes) for _, changes in looked)
    return f"{len(looked)} benchmark{'' if len(looked) == 1 else 's'}, {changed} of them changed"


def too_few(looked: Sequence[Looked]) -> str:
    """Of how many nothing can be said yet; that no change of them is told must not be read as if there were none."""
    few = sum(len(series.points) < 2 * LEAST for series, _ in looked)
    return f"{few} with fewer than {2 * LEAST} runs: too few to tell a change" if few else ""


def machine_line(series: Series) -> str:
    """The machine of a series."""
    about = series.machine
    return f"machine {about['id']}: {about.get('processor') or 'unknown'}, {about.get('cores')} processors"


def change_line(series: Series, change: Change) -> str:
    """One change with its date and the releases on both sides of it."""
    before, after = series.points[change.at - 1], series.points[change.at]
    releases = before.release if before.release == after.release else f"{before.release} to {after.release}"
    commits = f", commit {after.commit[:10]}" if after.commit and before.commit != after.commit else ""
    return f"{change_since(series, change)} ({releases}{commits})"


def change_since(series: Series, change: Change) -> str:
    """One change with its date."""
    direction = "slower" if change.ratio > 1 else "faster"
    if series.measure != "time":
        direction = "more" if change.ratio > 1 else "less"
    return f"{percent(change.ratio)} {direction} since {series.points[change.at].day}"


def runs(series: Series) -> str:
    """How many there are, and the GPU that they were on."""
    count = len(series.points)
    return f"{count} run{'' if count == 1 else 's'}" + (f" on {series.gpu}" if series.gpu else "")
