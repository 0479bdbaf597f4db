"""Inspected files as SARIF 2.1.0, which code scanning services read."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import quote

from harness import __version__
from harness.inspection.report import Finding, Report
from harness.inspection.rules import RULES, SECURITY, Rule
from harness.reporting.inspection_report import fingerprint
from harness.reporting.printable import printable

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
WEAKNESS = "https://cwe.mitre.org/data/definitions/{}.html"
SAVING = "https://keras.io/guides/serialization_and_saving/"  # where a rule is about no weakness that has a number
LEVELS = {"critical": "error", "high": "error", "medium": "error", "low": "warning", "note": "note"}


def log(reports: Sequence[Report], root: Path) -> dict[str, Any]:
    """The whole log; paths below `root` are relative to it."""
    names = list(RULES)
    results = [_result(report, finding, names, root) for report in reports for finding in report.findings]
    failed = [report for report in reports if report.error]
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "keras-harness",
                        "version": __version__,
                        "rules": [_rule(rule) for rule in RULES.values()],
                    }
                },
                "invocations": [
                    {
                        "executionSuccessful": not failed,
                        "toolExecutionNotifications": [
                            {"level": "error", "message": {"text": _text(f"{each.file}: {each.error}")}}
                            for each in failed
                        ],
                    }
                ],
                "columnKind": "unicodeCodePoints",
                "results": results,
            }
        ],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    tags = ["security"] if rule.verdict in ("unsafe", "bomb") else ["correctness"]
    return {
        "id": rule.id,
        "name": "".join(part.capitalize() for part in rule.id.split("-")),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": f"{rule.why}\n\n{rule.do}"},
        "helpUri": WEAKNESS.format(rule.cwe.rpartition("-")[2]) if rule.cwe else SAVING,
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
        "properties": {
            "security-severity": SECURITY[rule.severity],
            "verdict": rule.verdict or "note",
            "tags": [*tags, *([rule.cwe] if rule.cwe else []), *rule.cve],
        },
    }


def _result(report: Report, finding: Finding, names: list[str], root: Path) -> dict[str, Any]:
    rule = finding.about
    result: dict[str, Any] = {
        "ruleId": rule.id,
        "ruleIndex": names.index(rule.id),
        "level": LEVELS[rule.severity],
        "message": {"text": _text(f"{rule.title}: {finding.what}. {rule.do}")},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": _uri(report.file, root)}},
                "logicalLocations": [{"fullyQualifiedName": printable(finding.where) or "/", "kind": "object"}],
            }
        ],
        "partialFingerprints": {"kerasHarness/v1": fingerprint(report, finding)},
    }
    if finding.suppressed:
        result["suppressions"] = [{"kind": "external", "justification": finding.suppressed}]
    return result


def _text(text: str) -> str:
    """What a viewer shows: nothing of a stranger's turns the line round in it, or is a link to where he likes."""
    text = printable(text)
    return re.sub(r"([\\\[\]])", r"\\\1", text) if "](" in text else text


def _uri(file: str, root: Path) -> str:
    """Relative, with slashes, and with everything that is not plain in an address encoded; an address as it is."""
    if "://" in file:
        return quote(file, safe=":/?#[]@!$&'()*+,;=%~")
    relative = PurePath(os.path.relpath(file, root)).as_posix()
    return quote(relative.encode("utf-8", "surrogateescape"))
