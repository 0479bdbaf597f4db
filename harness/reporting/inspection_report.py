"""Inspected files as report.json and as JUnit XML."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from harness.inspection.report import Finding, Report
from harness.reporting.junit_suite import Suite
from harness.reporting.printable import printable

SCHEMA_VERSION = 1


def fingerprint(report: Report, finding: Finding) -> str:
    """The same for the same finding in the same file, wherever the file lies."""
    text = "\0".join((report.sha256 or report.file, finding.rule, finding.where))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def report_json(reports: Sequence[Report], verdict: str, seconds: float) -> dict[str, Any]:
    """The shape of every command, with `files`."""
    return {
        "schema_version": SCHEMA_VERSION,
        "command": "validate",
        "verdict": verdict,
        "environments": {},
        "examples": len(reports),
        "seconds": round(seconds, 3),
        "findings": [_finding(report, finding) for report in reports for finding in report.findings],
        "coverage": {},
        "files": [report.to_json() for report in reports],
    }


def _finding(report: Report, finding: Finding) -> dict[str, Any]:
    rule = finding.about
    return {
        "id": fingerprint(report, finding),
        "check": f"validate/{finding.rule}",
        "status": "known" if finding.suppressed else "note" if rule.verdict is None else "new",
        "layers": [],
        "title": rule.title,
        "where": finding.where,
        "expected": None,
        "actual": finding.what,
        "difference": {},
        "error": None,
        "subject": {"file": report.file},
        "script": None,
        "known_issue": {"reason": finding.suppressed} if finding.suppressed else None,
    }


def junit(reports: Sequence[Report], failing: Sequence[Report], seconds: float, unmeasured: str = "") -> str:
    """JUnit XML: a test case for each file, and an error for what was `unmeasured`, if anything was."""
    suite = Suite("validate", seconds)
    for report in reports:
        case = suite.case(report.format, report.file, report.seconds)
        if report.verdict == "error":
            suite.say(case, "error", report.error)
        elif report in failing:
            found = [f"{each.rule} at {each.where}: {each.what}" for each in report.findings if not each.suppressed]
            suite.say(case, "failure", report.verdict, "\n".join(map(printable, found)))
        elif report.verdict != "ok":
            suite.say(case, "skipped", report.verdict)
    suite.unmeasured([unmeasured] if unmeasured else [])
    return suite.xml()
