"""What was found before is sent again: which recordings a check is about, and what an answer says of one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from harness.architectures.topologies import TOPOLOGIES
from harness.check.losses import lost_finding
from harness.check.plan import Plan
from harness.check.recordings import FAILED, FIXED, KNOWN, SKIPPED, Recording, Replayed
from harness.check.result import Options, Result
from harness.dispatch.pool import Answer
from harness.expectations.finding import Finding
from harness.expectations.judge import judge
from harness.expectations.table import parse
from harness.protocol.architecture import layer_calls

Table = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Outcome:
    """What came of one, and all findings that its model made this time."""

    replayed: Replayed
    findings: tuple[Finding, ...] = ()


def chosen(found: Iterable[Recording], options: Options, plan: Plan, table: Table) -> Iterator[tuple[Recording, str]]:
    """Those that this check is about, each with the route to send it along: one of those it showed on."""
    for recording in found:
        route = _route(recording.finding, table)
        if route is not None and _asked_for(recording.finding, options, plan):
            yield recording, route


def _route(finding: Finding, table: Table) -> str | None:
    everything = parse()
    for route in finding.routes:
        if route in table:
            return route
        if route not in everything:  # what shows before any journey shows where it is looked at
            looked_at, all_there_is = ({name for row in each.values() for name in row} for each in (table, everything))
            return route if finding.observation in looked_at or finding.observation not in all_there_is else None
    return None


def _asked_for(finding: Finding, options: Options, plan: Plan) -> bool:
    if not (options.layers or options.topologies):
        return True
    architecture = finding.architecture
    assert architecture is not None
    wanted = {plan.rules[name].public for name in options.layers if name in plan.rules}
    return bool(wanted & {call.name for call in layer_calls(architecture)}) or any(
        each.seen(architecture) for each in TOPOLOGIES if each.name in options.topologies
    )


def outcome(recording: Recording, route: str, answer: Answer, table: Table) -> Outcome:
    """What an answer says of a recording; fixed is only what came as far as it did before, and came through."""
    finding = recording.finding

    def skipped(why: str, *findings: Finding) -> Outcome:
        return Outcome(Replayed(finding.id, SKIPPED, recording, why), findings)

    assert finding.architecture is not None
    if "fault" in answer.reply:
        return skipped(f"the harness failed: {answer.reply['fault']['message']}")
    try:
        if answer.lost is not None:
            found = [lost_finding(finding.architecture, answer.lost)]
        else:
            found = judge(finding.architecture, answer.reply, answer.blobs, table)
    except Exception as error:  # a file that was changed by hand can hold anything
        return skipped(f"the answer could not be judged: {type(error).__name__}: {error}")
    same = [each for each in found if each.signature == finding.signature]
    if same:
        return Outcome(Replayed(finding.id, FAILED, recording), tuple(found))
    if answer.lost is not None or "error" in answer.reply["build"]:
        # Of another release it may ask for what there is not: that is no finding.
        return skipped(f"it does not come as far: {found[0].title}")
    for each in found:
        if each.kind == "error" or f"{route}/{finding.observation}" in each.consequences:
            return skipped(f"it does not come as far: {each.title}", *found)
    if route in table and route not in answer.reply["routes"]:
        return skipped(f"its model is not sent along {route}", *found)
    return Outcome(Replayed(finding.id, FIXED, recording), tuple(found))


def settle(result: Result) -> None:
    """What showed after all, in a model that was drawn, is not fixed; what is waited for by now is no failure."""
    for each in list(result.replayed.values()):
        shown = result.findings.get(each.id)
        if each.recording is not None and shown is not None:
            status = FAILED if shown.status == "new" else KNOWN
            result.replayed[each.id] = Replayed(each.id, status, each.recording)
