"""What the checks of one layer or model came to: plain data and its text; no TensorFlow is needed to read it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

MOST = 12  # names that a line holds


@dataclass(frozen=True)
class Failure:
    """A check that failed: what, where, how big, and what mends it."""

    check: str
    title: str
    where: str = ""
    expected: Any = None
    actual: Any = None
    size: str = ""
    mend: str = ""
    also: tuple[str, ...] = ()  # further checks that failed of the same cause
    known: str = ""  # the issue of Keras itself that this is: it is told, and does not fail

    def text(self) -> str:
        """Several lines, the title first."""
        lines = [f"{self.check}: {self.title}"]
        if self.where:
            lines.append(f"    where     {self.where}")
        if self.expected is not None or self.actual is not None:
            lines.append(f"    expected  {self.expected!s:.300}")
            lines.append(f"    actual    {self.actual!s:.300}")
        for label, value in (("size", self.size), ("also in", ", ".join(self.also)), ("mend", self.mend)):
            if value:
                lines.append(f"    {label:8}  {value}")
        if self.known:
            lines.append(f"    Keras's own, not yours: {self.known}")
        return "\n".join(lines)


@dataclass(frozen=True)
class Report:
    """All checks of one layer or model: each failed, passed, or was not checked for a reason."""

    subject: str
    failures: tuple[Failure, ...] = ()
    passed: tuple[str, ...] = ()
    unchecked: Mapping[str, str] = field(default_factory=dict)
    expected: Mapping[str, str] = field(default_factory=dict)  # checks that failed as was said, with the reason given
    known: tuple[Failure, ...] = ()  # what Keras itself breaks
    remarks: tuple[str, ...] = ()
    environment: str = ""

    @property
    def ok(self) -> bool:
        """Whether nothing failed that was not expected to, and something was checked at all."""
        return not self.failures

    def of(self, check: str) -> tuple[Failure, ...]:
        """What failed in one check."""
        return tuple(each for each in self.failures if check in (each.check, *each.also))

    def text(self) -> str:
        """The whole report, failures first."""
        checks = {name for each in self.failures for name in (each.check, *each.also)}
        counts = [f"{len(checks)} failed", f"{len(self.passed)} passed", f"{len(self.unchecked)} not checked"]
        counts += [f"{len(self.known)} of Keras's own"] if self.known else []
        counts += [f"{len(self.expected)} failed as expected"] if self.expected else []
        blocks = [f"{self.subject}: {', '.join(counts)} ({self.environment})"]
        blocks += [each.text() for each in (*self.failures, *self.known)]
        rest = [f"expected to fail: {name}: {reason}" for name, reason in self.expected.items()]
        for why, names in _turned(self.unchecked).items():
            rest.append(f"not checked: {', '.join(names) if len(names) <= MOST else f'{len(names)} checks'}: {why}")
        rest += list(self.remarks)
        return "\n\n".join(blocks) + ("\n\n" + "\n".join(rest) if rest else "")


def essence(error: BaseException | str) -> str:
    """What an error is about: not the colours, nor the arguments of the call, nor the errors that it was wrapped in."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
    for told in ("Exception encountered:", "Error encountered:"):
        text = text.rpartition(told)[2].strip() or text
    text = text.partition("Arguments received by")[0].partition("Call arguments received")[0].strip()
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > 1 and re.match(r"in user code", lines[0]):
        lines = lines[-1:]
    elif len(lines) > 1 and re.match(
        r"Exception encountered when calling|.*could not be deserialized properly", lines[0]
    ):
        lines = lines[1:]
    return " ".join(lines)[:500]


class ChecksFailed(AssertionError):
    """At least one check failed; `report` holds them all, and the message is its text."""

    def __init__(self, report: Report) -> None:
        super().__init__(report.text())
        self.report = report


def _turned(reasons: Mapping[str, str]) -> dict[str, list[str]]:
    turned: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        turned.setdefault(reason, []).append(name)
    return turned


def known_names(given: Iterable[str], names: Sequence[str], what: str) -> None:
    """Raises ValueError for a name that is none of these, with the one that is nearest."""
    for name in given:
        if name not in names:
            near = difflib.get_close_matches(name, names, 1)
            hint = f": did you mean {near[0]!r}?" if near else f"; there are {', '.join(names)}"
            raise ValueError(f"{what}: there is no check {name!r}{hint}")


def settled(report: Report, expected_failures: Mapping[str, str]) -> Report:
    """The report with what was expected to fail set apart; what was, and did not fail, is a failure."""
    excused: dict[str, str] = {}
    failures: list[Failure] = []
    for each in report.failures:
        checks = (each.check, *each.also)
        excused.update({name: expected_failures[name] for name in checks if name in expected_failures})
        left = [name for name in checks if name not in expected_failures]
        if left:
            failures.append(replace(each, check=left[0], also=tuple(left[1:])))
    remarks = list(report.remarks)
    for name, reason in expected_failures.items():
        if name in excused:
            continue
        if name in report.unchecked:
            remarks.append(f"{name} is expected to fail ({reason}) and was not checked")
            continue
        failures.append(
            Failure(
                name,
                f"was expected to fail and does not: {reason}",
                mend=f"take {name!r} out of expected_failures",
            )
        )
    return replace(report, failures=tuple(failures), expected=excused, remarks=tuple(remarks))
