"""JUnit XML: a test case for each route, for each finding, and for whatever could not be measured.

Who reads it sees no exit code: a run that measured nothing, or did not come to its end, must not be a file without an
error. What was drawn may hold characters that XML has no form for: they are escaped, or no parser takes the file.
"""

from __future__ import annotations

from xml.etree import ElementTree

from harness.check.recordings import FIXED
from harness.check.result import Result
from harness.reporting.printable import printable, printable_lines
from harness.reporting.text import finding_text


def text(result: Result) -> str:
    """The file."""
    suite = ElementTree.Element("testsuite", name="keras-harness check", time=f"{result.seconds:.2f}")
    for route, examples in sorted(result.route_examples.items()):
        _case(suite, "route", f"{route} ({examples} examples)")
    for finding in result.findings.values():
        case = _case(suite, finding.check, f"{finding.id} {', '.join(finding.layers)}")
        if finding.status == "new":
            _say(case, "failure", finding.title).text = printable_lines(finding_text(finding))
        else:
            _say(case, "skipped", str((finding.known_issue or {}).get("reason", "")))
    for each in result.replayed.values():
        if each.status == FIXED and each.recording is not None:
            found = each.recording.finding
            _case(suite, found.check, f"{each.id} {', '.join(found.layers)} is fixed")
    for entry in result.awaited.expired:
        message = f"it was waited for until {entry.expires}: {entry.reason}"
        _say(_case(suite, "known issue", entry.id), "failure", message)
    stopped = f"; stopped: {result.stopped}" if result.stopped else ""
    for problem in result.unmeasured:
        _say(_case(suite, "harness", "measured"), "error", problem + stopped)
    suite.set("tests", str(len(suite)))
    for count, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(count, str(len(suite.findall(f"testcase/{kind}"))))
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(suite, encoding="unicode") + "\n"


def _case(suite: ElementTree.Element, of: str, name: str) -> ElementTree.Element:
    return ElementTree.SubElement(suite, "testcase", classname=printable(of), name=printable(name))


def _say(case: ElementTree.Element, kind: str, message: str) -> ElementTree.Element:
    return ElementTree.SubElement(case, kind, message=printable(message))
