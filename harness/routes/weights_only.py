"""Weights alone: put into a model that was built anew, they restore its outputs.

By file (`.weights.h5`, in one piece or in shards), by `get_weights`/`set_weights`, by a `.npz` of arrays. The rebuilt
model is filled with other numbers first, so that a load that does nothing is seen.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from harness.protocol.architecture import nodes_of
from harness.routes.route import Arrival, Route
from harness.worker import dialect, states
from harness.worker.build import fill
from harness.worker.subject import Subject


def rebuilt(subject: Subject) -> Any:
    """A model of the same architecture, built by the same code, whose weights are other ones."""
    if "rebuilt" not in subject.shared:
        states.reseed(subject.architecture.seed + 7)
        model = subject.again()
        subject.shared["rebuilt"] = model
        subject.shared["redrawn"] = subject.of(model).weights()
    model = subject.shared["rebuilt"]
    fill(model, subject.architecture.seed + 13)
    return model


def arrived(subject: Subject, model: Any) -> Arrival:
    """The rebuilt model, which is not frozen as the original may be.

    So it is not asked for outputs where a layer is told to train at every call: a frozen one does not.
    """
    told = any(node.keywords.get("training") is True for node in nodes_of(subject.architecture.nodes))
    return Arrival(model, unasked=("outputs",) if told and subject.architecture.freezes else ())


def save(subject: Subject, folder: Path) -> Path:
    """Saves as `.weights.h5`."""
    path = folder / "model.weights.h5"
    subject.model.save_weights(path)
    return path


def take(subject: Subject, path: Path) -> Arrival:
    """Loads them into a model that is built anew, under the global policy that the original was built under."""
    policy = dialect.policy()
    try:
        if subject.architecture.policy:
            dialect.set_policy(subject.architecture.policy)
        model = rebuilt(subject)
    finally:
        dialect.set_policy(policy)
    model.load_weights(path)
    return arrived(subject, model)


def _file(subject: Subject, folder: Path) -> Arrival:
    return take(subject, save(subject, folder))


def _sharded(subject: Subject, folder: Path) -> Arrival:
    path = folder / "shards.weights.json"
    size = sum(dialect.array(each).nbytes for each in dialect.weights_of(subject.model))
    # A third of the whole in each, in gigabytes; a shard must hold the largest single weight.
    largest = max(dialect.array(each).nbytes for each in dialect.weights_of(subject.model))
    subject.model.save_weights(path, max_shard_size=max(size / 3, largest * 1.5, 64) / 1e9)
    model = rebuilt(subject)
    model.load_weights(path)
    return arrived(subject, model)


def _by_hand(subject: Subject, folder: Path) -> Arrival:
    model = rebuilt(subject)
    model.set_weights(subject.model.get_weights())
    return arrived(subject, model)


def _npz(subject: Subject, folder: Path) -> Arrival:
    path = folder / "weights.npz"
    # A .npz holds NumPy's own dtypes alone: what is stored is wide enough for the others, and cast back.
    np.savez(path, **{f"w{number}": _storable(value) for number, value in enumerate(subject.model.get_weights())})
    model = rebuilt(subject)
    with np.load(path) as arrays:
        values = [arrays[f"w{number}"] for number in range(len(arrays.files))]
    model.set_weights([value.astype(own.dtype) for value, own in zip(values, model.get_weights())])
    return arrived(subject, model)


def _storable(value: np.ndarray) -> np.ndarray:
    if value.dtype.kind == "O":  # the words of a vocabulary, which Keras 2 counts among the weights
        return value.astype("S")
    return value.astype("float32") if value.dtype.kind == "V" or not value.dtype.isbuiltin else value


_NEEDS = frozenset({"weights"})
FILE = Route("weights_h5", _file, save, take, needs=_NEEDS)
SHARDED = Route(
    "weights_sharded",
    _sharded,
    needs=_NEEDS,
    majors=(3,) if dialect.takes(dialect.keras.Model.save_weights, "max_shard_size") else (),
)
BY_HAND = Route("set_weights", _by_hand, needs=_NEEDS)
NPZ = Route("weights_npz", _npz, needs=_NEEDS)
