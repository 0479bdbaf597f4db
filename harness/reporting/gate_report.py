"""report.json and JUnit XML of a gate."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

from harness.expectations.finding import Finding
from harness.gate.accepted import unneeded
from harness.gate.models import NOT_TRIED
from harness.gate.result import Result, kind
from harness.reporting.gate_text import cause_lines, model_lines, verdict_line
from harness.reporting.json_report import SCHEMA_VERSION
from harness.reporting.printable import printable, printable_lines
from harness.reporting.text import finding_text


def report(result: Result) -> dict[str, Any]:
    """The report as plain data, of the shape that every command has."""
    return {
        "schema_version": SCHEMA_VERSION,
        "command": "gate",
        "verdict": result.verdict,
        "seed": result.options.seed,
        "profile": None if result.options.profile is None else result.options.profile.name,
        "environments": result.environments,
        "baseline": result.environments.get("baseline", {}),
        "examples": result.examples,
        "built": result.built,
        "exchanged": result.compared,
        "seconds": round(result.seconds, 2),
        "stopped": result.stopped,
        "problems": result.problems,
        "timings": {
            **{key: round(value, 3) for key, value in result.timings.items()},
            "total": round(result.seconds, 3),
        },
        "findings": [_finding(each, result) for each in result.findings.values()],
        "known_issues": unneeded(result.options.known, result.environments.get("candidate", {})),
        "models": [each.to_json() for each in result.models],
        "compatibility": {
            layer: {name: {"passed": passed, "failed": failed} for name, (passed, failed) in sorted(routes.items())}
            for layer, routes in sorted(result.compatibility.items())
        },
    }


def _finding(finding: Finding, result: Result) -> dict[str, Any]:
    cause = result.cause(finding)
    told = (
        None
        if cause is None
        else {"id": cause.id, "explanation": cause.explanation, "remedy": cause.what_to_do(), "link": cause.link}
    )
    return {**finding.to_json(), "fails": finding in result.failing(), "cause": told}


def junit(result: Result, *, command: str = "gate", message: str = "") -> str:
    """A test case for each layer, route and direction, and one for each finding that fails."""
    suite = ElementTree.Element("testsuite", name=f"keras-harness {command}", time=f"{result.seconds:.2f}")
    failures = 0
    for layer, routes in sorted(result.compatibility.items()):
        for name, (passed, failed) in sorted(routes.items()):
            case = ElementTree.SubElement(suite, "testcase", classname=name, name=layer)
            if failed and not passed:
                ElementTree.SubElement(case, "skipped", message=f"{failed} models did not pass: see the findings")
    for finding in result.findings.values():
        case = ElementTree.SubElement(
            suite,
            "testcase",
            classname=f"{kind(finding)} {finding.check}",
            name=f"{finding.id} {', '.join(finding.layers)}",
        )
        if finding in result.failing():
            failures += 1
            failure = ElementTree.SubElement(case, "failure", message=printable(finding.title))
            failure.text = printable_lines("\n".join([finding_text(finding), *cause_lines(result.cause(finding))]))
    for model in result.models:
        case = ElementTree.SubElement(suite, "testcase", classname="model", name=printable(model.file))
        if model in result.failing_models():
            failures += 1
            failure = ElementTree.SubElement(case, "failure", message=printable(f"{model.verdict}: {model.why}"[:500]))
            failure.text = printable_lines("\n".join(model_lines(model)).strip())
        elif model.verdict == NOT_TRIED or model.known_issue is not None:
            ElementTree.SubElement(case, "skipped", message=printable(model.why[:500]))
    for problem in result.problems:
        failures += 1
        case = ElementTree.SubElement(suite, "testcase", classname="harness", name="measured")
        ElementTree.SubElement(case, "error", message=printable_lines(problem))
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(failures))
    suite.set("message", printable(message or verdict_line(result)))
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(suite, encoding="unicode") + "\n"
