"""What must survive when a file goes from one release to another, and how far numbers may be apart.

Settings, weights and flags must be the same once both sides are put into their common form (`canonical`). Outputs come
of other kernels: they may differ by what rounding does to that very model.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np

from harness.expectations.compare import LIMIT, Difference, differences, read
from harness.gate import canonical

# In the order in which one explains the next.
OBSERVATIONS = (
    "structure", "config", "weights", "flags", "compile", "optimizer", "slots", "repeats", "outputs", "loss",
)  # fmt: skip
ALSO = ("sensitivity",)  # asked of the release that saves
FACTOR = 32.0
FLOOR = 8.0  # units in the last place of the largest number of an output


def held(
    before: Mapping[str, Any], after: Mapping[str, Any], blobs: Mapping[str, bytes], lost: canonical.Lost
) -> Iterator[tuple[str, Difference]]:
    """The differences of the first observation in which two releases part: what comes later follows from it.

    `lost` says of a setting that is not stated any more whether that makes a difference.
    """
    for observation in OBSERVATIONS:
        if observation not in after or observation not in before:
            continue
        one, other = before[observation], after[observation]
        if observation == "repeats" and ("$error" in one or "$error" in other):
            continue  # a call that raises is told of as that of the outputs
        if observation == "outputs":
            found = list(outputs(one, other, before.get("sensitivity"), blobs, repeats=before.get("repeats")))
        elif observation == "loss":
            found = list(loss(one, other, before, blobs))
        else:
            one, other = canonical.common(observation, one), canonical.common(observation, other)
            if observation in ("config", "compile"):
                one, other = canonical.both_state(one, other, lost)
            if observation == "slots":
                one, other = canonical.both_have(one, other)
            apart = (weights if observation == "weights" else differences)(one, other, blobs)
            # Slots are swapped or lost together.
            found = list(islice(apart, 1 if observation == "slots" else LIMIT))
        if found:
            yield from ((observation, each) for each in found)
            return


def weights(one: Any, other: Any, blobs: Mapping[str, bytes]) -> Iterator[Difference]:
    """The differences of weights by path; what has changed places is told once, and as that."""
    if not (isinstance(one, dict) and isinstance(other, dict)) or one.keys() != other.keys() or "$error" in one:
        yield from differences(one, other, blobs)
        return
    first, second = ([{"path": path, "value": each[path]} for path in one] for each in (one, other))
    for each in differences(first, second, blobs):
        path, *inside = each.where
        yield each if inside[:1] != ["value"] else replace(each, where=(path, *inside[1:]))


def furthest(before: Mapping[str, Any], after: Mapping[str, Any], blobs: Mapping[str, bytes]) -> float | None:
    """How far apart the outputs are at most; None where there are no numbers to hold against each other.

    Of an output that is another one at each call the numbers say nothing; NaN where one side alone has it.
    """
    repeats = before.get("repeats")
    found = []
    pairs = zip(before.get("outputs", {}).get("outputs", ()), after.get("outputs", {}).get("outputs", ()), strict=False)
    for number, (first, second) in enumerate(pairs):
        steady = not isinstance(repeats, list) or repeats[number]
        if steady and (first["shape"], first["dtype"]) == (second["shape"], second["dtype"]):
            one, other = read(first, blobs), read(second, blobs)
            if one.dtype.kind in "fiu" and one.size:
                a, b = one.astype("float64"), other.astype("float64")
                same = (a == b) | (np.isnan(a) & np.isnan(b))
                found.append(np.max(np.abs(a[~same] - b[~same]), initial=0.0))
    return float(np.max(found)) if found else None


def tolerance(step: float, largest: float, *dtypes: str, coarse: float = 0.0, terms: int = 1) -> float:
    """How far apart two numbers of an output may be: `FACTOR` times the step, and `FLOOR` units at least.

    The units are those of the coarsest of these dtypes, in which something in the model is computed: what is rounded
    there the other way moves a number by one of them, however fine those are in which it comes out.

    The step is what three trials of moving all inputs and weights by one unit moved this output by
    (`observations.sensitivity`). Kernels of another release do so at every layer and not at the first alone, and three
    trials do not find the worst case; a model has some ten layers, so the factor is a few times that. Another formula
    lies far beyond: hard_sigmoid of Keras 2 and 3 differ by 0.03 x, a million units.

    In float16 it does not lie that far, and there it counts how much is added up: one release may keep its sums in
    float16 and the other in float32. A sum of n terms is rounded n times, by 0.3 units at a time as a rule, the one way
    or the other: by 0.3 times the square root of n units of what it is on its way. That is what comes out, where all
    terms have one sign, or the square root of n terms, where they have not; and `coarse`, the step that is made by
    units of float16, is the square root of n units of a term. So the square root of n (`terms`) times the larger of
    the two is three standard deviations at least.
    """
    unit = max(_UNITS.get(each, _UNITS["float32"]) for each in dtypes)
    of_sums = math.sqrt(terms) * max(coarse, _UNITS["float16"] * largest) if terms > 1 else 0.0
    return max(FACTOR * step, of_sums, FLOOR * unit * max(1.0, largest))


# NumPy does not know bfloat16, which has seven bits behind the point.
_UNITS = {**{name: float(np.finfo(name).eps) for name in ("float16", "float32", "float64")}, "bfloat16": 2.0**-7}


def _computed_in(seen: Any) -> set[str]:
    """The dtypes of what comes out of the layers inside, as far as they are floats; strings have none."""
    found = {each.get("dtype", "") for layer in seen.get("inner", ()) for each in layer["outputs"]}
    return found & _UNITS.keys()


def outputs(
    before: Any, after: Any, sensitivity: Any, blobs: Mapping[str, bytes], *, repeats: Any = None
) -> Iterator[Difference]:
    """The first output that another release computes otherwise than rounding explains, with the first inner one.

    Of an output that is another one at each call (not in `repeats`) the numbers say nothing.
    """
    if "$error" in after:
        yield Difference((), "error", None, after["$error"])
        return
    if "$error" in before or "$error" in (sensitivity or {"$error": True}):
        return
    one, other = before["outputs"], after["outputs"]
    if len(one) != len(other):
        yield Difference(("outputs",), "length", len(one), len(other))
        return
    for number, (first, second) in enumerate(zip(one, other, strict=True)):
        step = sensitivity["steps"][number]
        place = ("outputs", str(number))
        if isinstance(repeats, list) and not repeats[number]:
            continue
        if step is None:
            if sensitivity["settled"][number]:
                yield from _named(differences(first, second, blobs, place), before, after, blobs)
            continue
        if first["shape"] != second["shape"] or first["dtype"] != second["dtype"]:
            yield from _by_dtype(differences(first, second, blobs, place), before, after)
            continue
        values = read(first, blobs)
        finite = np.isfinite(values.astype("float64"))
        largest = float(np.max(np.abs(values.astype("float64")[finite]), initial=0.0))
        more = sensitivity.get("coarse") or {"steps": [0.0] * len(one), "terms": 1}
        of_sums = {"coarse": more["steps"][number], "terms": more["terms"]}
        allowed = tolerance(step, largest, first["dtype"], *_computed_in(before), **of_sums)
        share = allowed / max(1.0, largest)
        found = differences(first, second, blobs, place, close={first["dtype"]: share})
        yield from _named(found, before, after, blobs, allowed=allowed, share=share)


def loss(before: Any, after: Any, seen: Mapping[str, Any], blobs: Mapping[str, bytes]) -> Iterator[Difference]:
    """The loss, where another release computes another one than rounding explains.

    `seen` is all that was observed before: where an output is another one at each call, so is the loss.
    """
    repeats, step = seen.get("repeats"), (seen.get("sensitivity") or {}).get("loss")
    if before is None or "$error" in before or step is None or (isinstance(repeats, list) and not all(repeats)):
        return
    if after is None or "$error" in after or before["shape"] != after["shape"]:
        yield from differences(before, after, blobs)
        return
    value = float(read(before, blobs).max(initial=0.0))
    more = seen["sensitivity"].get("coarse") or {"loss": 0.0, "terms": 1}
    of_sums = {"coarse": more["loss"], "terms": more["terms"]}
    allowed = tolerance(step, abs(value), "float32", *_computed_in(seen.get("outputs") or {}), **of_sums)
    for each in differences(before, after, blobs, close={"float32": allowed / max(1.0, abs(value))}):
        yield Difference(each.where, each.kind, each.expected, each.actual, {**each.size, "allowed": allowed})


def _named(
    found: Iterator[Difference],
    before: Any,
    after: Any,
    blobs: Mapping[str, bytes],
    *,
    allowed: float = 0.0,
    share: float = 0.0,
) -> Iterator[Difference]:
    """The difference, at the layer where the two sides part: a layer passes on what it was given.

    That is the first that is plainly apart; where none is, the first by more than this share, which the output may be.
    """
    for difference in found:
        inner = before.get("inner", []), after.get("inner", [])
        layer = _first_inner(*inner, blobs, APART) or (share and _first_inner(*inner, blobs, _finer(share)))
        where = ("inner", layer) if layer else difference.where
        size = {**difference.size, "allowed": allowed} if allowed else difference.size
        yield Difference(where, difference.kind, difference.expected, difference.actual, size)
        return


# How far what comes out of a layer is plainly apart, as a share of its largest number.
APART = {"float64": 1e-3, "float32": 1e-3, "float16": 3e-2, "bfloat16": 2e-1}


def _by_dtype(found: Iterator[Difference], before: Any, after: Any) -> Iterator[Difference]:
    """The differences, of a dtype at the layer that gives it first: those behind it pass it on."""
    for each in found:
        layer = ""
        if each.kind == "dtype":
            layer = _first_of(before.get("inner", []), after.get("inner", []), each.expected, each.actual)
        yield replace(each, where=("inner", layer)) if layer else each


def _first_of(one: list[Any], other: list[Any], expected: str, actual: str) -> str:
    """The first layer of which something comes out in the one dtype here and in the other there; found by its name."""
    theirs: dict[str, list[Any]] = {}
    for call in other:
        theirs.setdefault(call["layer"], []).append([each.get("dtype") for each in call["outputs"]])
    for call in one:
        ours = [each.get("dtype") for each in call["outputs"]]
        told = theirs.get(call["layer"], ())
        if told and all((expected, actual) in zip(ours, dtypes, strict=False) for dtypes in told):
            return str(call["layer"])
    return ""


def _finer(share: float) -> dict[str, float]:
    return {dtype: min(apart, max(share, FLOOR * _UNITS[dtype])) for dtype, apart in APART.items()}


def _first_inner(one: list[Any], other: list[Any], blobs: Mapping[str, bytes], close: dict[str, float]) -> str:
    """The first layer whose outputs are further apart than `close`; layers are found by their names.

    What a model does not need in a certain order each release calls in one of its own, and tells once or twice: of
    several calls of a layer any may be the one. A layer inside of another, which goes by its class, may be called for
    all steps at once or for each by itself: what has another shape there says nothing.
    """
    theirs: dict[str, list[Any]] = {}
    for each in other:
        theirs.setdefault(each["layer"], []).append(each)
    for each in one:
        inside = each["layer"] == each["class"]
        calls = [call for call in theirs.get(each["layer"], ()) if not inside or _shapes(call) == _shapes(each)]
        if calls and not any(_near(each["outputs"], call["outputs"], blobs, close) for call in calls):
            return str(each["layer"])
    return ""


def _shapes(call: Mapping[str, Any]) -> list[Any]:
    return [each.get("shape") for each in call["outputs"]]


def _near(one: Any, other: Any, blobs: Mapping[str, bytes], close: dict[str, float]) -> bool:
    return next(differences(one, other, blobs, close=close), None) is None
