"""What a lost worker means: a finding about the model that it was at, unless the machine itself is in trouble."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.architectures.applications import LIGHT
from harness.dispatch.worker import OUT_OF_MEMORY, WorkerLost
from harness.expectations.finding import Finding
from harness.protocol.architecture import Architecture

LEAST_FREE = 1 << 20  # bytes: with fewer on the disk a crash says nothing about Keras
_FULL = ("no space left on device", "disk quota exceeded")
_STEPS = ("build", "observe")


def too_large(architecture: Architecture, lost: WorkerLost) -> bool:
    """Whether a model needs more memory than the harness gives it, as large applications do: no fault of Keras."""
    base = architecture.form.removeprefix("application:")
    return lost.reason == OUT_OF_MEMORY and base != architecture.form and base not in LIGHT


def lost_finding(architecture: Architecture, lost: WorkerLost) -> Finding:
    """The finding: what became of the worker, and on which route."""
    route = "build" if lost.at in ("", *_STEPS) else lost.at
    detail = lost.detail
    if lost.reason == "crashed" and detail == "SIGKILL":
        detail = "SIGKILL, which the system sends where memory runs out"
    return Finding(
        "worker",
        lost.reason,
        (lost.at, lost.detail if lost.reason == "crashed" else ""),
        (route,),
        f"the worker was lost ({lost.reason}: {detail}) at {lost.at or 'the start of a request'}",
        # How long it was waited for is no part of what names the cause.
        error={
            "type": lost.reason,
            "message": detail if lost.reason == "crashed" else "",
            "detail": detail,
            "place": lost.at,
            "tail": lost.tail,
        },
        architecture=architecture,
    )


def full_disk(reply: Mapping[str, Any]) -> str | None:
    """The message of an error that says the disk is full, if the reply holds one."""
    return next((each for each in _messages(reply) if any(words in each.lower() for words in _FULL)), None)


def _messages(value: Any, depth: int = 5) -> list[str]:
    """What the errors of a reply say; they lie no deeper than routes, a route, after, an observation."""
    if not isinstance(value, Mapping) or depth < 0:
        return []
    found = [str(value["message"])] if "type" in value and "message" in value else []
    for item in value.values():
        found += _messages(item, depth - 1)
    return found
