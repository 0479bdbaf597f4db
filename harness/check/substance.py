"""Whether the models had something to lose: a promise about weights says nothing of a model that has none.

Seen in what was observed of each original, counted over the run. What was empty in one model is told; what was empty
in all of them was not measured.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from harness.expectations.compare import read
from harness.protocol.architecture import Architecture, layer_calls

# What must differ between training and inference, by the argument that says how much.
RANDOM = {
    "Dropout": "rate",
    "SpatialDropout1D": "rate",
    "SpatialDropout2D": "rate",
    "SpatialDropout3D": "rate",
    "GaussianDropout": "rate",
    "AlphaDropout": "rate",
    "GaussianNoise": "stddev",
}
Blobs = Mapping[str, bytes]


@dataclass
class Substance:
    """`seen` counts the models in which something was looked at, `empty` those of them that had nothing there."""

    seen: Counter[str] = field(default_factory=Counter)
    empty: Counter[str] = field(default_factory=Counter)
    compared: Counter[str] = field(default_factory=Counter)  # by observation, over models and routes
    layers: Counter[str] = field(default_factory=Counter)  # models in which the outputs of a layer were seen
    varied: Counter[str] = field(default_factory=Counter)  # and those in which they depended on the inputs
    lone: set[str] = field(default_factory=set)  # layers that were seen with one sample

    def add(self, architecture: Architecture, reply: Mapping[str, Any], blobs: Blobs) -> None:
        """Takes what was observed of one model."""
        found = dict(_findings(architecture, reply, blobs))
        self.seen.update(list(found))
        self.empty.update(f"{what}: {how}" for what, how in found.items() if how)
        for name, varied in _layers(reply, blobs).items():
            if varied is None:
                self.lone.add(name)
            else:
                self.layers[name] += 1
                self.varied[name] += varied

    def nowhere(self) -> Iterator[str]:
        """What was empty in every model in which it was looked at: it was not measured."""
        for what in self.seen:
            empty = {key: count for key, count in self.empty.items() if key.startswith(f"{what}:")}
            if sum(empty.values()) == self.seen[what] and what in MUST:
                yield f"{MUST[what]} ({', '.join(f'{_models(count)} {SAID[key]}' for key, count in empty.items())})"

    def remarks(self) -> list[str]:
        """What was empty in some model, with the number of models."""
        return [f"{_models(count)} {SAID[key]}" for key, count in sorted(self.empty.items())]

    def silent(self) -> list[str]:
        """Layers whose outputs were the same for every sample in all models: no input reached them."""
        return sorted(name for name in self.layers if not self.varied[name])

    def with_one_sample(self) -> list[str]:
        """Layers that one sample at a time went through: whether an input reached them nobody can say."""
        return sorted(self.lone - self.layers.keys())


MUST = {
    "weights": "no model had a weight that could be lost",
    "outputs": "no model computed anything that could come out another way",
    "loss": "no training step changed a loss",
}
SAID = {
    "weights: none": "had no weights",
    "outputs: not finite": "had outputs of which none is finite",
    "outputs: zero": "had outputs that are all zero",
    "outputs: constant": "had outputs that are all one value",
    "samples: same": "gave every sample the same outputs",
    "loss: not finite": "had a loss that is not finite",
    "loss: still": "had a loss that did not move",
    "training: same": "computed the same in training as in inference, in spite of a layer that draws at random",
}


def _models(count: int) -> str:
    return "1 model" if count == 1 else f"{count} models"


def _findings(architecture: Architecture, reply: Mapping[str, Any], blobs: Blobs) -> Iterator[tuple[str, str]]:
    """What was looked at in one model, and what was wrong with it (empty where nothing was)."""
    before = reply["before"]
    if "weights" in before:
        yield "weights", "" if reply["build"]["weights"] else "none"
    outputs = before.get("outputs")
    if isinstance(outputs, dict) and "$error" not in outputs:
        arrays = _arrays(outputs["outputs"])
        if arrays:
            yield "outputs", _wrong(arrays, blobs)
        if _many(arrays):
            yield "samples", "" if any(_varies(each, blobs) for each in arrays) else "same"
        trained = before.get("training outputs")
        if arrays and isinstance(trained, list) and _draws_at_random(architecture):
            yield "training", "same" if trained == outputs["outputs"] else ""
    training = before.get("training")
    if isinstance(training, dict) and "logs" in training and reply["build"].get("trainable"):
        losses = [read(step["loss"], blobs) for step in training["logs"] if "loss" in step]
        if len(losses) > 1:
            finite = all(np.isfinite(each).all() for each in losses)
            still = all(np.array_equal(each, losses[0]) for each in losses)
            yield "loss", "not finite" if not finite else "still" if still else ""


def _draws_at_random(architecture: Architecture) -> bool:
    return any(
        call.arguments.get(RANDOM.get(call.name.rpartition(".")[2], "")) not in (None, 0)
        for call in layer_calls(architecture)
    )


def _layers(reply: Mapping[str, Any], blobs: Blobs) -> dict[str, bool | None]:
    """By class of layer, whether its outputs depended on the sample in some call of it; None where it was one alone."""
    outputs = reply["before"].get("outputs")
    found: dict[str, bool | None] = {}
    for call in outputs.get("inner", ()) if isinstance(outputs, dict) else ():
        arrays, name = _arrays(call["outputs"]), str(call["class"])
        if _many(arrays):
            found[name] = bool(found.get(name)) or any(_varies(each, blobs) for each in arrays)
        elif arrays:
            found.setdefault(name, None)
    return found


def _arrays(entries: Sequence[Any]) -> list[Mapping[str, Any]]:
    return [each for each in entries if "array" in each and all(each["shape"])]


def _many(arrays: Sequence[Mapping[str, Any]]) -> bool:
    """Whether there are samples to be told apart."""
    return any(each["shape"] and each["shape"][0] > 1 for each in arrays)


def _wrong(arrays: Sequence[Mapping[str, Any]], blobs: Blobs) -> str:
    values = np.concatenate([read(each, blobs).astype("float64").ravel() for each in arrays])
    if not np.isfinite(values).any():
        return "not finite"
    if values.size > 1 and (values == values[0]).all():
        return "constant" if values[0] else "zero"
    return ""


def _varies(entry: Mapping[str, Any], blobs: Blobs) -> bool:
    """Whether an array differs between samples; of a large one only a share was sent, which is held to be enough."""
    values = read(entry, blobs)
    samples = entry["shape"][0] if entry["shape"] else 1
    if values.size != int(np.prod(entry["shape"])):
        return bool((values != values[0]).any())
    rows = values.reshape(samples, -1)
    return bool((rows != rows[0]).any())
