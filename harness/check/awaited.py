"""Known issues that had the occasion to show in a check, and did not: candidates for stale entries.

An issue had the occasion where a model that could show it was sent along a route on which it shows. It is no failure
that it did not: what breaks is often an argument, and the draw may not have given it. The script of the entry tells.
"""

from __future__ import annotations

import fnmatch
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.architectures.vocabulary import Vocabulary
from harness.expectations.known import SHIPPED, KnownIssue, Pattern
from harness.protocol.architecture import Architecture, calls

_BUILD = ("build/build", "build/given", "build/shape")
_FORMS = {"functional": "Functional", "sequential": "Sequential"}


@dataclass
class Awaited:
    """`left` are the entries of this Keras that had no occasion yet, `occasions` those that had one."""

    left: list[KnownIssue] = field(default_factory=list)
    occasions: list[KnownIssue] = field(default_factory=list)
    expired: list[KnownIssue] = field(default_factory=list)
    classes: frozenset[str] = frozenset()  # of this Keras; other words of an `about` are no classes

    @classmethod
    def of(cls, entries: Iterable[KnownIssue], vocabulary: Vocabulary, keras: str) -> Awaited:
        """The entries in whose range this Keras is."""
        here = [entry for entry in entries if entry.about_keras(keras)]
        named = {name.rpartition(".")[2] for name in vocabulary.arguments} | {"InputLayer", *_FORMS.values()}
        classes = {name for name in named if name[0].isupper()}
        return cls(here, expired=[entry for entry in here if entry.expired], classes=frozenset(classes))

    def add(self, architecture: Architecture, routes: Mapping[str, Iterable[str]]) -> None:
        """Takes a model with the observations that were asked for on each route that it was sent along."""
        checks = [*_BUILD, *sorted({f"build/{name}" for asked in routes.values() for name in asked})]
        checks += [f"{route}/{name}" for route, asked in routes.items() for name in (*asked, "travel")]
        names = {call.name.rpartition(".")[2] for call in calls(architecture)}
        names |= {"InputLayer", _FORMS.get(architecture.form, "")}
        text = architecture.text
        left: list[KnownIssue] = []
        for entry in self.left:
            could = any(self._could(entry, each, checks, names, text) for each in entry.patterns)
            (self.occasions if could else left).append(entry)
        self.left = left

    def _could(self, entry: KnownIssue, pattern: Pattern, checks: list[str], names: set[str], text: str) -> bool:
        layers = set(pattern.layers) or set(entry.about) & self.classes
        return (
            (not layers or bool(layers & names))
            and (not pattern.checks or any(fnmatch.filter(checks, glob) for glob in pattern.checks))
            and (not pattern.holds or bool(re.search(pattern.holds, text)))
        )

    def unseen(self, seen: Iterable[str]) -> list[KnownIssue]:
        """Those that had the occasion and are not among the ids that were seen."""
        return [entry for entry in self.occasions if entry.id not in set(seen)]


def verifying(entry: KnownIssue, env: str | None = None) -> str:
    """The command that tells whether an issue still shows in an environment."""
    words = ["keras-harness", "known", "--verify", "--issue", entry.id]
    if entry.file and Path(entry.file).parent != SHIPPED:
        words += ["--known-issues", entry.file]
    return shlex.join([*words, *(["--env", env] if env else [])])
