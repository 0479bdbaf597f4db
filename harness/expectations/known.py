"""Known issues: findings that were checked by hand and are waited for, each with a reason and a link.

The package ships a folder of them, a file per family; a user may have files of his own. An entry stands for one cause
and matches by check, layers, place and error within a range of versions; what it matches does not fail the run.
"""

from __future__ import annotations

import datetime
import fnmatch
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.expectations.finding import Finding
from harness.protocol.architecture import calls, dumps

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SHIPPED = Path(__file__).with_name("known_issues")


class KnownIssuesError(ValueError):
    """A known-issues file that cannot be used; says which file and entry, and why."""


@dataclass(frozen=True)
class Pattern:
    """What findings look like. What is empty matches all; `checks` are globs, the other strings regular expressions."""

    checks: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    where: str = ""
    error: str = ""
    kind: str = ""  # one word, as it is
    holds: str = ""  # on the architecture's JSON
    expected: str = ""  # on what was there before, as JSON

    def matches(self, finding: Finding) -> bool:
        """Whether the finding looks like this, in every respect that is stated."""
        checks = [f"{route}/{finding.observation}" for route in finding.routes]
        if self.checks and not any(fnmatch.fnmatch(check, glob) for check in checks for glob in self.checks):
            return False
        if self.kind and self.kind != finding.kind:
            return False
        if self.layers and not set(self.layers) & _classes(finding):
            return False
        if self.holds and not re.search(self.holds, finding.model):
            return False
        if self.where and not re.search(self.where, "/".join(finding.place)):
            return False
        if self.expected and not re.search(self.expected, dumps(finding.expected)):
            return False
        if self.error:
            text = f"{finding.error['type']}: {finding.error['message']}" if finding.error else ""
            return bool(re.search(self.error, text))
        return True


@dataclass(frozen=True)
class KnownIssue:
    """One cause, with patterns of the findings that it makes: one that looks like any of them is this issue."""

    id: str
    reason: str
    keras: str = ""
    about: tuple[str, ...] = ()  # the layers, or what else, that it is told under
    patterns: tuple[Pattern, ...] = (Pattern(),)
    link: str = ""
    script: str = ""  # a program that exits 1 while the issue shows and 0 when it does not
    expires: str = ""  # a date, YYYY-MM-DD: from then on the issue is waited for no longer
    family: str = ""  # the name of the file that it stands in
    file: str = ""  # and its path

    @property
    def expired(self) -> bool:
        """Whether its date has come."""
        return bool(self.expires) and datetime.date.today() >= datetime.date.fromisoformat(self.expires)

    def about_keras(self, keras: str) -> bool:
        """Whether that version of Keras is in its range."""
        return not self.keras or in_range(keras, self.keras)

    def matches(self, finding: Finding, keras: str) -> bool:
        """Whether the finding is this issue, under that version of Keras."""
        return self.about_keras(keras) and any(pattern.matches(finding) for pattern in self.patterns)


def _classes(finding: Finding) -> set[str]:
    """The classes that a finding is about: its layers, and what the model is compiled with."""
    settings = finding.architecture.compile if finding.architecture else None
    return {*finding.layers, *(call.name.rpartition(".")[2] for call in calls(settings))}


@dataclass
class KnownIssues:
    """All entries in force, and which of them have shown."""

    entries: tuple[KnownIssue, ...] = ()
    seen: dict[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, *paths: Path) -> KnownIssues:
        """Reads files, or folders of them; raises KnownIssuesError for one that cannot be used."""
        files = [file for path in paths for file in (sorted(path.glob("*.toml")) if path.is_dir() else [path])]
        return cls(tuple(entry for file in files for entry in _entries(file)))

    def marked(self, finding: Finding, environment: Mapping[str, Any]) -> Finding:
        """The finding, marked as known where an entry matches it."""
        entry = self.entry_of(finding, environment)
        if entry is None:
            return replace(finding, status="new", known_issue=None)
        self.seen[entry.id] = self.seen.get(entry.id, 0) + 1
        issue = {"id": entry.id, "reason": entry.reason, "link": entry.link}
        if entry.expired:
            return replace(finding, status="new", known_issue={**issue, "expired": entry.expires})
        return replace(finding, status="known", known_issue=issue)

    def entry_of(self, finding: Finding, environment: Mapping[str, Any]) -> KnownIssue | None:
        """The first entry that matches the finding."""
        keras = str(environment.get("keras", "0"))
        return next((entry for entry in self.entries if entry.matches(finding, keras)), None)


def _entries(path: Path) -> Iterable[KnownIssue]:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise KnownIssuesError(f"{path}: {error}") from error
    entries = data.pop("issue", [])
    if data or not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
        told = ", ".join(data) if data else f"issue = {entries!r}"
        raise KnownIssuesError(f"{path}: entries are tables, [[issue]], and it holds {told:.200}")
    seen: set[str] = set()
    for entry in entries:
        name = entry.get("id")
        if not name or not entry.get("reason"):
            raise KnownIssuesError(f"{path}: an entry without {'id' if not name else 'reason'}: {entry}")
        if name in seen:
            raise KnownIssuesError(f"{path}: two entries called {name}")
        seen.add(name)
        yield _entry(path, name, entry)


def _entry(path: Path, name: str, entry: Mapping[str, Any]) -> KnownIssue:
    """One entry of a file; its patterns are tables ``[[issue.match]]``, a single one may stand in the entry."""
    own = {key: value for key, value in entry.items() if key in _PATTERN}
    tables = entry.get("match", [own])
    if not (isinstance(tables, list) and tables and all(isinstance(each, dict) for each in tables)):
        raise KnownIssuesError(f"{path}: {name}: match must be tables, [[issue.match]], and is {tables!r}")
    if "match" in entry and own:
        raise KnownIssuesError(f"{path}: {name}: {', '.join(own)} beside [[issue.match]]: say it in each match")
    about = {key: value for key, value in entry.items() if key not in _PATTERN and key != "match"}
    _check(path, name, about, _ABOUT)
    for table in tables:
        _check(path, name, table, _PATTERN)
    if not all(any(table.values()) for table in tables):
        what = "an empty [[issue.match]]" if "match" in entry else "an entry without any pattern"
        raise KnownIssuesError(
            f"{path}: {name}: {what} would match every finding: say {', '.join(_PATTERN)}, or one of them"
        )
    patterns = tuple(Pattern(**_frozen(table)) for table in tables)
    return KnownIssue(**_frozen(about), patterns=patterns, family=path.stem, file=str(path.absolute()))


_PATTERN = tuple(Pattern.__dataclass_fields__)
_ABOUT = tuple(key for key in KnownIssue.__dataclass_fields__ if key not in ("patterns", "family", "file"))
_LISTS = ("about", "checks", "layers")
_EXPRESSIONS = ("where", "error", "holds", "expected")


def _frozen(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}


def _check(path: Path, name: str, table: Mapping[str, Any], keys: Sequence[str]) -> None:
    """Patterns, ranges and dates that cannot be read are told when the file is, not when a finding comes."""
    unknown = set(table) - set(keys)
    if unknown:
        raise KnownIssuesError(f"{path}: {name}: unknown keys {', '.join(sorted(unknown))}")
    for key, value in table.items():
        wanted = list if key in _LISTS else str
        if not isinstance(value, wanted):
            raise KnownIssuesError(f"{path}: {name}: {key} must be a {wanted.__name__}, and is {value!r}")
        if wanted is list and not all(isinstance(each, str) for each in value):
            raise KnownIssuesError(f"{path}: {name}: {key} must be a list of strings, and is {value!r}")
    for glob in table.get("checks", []):
        if not re.search(r"[/*?[]", glob):
            raise KnownIssuesError(
                f"{path}: {name}: no check is called {glob!r}: it is a route and an observation, such as {glob}/*"
            )
    for key in _EXPRESSIONS:
        try:
            re.compile(table.get(key, ""))
        except re.error as error:
            raise KnownIssuesError(f"{path}: {name}: {key} is no regular expression: {error}") from error
    try:
        in_range("0", table.get("keras", ""))
        if "expires" in table:
            datetime.date.fromisoformat(table["expires"])
    except (KnownIssuesError, ValueError) as error:
        raise KnownIssuesError(f"{path}: {name}: {error}") from error


def in_range(version: str, wanted: str) -> bool:
    """Whether a version lies in a range such as ``>=3.0,<3.16``.

    >>> in_range("3.15.1", ">=3.0,<4"), in_range("2.15.0", ">=3")
    (True, False)
    """
    have = _parts(version)
    clauses = list(filter(None, (part.strip() for part in wanted.split(","))))
    read = [re.fullmatch(r"(<=|>=|<|>|==)\s*([\d.]+)", clause) for clause in clauses]
    # All of them first: one that cannot be read is told whatever the version is.
    for match, clause in zip(read, clauses, strict=True):
        if match is None:
            raise KnownIssuesError(f"{wanted!r} is not a range of versions: {clause!r}; there are <, <=, ==, >= and >")
    for match in filter(None, read):
        other = _parts(match[2])
        short = have[: len(other)]
        if not {
            "<": have < other, "<=": short <= other, ">": short > other, ">=": have >= other, "==": short == other,
        }[match[1]]:  # fmt: skip
            return False
    return True


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])
