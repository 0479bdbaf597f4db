"""What came of a comparison, for the terminal: what changed, how sure that is, and a verdict in one line."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.performance.measured import BYTES, DEVICE_MEMORY, MEMORY, TIME
from harness.performance.paired import CONFIDENCE
from harness.performance.result import Result
from harness.performance.sequential import SAME, UNDECIDED
from harness.performance.verdicts import FAILS, VERDICTS, Row, failing, rows, unanswered, verdict
from harness.reporting.bench_text import first_problem, print_notes
from harness.reporting.printable import printable, printable_lines
from harness.reporting.quantities import amount, percent

STYLES = {"slower": "bold red", "more-memory": "bold red", "larger": "bold red", FAILS: "bold red", "faster": "green",
          "less-memory": "green", "smaller": "green", UNDECIDED: "yellow"}  # fmt: skip


def interval(row: Row) -> str:
    """The interval of the ratio, of what varies."""
    if row.measure == BYTES or not row.ratio.pairs:
        return ""
    if not math.isfinite(row.ratio.high) or row.ratio.high > 100:
        return "any"
    return f"{percent(row.ratio.low)} … {percent(row.ratio.high)}"


def shown(every: Sequence[Row]) -> list[Row]:
    """Every time; of memory and files what changed, and of memory the one of each model that changed most.

    A TensorFlow that takes more memory by itself takes it in every benchmark.
    """
    most: dict[tuple[str, str, str], Row] = {}
    for row in every:
        if row.measure in (MEMORY, DEVICE_MEMORY):
            place = (row.benchmark.workload, row.benchmark.device, row.measure)
            if place not in most or abs(math.log(row.ratio.estimate)) > abs(math.log(most[place].ratio.estimate)):
                most[place] = row
    return [
        row
        for row in every
        if row.measure == TIME
        or (row.verdict not in (SAME, UNDECIDED) and (row.measure == BYTES or row in most.values()))
    ]


def print_comparison(result: Result, console: Console) -> None:
    """The table, what to know of it, and the verdict last."""
    table = Table(header_style="bold")
    table.add_column("benchmark", overflow="fold")
    table.add_column("measure")
    for column in ("baseline", "candidate", "difference", f"{CONFIDENCE:.0%} interval", "pairs"):
        table.add_column(column, justify="right")
    table.add_column("verdict", overflow="fold")
    every = list(rows(result))
    some = shown(every)
    for row in some:
        table.add_row(
            escape(printable(row.benchmark.name)), row.measure, amount(row.baseline, row.measure),
            amount(row.candidate, row.measure), percent(row.ratio.estimate) if row.ratio.pairs else "", interval(row),
            str(row.ratio.pairs or "") if row.measure != BYTES else "",
            escape(printable(f"{row.said}: {row.told}") if row.told else row.said),
            style=STYLES.get(row.verdict, ""),
        )  # fmt: skip
    if every:
        console.print(table)
    hidden = Counter((row.measure, row.verdict) for row in every if row not in some)
    for (measure, word), count in sorted(hidden.items()):
        console.print(f"not shown: {measure} of {count} benchmarks, {word}", highlight=False)
    print_notes(result, console)
    console.print(f"\n[bold]{escape(printable_lines(verdict_line(result)))}[/]", highlight=False, soft_wrap=True)


def verdict_line(result: Result) -> str:
    """The verdict in one line."""
    times = [row for row in rows(result) if row.measure == TIME]
    pairs = result.processes // 2
    took = f"{pairs} pair{'s' * (pairs != 1)} of processes in {result.seconds:.0f} s"
    counts = Counter(row.verdict for row in times)
    said = ", ".join(f"{counts[word]} {word.replace('-', ' ')}" for word in VERDICTS if counts[word])
    if result.stopped:
        return f"STOPPED: {result.stopped}; so far {said or 'nothing'} ({took})"
    whole = verdict(result)
    if whole == "error":
        why = first_problem(result) or unanswered(result) or "nothing was measured"
        return f"COULD NOT MEASURE: {why} ({took}; {said or 'nothing'})"
    if whole == "fail":
        found = failing(result)
        worst = max(found, key=lambda row: row.ratio.estimate if row.ratio.pairs else math.inf)
        size = "" if not worst.ratio.pairs else f" by {percent(worst.ratio.estimate)}"
        count = f"{len(found)} benchmark{'' if len(found) == 1 else 's'}"
        return f"FAILED: {count}, the worst {worst.benchmark.name}: {worst.said}{size} ({said}; {took})"
    return f"PASSED: {said} ({took})"
