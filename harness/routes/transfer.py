"""Transfer learning: a frozen base, a new head, training; then the top of the base unfrozen.

While the head is trained (in `fit`, in `train_on_batch`, in a loop of one's own) every variable of the frozen base
stays bitwise as it was, moving statistics included; every trainable one that has a gradient moves; the optimizer keeps
no slots for what is frozen. All this again after the model was saved and loaded.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from harness.routes import keras_zip
from harness.routes.route import Arrival, Route
from harness.worker import dialect
from harness.worker.build import build, input_of
from harness.worker.dialect import keras, tf
from harness.worker.subject import Subject

CLASSES = 3
RATE = 0.05


def _journey(subject: Subject, folder: Path) -> Arrival:
    base = build(subject.architecture).model
    base.set_weights(subject.model.get_weights())
    base.trainable = False
    # What the guides put on top of a base of keras.applications, and something of that shape on a drawn one.
    if subject.architecture.form == "subclass":  # called on an Input it becomes a layer, as any model does
        given = [input_of(each) for each in subject.architecture.inputs]
        ends = given, dialect.flat(base(given[0] if len(given) == 1 else given))
    else:
        ends = base.inputs, base.outputs
    model = with_head(*ends, width=1024 if subject.architecture.form.startswith("application:") else 8)
    inputs = dialect.flat(subject.inputs)
    return promises(subject, base, model, inputs[0] if len(inputs) == 1 else inputs, folder)


def with_head(inputs: Any, outputs: Any, *, width: int = 8, classes: int = CLASSES) -> Any:
    """The base's first float output, pooled or flattened, under Dense(relu) and Dense(softmax)."""
    features = next(each for each in outputs if dialect.is_dense_float(each))
    if len(features.shape) == 4:
        features = keras.layers.GlobalAveragePooling2D(name="new_pool")(features)
    elif len(features.shape) > 2:
        features = keras.layers.Flatten(name="new_flatten")(features)
    hidden = keras.layers.Dense(width, activation="relu", name="new_hidden")(features)
    head = keras.layers.Dense(classes, activation="softmax", name="new_head", dtype="float32")(hidden)
    return keras.Model(inputs, head, name="transfer")


def promises(subject: Subject, base: Any, model: Any, inputs: Any, folder: Path) -> Arrival:
    """Trains in three ways, unfreezes the top, reloads and trains again; what was seen at each step."""
    batch = int(dialect.flat(inputs)[0].shape[0])
    targets = tf.one_hot(np.arange(batch) % CLASSES, CLASSES)
    # What the head does not use of the base is no part of the new model.
    used = {id(each) for each in model.variables if hasattr(each, "assign")}
    frozen = [each for each in base.variables if id(each) in used]
    places = subject.of(model).places()
    subject.shared["seen"] = [model]
    first = _values(subject, frozen, places)
    before: dict[str, Any] = {"frozen": {}, "moved": {}}
    after: dict[str, Any] = {"frozen": {}, "moved": {}}

    def compile_it(each: Any) -> None:
        # Tracing a graph takes ten times as long as a step: a quarter of the models is trained as a graph.
        each.compile(
            optimizer=keras.optimizers.Adam(RATE),
            loss="categorical_crossentropy",
            run_eagerly=subject.architecture.seed % 4 != 0,
        )

    def look(step: str) -> None:
        before["frozen"][step] = first
        after["frozen"][step] = _values(subject, frozen, places)

    compile_it(model)
    head = [dialect.array(each) for each in model.trainable_variables]
    model.fit(inputs, targets, batch_size=batch, epochs=1, verbose=0)
    look("fit")
    # A scaled loss may overflow at first; then the scale is halved and the step left out, as it should be.
    if "LossScale" not in type(model.optimizer).__name__:
        before["moved"]["head in fit"] = True
        after["moved"]["head in fit"] = _moved(head, model.trainable_variables)
    before["moved"]["optimizer slots"] = 2 * len(model.trainable_variables)
    after["moved"]["optimizer slots"] = _slots(model)
    model.train_on_batch(inputs, targets)
    look("train_on_batch")
    _tape(model, inputs, targets, "tape", before, after, places)
    look("tape")
    again = keras_zip.load(keras_zip.save(subject.of(model), folder))
    there = subject.of(again).places()
    subject.shared["seen"].append(again)
    again.train_on_batch(inputs, targets)
    before["frozen"]["reloaded"] = first
    after["frozen"]["reloaded"] = {
        place: each
        for place, each in _values(subject, [each for each in again.variables if id(each) in there], there).items()
        if place in first
    }
    _unfreeze_top(base)
    compile_it(model)
    _tape(model, inputs, targets, "top unfrozen", before, after, places)
    still = [each for layer in base.layers if not layer.trainable for each in layer.variables if id(each) in used]
    after["frozen"]["top unfrozen"] = _values(subject, still, places)
    before["frozen"]["top unfrozen"] = {place: first[place] for place in after["frozen"]["top unfrozen"]}
    return Arrival(None, before, after)


def _values(subject: Subject, variables: Any, places: dict[int, str]) -> dict[str, Any]:
    # Random generators are no part of what a layer has learnt; a file holds kernel and low-rank adapter merged.
    merged = {
        id(variable): value for model in subject.shared["seen"] for variable, value in dialect.adapted_kernels(model)
    }
    return {
        places[id(each)]: subject.arrays.add(merged.get(id(each), each))
        for each in variables
        if "seed_generator_state" not in dialect.path_of(each) and not dialect.is_adapter(each)
    }


def _moved(before: list[np.ndarray], variables: Any) -> bool:
    return any(not np.array_equal(one, dialect.array(each)) for one, each in zip(before, variables))


def _slots(model: Any) -> int:
    variables = model.optimizer.variables
    variables = variables() if callable(variables) else variables
    return sum(1 for each in variables if len(each.shape) > 0)


def _tape(
    model: Any, inputs: Any, targets: Any, step: str, before: dict[str, Any], after: dict[str, Any],
    places: dict[int, str],
) -> None:  # fmt: skip
    """A loop of one's own: every trainable variable with a gradient that is large enough to show must move."""
    optimizer = keras.optimizers.SGD(RATE)
    variables = model.trainable_variables
    kept = [dialect.array(each) for each in variables]
    with tf.GradientTape() as tape:
        outputs = model(inputs, training=True)
        loss = tf.reduce_mean(keras.losses.categorical_crossentropy(targets, outputs))
    gradients = tape.gradient(
        loss, [getattr(each, "value", each) if dialect.MAJOR >= 3 else each for each in variables]
    )
    pairs = [(gradient, each) for gradient, each in zip(gradients, variables) if gradient is not None]
    optimizer.apply_gradients(pairs)
    for gradient, variable, old in zip(gradients, variables, kept):
        if gradient is None:
            continue
        step_size = np.abs(np.asarray(tf.convert_to_tensor(gradient), dtype="float64")) * RATE
        visible = step_size > 4 * np.spacing(np.maximum(np.abs(old.astype("float32")), 1e-3))
        if visible.any() and getattr(variable, "constraint", None) is None:
            place = f"{step}: {places[id(variable)]}"
            before["moved"][place] = True
            after["moved"][place] = not np.array_equal(old, dialect.array(variable))


def _unfreeze_top(base: Any, count: int = 2) -> None:
    base.trainable = True
    layers = [layer for layer in base.layers if layer.weights]
    for layer in layers[:-count]:
        layer.trainable = False


TRANSFER = Route("transfer", _journey, needs=frozenset({"weights", "floats", "features"}))
