"""Makes one finding small: models that are smaller are tried, as long as they show the same."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace

from harness.check.reduce import reduce, suspected
from harness.expectations.finding import NO_LAYERS, Finding, layer_classes
from harness.protocol.architecture import Architecture

REDUCE_LIMIT = 30.0  # seconds spent on making one finding small
HUNG_TRY = 20.0  # seconds after which a smaller model counts as hung, where the one that was drawn did


def cannot_be_called(found: Iterable[Finding], finding: Finding) -> bool:
    """Whether it was `found` that a model cannot be called, and that is not the `finding` itself.

    A layer without the one before it may be fed with what it cannot take. Who is shown such a model sees that first.
    """
    return any(each.check == "build/outputs" and each.error and each.signature != finding.signature for each in found)


def smaller(
    finding: Finding,
    same: Callable[[Architecture], Sequence[Finding]],
    *,
    until: float,
    over: Callable[[], bool],
    apart: bool = False,
    suspects: Collection[str] = (),
) -> Finding:
    """The finding with the smallest model that was found to show it.

    `same` tries a model, and gives the findings of it that are the same one. No more is tried when it is `over`, after
    REDUCE_LIMIT seconds (where nothing hangs), and at the time `until` (of `time.monotonic`). With `apart` no more is
    done than to take out of the model what the finding speaks of, and the nodes named in `suspects`.
    """
    assert finding.architecture is not None
    end = until if _hung(finding) else min(time.monotonic() + REDUCE_LIMIT, until)
    last = finding

    def shows(candidate: Architecture) -> bool:
        nonlocal last
        if time.monotonic() > end or over():
            return False
        shown = same(candidate)
        if shown:
            last = shown[0]
        return bool(shown)

    said = re.findall(r"\w+", str((finding.error or {}).get("message", "")))
    spoken_of = {*suspects, *finding.path, *finding.layers, *said}
    if apart:
        next(filter(shows, suspected(finding.architecture, spoken_of)), None)
    else:
        reduce(finding.architecture, shows, suspects=spoken_of)
    layers = last.layers or _named(last.architecture or finding.architecture)
    return replace(last, routes=finding.routes, times=finding.times, layers=layers, known_issue=finding.known_issue)


def alone_in_it(finding: Finding) -> Finding:
    """A finding that nobody made smaller, with the name of its layer where the model has no other."""
    assert finding.architecture is not None
    named = _named(finding.architecture)
    return replace(finding, layers=named) if len(named) == 1 and not finding.layers else finding


def _named(architecture: Architecture) -> tuple[str, ...]:
    """The classes of its layers, each once."""
    return tuple(dict.fromkeys(each for each in layer_classes(architecture).values() if each not in NO_LAYERS))


def try_limit(finding: Finding, hung_after: float) -> float:
    """Seconds that a smaller model, or one that was found before, may take."""
    return min(HUNG_TRY if _hung(finding) else REDUCE_LIMIT, hung_after)


def _hung(finding: Finding) -> bool:
    return finding.observation == "worker" and finding.kind == "hung"
