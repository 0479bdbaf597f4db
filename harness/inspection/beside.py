"""What a `.keras` file keeps beside the weights: whose they are, the optimizer's state, and vocabularies."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from harness.inspection import exports, variables
from harness.inspection.hdf5_process import Contents
from harness.inspection.report import Report
from harness.inspection.weights import OLDER, Layer, own_name, placed, shape_text

LOOKUPS = frozenset({"IntegerLookup", "StringLookup", "TextVectorization"})
VOCABULARY = "vocabulary.txt"
# For each weight that they train, nothing but what is shaped as it is, and numbers.
LIKE_WEIGHTS = frozenset(
    {
        "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "Ftrl", "Lion", "LossScaleOptimizer", "Muon", "Nadam",
        "RMSprop", "SGD",
    }
)  # fmt: skip
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
    return variables.built_in(layer) in LOOKUPS and not layer["config"].get("vocabulary")


def _optimizer(report: Report, config: Layer, contents: Contents, where: str) -> None:
    compiled = config.get("compile_config")
    optimizer: Any = compiled.get("optimizer") if isinstance(compiled, dict) else None
    if not isinstance(optimizer, dict) or variables.built_in(optimizer) not in LIKE_WEIGHTS or report.not_computed:
        return
    shapes = {tuple(each["shape"]) for each in contents.datasets if not each["path"].startswith("/optimizer/")}
    for each in contents.datasets:
        if each["path"].startswith("/optimizer/") and each["shape"] and tuple(each["shape"]) not in shapes:
            what = f"{shape_text(each['shape'])}; the model has no weight of that shape"
            report.add("weight-shape", f"{where}{each['path']}", what)
