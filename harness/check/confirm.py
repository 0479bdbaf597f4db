"""Whether known issues still show: runs the script of each under the Keras at hand.

An entry whose script shows nothing any more is stale: Keras was mended, or the entry was wrong from the start.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.environments.environment import Environment
from harness.expectations.known import KnownIssue

RUNNER = Path(__file__).resolve().parents[1] / "worker" / "scripts.py"
LIMIT = 1200.0  # seconds for all of them


@dataclass(frozen=True)
class Confirmation:
    """What came of one entry: ``shows``, ``stale``, ``broken`` (its script told nothing) or ``no script``."""

    issue: KnownIssue
    state: str
    detail: str = ""
    seconds: float = 0.0


def confirm(issues: Sequence[KnownIssue], environment: Environment) -> list[Confirmation]:
    """Runs the scripts of these issues in one process; those that it did not come to are ``broken``."""
    scripted = [issue for issue in issues if issue.script]
    answers: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory(prefix="keras-harness-") as folder:
        file = Path(folder) / "scripts.json"
        file.write_text(json.dumps([issue.script for issue in scripted]), encoding="utf-8")
        error = "it was not run"
        try:
            ended = subprocess.run(
                [environment.interpreter, str(RUNNER), str(file)],
                cwd=folder, env={**os.environ, **environment.variables},
                capture_output=True, text=True, errors="replace", timeout=LIMIT, check=False,
            )  # fmt: skip
            if ended.returncode:
                error = f"the process ended with {ended.returncode}: {ended.stderr.strip()[-300:]}"
        except subprocess.TimeoutExpired:
            error = f"not done within {LIMIT:.0f} s"
        out = file.with_suffix(".out")
        if out.exists():
            answers = json.loads(out.read_text(encoding="utf-8"))
    found = {issue.id: _state(issue, answer) for issue, answer in zip(scripted, answers, strict=False)}
    return [
        found.get(issue.id) or Confirmation(issue, *(("broken", error) if issue.script else ("no script", "")))
        for issue in issues
    ]


def _state(issue: KnownIssue, answer: dict[str, object]) -> Confirmation:
    if "error" in answer:
        return Confirmation(issue, "broken", str(answer["error"]), float(str(answer["seconds"])))
    return Confirmation(issue, "shows" if answer["shows"] else "stale", "", float(str(answer["seconds"])))
