"""Findings that somebody has looked at and accepts: of one file, by its SHA-256, with a reason and a last day.

[[accepted]]
sha256 = "9f86d0…"
rule = "custom-object"
reason = "our own layer, reviewed"
expires = 2027-01-01
"""

from __future__ import annotations

import dataclasses
import datetime
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from harness.inspection.report import Report
from harness.inspection.rules import RULES


class SuppressionsError(ValueError):
    """The file is not as it must be."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """One entry."""

    sha256: str
    rule: str
    reason: str
    expires: datetime.date

    @property
    def expired(self) -> bool:
        return datetime.date.today() > self.expires


def read(path: Path) -> list[Accepted]:
    """The entries of a file; raises SuppressionsError."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SuppressionsError(f"{path}: {error}") from error
    entries = found.get("accepted", [])
    if not isinstance(entries, list):
        raise SuppressionsError(f"{path}: accepted is no list of entries; each begins with [[accepted]]")
    made = []
    for at, entry in enumerate(entries, start=1):
        where = f"{path}: entry {at}"
        keys = set(entry) if isinstance(entry, dict) else set()
        if keys != {"sha256", "rule", "reason", "expires"}:
            raise SuppressionsError(f"{where} needs sha256, rule, reason and expires, and nothing else")
        if not isinstance(entry["sha256"], str) or not re.fullmatch(r"[0-9a-f]{64}", entry["sha256"]):
            raise SuppressionsError(f"{where}: {entry['sha256']!r} is no SHA-256")
        if not isinstance(entry["rule"], str) or entry["rule"] not in RULES:
            raise SuppressionsError(f"{where}: no rule is called {entry['rule']!r}; see `keras-harness rules`")
        if not isinstance(entry["reason"], str) or not entry["reason"].strip():
            raise SuppressionsError(f"{where} has no reason")
        if type(entry["expires"]) is not datetime.date:
            raise SuppressionsError(f"{where}: expires is no date, such as 2027-01-01")
        made.append(Accepted(**entry))
    if set(found) - {"accepted"}:
        raise SuppressionsError(f"{path}: only [[accepted]] entries belong here")
    return made


def apply(report: Report, accepted: list[Accepted]) -> None:
    """Marks the findings that are accepted."""
    reasons = {each.rule: each.reason for each in accepted if each.sha256 == report.sha256 and not each.expired}
    report.findings = [
        dataclasses.replace(each, suppressed=reasons[each.rule]) if each.rule in reasons else each
        for each in report.findings
    ]
