"""Runs the script of a finding before anybody else does, and says whether it shows the fault.

An exit code of 1 is also what Python ends with when a script fails: a fault is shown only where the script has said so.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.dispatch.worker import worker_environment
from harness.expectations.finding import Finding, normalised
from harness.expectations.scripts import SHOWS, SHOWS_NOT, script_of

LIMIT = 60.0  # seconds for one script: most of them start TensorFlow, and little more
BUDGET = 120.0  # seconds for all of them
AT_A_TIME = 2


@dataclass(frozen=True)
class Proof:
    """Whether a script shows its fault (None: it could not be told), why not, and what it printed."""

    shows: bool | None
    problem: str = ""
    output: str = ""


def scripted(finding: Finding, environment: Mapping[str, Any]) -> Finding:
    """The finding with its script, for the Keras of this environment."""
    return replace(
        finding, script=script_of(finding, str(environment.get("keras", "3"))), script_shows=None, script_problem=""
    )


def proven(
    findings: Iterable[Finding], interpreter: str | None, *, budget: float = BUDGET, at_a_time: int = AT_A_TIME
) -> Iterable[Finding]:
    """The findings, each with what its script does when it is run; in their order, as they are done."""
    end = time.monotonic() + budget

    def one(finding: Finding) -> Finding:
        left = end - time.monotonic()
        if left < 1:
            return replace(finding, script_problem="it was not run: there was no time left for it")
        proof = prove(finding, interpreter, limit=min(LIMIT, left))
        return replace(finding, script_shows=proof.shows, script_problem=proof.problem)

    with ThreadPoolExecutor(max(1, at_a_time)) as threads:
        yield from threads.map(one, findings)


def prove(finding: Finding, interpreter: str | None = None, *, limit: float = LIMIT) -> Proof:
    """Runs the script of a finding in a process and a folder of its own."""
    if not finding.script:
        return Proof(None, "there is none: the finding has no model")
    proof = run_script(finding.script, interpreter, limit=limit)
    if proof.shows and finding.error is not None:
        return _same_error(finding, proof)
    return proof


def run_script(script: str, interpreter: str | None = None, *, limit: float = LIMIT) -> Proof:
    """What a script says, of which nothing is known but its text."""
    with tempfile.TemporaryDirectory(prefix="keras-harness-") as folder:
        path = Path(folder) / "fault.py"
        path.write_text(script, encoding="utf-8")
        try:
            done = subprocess.run(
                [interpreter or sys.executable, str(path)],
                cwd=folder, env=worker_environment(), capture_output=True, encoding="utf-8", errors="replace",
                timeout=limit, check=False, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return Proof(None, f"it did not end within {limit:.0f} s")
        except OSError as error:
            return Proof(None, f"it could not be started: {error}")
    said = [line.strip() for line in done.stdout.splitlines()]
    if done.returncode == 1 and SHOWS in said:
        return Proof(True, "", done.stdout)
    if done.returncode == 0 and SHOWS_NOT in said:
        return Proof(False, "it exits 0", done.stdout)
    last = (done.stderr.strip().splitlines() or [f"it ended with code {done.returncode}"])[-1]
    return Proof(None, f"it failed itself: {last[:200]}", done.stdout + done.stderr)


def _same_error(finding: Finding, proof: Proof) -> Proof:
    """An error of the same type may be another one: what was raised must read as the finding does."""
    assert finding.error is not None
    raised = proof.output.partition(f"raised: {finding.error['type']}: ")[2].rpartition(SHOWS)[0]
    seen, wanted = (normalised(text.strip())[:160] for text in (raised, str(finding.error["message"])))
    if seen == wanted or not raised:
        return proof
    return Proof(False, f"it raises another {finding.error['type']}: {seen}", proof.output)



