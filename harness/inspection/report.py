"""What an inspection says: one `Report` a file, with its findings, and the worst verdict of them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.inspection.clock import Clock
from harness.inspection.limits import Limits
from harness.inspection.rules import RULES, VERDICTS, Rule

NAMES = 1000  # of the author's own classes and functions that are kept


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found: `where` is a JSON path, an HDF5 path, a zip entry or a layer."""

    rule: str
    where: str
    what: str
    suppressed: str = ""  # the reason, where somebody has accepted it

    @property
    def about(self) -> Rule:
        return RULES[self.rule]

    def to_json(self) -> dict[str, Any]:
        """The finding with what its rule says."""
        rule = self.about
        return {
            "rule": self.rule,
            "severity": rule.severity,
            "verdict": rule.verdict,
            "where": self.where,
            "what": self.what,
            "why": rule.why,
            "do": rule.do,
            "cwe": rule.cwe,
            "cve": list(rule.cve),
            "keras": rule.keras,
            "help": rule.page,
            "suppressed": self.suppressed or None,
        }


@dataclass(slots=True)
class Report:
    """All about one file. `verdict` is `ok` only where everything that is asked of the format was looked at."""

    file: str
    sha256: str | None = None
    size: int = 0
    format: str = "unknown"
    keras_version: str | None = None
    findings: list[Finding] = field(default_factory=list)
    layers: int | None = None
    parameters: int | None = None
    custom_objects: list[str] = field(default_factory=list)
    not_computed: list[str] = field(default_factory=list)
    seconds: float = 0.0
    error: str = ""  # a fault of ours
    loaded: dict[str, Any] | None = None  # what came of loading it; None where it was not loaded
    parts: tuple[str, ...] = ()  # the files that were looked at, below the folder, where it is not one alone
    weights: Path | None = None  # of a JSON config: those that lie beside it, and were looked at with it
    configs: list[bytes] = field(default_factory=list)  # as they stand in the file; no part of the report
    more: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    limit: int = 200
    room: int = 4 << 20
    started: float = field(default_factory=time.monotonic)
    clock: Clock = field(default_factory=lambda: Clock(Limits()), repr=False, compare=False)

    @property
    def config(self) -> str:
        """The configs that were read, the first megabytes of them."""
        return b"".join(self.configs).decode("utf-8", "replace")

    def keep(self, config: bytes) -> None:
        """Keeps a config for whoever asks what the model holds, as far as there is room."""
        self.room -= len(kept := config[: max(0, self.room)])
        self.configs.append(kept)

    def full(self, rule: str) -> bool:
        """Are there enough findings of this rule? Then one more is only counted."""
        if self.kept[rule] < self.limit:
            return False
        self.more[rule] += 1
        return True

    def add(self, rule: str, where: str, what: str) -> None:
        """Notes a finding; the same one is kept once, and too many of one rule are only counted."""
        if self.full(rule):
            return
        finding = Finding(RULES[rule].id, _short(where), _short(what, 600))
        if finding not in self.findings[-50:]:
            self.kept[rule] += 1
            self.findings.append(finding)

    def accept(self, rule: str, which: Callable[[str], bool], reason: str) -> None:
        """Marks findings of a rule as accepted: those of whose `what` the function is true.

        Those that were only counted are accepted where all names of the author's own are.
        """
        self.findings = [
            replace(each, suppressed=reason) if each.rule == rule and which(each.what) else each
            for each in self.findings
        ]
        if self.more[rule]:
            left = [name for name in self.custom_objects if not which(name)]
            if left or len(self.custom_objects) >= NAMES:
                what = f"{left[0] if left else 'others'}, among {self.more[rule]:,} that are only counted"
                self.findings.append(Finding(rule, "", what))

    @property
    def verdict(self) -> str:
        """The worst verdict of the findings that nobody has accepted."""
        if self.error:
            return "error"
        found = {each.about.verdict for each in self.findings if not each.suppressed} - {None}
        return next((verdict for verdict in VERDICTS if verdict in found), "ok")

    def to_json(self) -> dict[str, Any]:
        """The entry of `files` in report.json."""
        return {
            "file": self.file,
            "sha256": self.sha256,
            "size": self.size,
            "format": self.format,
            "keras_version": self.keras_version,
            "verdict": self.verdict,
            "findings": [each.to_json() for each in self.findings],
            "more_findings": dict(self.more),
            "layers": self.layers,
            "parameters": self.parameters,
            "custom_objects": self.custom_objects,
            "not_computed": self.not_computed,
            "seconds": round(self.seconds, 4),
            "error": self.error or None,
            "loaded": self.loaded,
        }


def _short(text: str, length: int = 300) -> str:
    return text if len(text) <= length else f"{text[: length - 20]}… ({len(text)} long)"
