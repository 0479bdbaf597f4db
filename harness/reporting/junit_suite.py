"""A test suite of JUnit XML: cases, what is said of them, and how many there are of each kind.

Who reads it sees no exit code: what could not be measured must be an error in it. Names and messages are somebody
else's and may hold characters that XML has no form for: they are escaped, or no parser takes the file.
"""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree import ElementTree

from harness.reporting.printable import printable, printable_lines

Case = ElementTree.Element
COUNTED = (("failures", "failure"), ("errors", "error"), ("skipped", "skipped"))


class Suite:
    """What one command reports."""

    def __init__(self, command: str, seconds: float) -> None:
        self._suite = ElementTree.Element("testsuite", name=f"keras-harness {command}", time=f"{seconds:.3f}")

    def case(self, of: str, name: str, seconds: float | None = None) -> Case:
        """One that passed, as long as nothing is said of it."""
        case = ElementTree.SubElement(self._suite, "testcase", classname=printable(of), name=printable(name))
        if seconds is not None:
            case.set("time", f"{seconds:.3f}")
        return case

    def say(self, case: Case, kind: str, message: str, text: str = "") -> None:
        """That it failed (``failure``, ``error``) or was ``skipped``, and why."""
        ElementTree.SubElement(case, kind, message=printable(message)).text = printable_lines(text) or None

    def unmeasured(self, problems: Iterable[str]) -> None:
        """An error for each."""
        for problem in problems:
            self.say(self.case("harness", "measured"), "error", problem)

    def xml(self, message: str = "") -> str:
        """The file."""
        self._suite.set("tests", str(len(self._suite)))
        for count, kind in COUNTED:
            self._suite.set(count, str(len(self._suite.findall(f"testcase/{kind}"))))
        if message:
            self._suite.set("message", printable(message))
        return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(self._suite, encoding="unicode") + "\n"
