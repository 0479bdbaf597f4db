"""JUnit XML of a check: a test case for each route, for each finding, and for whatever could not be measured."""

from __future__ import annotations

from harness.check.recordings import FIXED
from harness.check.result import Result
from harness.reporting.junit_suite import Suite
from harness.reporting.text import finding_text


def text(result: Result) -> str:
    """The file."""
    suite = Suite("check", result.seconds)
    for route, examples in sorted(result.route_examples.items()):
        suite.case("route", f"{route} ({examples} examples)")
    for finding in result.findings.values():
        case = suite.case(finding.check, f"{finding.id} {', '.join(finding.layers)}")
        if finding.status == "new":
            suite.say(case, "failure", finding.title, finding_text(finding))
        else:
            suite.say(case, "skipped", str((finding.known_issue or {}).get("reason", "")))
    for each in result.replayed.values():
        if each.status == FIXED and each.recording is not None:
            found = each.recording.finding
            suite.case(found.check, f"{each.id} {', '.join(found.layers)} is fixed")
    for entry in result.awaited.expired:
        message = f"it was waited for until {entry.expires}: {entry.reason}"
        suite.say(suite.case("known issue", entry.id), "failure", message)
    stopped = f"; stopped: {result.stopped}" if result.stopped else ""
    suite.unmeasured(problem + stopped for problem in result.unmeasured)
    return suite.xml()
