"""Runs the script of a finding before anybody else does, and says whether it shows the fault.

An exit code of 1 is also what Python ends with when a script fails: a fault is shown only where the script has said so.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

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
    script = script_of(finding, str(environment.get("keras", "3")), str(environment.get("module", "keras")))
    return replace(finding, script=script, script_shows=None, script_problem="")


def proven(
    findings: Iterable[Finding],
    interpreter: str | None,
    folder: Path,
    *,
    budget: float = BUDGET,
    at_a_time: int = AT_A_TIME,
    variables: Mapping[str, str] | None = None,
) -> Iterator[Finding]:
    """The findings, each with what its script does when it is run in a folder below `folder`; in their order."""
    end = time.monotonic() + budget
    running: set[subprocess.Popen[str]] = set()

    def one(finding: Finding) -> Finding:
        left = end - time.monotonic()
        if left < 1:
            return replace(finding, script_problem="it was not run: there was no time left for it")
        proof = prove(finding, interpreter, folder, limit=min(LIMIT, left), running=running, variables=variables)
        return replace(finding, script_shows=proof.shows, script_problem=proof.problem)

    threads = ThreadPoolExecutor(max(1, min(at_a_time, AT_A_TIME)))
    try:
        yield from threads.map(one, findings)
    finally:
        # Where it was interrupted: the threads end with what they wait for.
        threads.shutdown(wait=False, cancel_futures=True)
        for process in list(running):
            _kill(process)


def prove(
    finding: Finding,
    interpreter: str | None,
    folder: Path,
    *,
    limit: float = LIMIT,
    running: set[subprocess.Popen[str]] | None = None,
    variables: Mapping[str, str] | None = None,
) -> Proof:
    """Runs the script of a finding, and holds an error that it shows against that of the finding."""
    if not finding.script:
        return Proof(None, "there is none: the finding has no model")
    proof = run_script(finding.script, interpreter, folder, limit=limit, running=running, variables=variables)
    if proof.shows and finding.error is not None and finding.observation != "worker":
        return _same_error(finding, proof)
    return proof


def run_script(
    script: str,
    interpreter: str | None,
    folder: Path,
    *,
    limit: float = LIMIT,
    running: set[subprocess.Popen[str]] | None = None,
    variables: Mapping[str, str] | None = None,
) -> Proof:
    """What a script says that is run in a process, and a folder below `folder`, of its own."""
    with tempfile.TemporaryDirectory(prefix="script-", dir=folder, ignore_cleanup_errors=True) as place:
        path = Path(place) / "fault.py"
        path.write_text(script, encoding="utf-8")
        try:
            process = subprocess.Popen(
                [interpreter or sys.executable, str(path)],
                cwd=place, env={**_environment(), **(variables or {})}, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", errors="replace",
                start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            return Proof(None, f"it could not be started: {error}")
        known = running if running is not None else set()
        known.add(process)
        try:
            printed, errors = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            return Proof(None, f"it did not end within {limit:.0f} s")
        finally:
            _kill(process)
            known.discard(process)
    told = printed + _last_words(errors)
    said = [line.strip() for line in told.splitlines()]
    if process.returncode == 1 and SHOWS in said:
        return Proof(True, "", told)
    if process.returncode == 0 and SHOWS_NOT in said:
        return Proof(False, "it exits 0", printed)
    last = (errors.strip().splitlines() or [f"it ended with code {process.returncode}"])[-1]
    return Proof(None, f"it failed itself: {last[:200]}", printed + errors)


def _last_words(errors: str) -> str:
    """What a script says that ends with `SystemExit("...")`: it stands on standard error, behind TensorFlow's logs."""
    lines = errors.splitlines()
    first = next((n for n, line in enumerate(lines) if line.startswith("raised: ") or line.strip() == SHOWS), None)
    return "" if first is None else "\n".join(lines[first:]) + "\n"


def _kill(process: subprocess.Popen[str]) -> None:
    """Ends a script with all that it has started."""
    with contextlib.suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _environment() -> dict[str, str]:
    """What a script is started with: nothing of the driver's Python, TensorFlow quiet."""
    kept = {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV", "COVERAGE"))
    }
    return {**kept, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "utf-8"}


def _same_error(finding: Finding, proof: Proof) -> Proof:
    """An error of the same type may be another one: what was raised must read as the finding does."""
    assert finding.error is not None
    raised = proof.output.partition(f"raised: {finding.error['type']}: ")[2].rpartition(SHOWS)[0]
    seen, wanted = (normalised(text.strip())[:160] for text in (raised, str(finding.error["message"])))
    if seen == wanted or not raised:
        return proof
    return Proof(False, f"it raises another {finding.error['type']}: {seen}", proof.output)
