"""Compares two observations, place by place, and says what differs, where, and by how much."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, is_dataclass
from itertools import takewhile
from typing import Any

import numpy as np

from harness.protocol.architecture import Architecture, dumps

# How far apart arrays may be, as a share of the largest value (at least 1), by dtype.
# `~`: some 1,000 units in the last place: what
# fusing and reordering a graph of tens of layers may do; a lost weight or another formula is far beyond.
CLOSE = {"float64": 1e-10, "float32": 1e-4, "float16": 2e-2, "bfloat16": 1e-1}
# `~t`: some 100 units. Kernels of TensorFlow sum in another order where a buffer is aligned otherwise (a weight that
# was read from HDF5 aliases NumPy's memory), and training steps add that up. Momentum that was lost is far beyond.
STEPS = {"float64": 1e-12, "float32": 1e-5, "float16": 2e-2, "bfloat16": 1e-1}
TOLERANCES = {"~": CLOSE, "~t": STEPS}
LIMIT = 20  # differences kept of one comparison; the rest are counted by nobody, one cause makes many


@dataclass(frozen=True)
class Difference:
    """One place where `expected` is not `actual`; `size` states how far apart arrays are."""

    where: tuple[str, ...]
    kind: str  # value, shape, dtype, missing, surplus, length, order, moved (to each other's places), type, error
    expected: Any
    actual: Any
    size: Mapping[str, Any] = field(default_factory=dict)


def tolerance(relation: str, architecture: Architecture) -> dict[str, float] | None:
    """How far apart the arrays of this model may be by their dtype, as a share of the largest; None: bit by bit.

    A number is no more exact than the coarsest that it was computed from: a float64 layer fed by float32 layers, a
    float32 weight whose gradient went through layers that compute in half precision.
    """
    table = TOLERANCES.get(relation)
    if table is None:
        return None
    named = architecture.text
    low = max((table[dtype] for dtype in ("float16", "bfloat16") if re.search(rf"(?<!b){dtype}", named)), default=0.0)
    single = max(table["float32"], low)
    double = table["float64"] if architecture.policy == "float64" and not low else single
    return {"float64": double, "float32": single, "float16": max(table["float16"], low), "bfloat16": table["bfloat16"]}


def differences(
    before: Any,
    after: Any,
    blobs: Mapping[str, bytes],
    where: tuple[str, ...] = (),
    *,
    close: Mapping[str, float] | None = None,
) -> Iterator[Difference]:
    """Every difference of two observations, in order; with `close`, arrays may differ within its tolerance."""
    if isinstance(before, dict) and isinstance(after, dict):
        if "array" in before and "array" in after:
            yield from _arrays(before, after, blobs, where, close)
            return
        if "$error" in after and "$error" not in before:
            yield Difference(where, "error", None, after["$error"])
            return
        if "$error" in before:
            return  # the original could not be observed either: no promise was broken on the way
        for key in before:
            if key not in after:
                yield Difference((*where, key), "missing", before[key], None)
            else:
                yield from differences(before[key], after[key], blobs, (*where, key), close=close)
        for key in after:
            if key not in before:
                yield Difference((*where, key), "surplus", None, after[key])
    elif isinstance(before, list) and isinstance(after, list):
        yield from _lists(before, after, blobs, where, close)
    elif type(before) is not type(after) and not _both_numbers(before, after):
        yield Difference(where, "type", before, after)
    elif before != after and not _both_nan(before, after) and not _same_float32(before, after):
        yield Difference(where, "value", before, after)


def _lists(
    before: list[Any],
    after: list[Any],
    blobs: Mapping[str, bytes],
    where: tuple[str, ...],
    close: Mapping[str, float] | None,
) -> Iterator[Difference]:
    if len(before) != len(after):
        yield Difference(where, "length", _brief(before), _brief(after))
        return
    names, there = _names(before), _names(after)
    stayed = [*map(_array, before)] == [*map(_array, after)]
    another_order = names != there and sorted(names) == sorted(there)
    if another_order:
        by_name = dict(zip(there, after, strict=True))
        after = [by_name[name] for name in names]
    # Where values need not be the same bit by bit, one that is another's may be its own, rounded otherwise.
    moved = _moved(before, after) if names and close is None else {}
    if another_order and not (moved and stayed):  # values that stayed under other names have moved, which says more
        apart = [pair for pair in zip(names, there, strict=True) if pair[0] != pair[1]]
        first = _common([name for name, _ in apart]) or apart[0][0]
        yield Difference((*where, first), "order", [one for one, _ in apart][:50], [name for _, name in apart][:50])
    if moved:
        first = _common(list(moved)) or next(iter(moved))
        yield Difference((*where, first), "moved", list(moved)[:50], list(moved.values())[:50])
    for number, (one, other) in enumerate(zip(before, after, strict=True)):
        label = _label(one, number)
        if label in moved:
            other = {**other, "value": one["value"]}
        yield from differences(one, other, blobs, (*where, label), close=close)


def _names(items: list[Any]) -> list[str]:
    """The names of the entries, where each has one of its own."""
    names = [_label(item, number) for number, item in enumerate(items) if not isinstance(item, (str, int, float))]
    named = names and not any(name.isdigit() for name in names)
    return names if named and len(names) == len(set(names)) == len(items) else []


def _moved(before: list[Any], after: list[Any]) -> dict[str, str]:
    """Of entries that hold each other's arrays, and nothing else: by the name of each, whose array it holds now.

    One cause moves the values of many weights, and each of them would be told as if its own were lost.
    """
    pairs = [(one, other) for one, other in zip(before, after, strict=True) if _array(one) != _array(other)]
    if sorted(_array(one) for one, _ in pairs) != sorted(_array(other) for _, other in pairs):
        return {}
    owners: dict[str, list[str]] = {}
    for one, _ in pairs:
        owners.setdefault(_array(one), []).append(_label(one, 0))
    return {_label(one, 0): owners[_array(other)].pop(0) for one, other in pairs}


def _array(item: Any) -> str:
    value = item.get("value") if isinstance(item, dict) else None
    return f"{value.get('array')} {value.get('shape')}" if isinstance(value, dict) else ""


def _common(names: list[str]) -> str:
    """The path that all of the names start with."""
    depths = zip(*(name.split("/") for name in names), strict=False)
    return "/".join(pieces[0] for pieces in takewhile(lambda pieces: len(set(pieces)) == 1, depths))


def _label(item: Any, number: int) -> str:
    """What an entry of a list is called: a weight by its path, a layer by its name, else its number."""
    if isinstance(item, dict):
        for key in ("path", "layer", "name"):
            if isinstance(item.get(key), str):
                return str(item[key])
        config = item.get("config")
        if isinstance(config, dict) and isinstance(config.get("name"), str):
            return str(config["name"])
    if isinstance(item, list) and item and isinstance(item[0], str):
        return item[0]
    return str(number)


def _arrays(
    before: dict[str, Any],
    after: dict[str, Any],
    blobs: Mapping[str, bytes],
    where: tuple[str, ...],
    close: Mapping[str, float] | None,
) -> Iterator[Difference]:
    if before["shape"] != after["shape"]:
        yield Difference(where, "shape", before["shape"], after["shape"])
    elif before["dtype"] != after["dtype"]:
        yield Difference(where, "dtype", before["dtype"], after["dtype"])
    elif before["array"] != after["array"]:
        one, other = read(before, blobs), read(after, blobs)
        if close is not None and _within(one, other, close.get(before["dtype"], 0.0)):
            return
        size = measure(one, other)
        if size["different"] or size["sampled"]:
            yield Difference(where, "value", size.pop("first expected"), size.pop("first actual"), size)


def read(entry: Mapping[str, Any], blobs: Mapping[str, bytes]) -> np.ndarray[Any, Any]:
    """The values that were sent of an array: all of them, or of a large one an even sample (flat)."""
    return np.frombuffer(blobs[entry["array"]], dtype=entry["kept"])


def measure(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> dict[str, Any]:
    """How far two arrays are apart: number of different values, largest difference, in units in the last place too.

    NaN equals NaN. A zero equals a zero of the other sign. `sampled` is false where none differed in what was sent.
    """
    different = (one != other) & ~(_isnan(one) & _isnan(other))
    where = np.flatnonzero(different)
    first = int(where[0]) if where.size else 0
    size: dict[str, Any] = {
        "different": int(where.size),
        "of": int(one.size),
        "first expected": one[first].item() if one.size else None,
        "first actual": other[first].item() if other.size else None,
        "sampled": one.size > (1 << 12) and not where.size,
    }
    if where.size and one.dtype.kind in "fiu":
        a, b = one[different].astype("float64"), other[different].astype("float64")
        apart = np.abs(a - b)
        size["max abs"] = float(np.nanmax(apart)) if not np.all(np.isnan(apart)) else math.nan
        if one.dtype.kind == "f":
            spacing = np.spacing(np.maximum(np.abs(one[different]), np.abs(other[different])))
            with np.errstate(all="ignore"):
                ulp = apart / spacing.astype("float64")
            size["max ulp"] = float(np.nanmax(ulp)) if not np.all(np.isnan(ulp)) else math.nan
    return size


def _within(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any], tolerance: float) -> bool:
    if one.dtype.kind != "f":
        return False
    a, b = one.astype("float64"), other.astype("float64")
    finite = np.isfinite(a)
    if not np.array_equal(a[~finite], b[~finite], equal_nan=True):
        return False
    largest = max(1.0, float(np.max(np.abs(a[finite]), initial=0.0)))
    return bool(np.all(np.abs(a[finite] - b[finite]) <= tolerance * largest))


def _isnan(array: np.ndarray[Any, Any]) -> Any:
    return np.isnan(array) if array.dtype.kind in "fc" else np.zeros(array.shape, dtype=bool)


def _both_numbers(one: Any, other: Any) -> bool:
    return (
        isinstance(one, (int, float)) and isinstance(other, (int, float))
        and not isinstance(one, bool) and not isinstance(other, bool)
    )  # fmt: skip


def _both_nan(one: Any, other: Any) -> bool:
    return isinstance(one, float) and isinstance(other, float) and math.isnan(one) and math.isnan(other)


def _same_float32(one: Any, other: Any) -> bool:
    """Whether two numbers are one float32: a config may have been through a variable, and 0.1 is no float32."""
    return _both_numbers(one, other) and float(np.float32(one)) == float(np.float32(other))


def _brief(items: list[Any]) -> list[str]:
    return [_label(item, number) for number, item in enumerate(items)][:50]


def clipped(text: str, most: int) -> str:
    """The text, or the `most` characters that it begins with, and a sign that there are more.

    >>> clipped("no such layer", 7)
    'no such…'
    """
    return text if len(text) <= most else f"{text[:most].rstrip()}…"


def short(value: Any) -> Any:
    """A value small enough for a report."""
    text = repr(value)
    if is_dataclass(value):
        return dumps(value)[:400]
    if isinstance(value, dict) and "array" in value:
        return f"{value['dtype']}{value['shape']}"
    return value if len(text) <= 400 else clipped(text, 400)
