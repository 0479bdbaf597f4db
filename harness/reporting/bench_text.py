"""What was measured, for the terminal: the environment, a table, and what to know of it."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.performance.measured import BYTES, DEVICE_MEMORY, MEMORY, TIME, Benchmark
from harness.performance.result import ALONE, Result
from harness.reporting.live import Line
from harness.reporting.printable import printable, printable_lines
from harness.reporting.quantities import amount

SHOWN = {"tensorflow": "TensorFlow", "keras": "Keras", "python": "Python"}


class Watcher:
    """Shows how far it is: a live line on a terminal, a plain line now and then elsewhere."""

    def __init__(self, console: Console) -> None:
        self.line = Line(console)
        self.console = console

    def __call__(self, event: str, result: Result) -> None:
        """Takes an event of the session."""
        if event == "starting":
            self.line.start("starting TensorFlow")
        elif event == "started":
            for line in environment_lines(result):
                self.console.print(line, highlight=False, markup=False, soft_wrap=True)
        elif event == "done":
            self.line.stop()
        else:
            self.line.show(progress(result))


def progress(result: Result) -> str:
    """How far it is, in a line."""
    done = sum(len(each) for side in result.samples.values() for each in side.values())
    return f"process {result.processes}: {done} measurements of {len(result.benchmarks)} benchmarks"


def environment_lines(result: Result) -> list[str]:
    """What was installed, on what machine, with which clock."""
    lines = []
    for side, found in result.environments.items():
        said = ", ".join(f"{name} {found[key]}" for key, name in SHOWN.items() if key in found)
        lines.append(f"{side:<10} {said}")
    machine = result.machine
    if machine:
        mhz = f", {machine['frequency_mhz']} MHz" if machine.get("frequency_mhz") else ""
        governor = f", governor {machine['governor']}" if machine.get("governor") else ""
        lines.append(
            f"machine    {machine['processor']}{mhz}{governor}, {machine['memory_gib']} GiB; "
            f"{len(result.options.cores)} threads on processors {', '.join(map(str, result.options.cores))}"
        )
    first = next(iter(result.environments.values()), {})
    if "clock" in first:
        clock = first["clock"]
        lines.append(
            f"clock      {clock['resolution_ns']} ns apart, {clock['overhead_ns']} ns a reading; "
            f"garbage is {first['garbage']}"
        )
    return lines + [f"note       {note}" for note in result.notes]


def spread(values: list[float]) -> str:
    """How far the processes are apart, as a part of their median.

    >>> spread([1.0, 1.1, 0.9])
    '±10 %'
    """
    middle = statistics.median(values)
    if len(values) < 2 or not middle:
        return "·"
    return f"±{max(abs(each / middle - 1) for each in values) * 100:.0f} %"


def rows(result: Result, side: str) -> Iterator[tuple[Benchmark, list[str]]]:
    """The cells of each benchmark: time, how far processes are apart, memory, bytes."""
    for benchmark in result.benchmarks:
        times = result.values(side, benchmark, TIME)
        if not times:
            failure = result.failures.get(side, {}).get(benchmark)
            yield benchmark, [failure.told if failure else "not measured", "", "", ""]
            continue
        memory = statistics.median(result.values(side, benchmark, MEMORY))
        on_device = result.values(side, benchmark, DEVICE_MEMORY)
        bytes_of = result.values(side, benchmark, BYTES)
        yield benchmark, [
            amount(statistics.median(times), TIME), spread(times),
            amount(memory, MEMORY)
            + (f", device {amount(statistics.median(on_device), DEVICE_MEMORY)}" if on_device else ""),
            amount(bytes_of[0], BYTES) if bytes_of else "",
        ]  # fmt: skip


def print_alone(result: Result, console: Console) -> None:
    """The table of one environment, and the verdict last."""
    if result.benchmarks:
        table = Table(header_style="bold")
        table.add_column("benchmark", overflow="fold")
        for column in ("time", "processes apart", "peak memory", "file"):
            table.add_column(column, justify="right", overflow="fold")
        for benchmark, cells in rows(result, ALONE):
            table.add_row(escape(printable(benchmark.name)), *(escape(printable(cell)) for cell in cells))
        console.print(table)
    print_notes(result, console)
    console.print(f"\n[bold]{escape(printable_lines(alone_line(result)))}[/]", highlight=False, soft_wrap=True)


def print_notes(result: Result, console: Console) -> None:
    """What was disturbed, and what went wrong."""
    for line in disturbance_lines(result):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    for problem in result.problems:
        console.print(f"[yellow]not measured:[/] {escape(printable_lines(problem))}", highlight=False, soft_wrap=True)


def disturbance_lines(result: Result) -> list[str]:
    """How often somebody else used the machine, and what pairs of processes had of their own."""
    lines = []
    if result.repeated or result.disturbed:
        lines.append(
            f"somebody else used the machine: {result.repeated} of {result.measured} measurements were made again, "
            f"{result.disturbed} were kept all the same"
        )
    if result.off:
        slower = sum(shift > 0 for shift in result.off.values())
        lines.append(
            f"a process was slow as a whole in {len(result.off)} of {result.processes // 2} pairs (the candidate's in "
            f"{slower}, the baseline's in {len(result.off) - slower}): left out of the times"
        )
    for measure, part in result.stays.items():
        if part:
            lines.append(
                f"the pairs hang together: {part:.0%} of a ratio of {measure} stays from one to the next, "
                f"so that they count as fewer"
            )
    return lines


def first_problem(result: Result) -> str:
    """The first, and how many more there are."""
    more = len(result.problems) - 1
    return f"{result.problems[0]}{f' (and {more} more)' if more else ''}" if result.problems else ""


def alone_line(result: Result) -> str:
    """The verdict in one line."""
    took = f"{result.processes} process{'es' * (result.processes != 1)} in {result.seconds:.0f} s"
    if result.stopped:
        return f"STOPPED: {result.stopped}; what was measured before is kept ({took})"
    if result.verdict == "error":
        return f"COULD NOT MEASURE: {first_problem(result) or 'nothing was measured'} ({took})"
    failed = len(result.failures.get(ALONE, {}))
    if failed:
        return f"{failed} of {len(result.benchmarks)} benchmarks failed ({took})"
    return f"{len(result.benchmarks)} benchmark{'s' * (len(result.benchmarks) != 1)} measured ({took})"
