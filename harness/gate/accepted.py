"""Differences that the user has accepted in a known-issues file: each until its date, and named where it has not shown.

A model of the user's is accepted by an entry that says so: its check is ``model/`` and the verdict (``model/breaks``,
``model/different``), `where` is looked for in the path of the file, and `error` in what the candidate said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.expectations.finding import Finding
from harness.expectations.known import KnownIssues
from harness.gate.models import ModelVerdict


def issue_of(finding: Finding, known: KnownIssues, environment: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The entry that accepts a finding under an environment; None where there is none, or its date has come."""
    issue = known.marked(replace(finding, status="new"), environment).known_issue
    return None if issue is None or "expired" in issue else issue


def accepted(model: ModelVerdict, known: KnownIssues, environment: Mapping[str, Any]) -> ModelVerdict:
    """The verdict, with the entry that accepts it where there is one."""
    meant = tuple(each for each in known.entries if any(pattern.checks for pattern in each.patterns))
    finding = Finding(
        model.verdict, "model", (model.file,), ("model",), model.why, model.file, error=model.candidate.error
    )
    return replace(model, known_issue=issue_of(finding, replace(known, entries=meant), environment))


def unneeded(known: KnownIssues, environment: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The entries about this Keras that accept nothing: those that are `expired`, and those that were `not_seen`."""
    here = [each for each in known.entries if each.about_keras(str(environment.get("keras", "0")))]
    return {
        "expired": [
            {"id": each.id, "expires": each.expires, "shows": each.id in known.seen} for each in here if each.expired
        ],
        "not_seen": [{"id": each.id} for each in here if not each.expired and each.id not in known.seen],
    }
