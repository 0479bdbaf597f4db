"""What came of replaying recordings: for the terminal, as report.json and as JUnit XML."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.expectations.finding import Finding
from harness.gate.comparison import FILES
from harness.gate.replay import CANDIDATE, Passed, Replayed
from harness.gate.result import kind
from harness.reporting import gate_report
from harness.reporting.gate_text import accepted_lines, cause_lines
from harness.reporting.live import Line
from harness.reporting.printable import keras_of
from harness.reporting.text import finding_text


class Watcher:
    """Shows how far a replay is."""

    def __init__(self, console: Console) -> None:
        self.line = Line(console)
        self.console = console

    def __call__(self, event: str, result: Replayed, subject: object) -> None:
        """Takes an event of the replay."""
        if event == "starting":
            self.line.start("starting TensorFlow")
        elif event == "done":
            self.line.stop()
        elif event == "started":
            self.console.print(escape(_environment(result)), highlight=False, soft_wrap=True)
        else:
            self.line.show(f"{len(result.recordings)} recordings, {result.compared} files taken up")


def _environment(result: Replayed) -> str:
    found = result.environments[CANDIDATE]
    return f"{CANDIDATE}  TensorFlow {found['tensorflow']}, Keras {keras_of(found)}, Python {found['python']}"


def verdict_line(result: Replayed) -> str:
    """The verdict in one line."""
    took = f"{result.compared} files of {len(result.recordings)} recordings in {result.seconds:.0f} s"
    accepted = sum(each.known_issue is not None for each in result.findings.values())
    more = f", {accepted} accepted differences" if accepted else ""
    if result.verdict == "error":
        return f"COULD NOT MEASURE: {result.unmeasured[0]} ({took})"
    if result.verdict == "fail":
        return f"DOES NOT HOLD: {len(result.failing())} findings ({took}{more})"
    return f"HOLDS ({took}{more})"


def print_result(result: Replayed, console: Console) -> None:
    """Everything, the verdict last."""
    if result.recordings:
        console.print(_table(result))
    for finding in result.findings.values():
        if finding.known_issue is not None:
            names = ", ".join(_shown(finding, result))
            console.print(
                f"accepted {finding.known_issue['id']}: {kind(finding)} {finding.id} {finding.check} in {names}",
                highlight=False, markup=False, soft_wrap=True,
            )  # fmt: skip
    for finding in result.failing():
        console.print(f"\n[bold]{escape(kind(finding))}[/] in {escape(', '.join(_shown(finding, result)))}")
        console.print(finding_text(finding), highlight=False, markup=False, soft_wrap=True)
        for line in cause_lines(result.cause(finding)):
            console.print(line, highlight=False, markup=False, soft_wrap=True)
    for line in accepted_lines(result):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    for problem in result.problems:
        console.print(f"[yellow]not measured:[/] {escape(problem)}", highlight=False)
    console.print(f"\n[bold]{escape(verdict_line(result))}[/]", highlight=False)


def _shown(finding: Finding, result: Replayed) -> list[str]:
    return result.shown.get(f"{kind(finding)} {finding.id}", [])


def _table(result: Replayed) -> Table:
    routes = [route for route in FILES if any(route in each.routes for each in result.recordings)]
    table = Table(title="recordings: files that passed / did not (break anyway)", header_style="bold")
    table.add_column("recording")
    table.add_column("models", justify="right")
    for route in routes:
        table.add_column(route, justify="right")
    for each in result.recordings:
        cells = [_cell(each, route) for route in routes]
        table.add_row(escape(each.recording.name), str(each.models), *cells)
    return table


def _cell(passed: Passed, route: str) -> str:
    good, bad, anyway = passed.routes.get(route, (0, 0, 0))
    told = f"{good or '·'} / [red]{bad}[/]" if bad else str(good or "·")
    return f"{told} ({anyway})" if anyway else told


def report(result: Replayed) -> dict[str, Any]:
    """The report as plain data: that of a gate, with the recordings in the place of a baseline."""
    whole = gate_report.report(result)
    del whole["baseline"], whole["models"]
    for told, finding in zip(whole["findings"], result.findings.values(), strict=True):
        told["recordings"] = _shown(finding, result)
    return {
        **whole,
        "command": "replay",
        "recordings": [
            {
                "file": str(each.recording.path),
                "name": each.recording.name,
                "asked": each.recording.asked,
                "models": each.models,
                "left_out": dict(each.recording.left_out),
                "routes": {
                    route: {"passed": good, "failed": bad, "broken anyway": anyway}
                    for route, (good, bad, anyway) in each.routes.items()
                },
            }
            for each in result.recordings
        ],
    }


def junit(result: Replayed) -> str:
    """A test case for each layer and route, and one for each finding."""
    return gate_report.junit(result, command="replay", message=verdict_line(result))
