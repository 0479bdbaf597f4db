"""JUnit XML: a test case for each layer and route, and one for each finding."""

from __future__ import annotations

from xml.etree import ElementTree

from harness.check.recordings import FIXED
from harness.check.result import Result
from harness.reporting.text import finding_text


def text(result: Result) -> str:
    """The file."""
    suite = ElementTree.Element("testsuite", name="keras-harness check", time=f"{result.seconds:.2f}")
    failures = 0
    for route, examples in sorted(result.route_examples.items()):
        ElementTree.SubElement(suite, "testcase", classname="route", name=f"{route} ({examples} examples)")
    for finding in result.findings.values():
        case = ElementTree.SubElement(
            suite, "testcase", classname=finding.check, name=f"{finding.id} {', '.join(finding.layers)}"
        )
        if finding.status == "new":
            failures += 1
            failure = ElementTree.SubElement(case, "failure", message=finding.title)
            failure.text = finding_text(finding)
        else:
            ElementTree.SubElement(case, "skipped", message=str((finding.known_issue or {}).get("reason", "")))
    for each in result.replayed.values():
        if each.status == FIXED and each.recording is not None:
            name = f"{each.id} {', '.join(each.recording.finding.layers)} is fixed"
            ElementTree.SubElement(suite, "testcase", classname=each.recording.finding.check, name=name)
    for entry in result.awaited.expired:
        failures += 1
        case = ElementTree.SubElement(suite, "testcase", classname="known issue", name=entry.id)
        ElementTree.SubElement(case, "failure", message=f"it was waited for until {entry.expires}: {entry.reason}")
    for problem in result.problems:
        failures += 1
        case = ElementTree.SubElement(suite, "testcase", classname="harness", name="measured")
        ElementTree.SubElement(case, "error", message=problem)
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(failures))
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(suite, encoding="unicode") + "\n"
