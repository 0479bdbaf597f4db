"""Weights in a checkpoint of TensorFlow, by `tf.train.Checkpoint`: Keras takes no part, but says what lies in a layer.

A checkpoint holds what TensorFlow reaches from the model by attributes, and what it does not find on reading stays as
it was, without a word. So it is told of each layer whether all of its layers are reached.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.routes import weights_only
from harness.routes.route import Arrival, Route
from harness.worker import dialect
from harness.worker.dialect import tf
from harness.worker.subject import Subject


def _journey(subject: Subject, folder: Path) -> Arrival:
    if subject.files is not None:
        # What only the first call makes is read as it makes it, when the folder of this trip is gone.
        folder = subject.files
        folder.mkdir(parents=True, exist_ok=True)
    path = tf.train.Checkpoint(model=subject.model).write(str(folder / "checkpoint"))
    model = weights_only.rebuilt(subject)
    # Of the optimizer, which the rebuilt model lacks, nothing is asked.
    tf.train.Checkpoint(model=model).read(path).expect_partial()
    arrival = weights_only.arrived(subject, model)
    missed = _missed(subject.of(model))
    arrival.before["tracked"] = dict.fromkeys(missed, "all of its layers")
    arrival.after["tracked"] = {holder: f"all but {', '.join(names)}" for holder, names in missed.items()}
    return arrival


def _missed(subject: Subject) -> dict[str, list[str]]:
    """The layers with weights that TensorFlow does not reach, by the layer around them, which it does; else nothing."""
    reached = {id(each) for each in tf.train.TrackableView(subject.model).descendants()}
    layers: dict[str, Any] = {"": subject.model, **dict(subject.layers())}
    missed: dict[str, list[str]] = {}
    for path, layer in layers.items():
        around, _, name = path.rpartition("/")
        if id(layer) in reached or not dialect.weights_of(layer) or id(layers.get(around)) not in reached:
            continue
        missed.setdefault(around or type(subject.model).__name__, []).append(name)
    return missed


CHECKPOINT = Route("checkpoint", _journey, needs=frozenset({"weights"}))
