"""Inspected files as report.json and as JUnit XML."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree

from harness.inspection.report import Finding, Report
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


def junit(reports: Sequence[Report], failing: Sequence[Report], seconds: float) -> str:
    """JUnit XML: a test case for each file."""
    suite = ElementTree.Element("testsuite", name="keras-harness validate", time=f"{seconds:.3f}")
    failures = errors = 0
    for report in reports:
        name = printable(report.file)
        case = ElementTree.SubElement(
            suite, "testcase", classname=report.format, name=name, time=f"{report.seconds:.3f}"
        )
        text = "\n".join(
            printable(f"{each.rule} at {each.where}: {each.what}") for each in report.findings if not each.suppressed
        )
        if report.verdict == "error":
            errors += 1
            ElementTree.SubElement(case, "error", message=printable(report.error))
        elif report in failing:
            failures += 1
            ElementTree.SubElement(case, "failure", message=report.verdict).text = text
        elif report.verdict != "ok":
            ElementTree.SubElement(case, "skipped", message=report.verdict)
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(failures))
    suite.set("errors", str(errors))
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(suite, encoding="unicode") + "\n"
