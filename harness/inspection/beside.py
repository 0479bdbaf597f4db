"""What a `.keras` file keeps beside the weights: whose they are, the optimizer's state, and vocabularies."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from harness.inspection import exports, variables
from harness.inspection.hdf5_process import Contents
from harness.inspection.report import Report
from harness.inspection.variable_rows import Odd
from harness.inspection.weights import OLDER, Layer, own_name, placed, shape_text

LOOKUPS = frozenset({"IntegerLookup", "StringLookup", "TextVectorization"})
VOCABULARY = "vocabulary.txt"
# How many variables an optimizer keeps for each weight that it trains, shaped as that is, and the arguments that make
# it one more.
FOR_EACH: dict[str, tuple[int, tuple[str, ...]]] = {
    "Adadelta": (2, ()), "Adagrad": (1, ()), "Adam": (2, ("amsgrad",)), "AdamW": (2, ("amsgrad",)), "Adamax": (2, ()),
    "Ftrl": (2, ()), "Lion": (1, ()), "Nadam": (2, ()), "RMSprop": (1, ("centered", "momentum")),
    "SGD": (0, ("momentum",)),
}  # fmt: skip
OF_SCALE = 4  # of a LossScaleOptimizer, beside those of the optimizer inside
OF_ALL = ("gradient_accumulation_steps", "use_ema")
GAPS = ((2, 12), (2, 13))  # releases whose numbers of layers are not those of the config


def look(report: Report, config: Layer, contents: Contents, entries: Collection[str], where: str) -> None:
    """Holds each against the config; `entries` are the files of the model."""
    if exports.numbers(report.keras_version or "") not in GAPS:
        _names(report, config, contents, where)
        _vocabularies(report, config, entries)
    _optimizer(report, config, contents, where)


def _names(report: Report, config: Layer, contents: Contents, where: str) -> None:
    """Keras 3 writes a layer's name beside its weights, and reads them by their place, whatever name stands there."""
    own: dict[str, dict[str, str]] = {}  # of the layers of each model
    for path, layer, _ in placed(config):
        own.setdefault(path.rpartition("/")[0], {})[path] = own_name(layer)
    for model in own.values():
        known = set(model.values())
        for path, name in model.items():
            report.clock.tick()
            written = contents.groups.get(f"/{path}/vars", {}).get("name")
            if written != name and written in known:
                report.add("weight-shape", f"{where}/{path}", f"the weights of {written}, where the config has {name}")


def _vocabularies(report: Report, config: Layer, entries: Collection[str]) -> None:
    """A vocabulary that was learnt is a file of its own; where it is gone, the layer is loaded without a word in it."""
    found = {re.sub(OLDER, "layers/", each) for each in entries if each.endswith(f"/{VOCABULARY}")}
    asked = [(path, own_name(layer)) for path, layer, _ in placed(config) if _learns(layer)]
    there = {name for path, name in asked if f"assets/{path}/{VOCABULARY}" in found}
    for path, name in asked:  # one that is shared with a nested model is kept at one of its two places
        if name not in there:
            report.add(
                "entry-missing", f"assets/{path}/{VOCABULARY}", f"the words of {name} are not in the config either"
            )


def _learns(layer: Layer) -> bool:
    config = layer.get("config")
    return isinstance(config, dict) and variables.built_in(layer) in LOOKUPS and not config.get("vocabulary")


def _optimizer(report: Report, config: Layer, contents: Contents, where: str) -> None:
    """Keras takes the state where it is of as many variables as the optimizer has, and leaves it where it is not."""
    compiled = config.get("compile_config")
    optimizer = compiled.get("optimizer") if isinstance(compiled, dict) else None
    state = [entry for entry in contents.datasets if entry["path"].startswith("/optimizer/vars/")]
    if not state or report.not_computed or len(state) != _kept(optimizer, config):
        return
    shapes = {tuple(entry["shape"]) for entry in contents.datasets if not entry["path"].startswith("/optimizer/")}
    for entry in state:
        if entry["shape"] and tuple(entry["shape"]) not in shapes:
            what = f"{shape_text(entry['shape'])}; the model has no weight of that shape"
            report.add("weight-shape", f"{where}{entry['path']}", what)


def _kept(optimizer: Any, model: Layer) -> int | None:
    """How many variables the optimizer of a model has; None where that is not known."""
    config = optimizer.get("config") if isinstance(optimizer, dict) else None
    name = variables.built_in(optimizer) if isinstance(config, dict) else None
    if not isinstance(config, dict) or name is None:
        return None
    if name == "LossScaleOptimizer":
        inner = _kept(config.get("inner_optimizer"), model)
        return None if inner is None else inner + OF_SCALE
    if name not in FOR_EACH:
        return None
    count, more = FOR_EACH[name]
    count += sum(bool(config.get(argument)) for argument in (*more, *OF_ALL))
    # The number of its steps, its learning rate where that is no schedule, and what Nadam multiplies up.
    return count * _trained(model) + 1 + (not isinstance(config.get("learning_rate"), dict)) + (name == "Nadam")


def _trained(config: Layer) -> int:
    """How many weights of the model are trained; those of a layer that stands at two places once."""
    found: dict[str, int] = {}
    for path, layer, _ in placed(config):
        try:
            asked = variables.of(layer) or []
        except Odd:
            continue
        if asked and layer["config"].get("trainable", True):
            found[own_name(layer) or path] = sum(each.trained and not each.again for each in asked)
    return sum(found.values())
