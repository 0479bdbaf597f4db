"""What raised, as findings: on a route, in the first training steps, in an observation of the original."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness.expectations.finding import Finding, headline, normalised
from harness.protocol.architecture import Architecture

TRAINING = (
    "training"  # what a training step raises is one finding, whether it was a first step or one that was observed
)


def raised(architecture: Architecture, reply: Mapping[str, Any]) -> list[Finding]:
    """What the original raised before it went anywhere; the same error in several observations is one finding."""
    found: dict[tuple[str, str], Finding] = {}
    also: dict[tuple[str, str], list[str]] = {}
    for observation, error in sorted(_errors(reply), key=lambda each: each[0] != TRAINING):
        cause = (str(error["type"]), normalised(str(error["message"])))
        if cause not in found:
            found[cause] = error_finding("build", observation, error, architecture)
        elif observation != found[cause].observation:
            also.setdefault(cause, []).append(f"build/{observation}")
    return [with_consequences(finding, also.get(cause, ())) for cause, finding in found.items()]


def _errors(reply: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if "untrained" in reply["build"]:
        yield TRAINING, reply["build"]["untrained"]
    for name, value in reply["before"].items():
        if isinstance(value, dict) and "$error" in value:
            yield name, value["$error"]


def error_finding(route: str, observation: str, error: Mapping[str, Any], architecture: Architecture) -> Finding:
    """What raised on a route, or in an observation, as a finding."""
    return Finding(
        observation,
        "error",
        (str(error["place"]),),
        (route,),
        f"{error['type']}: {headline(str(error['message']))}"[:240],
        error=dict(error),
        architecture=architecture,
    )


def with_consequences(finding: Finding, consequences: Sequence[str]) -> Finding:
    """The finding, with the checks that failed for the same reason."""
    return replace(finding, consequences=tuple(dict.fromkeys(consequences)))
