"""Weights from another source: a whole model's file read by name, a file that fits in part, and what must be refused.

`by_name` takes for each layer the weights of the layer of that name; `skip_mismatch` leaves out what has another
shape. Weights of the wrong shape or number are refused with an error; whether some were put in place before that is
shown, not judged. What Keras does not do for a subclassed model (a whole `.h5`, a clone layer by layer) it must refuse.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from harness.protocol.architecture import Architecture, widened
from harness.routes import hdf5
from harness.routes.route import Arrival, Route
from harness.routes.weights_only import arrived, rebuilt
from harness.worker import dialect
from harness.worker.build import build, fill
from harness.worker.dialect import keras, tf
from harness.worker.subject import Subject


def _by_name(subject: Subject, folder: Path) -> Arrival:
    if dialect.MAJOR >= 3:
        path = hdf5.save(subject, folder)
    else:
        path = folder / "weights.h5"
        subject.model.save_weights(path)
    model = rebuilt(subject)
    model.load_weights(path, by_name=True)
    return arrived(subject, model)


def _skip_mismatch(subject: Subject, folder: Path) -> Arrival:
    wider = _wider(subject.architecture)
    if wider is None:
        return Arrival()
    name, model = wider
    path = folder / "model.weights.h5"
    subject.model.save_weights(path)
    fill(model, subject.architecture.seed + 31)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.load_weights(path, skip_mismatch=True)
    return Arrival(
        None,
        {"others restored": _others(subject, subject.model, name)},
        {"others restored": _others(subject, model, name)},
    )


def _others(subject: Subject, model: Any, name: str) -> list[Any]:
    # By their places: the model that takes the file has nothing frozen, and Keras 2 lists what is frozen last.
    places = subject.of(model).places()
    merged = {id(variable): value for variable, value in dialect.adapted_kernels(model)}
    return [
        {"path": places[id(each)], "value": subject.arrays.add(merged.get(id(each), each))}
        for each in sorted(dialect.weights_of(model), key=lambda each: places[id(each)])
        if f"/{name}/" not in f"/{places[id(each)]}/" and not dialect.is_adapter(each)
    ]


def _wider(architecture: Architecture) -> tuple[str, Any] | None:
    """The name of a Dense that is an output, and a model, not compiled, in which it has one more unit."""
    wider = widened(architecture, lambda units: units + 1)
    return wider and (wider[0], build(wider[1]).model)


# The second where a lookup table does not take its words, the third of Keras 2 for a whole .h5.
REFUSALS = (ValueError, tf.errors.OpError, NotImplementedError)


def _refused(subject: Subject, folder: Path) -> Arrival:
    weights = subject.model.get_weights()
    attempts: dict[str, Any] = {"one weight fewer": lambda: model.set_weights(weights[:-1])}
    # The words of a vocabulary, and what is counted of each, may be any number: their variables have no length.
    fixed = [
        dialect.array(each).tobytes()
        for each in dialect.weights_of(subject.model)
        if len(each.shape) and None not in tuple(each.shape) and "float" in dialect.dtype_name(each.dtype)
    ]
    place = next((number for number, each in enumerate(weights) if each.tobytes() in fixed), None)
    if place is not None:
        wrong = list(weights)
        wrong[place] = weights[place].repeat(2, axis=0)
        attempts["one of another shape"] = lambda: model.set_weights(wrong)
    model = rebuilt(subject)
    if subject.architecture.form == "subclass":
        attempts["a whole .h5 of a subclassed model"] = lambda: hdf5.save(subject, folder)
        attempts["a clone layer by layer"] = lambda: keras.models.clone_model(
            subject.model, clone_function=lambda layer: layer
        )
    before, after = {}, {}
    for name, attempt in attempts.items():
        before[name] = "refused"
        try:
            attempt()
            after[name] = "accepted"
        except REFUSALS:
            after[name] = "refused"
    wider = _wider(subject.architecture)
    if wider is not None:
        path = folder / "other.weights.h5"
        wider[1].save_weights(path)
        before["a file of another shape"] = "refused"
        try:
            model.load_weights(path)
            after["a file of another shape"] = "accepted"
        except REFUSALS:
            after["a file of another shape"] = "refused"
    return Arrival(None, {"refused": before}, {"refused": after})


_NEEDS = frozenset({"weights"})
BY_NAME = Route("weights_by_name", _by_name, needs=_NEEDS | {"graph"})
SKIP_MISMATCH = Route("skip_mismatch", _skip_mismatch, needs=frozenset({"weights", "described"}))
REFUSED = Route("refused", _refused, needs=_NEEDS)
