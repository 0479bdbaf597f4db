"""What a gate was asked for, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.check.profiles import Profile
from harness.check.result import UNFINISHED
from harness.dispatch.signals import INTERRUPTED
from harness.dispatch.worker import Limits
from harness.environments.environment import Environment
from harness.expectations.finding import Finding
from harness.expectations.known import KnownIssues
from harness.gate.causes import Cause, diagnose, later
from harness.gate.models import BREAKS, DIFFERENT, HELD, Given, ModelVerdict
from harness.gate.status import BACK, FIXED, FORWARD, INCOMPATIBLE, REGRESSION

FAILS_ON = (REGRESSION, f"{INCOMPATIBLE}-{FORWARD}", BREAKS, DIFFERENT)


@dataclass(frozen=True)
class Options:
    """What `gate` was asked for; `known` are differences that the user has accepted.

    Without a profile no models are drawn: the user's own are looked at alone.
    """

    profile: Profile | None
    baseline: str
    candidate: str
    layers: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    seed: int = 0
    time_limit: float | None = None
    hung_after: float = 300.0
    limits: Limits = field(default_factory=Limits)
    known: KnownIssues = field(default_factory=KnownIssues)
    fail_on: tuple[str, ...] = FAILS_ON
    models: tuple[Path, ...] = ()
    given: Given = field(default_factory=Given)
    variables: dict[str, dict[str, str]] = field(default_factory=dict)  # to be set for the processes of a side
    origins: dict[str, dict[str, Any]] = field(default_factory=dict)  # what was asked for, by side

    def under(self, baseline: Environment, candidate: Environment) -> Options:
        """The same, in environments that are there."""
        sides = {"baseline": baseline, "candidate": candidate}
        return replace(
            self,
            baseline=baseline.interpreter,
            candidate=candidate.interpreter,
            variables={name: side.variables for name, side in sides.items()},
            origins={name: side.origin for name, side in sides.items()},
        )

    def replaying(self, candidate: Environment) -> Options:
        """The same where the baseline was recorded, under an environment that is there."""
        return replace(
            self,
            candidate=candidate.interpreter,
            variables={"candidate": candidate.variables},
            origins={"candidate": candidate.origin},
        )


@dataclass
class Result:
    """What came of it; the reports are made from this."""

    options: Options
    environments: dict[str, dict[str, Any]] = field(default_factory=dict)
    findings: dict[str, Finding] = field(default_factory=dict)
    models: list[ModelVerdict] = field(default_factory=list)
    examples: int = 0
    built: int = 0
    compared: int = 0  # files that the other release was given
    layers: int = 0
    # By layer, route and direction: models that passed and models that did not.
    compatibility: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    stopped: str | None = UNFINISHED
    problems: list[str] = field(default_factory=list)
    timings: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0

    def failing(self) -> list[Finding]:
        """The findings that make the gate fail."""
        return [
            each for each in self.findings.values() if each.known_issue is None and kind(each) in self.options.fail_on
        ]

    def failing_models(self) -> list[ModelVerdict]:
        """The models of the user that make it fail."""
        return [each for each in self.models if each.verdict in self.options.fail_on and each.known_issue is None]

    @property
    def verdict(self) -> str:
        """pass, fail, or error where nothing was measured or the end was not seen."""
        if self.stopped == UNFINISHED:
            return "error"
        if self.failing() or self.failing_models():
            return "fail"
        if (
            self.problems
            or not (self.compared or any(each.verdict in HELD for each in self.models))
            or (self.stopped or "").startswith(INTERRUPTED)
        ):
            return "error"
        return "pass"

    @property
    def unmeasured(self) -> list[str]:
        """What could not be measured; never empty where the verdict is `error`."""
        if self.problems or self.verdict != "error":
            return self.problems
        return [self.stopped or "nothing was compared"]

    @property
    def same(self) -> bool:
        """Whether both sides are one release, so that nothing can differ but by a fault of the harness."""
        return len(self.environments) == 2 and not self.apart

    @property
    def apart(self) -> list[str]:
        """What is of another release on the two sides, by name: any of it may be what a difference comes of."""
        one, other = ({**each, **each.get("packages", {})} for each in self.environments.values())
        stated = ("tensorflow", "keras", "module", "python", *self.environments["baseline"].get("packages", {}))
        return [name for name in stated if one.get(name) != other.get(name)]

    def cause(self, finding: Finding) -> Cause | None:
        """Why it broke, as far as is known of the release in which it did."""
        side = "baseline" if finding.direction == BACK or finding.status == FIXED else "candidate"
        older, newer = self._keras("baseline"), self._keras("candidate")
        # Causes are told of the way up: where the candidate is the older one, that is the way back.
        turned = finding.direction and later(older, newer)
        way = {FORWARD: BACK, BACK: FORWARD}[finding.direction] if turned else finding.direction
        other = "candidate" if side == "baseline" else "baseline"
        return diagnose(replace(finding, direction=way), self._keras(side), self._keras(other))

    def _keras(self, side: str) -> str:
        return str(self.environments.get(side, {}).get("keras", ""))

    def count(self, layer: str, route: str, direction: str, *, passed: bool) -> None:
        """Notes that a model with that layer passed a route, or did not."""
        row = self.compatibility.setdefault(layer, {}).setdefault(f"{route} {direction}", [0, 0])
        row[0 if passed else 1] += 1


def kind(finding: Finding) -> str:
    """The status, with the direction where it has one."""
    return f"{finding.status}-{finding.direction}" if finding.direction else finding.status
