"""What freezing means: a weight that lies in a frozen layer is not trained, and a layer takes all that is in it along.

A weight that goes on being trained does so before a journey and after it: only its layer tells that it must not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.expectations.compare import Difference
from harness.expectations.finding import Finding, place_of
from harness.protocol.architecture import Architecture


def still_trained(architecture: Architecture, before: Mapping[str, Any], classes: Mapping[str, str]) -> list[Finding]:
    """Where a weight is among the trainable ones of the model though a layer that it lies in is frozen.

    A model in which something was set free again is left out: what that does within a frozen layer, Keras 2 and 3 see
    in different ways.
    """
    flags = before.get("flags")
    if not isinstance(flags, dict) or "layers" not in flags or any(each.trainable for each in architecture.freezes):
        return []
    frozen = [path for path, trainable in flags["layers"].items() if not trainable]
    findings: dict[str, Finding] = {}
    for path in flags["trainable weights"]:
        around = next((each for each in frozen if path.startswith(f"{each}/")), None)  # the outermost comes first
        if around is None:
            continue
        (place,) = place_of((around,), classes)
        whose = "a layer inside" if "/" in path.removeprefix(f"{around}/") else "its own"
        finding = Finding(
            "flags",
            "surplus",
            ("frozen", place, whose),
            ("build",),
            f"flags: {place} is frozen, and a weight of {whose} is trainable",
            path,
            "not trainable",
            "trainable",
            layers=tuple(dict.fromkeys(classes[each] for each in path.split("/") if each in classes)),
            architecture=architecture,
            path=("frozen", path),
        )
        findings.setdefault(finding.signature, finding)
    return list(findings.values())


def uppermost(found: Iterable[Difference], before: Any, after: Any) -> Iterator[Difference]:
    """The differences of two observed flags that follow from no other one.

    Of a nested model that comes back trainable so does every layer in it, and the weights of each: one flag was lost.
    """
    changed: dict[str, tuple[Any, Any]] = {}  # by the path of a layer, empty for the model, what was and what is
    for each in found:
        part, path = (*each.where, "", "")[:2]
        if part == "model" or (part == "layers" and each.kind == "value"):
            follows = any(
                _lies_in(path, around) and (each.expected, each.actual) == values for around, values in changed.items()
            )
            changed[path] = (each.expected, each.actual)
        else:
            moved = set(before[part]) ^ set(after[part]) if part == "trainable weights" else set()
            follows = bool(moved) and all(any(_lies_in(one, around) for around in changed) for one in moved)
        if not follows:
            yield each


def of_each_layer(found: Iterable[Difference]) -> Iterator[Difference]:
    """The first difference of each layer: of what moved though it was frozen, for it moves on at every later step.

    That one layer moves is no reason that another one does; where the first is known, the other must be told.
    """
    moved: set[str] = set()
    for each in found:
        layer = "".join(each.where[1:2]).rpartition("/")[0]
        if layer not in moved:
            moved.add(layer)
            yield each


def _lies_in(path: str, around: str) -> bool:
    return path != around and (not around or path.startswith(f"{around}/"))
