"""Whether known issues still show: runs the script of each under the Keras at hand.

An entry whose script shows nothing any more is stale: Keras was mended, or the entry was wrong from the start.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.check.batch import Script, run_scripts
from harness.environments.environment import Environment
from harness.expectations.known import KnownIssue

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
    scripts = [Script(issue.script) for issue in scripted]
    answers = run_scripts(scripts, environment.interpreter, variables=environment.variables, limit=LIMIT)
    found = {issue.id: _state(issue, answer) for issue, answer in zip(scripted, answers, strict=True)}
    return [found.get(issue.id) or Confirmation(issue, "no script") for issue in issues]


def _state(issue: KnownIssue, answer: dict[str, object]) -> Confirmation:
    if "error" in answer:
        return Confirmation(issue, "broken", str(answer["error"]), float(str(answer["seconds"])))
    return Confirmation(issue, "shows" if answer["shows"] else "stale", "", float(str(answer["seconds"])))
