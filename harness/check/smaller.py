"""Makes one finding small: models that are smaller are sent along its route, as long as they show the same."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import replace

from harness.check.reduce import reduce
from harness.expectations.finding import Finding, layer_classes
from harness.protocol.architecture import Architecture

REDUCE_LIMIT = 30.0  # seconds spent on making one finding small
HUNG_TRY = 20.0  # seconds after which a smaller model counts as hung, where the one that was drawn did


def smaller(
    finding: Finding,
    along: Callable[[Architecture, float], list[Finding]],
    *,
    limit: float,
    until: float,
    over: Callable[[], bool],
) -> Finding:
    """The finding with the smallest model that was found to show it.

    `along` gives the findings of a model on the finding's route, within `limit` seconds; no more is tried when it is
    `over`, after REDUCE_LIMIT seconds (where nothing hangs), and at the time `until` (of `time.monotonic`).
    """
    assert finding.architecture is not None
    end = until if _hung(finding) else min(time.monotonic() + REDUCE_LIMIT, until)
    last = finding

    def shows(candidate: Architecture) -> bool:
        nonlocal last
        if time.monotonic() > end or over():
            return False
        same = [each for each in along(candidate, limit) if each.signature == finding.signature]
        if same:
            last = same[0]
        return bool(same)

    said = re.findall(r"\w+", str((finding.error or {}).get("message", "")))
    reduce(finding.architecture, shows, suspects={*finding.path, *finding.layers, *said})
    layers = last.layers or tuple(
        dict.fromkeys(
            name
            for name in layer_classes(last.architecture or finding.architecture).values()
            if name not in ("Model", "Sequential", "InputLayer")
        )
    )
    return replace(last, routes=finding.routes, times=finding.times, layers=layers)


def try_limit(finding: Finding, hung_after: float) -> float:
    """Seconds that a smaller model, or one that was found before, may take."""
    return min(HUNG_TRY if _hung(finding) else REDUCE_LIMIT, hung_after)


def _hung(finding: Finding) -> bool:
    return finding.observation == "worker" and finding.kind == "hung"
