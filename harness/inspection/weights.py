"""The config against the weights: what each layer must have, by name and shape, and what the file holds.

Keras 3, and Keras 2.12 on, keep the weights of a `.keras` file by the position of a layer among those of its class
(`layers/dense_1/vars/0`); HDF5 files of whole models keep them by the layer's name and in the order of `weight_names`.
"""

from __future__ import annotations

import os
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from harness.inspection import builds, calls, changed_inside, exports, group_names, sizes, variables, widening
from harness.inspection.clock import Clock
from harness.inspection.graph import MODELS
from harness.inspection.hdf5_process import Contents
from harness.inspection.limits import Limits
from harness.inspection.report import Report
from harness.inspection.shapes import product
from harness.inspection.variable_rows import Dim, Free, Odd, Shape, Variable, Variables

IN_CODE = ("LinearModel", "WideDeepModel")  # models of Keras 2 that make their layers themselves
OLDER = "_layer_checkpoint_dependencies/"  # what `layers` was called at first
Layer = dict[str, Any]


def layers_of(config: Any) -> Iterator[tuple[str, Layer]]:
    """(path in the weights file, config) of every layer, of nested models too."""
    return ((path, layer) for path, layer, _ in placed(config))


def placed(config: Any, at: str = "layers", depth: int = 0) -> Iterator[tuple[str, Layer, bool]]:
    """The same, and whether the layer must have been built: it is called in a graph, or stands after an input."""
    inner = config.get("config") if isinstance(config, dict) else None
    listed = inner.get("layers") if isinstance(inner, dict) else None
    if not isinstance(listed, list) or depth > 50:
        return
    used: Counter[str] = Counter()
    first = listed[0] if listed else None
    # Of a Sequential that begins with an input it is known what flows into the others.
    fed = (
        config.get("class_name") == "Sequential" and isinstance(first, dict) and first.get("class_name") == "InputLayer"
    )
    for layer in listed:
        if not is_layer(layer):
            continue
        name = layer["class_name"]
        path = f"{at}/{group_names.numbered(name, used)}"
        if name in MODELS:
            yield from placed(layer, f"{path}/layers", depth + 1)
        else:
            yield path, layer, fed or bool(layer.get("inbound_nodes"))


def is_layer(config: Any) -> bool:
    """Is it one of `model.layers`? An operation is not."""
    if not isinstance(config, dict) or not isinstance(config.get("class_name"), str):
        return False
    return exports.kinds(str(config.get("module")), config["class_name"]) != {"operation"}


def compare(report: Report, config: Layer, contents: Contents, where: str, limits: Limits) -> None:
    """A `.keras` file's config against its weights."""
    held = _held(contents)
    if exports.numbers(report.keras_version or "") in ((2, 12), (2, 13)):
        held = _without_gaps(held)
    report.parameters = sum(product(entry["shape"]) for entry in held.values())
    ordered = sorted(held)  # so that what lies below a layer is a stretch of it
    taken: set[str] = set()
    named: Counter[str] = Counter()
    again: set[str] = set()
    pending: list[tuple[str, str, str]] = []
    for path, layer, built in placed(config):
        report.clock.tick()
        asked = asked_by(report, layer, path)
        below = ordered[bisect_left(ordered, f"{path}/") : bisect_left(ordered, f"{path}0")]  # 0 comes after /
        taken.update(below)
        built = built or variables.input_shape(layer) is not None
        if asked is None:
            if below:
                named[own_name(layer)] += 1
            elif built and variables.has_some(layer):
                pending.append(("weight-missing", f"{where}/{path}", own_name(layer)))
            continue
        mine = {name: held[name] for name in below}
        if not mine and not (asked and built):
            continue
        if changed := changed_inside.modes(
            asked, changed_inside.by_number({name.removeprefix(f"{path}/"): entry for name, entry in mine.items()})
        ):
            report.add("changed-inside", f"{where}/{path}", f"{own_name(layer)}: {', '.join(changed)}")
            named[own_name(layer)] += 1
            continue
        expected = _places(path, asked)
        fewer = _places(path, [each for each in asked if not each.left_out])
        if mine.keys() == fewer.keys() < expected.keys() and all(
            fits(each, mine[place]["shape"]) and is_whole(mine[place]) == each.whole for place, each in fewer.items()
        ):
            report.add("zero-points-lost", f"{where}/{path}", f"{own_name(layer)}: "
                       f"{len(expected) - len(fewer)} of {len(expected)} weights")  # fmt: skip
            expected = fewer
        again.update(place for place, each in expected.items() if each.again)
        before = len(pending)
        _shapes(report, expected, mine, where, variables.policy(layer["config"]), pending, own_name(layer))
        if len(pending) == before:
            named[own_name(layer)] += 1
    for rule, place, name in pending:
        # A layer that is shared with a nested model is kept at one of its two places.
        if not named[name]:
            report.add(rule, place, "the config asks for it; the file does not hold it")
    for name in held if tells_layers(config) else ():
        if name not in taken and name.startswith("layers/"):
            report.add("weight-surplus", f"{where}/{name}", "no layer of the config has it")
    hold_size(report, config, limits)
    _odd(report, {name: entry for name, entry in held.items() if name not in again}, where)


def _places(path: str, asked: Variables) -> dict[str, Variable]:
    """Where the weights of a layer are kept, which are numbered in each place."""
    counts: Counter[str] = Counter()
    expected: dict[str, Variable] = {}
    for each in asked:
        own = each.name or str(counts[each.inside])
        expected["/".join(filter(None, (path, each.inside, "vars", own)))] = each
        counts[each.inside] += 1
    return expected


def own_name(layer: Layer) -> str:
    """The name in the config of a layer."""
    inner = layer.get("config")
    return str(inner.get("name") if isinstance(inner, dict) else None)


def tells_layers(config: Layer) -> bool:
    """Does the config say which layers there are? That of the author's class, or of one of IN_CODE, need not."""
    inner, name = config.get("config"), variables.built_in(config)
    told = name is not None and bool(exports.bare(name)) and name not in IN_CODE
    return told or (isinstance(inner, dict) and "layers" in inner)


def _held(contents: Contents) -> dict[str, dict[str, Any]]:
    """The datasets of layers, by their path, with the names of older releases brought to one form."""
    found = {}
    for entry in contents.datasets:
        path = entry["path"].strip("/").replace(OLDER, "layers/")
        path = re.sub(r"/_(query|key|value|gate|output)_dense/", r"/\1_dense/", path)
        if path.startswith("layers/") and not re.search(r"(^|/)_?(seed|random)_generator/", path):
            found[path] = entry
    return found


def _without_gaps(held: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The layers of each class numbered one after the other.

    Keras before 2.14 goes over a model's layers twice and counts each time (keras#18830): dense, dense_2, dense_4.
    """
    numbers: dict[str, dict[str, set[int]]] = {}
    for path in held:
        for place, word, number in _numbered(path):
            numbers.setdefault(place, {}).setdefault(word, set()).add(number)
    ranks = {
        (place, word, number): rank
        for place, words in numbers.items()
        for word, found in words.items()
        for rank, number in enumerate(sorted(found))
    }
    renamed = {}
    for path, entry in held.items():
        parts = path.split("/")
        for place, word, number in _numbered(path):
            rank = ranks[place, word, number]
            parts[place.count("/") + 1] = f"{word}_{rank}" if rank else word
        renamed["/".join(parts)] = entry
    return renamed


def _numbered(path: str) -> Iterator[tuple[str, str, int]]:
    """For each layer on a path: the folder that it stands in, the word for its class, and its number."""
    parts = path.split("/")
    for at, part in enumerate(parts[:-1]):
        found = re.fullmatch(r"(.+?)(?:_([0-9]{1,9}))?", parts[at + 1]) if part == "layers" else None
        if found is not None:
            yield "/".join(parts[: at + 1]), found[1], int(found[2] or 0)


def asked_by(report: Report, layer: Layer, path: str, shape: Any = None) -> Variables | None:
    """The weights that a layer asks for; None where that is not computed, which is told."""
    try:
        asked = variables.of(layer, shape)
    except Odd as odd:
        report.add("config-shape", path, str(odd))
        return None
    if asked and not (report.keras_version or "").startswith("2."):
        asked = [each for each in asked if not each.of_keras_2]
    name = layer["class_name"]
    if asked is None and len(report.not_computed) < 1000 and name not in report.not_computed:
        report.not_computed.append(name)
        report.add("weights-not-compared", path, name)
    return asked


def _shapes(report: Report, expected: dict[str, Variable], held: dict[str, dict[str, Any]], where: str,
            policy: str | None, missing: list[tuple[str, str, str]], name: str) -> None:  # fmt: skip
    found: Sizes = {}
    for path, asked in expected.items():
        entry = held.get(path)
        if entry is None:
            missing.append(("weight-missing", f"{where}/{path}", name))
            continue
        if not fits(asked, entry["shape"], found):
            report.add(
                "weight-shape",
                f"{where}/{path}",
                f"{shape_text(entry['shape'])}; the config asks for {asked_text(asked, found)}",
            )
        hold_dtype(report, entry, f"{where}/{path}", asked.policy or policy, whole=asked.whole)
    for path in held:
        if path not in expected:
            report.add("weight-surplus", f"{where}/{path}", "the layer has no such weight")


def hold_dtype(report: Report, entry: dict[str, Any], where: str, policy: str | None, *, whole: bool) -> None:
    """Holds the dtype of a weight against the policy of its layer; what is not known is not held."""
    kind = entry.get("written_as") or entry.get("dtype")
    if kind is None:
        return
    if whole:
        if not is_whole(entry):
            report.add("weight-dtype", where, f"{kind}, where whole numbers belong")
        return
    if policy is None:
        return
    asked = "float32" if policy.startswith("mixed_") else policy
    if asked in ("float16", "bfloat16", "float32", "float64") and kind not in (asked, "float32"):
        report.add("weight-dtype", where, f"{kind}; the config asks for {asked}")


def is_whole(entry: dict[str, Any]) -> bool:
    """Does a weight hold whole numbers?"""
    return re.fullmatch("u?int[0-9]+", str(entry.get("written_as") or entry.get("dtype"))) is not None


Sizes = dict[str, int]  # how large what flows into a layer is, along each axis of it, as far as its weights have told


def fits(asked: Variable, held: list[int], found: Sizes | None = None) -> bool:
    """Could this be a weight's shape? `found` is what the weights before it have told, and what this one does."""
    if asked.either:
        return any(shape_fits(each, held) for each in asked.either)
    if asked.shape is None:
        return asked.size in (None, product(held))
    return shape_fits(asked.shape, held, found)


def shape_fits(asked: Shape, held: Sequence[int], found: Sizes | None = None) -> bool:
    """A dimension that is not known fits every size; one that another weight has told, in `found`, only that."""
    if len(asked) != len(held):
        return False
    told = {} if found is None else dict(found)
    for one, other in zip(asked, held, strict=True):
        if isinstance(one, Free):
            size, left = divmod(other * one.over, one.times) if one.times else (0, other)
            if left or (one.times and told.setdefault(one.axis, size) != size):
                return False
        elif one not in (None, other):
            return False
    if found is not None:
        found |= told
    return True


def computed(config: Layer, clock: Clock) -> int:
    """The parameters that the config asks for, as far as they are computed: a lower bound."""
    total = 0
    for _, layer in layers_of(config):
        clock.tick()
        try:
            total += sum(product(each.shape or ()) for each in variables.of(layer) or [] if not each.again)
        except Odd:
            continue
    return total


def hold_size(report: Report, config: Layer, limits: Limits, *, memory: int = 0, seen: sizes.Seen | None = None) -> int:
    """Holds the parameters that a config asks for against the limits; returns how many its layers have."""
    seen = seen or sizes.Seen()
    parameters = max(computed(config, report.clock), sizes.total(config, report.clock, seen))
    asked = max(parameters, builds.total(config, report.clock))
    for what in seen.mismatched:
        report.add("graph-broken", "config", what)
    if asked > limits.parameters:
        report.add("model-bomb", "config", f"{asked:,} parameters; the limit is {limits.parameters:,}")
    limit = memory or max(limits.parameters_floor, int(report.size * limits.parameters_over_file))
    if asked * 4 > limit:
        report.add("model-bomb", "config", f"{asked * 4:,} bytes of parameters; the limit is {limit:,}")
    numbers, name = widening.widest(config, report.clock)
    if numbers * 4 > limits.sample_bytes:
        report.add("model-bomb", "config", f"{numbers * 4:,} bytes flow out of {name} for one sample; the limit is "
                   f"{limits.sample_bytes:,}")  # fmt: skip
    times = calls.total(config, report.clock)
    if times > limits.nodes:
        report.add("model-bomb", "config", f"{times:,} calls of layers; the limit is {limits.nodes:,}")
    return parameters


def alone(report: Report, config: Layer, limits: Limits) -> None:
    """A config without weights: what it asks for, against what a machine has."""
    memory = limits.parameters_memory or _memory()
    for path, layer in layers_of(config):
        report.clock.tick()
        asked_by(report, layer, path)
    report.parameters = hold_size(report, config, limits, memory=memory)


def _memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return 64 << 30


def _odd(report: Report, held: dict[str, dict[str, Any]], where: str) -> None:
    """Kernels that are all zeros, or the same."""
    seen: dict[Any, str] = {}
    for path, entry in held.items():
        if len(entry["shape"]) < 2 or product(entry["shape"]) < 16:
            continue
        if entry.get("zero"):
            report.add("all-zero", f"{where}/{path}", f"{shape_text(entry['shape'])}, all zeros")
        elif entry.get("digest"):
            key = (entry["digest"], tuple(entry["shape"]))
            if key in seen:
                report.add("duplicate-weights", f"{where}/{path}", f"the same values as {seen[key]}")
            seen.setdefault(key, path)


def asked_text(asked: Variable, found: Sizes | None = None) -> str:
    """The shape that a weight must have, or what is known of it."""
    if asked.either:
        return " or ".join(dict.fromkeys(map(shape_text, asked.either)))
    if asked.shape is None and asked.size is not None:
        return f"{asked.size:,} numbers"
    return shape_text(asked.shape, found)


def shape_text(shape: Any, found: Sizes | None = None) -> str:
    """A shape as it is told, with a question mark for what is not known, and what other weights have told."""
    if shape is None:
        return "(?)"
    told = [_told(each, found or {}) for each in shape]
    return "(" + ", ".join(str(each) if type(each) is int else "?" for each in told) + ")"


def _told(size: Dim, found: Sizes) -> Dim:
    return size.times * found[size.axis] // size.over if isinstance(size, Free) and size.axis in found else size


def count(contents: Contents) -> int:
    """The parameters of a file of weights alone, those of an optimizer left out."""
    return sum(product(entry["shape"]) for entry in contents.datasets
               if not re.match(r"/?(optimizer|compile_metrics|metrics|_?loss)", entry["path"]))  # fmt: skip
