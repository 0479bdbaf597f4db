"""What people keep in parts, and put together again: the architecture as JSON with its weights, weights in a `.h5`.

The `.h5` of Keras 2 that holds weights alone, which every file is that is older than `.weights.h5`, is read by order;
Keras 3 writes no such file, and reads them out of a whole one. The pair is asked of two releases alone
(`harness.gate`): within one it is `json` and `weights_h5` over again.
"""

from __future__ import annotations

from pathlib import Path

from harness.routes import hdf5, weights_only
from harness.routes.route import Arrival, Route
from harness.worker import dialect
from harness.worker.custom import CUSTOM_OBJECTS
from harness.worker.dialect import keras
from harness.worker.subject import Subject


def _save_pair(subject: Subject, folder: Path) -> Path:
    path = folder / "model.json"
    path.write_text(subject.model.to_json(), encoding="utf-8")
    weights_only.save(subject, folder)
    return path


def _take_pair(subject: Subject, path: Path) -> Arrival:
    model = keras.models.model_from_json(path.read_text(encoding="utf-8"), custom_objects=CUSTOM_OBJECTS)
    if not model.built:
        model(subject.inputs)
    model.load_weights(path.with_suffix(".weights.h5"))
    return Arrival(model)


def _save_weights(subject: Subject, folder: Path) -> Path:
    if dialect.MAJOR >= 3:
        return hdf5.save(subject, folder)
    path = folder / "model.h5"
    subject.model.save_weights(path)
    return path


PAIR = Route(
    "json_weights",
    lambda subject, folder: _take_pair(subject, _save_pair(subject, folder)),
    _save_pair,
    _take_pair,
    needs=frozenset({"weights", "graph"}),
)
HDF5 = Route(
    "hdf5_weights",
    lambda subject, folder: weights_only.take(subject, _save_weights(subject, folder)),
    _save_weights,
    weights_only.take,
    needs=frozenset({"weights", "graph"}),
)
