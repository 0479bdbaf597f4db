"""Writes the scripts of a gate's findings, and runs them before anybody else does: each half in its release.

All first halves are run before all second ones, and many in one process of their release: to start a TensorFlow takes
longer than ten of them.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from harness.check.batch import Script, run_scripts
from harness.dispatch.scratch import Scratch
from harness.expectations.compare import clipped
from harness.expectations.finding import Finding, normalised
from harness.expectations.scripts import SHOWS, script_of
from harness.expectations.scripts.halves import halves_of
from harness.gate.status import BACK, REGRESSION

AT_ONCE = 40  # scripts in one process at most


@dataclass(frozen=True)
class Place:
    """Where scripts of one side run; `stated` is its environment as reports have it."""

    interpreter: str
    stated: Mapping[str, Any]
    variables: Mapping[str, str] = field(default_factory=dict)


def scripted(finding: Finding, baseline: Mapping[str, Any], candidate: Mapping[str, Any]) -> Finding:
    """The finding with its script: two halves where a file went between the releases, one where it broke in one."""
    if finding.direction:
        saver, loader = (candidate, baseline) if finding.direction == BACK else (baseline, candidate)
        halves = halves_of(finding, saver, loader)
        if halves is None:
            return finding
        return replace(finding, script=halves.load, script_before=halves.save)
    if finding.status != REGRESSION:
        return finding
    module = str(candidate.get("module", "keras"))
    return replace(finding, script=script_of(finding, str(candidate["keras"]), module))


def proven(
    findings: Iterable[Finding], baseline: Place, candidate: Place, scratch: Scratch, *, limit: float
) -> list[Finding]:
    """The findings with their scripts, each run: whether it shows, and why not where it does not.

    All first halves have `limit` seconds together, and all second ones.
    """
    told = [scripted(each, baseline.stated, candidate.stated) for each in findings]
    folders = [scratch.folder("script") for _ in told]
    first = [
        (place, number, Script(each.script_before, folders[number]))
        for number, each in enumerate(told)
        if each.script_before
        for place in ((candidate if each.direction == BACK else baseline),)
    ]
    saved = _answers(first, limit)
    then = []
    for number, each in enumerate(told):
        if not each.script:
            continue
        answer = saved.get(number, {"ended": True})
        if not answer.get("ended"):
            problem = f"its first half failed: {answer.get('error', 'it ended too early')}"
            told[number] = replace(each, script_shows=None, script_problem=clipped(problem, 300))
            continue
        then.append((baseline if each.direction == BACK else candidate, number, Script(each.script, folders[number])))
    for number, answer in _answers(then, limit).items():
        told[number] = _told(told[number], answer)
    return told


def _answers(scripts: list[tuple[Place, int, Script]], limit: float) -> dict[int, dict[str, Any]]:
    """What came of scripts, by number; two processes at a time, for one side may have many and the other none."""
    found: dict[int, dict[str, Any]] = {}
    end = time.monotonic() + limit

    def run(share: Sequence[tuple[Place, int, Script]]) -> None:
        place = share[0][0]
        left = end - time.monotonic()
        told = run_scripts([each for *_, each in share], place.interpreter, variables=place.variables, limit=left)
        found.update({number: answer for (_, number, _), answer in zip(share, told, strict=True)})

    shares = []
    for place in {id(place): place for place, _, _ in scripts}.values():
        mine = [each for each in scripts if each[0] is place]
        parts = -(-len(mine) // AT_ONCE)
        shares += [mine[number::parts] for number in range(parts)]
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(run, sorted(shares, key=len, reverse=True)))
    return found


def _told(finding: Finding, answer: Mapping[str, Any]) -> Finding:
    """The finding with what its script did when it was run."""
    if answer.get("shows"):
        if finding.error is not None:
            raised = str(answer.get("said", "")).partition(f"raised: {finding.error['type']}: ")[2].rpartition(SHOWS)[0]
            seen, wanted = (normalised(text.strip())[:160] for text in (raised, str(finding.error["message"])))
            if raised and seen != wanted:
                problem = f"it raises another {finding.error['type']}: {seen}"
                return replace(finding, script_shows=False, script_problem=problem)
        return replace(finding, script_shows=True, script_problem="")
    if answer.get("ended") or answer.get("shows") is False:
        return replace(finding, script_shows=False, script_problem="it exits 0")
    return replace(finding, script_shows=None, script_problem=clipped(f"it failed itself: {answer.get('error')}", 300))
