"""What came of a gate, for the terminal and for a pull request: environments, compatibility, findings, a verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.expectations.compare import clipped
from harness.expectations.finding import Finding
from harness.gate.accepted import unneeded
from harness.gate.causes import Cause
from harness.gate.models import BREAKS, BROKEN, DIFFERENT, NOT_TRIED, PASSED, SAME, VERDICTS, ModelVerdict
from harness.gate.result import Result, kind
from harness.gate.status import BACK, FIXED, FORWARD, INCOMPATIBLE, PRE_EXISTING, REGRESSION
from harness.reporting.live import Line
from harness.reporting.markdown_text import safe
from harness.reporting.printable import keras_of, printable, printable_lines
from harness.reporting.text import finding_text

WORST = (f"{INCOMPATIBLE}-{FORWARD}", REGRESSION, f"{INCOMPATIBLE}-{BACK}")


class Watcher:
    """Shows how far a gate is: a live line on a terminal, a plain line now and then elsewhere."""

    def __init__(self, console: Console) -> None:
        self.line = Line(console)
        self.console = console

    def __call__(self, event: str, result: Result, subject: object) -> None:
        """Takes an event of the session."""
        if event == "starting":
            self.line.start("starting two TensorFlows")
            return
        if event == "done":
            self.line.stop()
            return
        if event == "started" and subject is None:  # and again with what is to be drawn
            for line in environment_lines(result):
                self.console.print(escape(line), highlight=False, soft_wrap=True)
        if event == "model" and isinstance(subject, ModelVerdict):
            self.console.print(
                f"{subject.verdict:<14} {escape(printable(subject.file))}", highlight=False, soft_wrap=True
            )
        if event == "reduced" and isinstance(subject, Finding):
            self.console.print(
                f"{kind(subject)} {subject.id} {escape(subject.check)}, shrunk to {', '.join(subject.layers)}",
                highlight=False,
            )
        if result.options.profile is None:
            self.line.show(f"{_several(len(result.models), 'model')} of yours")
            return
        broken = sum(kind(each) in WORST for each in result.findings.values())
        drawn, files = _several(result.examples, "model"), _several(result.compared, "file")
        self.line.show(f"{drawn}, {files} exchanged, {_several(broken, 'difference')} to look at")


def verdict_line(result: Result) -> str:
    """The verdict in one line."""
    drawn, files = _several(result.examples, "drawn model"), _several(result.compared, "file")
    took = f"{drawn}, {files} exchanged in {result.seconds:.0f} s"
    if result.options.profile is None:
        took = f"{_several(len(result.models), 'model')} of yours in {result.seconds:.0f} s, none drawn"
    if result.verdict == "error":
        why = " ".join(result.unmeasured[0].split())
        return f"COULD NOT MEASURE: {why} ({took})"
    parts = list(_parts(result))
    failing = [text for name, text in parts if name in result.options.fail_on]
    others = [text for name, text in parts if name not in result.options.fail_on]
    issues = [each.known_issue for each in result.findings.values()] + [each.known_issue for each in result.models]
    accepted = sum(each is not None for each in issues)
    more = f"; not counted: {', '.join(others)}" if others else ""
    more += f"; {accepted} accepted" if accepted else ""
    if result.verdict == "fail":
        before = f"; stopped before the end: {result.stopped}" if result.stopped else ""
        return f"NOT SAFE: {'; '.join(failing)} ({took}{before}{more})"
    until = f", stopped by the {result.stopped}" if result.stopped else ""
    return f"SAFE TO UPGRADE, as far as was looked{until} ({took}{more})"


def _parts(result: Result) -> Iterator[tuple[str, str]]:
    """What was found and is not accepted, each under the name that `--fail-on` has for it."""
    counts = Counter(kind(each) for each in result.findings.values() if each.known_issue is None)
    verdicts = Counter(each.verdict for each in result.models if each.known_issue is None)
    forward = f"{INCOMPATIBLE}-{FORWARD}"
    if counts[REGRESSION]:
        yield REGRESSION, _several(counts[REGRESSION], "regression")
    if counts[forward]:
        layers = incompatible(result, FORWARD)
        if layers:
            yield forward, f"{_several(len(layers), 'layer')} incompatible"
        yield forward, f"{_several(counts[forward], 'difference')} in files of the baseline"
    for name, told in _MODELS.items():
        if verdicts[name]:
            yield name, f"{_several(verdicts[name], 'model')} of yours {told}"
    for name in (f"{INCOMPATIBLE}-{BACK}", PRE_EXISTING, FIXED):
        if counts[name]:
            yield name, f"{counts[name]} {'incompatible on the way back' if name.endswith(BACK) else name}"


_MODELS = {
    BREAKS: "broken", DIFFERENT: "other than before", BROKEN: BROKEN, NOT_TRIED: NOT_TRIED, FIXED: FIXED,
}  # fmt: skip


def accepted_lines(result: Result) -> list[str]:
    """What accepts nothing in the user's known-issues file: its date has come, or it has not shown."""
    found = unneeded(result.options.known, result.environments.get("candidate", {}))
    lines = [
        f"expired: {each['id']} was accepted until {each['expires']}"
        f" and {'fails as it shows again' if each['shows'] else 'did not show'}"
        for each in found["expired"]
    ]
    unseen = ", ".join(each["id"] for each in found["not_seen"])
    return [*lines, *([f"accepted, and not seen in this run: {unseen}"] if unseen else [])]


def incompatible(result: Result, direction: str) -> list[str]:
    """The layers of which no file passed in that direction, along some route."""
    return sorted(
        layer
        for layer, routes in result.compatibility.items()
        if any(failed and not passed for name, (passed, failed) in routes.items() if name.endswith(f" {direction}"))
    )


def environment_lines(result: Result) -> list[str]:
    """What was installed on the two sides, and what that means where they are hardly two."""
    lines = []
    for side, found in result.environments.items():
        said = f"TensorFlow {found['tensorflow']}, Keras {keras_of(found)}, Python {found['python']}"
        packages = ", ".join(f"{name} {version}" for name, version in found.get("packages", {}).items())
        lines.append(f"{side:<10} {said} ({packages})")
    sides = list(result.environments.values())
    if len(sides) == 2 and result.same:
        lines.append("Both sides are the same release: whatever differs is a fault of the harness (an A/A test).")
    elif len(sides) == 2 and not {*result.apart} & {"tensorflow", "keras", "module"}:
        lines.append(f"Both sides have the same TensorFlow and Keras, and differ in {', '.join(result.apart)} alone.")
    elif len(sides) == 2 and keras_of(sides[0]) == keras_of(sides[1]):
        lines.append(
            f"Both sides have Keras {keras_of(sides[0])}: only TensorFlow differs. If you did not mean that, pin keras."
        )
    return lines


def print_result(result: Result, console: Console) -> None:
    """Everything, the verdict last."""
    if result.models:
        console.print(_models(result))
        for model in result.models:
            if model.verdict in (BREAKS, DIFFERENT, NOT_TRIED, BROKEN):
                console.print(
                    "\n".join(map(printable_lines, model_lines(model))), highlight=False, markup=False, soft_wrap=True
                )
    if result.compatibility:
        console.print(_table(result))
    for finding in _ordered(result):
        console.print(f"\n[bold]{escape(kind(finding))}[/]", highlight=False)
        console.print(printable_lines(finding_text(finding)), highlight=False, markup=False, soft_wrap=True)
        for line in cause_lines(result.cause(finding)):
            console.print(line, highlight=False, markup=False, soft_wrap=True)
    for each in result.findings.values():
        if each.known_issue is not None:
            told = f"accepted {each.known_issue['id']}: {kind(each)} {each.id} {each.check}"
            console.print(told, highlight=False, markup=False, soft_wrap=True)
    for line in accepted_lines(result):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    for problem in result.problems:
        console.print(f"[yellow]not measured:[/] {escape(printable_lines(problem))}", highlight=False, soft_wrap=True)
    console.print(f"\n[bold]{escape(printable(verdict_line(result)))}[/]", highlight=False, soft_wrap=True)


def _models(result: Result) -> Table:
    table = Table(title="your models", header_style="bold")
    for column in ("model", "baseline loads", "candidate loads", "verdict"):
        table.add_column(column, overflow="fold")
    for each in sorted(result.models, key=lambda each: VERDICTS.index(each.verdict)):
        style = "" if each.verdict == SAME else "bold"
        table.add_row(
            escape(printable(each.file)), each.baseline.loads, each.candidate.loads, _verdict(each), style=style
        )
    return table


def _verdict(model: ModelVerdict) -> str:
    return model.verdict if model.known_issue is None else f"{model.verdict} (accepted)"


def model_lines(model: ModelVerdict) -> list[str]:
    """One model of the user in full: what differs, where, by how much, why, and what to do."""
    lines = [f"\n{model.verdict}: {printable(model.file)}", f"  because   {clipped(model.why, 600)}"]
    if model.verdict in (BREAKS, DIFFERENT, BROKEN):
        lines += cause_lines(model.cause, model.remedy)
    if model.known_issue is not None:
        lines.append(f"  accepted  {model.known_issue['id']}: {model.known_issue['reason']}")
    passed = [route for route, told in model.resaved.items() if told == PASSED]
    refused = [f"{route} ({clipped(told, 160)})" for route, told in model.resaved.items() if told != PASSED]
    lines += [f"  re-saved  passes as {', '.join(passed)}"] if passed else []
    return [*lines, *(f"  re-saved  breaks as {each}" for each in refused)]


def cause_lines(cause: Cause | None, remedy: str | None = None) -> list[str]:
    """What is known of why it broke, and what to do: the `remedy` of this case, or the usual one."""
    if cause is None:
        return ["  cause     unknown cause", *([f"  remedy    {remedy}"] if remedy else [])]
    lines = [f"  cause     {cause.id}: {cause.explanation}", f"  remedy    {remedy or cause.what_to_do()}"]
    return [*lines, f"  see       {cause.link}"] if cause.link else lines


def _ordered(result: Result) -> list[Finding]:
    """What is shown in full, the worst first; what is broken in both or mended is counted alone."""
    shown = [each for each in result.findings.values() if kind(each) in WORST and each.known_issue is None]
    return sorted(shown, key=lambda each: (WORST.index(kind(each)), each.id))


def _rows(result: Result) -> tuple[list[str], list[tuple[str, list[list[int]]]], list[str]]:
    """The routes with their directions, the layers of which something failed, and for all others how many passed each.

    What no file has carried along a route has not passed it, though nothing failed.
    """
    columns = sorted({name for routes in result.compatibility.values() for name in routes})
    columns.sort(key=lambda name: (name.rpartition(" ")[0], name.endswith(BACK)))
    rows, others = [], []
    for layer, routes in sorted(result.compatibility.items()):
        cells = [routes.get(name, [0, 0]) for name in columns]
        if any(failed for _, failed in cells):
            rows.append((layer.removeprefix("layers."), cells))
        else:
            others.append(cells)
    passed = [sum(cells[column][0] > 0 for cells in others) for column in range(len(columns))]
    told = ["all passed" if count == len(others) else f"{count} passed" for count in passed]
    return columns, rows, [f"{_several(len(others), 'other layer')}", *(told if others else ["·"] * len(columns))]


def _table(result: Result) -> Table:
    columns, rows, others = _rows(result)
    table = Table(title="files between the two: models that passed / did not", header_style="bold")
    table.add_column("layer")
    for name in columns:
        table.add_column(name, justify="right")
    for layer, cells in rows:
        table.add_row(layer, *(_cell(*each) for each in cells))
    table.add_row(*others, style="dim")
    return table


def _cell(passed: int, failed: int) -> str:
    return f"{passed or '·'} / [red]{failed}[/]" if failed else str(passed or "·")


def markdown(result: Result) -> str:
    """The same for a comment in a pull request, or the summary of a job."""
    icon = {"pass": "✅", "fail": "❌", "error": "⚠️"}[result.verdict]
    lines = [f"## {icon} {safe(verdict_line(result))}", ""]
    lines += [f"- {line}" for line in environment_lines(result)]
    columns, rows, others = _rows(result)
    if rows:
        lines += ["", f"| layer | {' | '.join(columns)} |", f"|---|{'---|' * len(columns)}"]
        for layer, cells in rows:
            counts = (f"{passed} / **{failed}**" if failed else str(passed) for passed, failed in cells)
            lines.append(f"| {layer} | {' | '.join(counts)} |")
        lines += [f"| {' | '.join(others)} |", "", "(models that passed / did not)"]
    if result.models:
        lines += ["", "| model | baseline | candidate | verdict | why | remedy |", "|---|---|---|---|---|---|"]
    for model in sorted(result.models, key=lambda each: VERDICTS.index(each.verdict)):
        remedy = safe(model.remedy or "")
        if model.cause is not None:
            remedy = f"`{model.cause.id}`: {remedy or safe(model.cause.explanation)}"
        loads = (model.baseline.loads, model.candidate.loads)
        row = (safe(model.file), *loads, _verdict(model), safe(clipped(model.why, 400)), remedy)
        lines.append(f"| {' | '.join(row)} |")
    found = _ordered(result)
    if found:
        lines += ["", "| id | status | layers | what | cause |", "|---|---|---|---|---|"]
    for each in found:
        cause = result.cause(each)
        told = f"`{cause.id}`: {safe(cause.what_to_do())}" if cause else "unknown cause"
        what = safe(clipped(each.title, 160))
        lines.append(f"| {each.id} | {kind(each)} | {', '.join(each.layers)} | {what} | {told} |")
    for each in found:
        if each.script:
            lines += ["", f"<details><summary>{each.id}: {_tried(each)}</summary>", ""]
            lines += [f"```python\n{script.rstrip()}\n```" for script in (each.script_before, each.script) if script]
            lines += ["</details>"]
    lines += [f"\n> not measured: {safe(problem)}" for problem in result.problems]
    return "\n".join(lines) + "\n"


def _tried(finding: Finding) -> str:
    """What is told of a script: what it is, and whether it was seen to show its fault."""
    what = "two scripts, one for each release" if finding.script_before else "a script for the candidate"
    return f"{what}, {'which show it' if finding.script_shows else f'not seen to show it: {finding.script_problem}'}"


def _several(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
