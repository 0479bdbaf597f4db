"""What a check was asked for, and what came of it: the reports are made from this."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.check.awaited import Awaited
from harness.check.plan import Plan
from harness.check.profiles import Profile
from harness.check.recordings import Replayed
from harness.check.substance import Substance
from harness.dispatch.signals import INTERRUPTED
from harness.dispatch.worker import Limits
from harness.environments.environment import Environment
from harness.expectations.finding import Finding
from harness.expectations.known import KnownIssue, KnownIssues

UNFINISHED = "unfinished"
NO_ENVIRONMENT = "no environment"


@dataclass(frozen=True)
class Options:
    """What `check` was asked for."""

    profile: Profile
    layers: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    seed: int = 0
    time_limit: float | None = None
    interpreter: str | None = None
    workers: int = 2
    hung_after: float = 300.0  # seconds that one model may take
    limits: Limits = field(default_factory=Limits)
    known: KnownIssues = field(default_factory=KnownIssues)
    topologies: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)  # of every process of the interpreter
    origin: Mapping[str, Any] = field(default_factory=dict)  # where the interpreter is from, as the report states it
    recordings: Path | None = None  # the folder of what was found before; None: nothing is tried first

    def under(self, environment: Environment) -> Options:
        """The same in an environment."""
        return replace(
            self, interpreter=environment.interpreter, variables=environment.variables, origin=environment.origin
        )


@dataclass
class Result:
    """What came of it; the report is made from this."""

    options: Options
    environment: dict[str, Any] = field(default_factory=dict)
    findings: dict[str, Finding] = field(default_factory=dict)
    replayed: dict[str, Replayed] = field(default_factory=dict)  # what was found before, by id
    examples: int = 0
    built: int = 0
    timings: dict[str, float] = field(default_factory=dict)
    route_examples: dict[str, int] = field(default_factory=dict)
    unsent: Counter[tuple[str, str]] = field(default_factory=Counter)  # models by route and what they lacked for it
    too_large: dict[str, str] = field(default_factory=dict)  # applications that the memory limit is too low for
    arrived: set[tuple[str, str]] = field(default_factory=set)  # layers that came through a route at least once
    failed_by: dict[tuple[str, str], int] = field(default_factory=dict)
    plan: Plan | None = None
    awaited: Awaited = field(default_factory=Awaited)  # the known issues of this Keras: expired, without occasion
    table: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # the routes and observations asked for
    substance: Substance = field(default_factory=Substance)
    stopped: str | None = None  # why the run ended before the plan did; UNFINISHED as long as it goes on
    problems: list[str] = field(default_factory=list)  # what could not be measured, or was not checked
    tail: str = ""  # the end of what a worker wrote that could not be started
    peak_rss: int = 0
    replaced: int = 0
    seconds: float = 0.0

    @property
    def verdict(self) -> str:
        """pass, fail, or error where nothing was measured or the end was not seen."""
        if self.stopped == UNFINISHED:
            return "error"
        if any(finding.status == "new" for finding in self.findings.values()):
            return "fail"
        if self.problems or not self.examples or (self.stopped or "").startswith(INTERRUPTED):
            return "error"
        return "fail" if self.awaited.expired else "pass"

    @property
    def unmeasured(self) -> list[str]:
        """What could not be measured; never empty where the verdict is `error`."""
        if self.problems or self.verdict != "error":
            return self.problems
        return ["the run did not come to its end" if self.examples else "no model was drawn"]

    @property
    def not_seen(self) -> list[KnownIssue]:
        """Known issues that could have shown, and did not."""
        return self.awaited.unseen(self.options.known.seen)

    def add_time(self, what: str, seconds: float) -> None:
        """Adds seconds to a timing."""
        self.timings[what] = self.timings.get(what, 0.0) + seconds

    def add_problem(self, problem: str) -> None:
        """Adds what could not be measured; the same is told once."""
        if problem not in self.problems:
            self.problems.append(problem)
