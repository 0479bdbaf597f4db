"""report.json and JUnit XML of a gate."""

from __future__ import annotations

from typing import Any

from harness.expectations.compare import clipped
from harness.expectations.finding import Finding
from harness.gate.accepted import unneeded
from harness.gate.models import NOT_TRIED
from harness.gate.result import Result, kind
from harness.reporting.gate_text import cause_lines, model_lines, verdict_line
from harness.reporting.json_report import SCHEMA_VERSION
from harness.reporting.junit_suite import Suite
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
    """A test case for each layer, route and direction, one for each finding, and for what could not be measured."""
    suite = Suite(command, result.seconds)
    for layer, routes in sorted(result.compatibility.items()):
        for name, (passed, failed) in sorted(routes.items()):
            case = suite.case(name, layer)
            if failed and not passed:
                suite.say(case, "skipped", f"{failed} models did not pass: see the findings")
    for finding in result.findings.values():
        case = suite.case(f"{kind(finding)} {finding.check}", f"{finding.id} {', '.join(finding.layers)}")
        if finding in result.failing():
            told = "\n".join([finding_text(finding), *cause_lines(result.cause(finding))])
            suite.say(case, "failure", finding.title, told)
    for model in result.models:
        case = suite.case("model", model.file)
        if model in result.failing_models():
            told = "\n".join(model_lines(model)).strip()
            suite.say(case, "failure", clipped(f"{model.verdict}: {model.why}", 500), told)
        elif model.verdict == NOT_TRIED or model.known_issue is not None:
            suite.say(case, "skipped", clipped(model.why, 500))
    suite.unmeasured(result.unmeasured)
    return suite.xml(message or verdict_line(result))
