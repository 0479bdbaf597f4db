"""Transfer learning: a frozen base, a new head, training; then the top of the base unfrozen.

While a model is trained (in `fit`, in `train_on_batch`, in a loop of one's own) every variable of the frozen base
stays bitwise as it was, moving statistics included; every trainable one that has a gradient moves; the optimizer keeps
no slots for what is frozen. So it is with the whole base frozen, after that model was saved and loaded, with the top
layers of the base unfrozen, and after that one was saved and loaded.

A base goes under its head in the two ways of the guides: tensor by tensor (`base.output`), or as one layer
(`base(inputs, training=False)`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from harness.routes import hdf5, keras_zip
from harness.routes.route import Arrival, Route
from harness.worker import dialect
from harness.worker.build import input_of
from harness.worker.dialect import keras, tf
from harness.worker.subject import Subject

CLASSES = 3
STAGES = ("", "reloaded ", "top unfrozen ", "top unfrozen reloaded ")
_FEWER_BITS = {"float16": 13, "bfloat16": 16}  # than float32 has behind the point


def _journey(subject: Subject, folder: Path) -> Arrival:
    base = subject.again()
    # What the guides put on top of a base of keras.applications, and something of that shape on a drawn one. Such a
    # base keeps the weights that its builder gave it, and learns slowly: a softmax that is sure has no gradient.
    large = subject.architecture.form.startswith("application:")
    if not large:
        base.set_weights(subject.model.get_weights())
    base.trainable = False
    size = _size(base, subject) if large else 1.0
    model = under_a_head(*_ends(subject, base), width=1024 if large else 8, size=size)
    inputs = dialect.flat(subject.inputs)
    watch = Watch(
        subject,
        inputs[0] if len(inputs) == 1 else inputs,
        rate=0.0001 if large else 0.05,
        # Keras 2 reads the weights of a .keras file inside the zip, from its start for every step back: a large one
        # takes it half a minute, and its .h5 file a second. Drawn bases are small, and go by .keras there as well.
        file=hdf5 if large and dialect.MAJOR == 2 else keras_zip,
    )
    return promises(watch, base, model, folder)


def _ends(subject: Subject, base: Any) -> tuple[list[Any], list[Any]]:
    """Symbolic inputs and outputs of the base, which is one layer of the new model by every other seed.

    A subclassed model always is: called on an Input it becomes a layer, as any model does.
    """
    if subject.architecture.form == "subclass":
        given = [input_of(each) for each in subject.architecture.inputs]
        packed = _packed(subject.inputs, given)
        return dialect.flat(packed), dialect.flat(base(packed))
    if subject.architecture.seed // 4 % 2:
        return base.inputs, dialect.flat(base(tf.nest.pack_sequence_as(subject.inputs, base.inputs), training=False))
    return base.inputs, base.outputs


def _packed(like: Any, tensors: list[Any]) -> Any:
    """The tensors as the model takes them."""
    if isinstance(like, dict):
        return dict(zip(like, tensors))
    return tensors[0] if len(tensors) == 1 else tensors


def _size(base: Any, subject: Subject) -> float:
    """The largest number that comes out of a base: thousands, out of a deep one that nobody has trained."""
    outputs = dialect.flat(base(subject.inputs, training=False))
    return max(1.0, *(float(np.abs(dialect.array(each)).max()) for each in outputs))


def under_a_head(inputs: Any, outputs: Any, *, width: int = 8, classes: int = CLASSES, size: float = 1.0) -> Any:
    """The base's float outputs, pooled or flattened, side by side under Dense(relu) and Dense(softmax).

    All of them: what leads to one that is left out is no part of the model that is trained. Numbers of another `size`
    are brought to one: the softmax of a head on large ones is sure, and nothing learns.
    """
    flat = [_flattened(each, at) for at, each in enumerate(outputs) if bears_a_head(each)]
    features = flat[0] if len(flat) == 1 else keras.layers.Concatenate(name="new_features")(flat)
    if size != 1:
        features = keras.layers.Rescaling(1 / size, name="new_scale")(features)
    hidden = keras.layers.Dense(width, activation="relu", name="new_hidden")(features)
    head = keras.layers.Dense(classes, activation="softmax", name="new_head", dtype="float32")(hidden)
    return keras.Model(inputs, head, name="transfer")


def bears_a_head(output: Any) -> bool:
    """Whether a head can stand on a symbolic tensor: it holds floats, and how many of a sample is known."""
    return dialect.is_dense_float(output) and len(output.shape) > 1 and None not in tuple(output.shape)[1:]


def _flattened(output: Any, at: int) -> Any:
    """Samples and features; of images the mean of each channel."""
    if len(output.shape) == 4:
        return keras.layers.GlobalAveragePooling2D(name=f"new_pool_{at}")(output)
    return keras.layers.Flatten(name=f"new_flatten_{at}")(output) if len(output.shape) > 2 else output


def promises(watch: Watch, base: Any, model: Any, folder: Path) -> Arrival:
    """Trains in three ways, reloads and trains again; then the same with the top of the base unfrozen."""
    # What the head does not use of the base is no part of the new model.
    used = {id(each) for each in model.variables if hasattr(each, "assign")}
    frozen = [each for each in base.variables if id(each) in used]
    watch.trained("", model, frozen, compile=True)
    watch.reloaded("", model, frozen, folder)
    _unfreeze_top(base)
    frozen = [each for layer in base.layers if not layer.trainable for each in layer.variables if id(each) in used]
    watch.trained("top unfrozen ", model, frozen, compile=True)
    watch.reloaded("top unfrozen ", model, frozen, folder)
    return Arrival(None, watch.before, watch.after)


class Watch:
    """Trains models, and sees what moved and what did not."""

    def __init__(self, subject: Subject, inputs: Any, *, rate: float, file: Any = keras_zip) -> None:
        self.subject = subject
        self.rate = rate
        self.file = file  # the module of the format that the model is saved in
        # Tracing a graph takes ten times as long as a step: one stage of the four is traced, of every fourth model.
        seed = subject.architecture.seed
        self.traced = STAGES[seed // 8 % 4] if seed % 4 == 0 else None
        self.inputs = inputs
        self.batch = int(dialect.flat(inputs)[0].shape[0])
        self.targets = tf.one_hot(np.arange(self.batch) % CLASSES, CLASSES)
        # Of arrays, Keras makes a pipeline for each `fit`, which takes three times as long to trace as the step itself.
        given = tuple(inputs) if isinstance(inputs, list) else inputs
        self.batches = tf.data.Dataset.from_tensors((given, self.targets))
        self.before: dict[str, Any] = {"frozen": {}, "moved": {}}
        self.after: dict[str, Any] = {"frozen": {}, "moved": {}}

    def trained(
        self, stage: str, model: Any, frozen: Any, *, compile: bool = False, expected: tuple[Any, int] | None = None
    ) -> None:
        """`fit`, `train_on_batch` and a loop of one's own.

        `expected` is the values of the frozen and how many slots the optimizer must keep; left out, as it is now.
        """
        values, slots = expected or (self.values(model, frozen), _wanted_slots(model))

        def look(step: str) -> None:
            self.before["frozen"][f"{stage}{step}"] = values
            self.after["frozen"][f"{stage}{step}"] = self.values(model, frozen)

        def expect(what: str, before: Any, after: Any) -> None:
            self.before["moved"][f"{stage}{what}"] = before
            self.after["moved"][f"{stage}{what}"] = after

        eagerly = stage != self.traced
        if compile:
            model.compile(keras.optimizers.Adam(self.rate), "categorical_crossentropy", run_eagerly=eagerly)
        else:
            model.run_eagerly = eagerly
        for step, train in (("fit", self._fit), ("train_on_batch", self._train_on_batch)):
            old = [dialect.array(each) for each in model.trainable_variables]
            train(model)
            look(step)
            # A scaled loss may overflow at first; then the scale is halved and the step left out, as it should be.
            if _has_learnt(model) and "LossScale" not in type(model.optimizer).__name__:
                expect(f"something in {step}", True, _moved(old, model.trainable_variables))
        expect("optimizer slots", slots, len(_slots(model)))
        places = self.subject.of(model).places()
        for place, moved in _tape(model, self.inputs, self.targets, places, self.rate).items():
            expect(f"tape: {place}", True, moved)
        look("tape")

    def _fit(self, model: Any) -> None:
        model.fit(self.batches, epochs=1, verbose=0)

    def _train_on_batch(self, model: Any) -> None:
        model.train_on_batch(self.inputs, self.targets)

    def reloaded(self, stage: str, model: Any, frozen: Any, folder: Path) -> None:
        """The same with the model that comes from a file, in which the same must be frozen."""
        values = self.values(model, frozen)
        again = self.file.load(self.file.save(self.subject.of(model), folder))
        there = self.subject.of(again).places()
        same = [each for each in again.variables if there.get(id(each)) in values]
        self.trained(f"{stage}reloaded ", again, same, expected=(values, _wanted_slots(model)))

    def values(self, model: Any, variables: Any) -> dict[str, Any]:
        """What variables of a model hold, by their places.

        Random generators are no part of what a layer has learnt; a file holds kernel and low-rank adapter merged.
        """
        places = self.subject.of(model).places()
        merged = {id(variable): value for variable, value in dialect.adapted_kernels(model)}
        return {
            places[id(each)]: self.subject.arrays.add(merged.get(id(each), each))
            for each in variables
            if "seed_generator_state" not in dialect.path_of(each) and not dialect.is_adapter(each)
        }


def _moved(before: list[np.ndarray], variables: Any) -> bool:
    return any(not np.array_equal(one, dialect.array(each)) for one, each in zip(before, variables))


def _wanted_slots(model: Any) -> int:
    """Adam keeps two numbers for each that is trained; scalars are not counted, for its own are scalars too.

    None for what a gradient takes the place of, as it does of the scales of float8: there is nothing to keep.
    """
    kept = [each for each in model.trainable_variables if not getattr(each, "overwrite_with_gradient", False)]
    return 2 * sum(1 for each in kept if len(each.shape) > 0)


def _slots(model: Any) -> list[Any]:
    variables = model.optimizer.variables
    variables = variables() if callable(variables) else variables
    return [each for each in variables if len(each.shape) > 0]


def _has_learnt(model: Any) -> bool:
    """Whether the optimizer has seen a gradient worth the name: Adam then takes a step as long as its rate."""
    return any(np.abs(dialect.array(each).astype("float32")).max(initial=0.0) > 1e-6 for each in _slots(model))


def _tape(model: Any, inputs: Any, targets: Any, places: dict[int, str], rate: float) -> dict[str, bool]:
    """A loop of one's own: whether each trainable variable with a gradient that is large enough to show has moved."""
    optimizer = keras.optimizers.SGD(rate)
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
    moved = {}
    for gradient, variable, old in zip(gradients, variables, kept):
        if gradient is None:
            continue
        step_size = np.abs(np.asarray(tf.convert_to_tensor(gradient), dtype="float64")) * rate
        visible = step_size > 4 * _spacing(old)
        if visible.any() and getattr(variable, "constraint", None) is None:
            moved[places[id(variable)]] = not np.array_equal(old, dialect.array(variable))
    return moved


def _spacing(values: np.ndarray) -> np.ndarray:
    """How far each value is from the next one of its dtype: a step that is smaller leaves a variable as it is.

    NumPy before 2 makes float64 of a single number beside a Python float, which Keras 2 has in scalar weights.
    """
    coarser = _FEWER_BITS.get(dialect.dtype_name(values.dtype), 0)
    return np.spacing(np.maximum(np.abs(values.astype("float32")), np.float32(1e-3))) * 2.0**coarser


def _unfreeze_top(base: Any, count: int = 2) -> None:
    base.trainable = True
    layers = [layer for layer in base.layers if layer.weights]
    for layer in layers[:-count]:
        layer.trainable = False


TRANSFER = Route("transfer", _journey, needs=frozenset({"weights", "floats", "features"}))
