"""Export: a SavedModel through `model.export`, taken up again by a layer that knows nothing of Keras models.

Outputs alone are promised, and within a tolerance: the exported graph is optimised, the eager call is not.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.routes.route import Arrival, Route
from harness.worker import dialect, states
from harness.worker.dialect import keras, tf
from harness.worker.subject import Subject


def _journey(subject: Subject, folder: Path) -> Arrival:
    path = str(folder / "exported")
    states.reset_states(subject.model)
    if dialect.MAJOR >= 3:
        quiet = {"verbose": False} if dialect.takes(subject.model.export, "verbose") else {}
        subject.model.export(path, **quiet)
        layer = keras.layers.TFSMLayer(path, call_endpoint="serve")
        outputs = layer(subject.inputs)
    else:
        subject.model.export(path)
        # A graph is exported with a list of inputs, a subclassed model as it was called.
        named = isinstance(subject.inputs, dict) and not dialect.is_graph(subject.model)
        inputs = [subject.inputs] if named else dialect.flat(subject.inputs)
        exported = tf.saved_model.load(path)  # its variables go away with it
        outputs = exported.serve(inputs[0] if len(inputs) == 1 else inputs)
    states.reset_states(subject.model)
    with dialect.kept(subject.model):  # a layer that counts its calls is not changed by the route
        expected = subject.model(subject.inputs, training=False)
    return Arrival(None, {"exported": _seen(subject, expected)}, {"exported": _seen(subject, outputs)})


def _seen(subject: Subject, outputs: Any) -> list[Any]:
    return [subject.arrays.add(each) for each in dialect.flat(outputs)]


EXPORT = Route("export", _journey, needs=frozenset({"signature"}))
