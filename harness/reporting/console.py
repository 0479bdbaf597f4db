"""The terminal: progress while a check runs, then a table, the findings, and a verdict in one line."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.check.awaited import verifying
from harness.check.coverage import Coverage
from harness.check.reach import reach_of_kinds, totals
from harness.check.recordings import FAILED, KNOWN
from harness.check.result import Result
from harness.check.unchecked import MOST, in_words
from harness.expectations.finding import Finding
from harness.expectations.table import LACKING
from harness.reporting.live import Line
from harness.reporting.printable import keras_of, printable, printable_lines
from harness.reporting.text import finding_text

UNSETTLED = "to be looked at"  # what no known issue matches as it was drawn, and may match once it is reduced


class Watcher:
    """Shows how far a check is: a live line on a terminal, a plain line now and then elsewhere."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._line = Line(console)
        self._settled: set[str] = set()

    def __call__(self, event: str, result: Result, subject: Any) -> None:
        """Takes an event of the session."""
        if event == "starting":
            self._line.start("starting TensorFlow")
            return
        if event == "done":
            self._line.stop()
            return
        if event == "started":
            self.console.print(_environment(result), highlight=False, soft_wrap=True)
        if isinstance(subject, Finding):
            self._tell(event, subject)
        self._line.show(self._how_far(result))

    def _how_far(self, result: Result) -> str:
        new = [finding.id for finding in result.findings.values() if finding.status == "new"]
        settled = sum(each in self._settled for each in new)
        reached = 0 if result.plan is None else len(result.plan.coverage.layers)
        counts = [(result.examples, "model"), (reached, "layer"), (settled, "new finding")]
        text = ", ".join(_number(count, what) for count, what in counts)
        if len(new) > settled:
            text += f", {len(new) - settled} {UNSETTLED}"
        if result.plan is not None and result.plan.profile.examples > 1:
            text += f"; {result.plan.share:.0%} of {result.plan.profile.examples} examples a layer"
        return text

    def _tell(self, event: str, finding: Finding) -> None:
        """A line where a finding is seen, settled or proven. Only once it is small is it told whether it is known."""
        text = ""
        if event == "finding" and finding.status == "new":
            text = f"{UNSETTLED}: {finding.id} {escape(finding.check)}: {escape(finding.title)}"
        elif event == "reduced":
            self._settled.add(finding.id)
            word, what = "[red]new[/]", finding.title
            if finding.status == "known":
                word, what = "known", str((finding.known_issue or {}).get("id"))
            text = f"{word} {finding.id} shrunk to {', '.join(finding.layers) or 'one layer'}: {escape(what)}"
        elif event == "proven" and finding.script_problem:
            text = f"    {finding.id} the script does not show it: {escape(finding.script_problem)}"
        if text:
            self.console.print(text, highlight=False)


def _environment(result: Result) -> str:
    """What is under test: what was resolved, and of what was asked, where that is something else than a path."""
    found, origin = result.environment, result.options.origin
    packages = found.get("packages", {})
    stated = {"TensorFlow": found["tensorflow"], "Keras": keras_of(found), "Python": found["python"]}
    more = {name: packages.get(name.lower()) for name in ("NumPy", "h5py", "protobuf")} if "made" in origin else {}
    words = ", ".join(f"{name} {version}" for name, version in {**stated, **more}.items() if version)
    return words + (f"\n    of {escape(origin['asked'])}, made {origin['made']}" if "made" in origin else "")


def print_result(result: Result, console: Console) -> None:
    """The table by layer and route, the findings, and the verdict."""
    if not result.environment and not result.examples:
        _print_unstarted(result, console)
        return
    console.print(_table(result))
    _print_unsent(result, console)
    for finding in sorted(result.findings.values(), key=lambda each: each.status != "new"):
        if finding.status == "new":
            _print_finding(finding, console, before=finding.id in result.replayed)
    _print_replayed(result, console)
    known = [finding for finding in result.findings.values() if finding.status == "known"]
    if known:
        console.print(
            f"\n{_number(len(known), 'known finding')}, by issue (none fails; [bold]--no-known-issues[/] shows all):"
        )
        _print_known(known, console)
    _print_awaited(result, console)
    for problem in result.problems:
        console.print(f"[yellow]not measured:[/] {escape(problem)}", highlight=False)
    missing = in_words(result)
    if missing:
        console.print(f"not checked: {escape(missing)}", highlight=False, soft_wrap=True)
    if result.plan is not None:
        console.print(_drawn(result.plan.coverage), highlight=False)
    console.print(f"\n[bold]{escape(verdict_line(result))}[/]", highlight=False)


def _print_unstarted(result: Result, console: Console) -> None:
    """Why there is nothing to tell."""
    for problem in result.problems:
        console.print(problem, highlight=False, markup=False, soft_wrap=True)
    for line in result.tail.strip().splitlines()[-10:]:
        console.print(f"    {line}", highlight=False, markup=False, soft_wrap=True)
    if result.stopped == "no worker" and "made" not in result.options.origin:
        console.print('install it with:  pip install "keras-harness[tensorflow-cpu]"', highlight=False, markup=False)
    if result.plan is not None:
        console.print(_drawn(result.plan.coverage), highlight=False)
    console.print(f"\n[bold]{escape(verdict_line(result))}[/]", highlight=False)


def _drawn(coverage: Coverage) -> str:
    """How many of each kind of thing the models held, in one line."""
    kinds = reach_of_kinds(coverage)
    return "drawn: " + ", ".join(
        f"{each['drawn']} of {each['public']} {name}" for name, each in kinds.items() if each["public"]
    )


def _table(result: Result) -> Table:
    """By route: models sent, layers that came through in one of them, and the layers of which something was broken."""
    table = Table(title="promises by route and layer", header_style="bold")
    table.add_column("route", no_wrap=True)
    for column in ("models", "layers\nthrough"):
        table.add_column(column, justify="right")
    table.add_column("broken of (times)", overflow="fold")
    sent = {"build": result.examples, **result.route_examples}
    for route, models in sent.items():
        through = len({layer for layer, arrived in result.arrived if arrived == route and layer.count(".") == 1})
        broken = sorted(
            (layer or "no one layer", times) for (layer, at), times in result.failed_by.items() if at == route
        )
        cell = ", ".join(f"{layer} {times}" for layer, times in broken)
        table.add_row(route, str(models), str(through or "·"), escape(cell or "·"))
    return table


def _print_unsent(result: Result, console: Console) -> None:
    """The models that were not sent along a route, by what they lacked."""
    for fact in dict.fromkeys(fact for _, fact in result.unsent):
        routes = ", ".join(f"{route} {models}" for (route, lacking), models in result.unsent.items() if lacking == fact)
        console.print(f"not sent: {routes}: {LACKING.get(fact, fact)}", highlight=False, style="dim")


def _print_awaited(result: Result, console: Console) -> None:
    """What is waited for no longer, and, in a line, what could have shown and did not."""
    for entry in result.awaited.expired:
        shows = "shows still" if entry.id in result.options.known.seen else "did not show"
        console.print(
            f"[red]expired:[/] the known issue {escape(entry.id)} was waited for until {entry.expires} and {shows}:"
            f" mend it, take it out or give it another date (family {escape(entry.family)})",
            highlight=False, soft_wrap=True,
        )  # fmt: skip
    unseen = [entry.id for entry in result.not_seen]
    if unseen:
        more = f" and {len(unseen) - MOST} more in report.json" if len(unseen) > MOST else ""
        command = verifying(result.not_seen[0], result.options.origin.get("asked"))
        console.print(
            f"{_number(len(unseen), 'known issue')} not seen, though models that could show it were sent:"
            f" {escape(', '.join(unseen[:MOST]))}{more}; whether one is stale:  {escape(command)}",
            highlight=False, soft_wrap=True,
        )  # fmt: skip


def _print_known(known: Sequence[Finding], console: Console) -> None:
    """Each issue once, with its reason cut to a line, and what it was seen in."""
    seen: dict[str, list[Finding]] = {}
    for finding in known:
        seen.setdefault(str((finding.known_issue or {}).get("id")), []).append(finding)
    for issue, findings in seen.items():
        checks = ", ".join(dict.fromkeys(each.check for each in findings))
        console.print(f"  [bold]{escape(issue)}[/]  {escape(checks)}", highlight=False, soft_wrap=True)
        reason = str((findings[0].known_issue or {}).get("reason"))
        console.print(f"    {escape(textwrap.shorten(reason, console.width - 5, placeholder=' …'))}", highlight=False)


def _print_replayed(result: Result, console: Console) -> None:
    """A line for each finding of earlier checks that was tried first, and one for all that are waited for by now."""
    for each in result.replayed.values():
        found = each.recording
        if each.status == KNOWN:
            continue
        what = f" {found.finding.check}: {found.finding.title}" if found else ""
        since = f" (found under Keras {found.environment['keras']}, seed {found.seed})" if found else ""
        why = f": {each.reason}" if each.reason else ""
        line = escape(f"{each.status.upper():8} {each.id}{what}{since}{why}")
        console.print(f"[bold]{line}[/]" if each.status == FAILED else line, highlight=False, soft_wrap=True)
    known = [each.id for each in result.replayed.values() if each.status == KNOWN]
    if known:
        console.print(f"{KNOWN.upper():8} {', '.join(known)}: found before, and known issues now", highlight=False)


def _print_finding(finding: Finding, console: Console, *, before: bool) -> None:
    console.rule(f"{finding.id}  {finding.check}{'  (found before)' if before else ''}", align="left")
    console.print(f"[bold]{escape(printable(finding.title))}[/]", highlight=False)
    console.print(escape(printable_lines(finding_text(finding)).partition("\n")[2]), highlight=False, soft_wrap=True)


def _number(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def verdict_line(result: Result) -> str:
    """What it comes to, in one line."""
    new = sum(finding.status == "new" for finding in result.findings.values())
    known = len(result.findings) - new
    reached = 0 if result.plan is None else len(result.plan.coverage.layers)
    trips = sum(result.route_examples.values())
    counts = (
        f"{_number(result.examples, 'model')}, {_number(reached, 'layer')}, {_number(trips, 'round trip')}"
        f" in {result.seconds:.0f} s (seed {result.options.seed})"
    )
    stopped = f"; stopped: {result.stopped}" if result.stopped else ""
    if result.verdict == "fail" and not new:
        expired = len(result.awaited.expired)
        return f"FAIL: {_number(expired, 'known issue')} expired (no new findings, {known} known); {counts}{stopped}"
    if result.verdict == "fail":
        return f"FAIL: {_number(new, 'new finding')} ({known} known); {counts}{stopped}"
    if result.verdict == "error":
        return f"COULD NOT MEASURE: {result.unmeasured[0]}; {counts}{stopped}"
    return f"PASS: no new findings ({known} known); {counts}{stopped}"


def print_reach(found: dict[str, Any], console: Console) -> None:
    """Layers and arguments: drawn, left out with a reason, not reached."""
    table = Table(title=f"what is drawn of Keras {found['keras']}", header_style="bold")
    for column in ("layer", "arguments drawn (values)", "not drawn"):
        table.add_column(column, overflow="fold")
    for name, each in found["layers"].items():
        arguments = ", ".join(f"{argument} {count}" for argument, count in each["arguments"].items())
        missing = [f"{argument}: {why}" for argument, why in each["arguments left out"].items()]
        missing += [f"{argument}: not reached" for argument in each["arguments not reached"]]
        if each["excluded"]:
            table.add_row(f"[dim]{name}[/]", "", escape(each["excluded"]))
        else:
            table.add_row(name if each["examples"] else f"[red]{name}[/]", arguments, escape("; ".join(missing)))
    console.print(table)
    print_kinds(found["kinds"], console)
    _print_operations(found["operations"], console)
    console.print(f"routes: {', '.join(found['routes'])}", highlight=False)
    _print_topologies(found["topologies"], console)
    print_applications(found, console)
    counts = totals(found)
    console.print(
        f"[bold]{counts['layers drawn']} of {counts['layers']} layers and {counts['arguments drawn']} of"
        f" {counts['arguments']} arguments ({counts['arguments drawn'] / max(1, counts['arguments']):.1%})"
        f" and {counts['topologies drawn']} of {counts['topologies']} topologies drawn[/]",
        highlight=False,
    )


def print_kinds(kinds: dict[str, Any], console: Console) -> None:
    """Losses, optimizers and so on: how many are public and drawn, and what is not, with the reason if there is one."""
    table = Table(header_style="bold")
    table.add_column("kind", no_wrap=True)
    for column in ("drawn", "arguments\ndrawn"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("not drawn", overflow="fold")
    for name, each in kinds.items():
        missing = [
            f"[red]{escape(what)}: not reached[/]" for what in each["not reached"] + each["arguments not reached"]
        ]
        missing += [escape(f"{what}: {why}") for what, why in each["left out"].items()]
        table.add_row(
            name,
            f"{each['drawn']} of {each['public']}",
            f"{each['arguments drawn']} of {each['arguments']}" if each["arguments"] else "·",
            "\n".join(missing),
        )
    console.print(table)


def _print_topologies(found: dict[str, Any], console: Console) -> None:
    """In how many of a few draws each was seen; what this Keras cannot have with the reason."""
    drawn = [f"{name} {each['examples']}" for name, each in found.items() if not each["excluded"]]
    console.print(f"topologies (models that had it): {escape(', '.join(drawn))}", highlight=False)
    for name, each in found.items():
        if each["excluded"]:
            console.print(f"[dim]{escape(name)}[/]: {escape(each['excluded'])}", highlight=False)


def print_applications(found: dict[str, Any], console: Console) -> None:
    """The models of keras.applications, by the profiles that run them, and those that none does."""
    by_profiles: dict[str, list[str]] = {}
    for name, profiles in found["applications"].items():
        by_profiles.setdefault(", ".join(profiles) or "no profile", []).append(name)
    for profiles, names in by_profiles.items():
        console.print(f"keras.applications, run by {profiles}: {', '.join(names)}", highlight=False)
    if found["applications not reached"]:
        names = found["applications not reached"]
        console.print(f"[red]keras.applications, not reached:[/] {', '.join(names)}", highlight=False)


def _print_operations(found: dict[str, Any], console: Console) -> None:
    """One line of figures, and what is left out by reason."""
    drawn = f"{len(found['drawn'])} of {found['functions']} public keras.ops functions"
    console.print(f"operations: {drawn}, {len(found['operators'])} operators", highlight=False)
    groups = {**found["left out"], **({"not reached": found["not reached"]} if found["not reached"] else {})}
    for why, names in groups.items():
        short = ", ".join(name.removeprefix("ops.") for name in names)
        console.print(escape(f"  {why}: {short}"), highlight=False)


class _Console(Console):
    """One whose reader may go away, as in `| head`: an error like any other of the pipe."""

    def on_broken_pipe(self) -> None:
        """Raises BrokenPipeError: Rich would end the process with 1, which says that Keras broke a promise."""
        try:
            super().on_broken_pipe()
        except SystemExit:
            raise BrokenPipeError from None


def make_console() -> Console:
    """Standard output; wide enough for a table where it is not a terminal."""
    return _Console(width=None if sys.stdout.isatty() else 140)
