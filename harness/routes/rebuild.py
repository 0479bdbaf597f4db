"""The architecture alone: `from_config`, JSON, `clone_model`. The same shape, and fresh weights.

Weights must be drawn anew where the initializer is random, and be the same where it is deterministic. Which is which
is seen and not guessed: a weight is deterministic when two builds from two global seeds gave it the same value. One
whose initializer has a seed must be (0 has been taken for no seed, keras#19364).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from harness.protocol.architecture import Architecture, Node, calls, nodes_of
from harness.routes.route import Arrival, Route
from harness.routes.weights_only import rebuilt
from harness.worker import dialect, states
from harness.worker.custom import CUSTOM_OBJECTS
from harness.worker.dialect import keras
from harness.worker.subject import Subject

DEEP = {"recursive": True} if dialect.takes(keras.models.clone_model, "recursive") else {}
Weights = list[tuple[str, np.ndarray]]  # each with its place


def _fresh(subject: Subject, model: Any) -> Arrival:
    """Compares the new weights one by one: with those of the first build, and with those that the model has now."""
    rebuilt(subject)
    current, made = subject.weights(), subject.of(model).weights()
    given = {node.name for node in nodes_of(subject.architecture.nodes) if _gives_weights(node)}

    def drawn(place: str) -> bool:
        """Whether the first value of a weight is an initializer's."""
        return place.rpartition("/")[2] not in dialect.ADAPTED and not given & set(place.split("/"))

    seeded = _seeded(subject)
    # One that only the first call has made (Keras 3 builds the PReLU of a Dense so) has no first value.
    before = [
        [
            path,
            list(one.shape),
            "deterministic" if path in seeded and one.size > 1 else _origin(one, other),
            "not carried over",
        ]
        for path, one, other in zip(
            _places(current), _in_order_of(current, subject.initial), _in_order_of(current, subject.shared["redrawn"])
        )
        if drawn(path) and one is not None and other is not None
    ]
    after = [
        [
            path,
            list(value.shape),
            _origin(value, first),
            "carried over" if _same(value, now) and not _same(first, now) else "not carried over",
        ]
        for (path, value), first, now in zip(made, _in_order_of(made, subject.initial), _in_order_of(made, current))
        if drawn(path) and first is not None and now is not None
    ]
    after += [[path, list(value.shape), "surplus", ""] for path, value in made[len(current) :]]
    if len(made) == len(current):
        # Whether it is wired as the original shows when it has the original's weights.
        model.set_weights(subject.model.get_weights())
    # A vocabulary that was adapted is state and no architecture: the new model has none, and cannot be called.
    unasked = ("outputs",) if _has_vocabulary(subject.architecture) else ()
    return Arrival(model, {"fresh": before}, {"fresh": after}, unasked)


def _places(weights: Weights) -> list[str]:
    return [place for place, _ in weights]


def _in_order_of(weights: Weights, others: Weights) -> list[np.ndarray | None]:
    """The values of `others` for each of `weights`, by their places; None where `others` has no such place.

    Keras 2 lists the weights of what is frozen in another order than those of what is not frozen yet, and Keras 3 makes
    some in the midst of others with the first call. Where neither has all places of the other, they go by their order.
    """
    values, places = dict(others), _places(weights)
    by_place = len(values) == len(others) and (set(values) <= set(places) or set(places) <= set(values))
    return [values.get(place) for place in places] if by_place else [value for _, value in others]


def _gives_weights(node: Node) -> bool:
    """Whether the first values are no initializer's: given by hand, or rounded when the layer was quantized."""
    return any(method.name == "quantize" for method in node.methods) or any(
        "weights" in call.arguments for call in calls(node.layer) if call.name.startswith("layers.")
    )


def _has_vocabulary(architecture: Architecture) -> bool:
    return any(method.name == "adapt" for node in nodes_of(architecture.nodes) for method in node.methods)


def _seeded(subject: Subject) -> set[str]:
    """Where the weights are whose initializer was given a number as its seed: they are the same each time."""
    places = subject.places()
    found = set()
    for _, layer in subject.layers():
        for variable in layer.variables:
            place = places.get(id(variable), "")
            initializer = getattr(layer, f"{place.rpartition('/')[2]}_initializer", None)
            config = initializer.get_config() if hasattr(initializer, "get_config") else {}
            if isinstance(config.get("seed"), int):
                found.add(place)
    return found


def _origin(one: np.ndarray, other: np.ndarray) -> str:
    if one.size == 1:
        return "one number"  # two draws of it may be the same: an orthogonal matrix of one is 1 or -1
    return "deterministic" if _same(one, other) else "drawn anew"


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    return one.shape == other.shape and one.tobytes() == other.tobytes()


def _from_config(subject: Subject, folder: Path) -> Arrival:
    states.reseed(subject.architecture.seed + 21)
    with keras.utils.custom_object_scope(CUSTOM_OBJECTS):
        model = type(subject.model).from_config(subject.model.get_config())
        _ensure_built(model, subject)
    return _fresh(subject, model)


def _json(subject: Subject, folder: Path) -> Arrival:
    states.reseed(subject.architecture.seed + 22)
    model = keras.models.model_from_json(subject.model.to_json(), custom_objects=CUSTOM_OBJECTS)
    _ensure_built(model, subject)
    return _fresh(subject, model)


def _clone(subject: Subject, folder: Path) -> Arrival:
    states.reseed(subject.architecture.seed + 23)
    with keras.utils.custom_object_scope(CUSTOM_OBJECTS):
        model = keras.models.clone_model(subject.model)
    _ensure_built(model, subject)
    return _fresh(subject, model)


def _clone_with_function(subject: Subject, folder: Path) -> Arrival:
    """Layer by layer, those of nested models too where this Keras can: else it is what `clone` does."""
    states.reseed(subject.architecture.seed + 24)

    def again(layer: Any) -> Any:
        return type(layer).from_config(layer.get_config())

    with keras.utils.custom_object_scope(CUSTOM_OBJECTS):
        model = keras.models.clone_model(subject.model, clone_function=again, **DEEP)
    _ensure_built(model, subject)
    return _fresh(subject, model)


def _clone_with_inputs(subject: Subject, folder: Path) -> Arrival:
    states.reseed(subject.architecture.seed + 25)
    inputs: Any = [dialect.input_like(each, name=f"new_{number}") for number, each in enumerate(subject.model.inputs)]
    if dialect.MAJOR >= 3 and subject.architecture.form == "functional":
        inputs = dialect.tf.nest.pack_sequence_as(subject.model.input, inputs)
    with keras.utils.custom_object_scope(CUSTOM_OBJECTS):
        model = keras.models.clone_model(subject.model, input_tensors=inputs)
    return Arrival(None, *_fresh_alone(subject, model))


def _fresh_alone(subject: Subject, model: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    arrival = _fresh(subject, model)
    return arrival.before, arrival.after


def _ensure_built(model: Any, subject: Subject) -> None:
    """A Sequential without Input, and a subclassed model, are built by their first call."""
    if not model.built:
        model(subject.inputs)


FROM_CONFIG = Route("from_config", _from_config)
JSON = Route("json", _json)
CLONE = Route("clone", _clone)
CLONE_FUNCTION = Route("clone_function", _clone_with_function, needs=frozenset({"graph"}))
CLONE_INPUTS = Route("clone_inputs", _clone_with_inputs, needs=frozenset({"graph"}))
