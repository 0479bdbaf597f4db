"""Layers and models as they should be written: nothing may be found in them."""

from __future__ import annotations

from enum import Enum
from typing import Any

import keras
import numpy as np
import tensorflow as tf

register = keras.utils.register_keras_serializable
MAJOR = int(keras.__version__.split(".")[0])


class Mode(Enum):
    """What a layer may be told."""

    UP = "up"
    DOWN = "down"


@register(package="healthy")
class Plain(keras.layers.Layer):
    """One kernel, an activation, a regularizer."""

    def __init__(
        self, units: int, activation: Any = None, kernel_initializer: Any = "glorot_uniform", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.activation = keras.activations.get(activation)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight(
            name="kernel", shape=(input_shape[-1], self.units), initializer=self.kernel_initializer
        )
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        return self.activation(inputs @ self.kernel)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*tuple(input_shape)[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "activation": keras.activations.serialize(self.activation),
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }


@register(package="healthy")
class Block(keras.layers.Layer):
    """Layers in a list, built in build()."""

    def __init__(self, widths: Any, rate: float = 0.1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.widths = tuple(widths)
        self.rate = rate
        inner: Any = {"dtype": self.dtype_policy}
        self.steps = [
            keras.layers.Dense(width, activation="relu", name=f"step_{number}", **inner)
            for number, width in enumerate(self.widths)
        ]
        self.dropout = keras.layers.Dropout(rate, **inner)

    def build(self, input_shape: Any) -> None:
        shape = tuple(input_shape)
        for step in self.steps:
            with tf.name_scope(step.name):
                step.build(shape)
            shape = (*shape[:-1], step.units)
        super().build(input_shape)

    def call(self, inputs: Any, training: Any = None) -> Any:
        for step in self.steps:
            inputs = step(inputs)
        return self.dropout(inputs, training=training)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*tuple(input_shape)[:-1], self.widths[-1])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "widths": list(self.widths), "rate": self.rate}


@register(package="healthy")
class Masked(keras.layers.Layer):
    """Takes a mask and hands it on."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        if mask is not None:
            inputs = inputs * tf.cast(mask, inputs.dtype)[..., None]
        return inputs * 2.0


@register(package="healthy")
class Wraps(keras.layers.Layer):
    """Holds a layer that it is given, and turns it back from its config."""

    def __init__(self, inner: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.inner = inner

    def build(self, input_shape: Any) -> None:
        if not self.inner.built:
            with tf.name_scope(self.inner.name):
                self.inner.build(input_shape)
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        return self.inner(inputs)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "inner": keras.layers.serialize(self.inner)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Wraps:
        return cls(**{**config, "inner": keras.layers.deserialize(config["inner"])})


@register(package="healthy")
class Pair(keras.layers.Layer):
    """Takes two tensors, by name."""

    def call(self, inputs: Any) -> Any:
        return inputs["left"] - 2.0 * inputs["right"]

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape["left"]


@register(package="healthy")
class Weighted(keras.layers.Layer):
    """Takes a second tensor as an argument of its call."""

    def call(self, inputs: Any, weight: Any = None) -> Any:
        return inputs if weight is None else inputs * weight


@register(package="healthy")
class Noise(keras.layers.Layer):
    """Draws as Keras wants it."""

    def __init__(self, seed: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed
        self.noise = keras.layers.GaussianNoise(0.3, seed=seed, dtype=self.dtype_policy)

    def call(self, inputs: Any, training: Any = None) -> Any:
        return self.noise(inputs, training=training)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "seed": self.seed}


@register(package="healthy")
class Regularized(keras.layers.Layer):
    """Names an argument of every layer, which Keras's own config holds where it is given."""

    def __init__(self, rate: float = 1.0, activity_regularizer: Any = None, **kwargs: Any) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.rate = rate

    def call(self, inputs: Any) -> Any:
        return inputs * self.rate

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate}


@register(package="healthy")
class Pads(keras.layers.Layer):
    """Changes the list that it is given, and says in its config what it was."""

    def __init__(self, steps: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if len(steps) > 2:
            raise ValueError("too many steps")
        steps.insert(0, 1.0)
        steps.append(3.0)
        self.steps = steps

    def call(self, inputs: Any) -> Any:
        return inputs * self.steps[1]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "steps": list(self.steps)[1:-1]}


class Step(keras.layers.Layer):
    """What `Listed` is made of; no file holds it, and it need not be registered."""

    def __init__(self, factor: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, inputs: Any) -> Any:
        return inputs * self.factor


@register(package="healthy")
class Listed(keras.layers.Layer):
    """Gives its own list out of its config: Keras 3.15 cannot save it to .h5."""

    def __init__(self, factors: Any, activation: Any = "relu", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factors = factors
        self.activation = keras.activations.get(activation)
        self.steps = [Step(factor, dtype=self.dtype_policy) for factor in factors]

    def call(self, inputs: Any) -> Any:
        for step in self.steps:
            inputs = step(inputs)
        return self.activation(inputs)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factors": self.factors, "activation": self.activation}


@register(package="healthy")
class Counts(keras.layers.Layer):
    """Computes in integers, and takes no other dtype."""

    def __init__(self, step: int = 1, dtype: Any = "int32", **kwargs: Any) -> None:
        if "float" in str(getattr(dtype, "name", dtype)):
            raise ValueError(f"an integer dtype is wanted, and it is {dtype}")
        super().__init__(dtype=dtype, **kwargs)
        self.step = step

    def call(self, inputs: Any) -> Any:
        return inputs + self.step

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "step": self.step}


@register(package="healthy")
class Told(keras.layers.Layer):
    """Is told what JSON writes otherwise, and reads that."""

    def __init__(self, bound: float = 0.0, mode: Any = "up", table: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bound = bound
        self.mode = Mode(mode)
        self.table = {int(key): value for key, value in (table or {}).items()}

    def call(self, inputs: Any) -> Any:
        return inputs * (2.0 if self.mode is Mode.UP else 3.0) * float(sum(self.table.values()) or 1.0)

    def get_config(self) -> dict[str, Any]:
        table = {str(key): value for key, value in self.table.items()}
        return {**super().get_config(), "bound": self.bound, "mode": self.mode.value, "table": table}


@register(package="healthy")
class SameLength(keras.layers.LSTM):
    """A layer of Keras under another name, as many units as steps: no mask comes out of it."""


@register(package="healthy")
class Precise(keras.layers.Layer):
    """Computes in float32 whatever its policy is, and casts back; counts in a weight of integers."""

    def build(self, input_shape: Any) -> None:
        self.factor = self.add_weight(name="factor", shape=(input_shape[-1],), initializer="ones")
        self.seen = self.add_weight(name="seen", shape=(), dtype="int32", initializer="zeros", trainable=False)
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        x = tf.cast(inputs, "float32") * tf.cast(tf.convert_to_tensor(self.factor), "float32")
        return tf.cast(x - tf.reduce_mean(x, axis=-1, keepdims=True), self.compute_dtype)


@register(package="healthy")
class Places(keras.layers.Layer):
    """Gives integers, whatever its policy is."""

    def call(self, inputs: Any) -> Any:
        return tf.argsort(inputs, axis=-1)

    def compute_output_spec(self, inputs: Any) -> Any:  # of Keras 3, which takes compute_dtype otherwise
        return keras.KerasTensor(inputs.shape, "int32")


@register(package="healthy")
class AddsNoise(keras.layers.Layer):
    """Draws from a generator of its own; in Keras 2 from TensorFlow's, which a seed steers."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if MAJOR >= 3:
            self.seed_generator = keras.random.SeedGenerator(3)

    def call(self, inputs: Any, training: Any = None) -> Any:
        if not training:
            return inputs
        if MAJOR >= 3:
            return inputs + keras.random.normal(tf.shape(inputs), dtype=inputs.dtype, seed=self.seed_generator)
        return inputs + tf.random.normal(tf.shape(inputs), dtype=inputs.dtype)


@register(package="healthy")
class DropsTwice(keras.layers.Layer):
    """Two generators: one comes to where the other was a call before."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.first = keras.layers.Dropout(0.5, dtype=self.dtype_policy)
        self.second = keras.layers.Dropout(0.5, dtype=self.dtype_policy)

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight(name="kernel", shape=(input_shape[-1], 3), initializer="glorot_uniform")
        super().build(input_shape)

    def call(self, inputs: Any, training: Any = None) -> Any:
        return self.second(self.first(inputs, training=training) @ self.kernel, training=training)


@register(package="healthy")
class Projects(keras.layers.Layer):
    """Draws one and the same matrix at each call, in training and out of it, on purpose."""

    def call(self, inputs: Any, training: Any = None) -> Any:
        return inputs @ tf.random.stateless_normal((inputs.shape[-1], 3), seed=(3, 0), dtype=inputs.dtype)


@register(package="healthy")
class Averages(keras.layers.Layer):
    """The mean of the steps that the mask leaves."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        if mask is None:
            return tf.reduce_mean(inputs, axis=1)
        weights = tf.cast(mask, inputs.dtype)[..., None]
        return tf.reduce_sum(inputs * weights, axis=1) / tf.reduce_sum(weights, axis=1)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return None


@register(package="healthy")
class Squares(keras.layers.Layer):
    """Treats each step alone, and so leaves the padding to what stands behind it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        return inputs * inputs


@register(package="healthy")
class Shares(keras.layers.Softmax):
    """A layer of Keras under another name, whose mask is of the shape of its inputs, and not of their steps."""


@register(package="healthy")
class Encodes(keras.layers.CategoryEncoding):
    """A layer of Keras under another name, which gives float32 in mixed precision: not of one's own doing."""


LAYERS: dict[str, tuple[Any, ...]] = {
    "Shares": (Shares, {}, (5, 4)),
    "Encodes": (Encodes, {"num_tokens": 20}, np.arange(20, dtype="int32").reshape(4, 5)),
    "Precise": (Precise, {}, (4,)),
    "Places": (Places, {}, (4,)),
    "AddsNoise": (AddsNoise, {}, (4,)),
    "DropsTwice": (DropsTwice, {}, (4,)),
    "Projects": (Projects, {}, (4,)),
    "Averages": (Averages, {}, (5, 4)),
    "Squares": (Squares, {}, (5, 4)),
    "Told": (Told, {"bound": float("inf"), "mode": Mode.DOWN, "table": {1: 2.0}}, (4,)),
    "Told of no number": (Told, {"bound": float("nan")}, (4,)),
    "SameLength": (SameLength, {"units": 4}, (4, 3)),
    "Wraps one that draws": (Wraps, lambda: {"inner": keras.layers.LSTM(3, dropout=0.3)}, (5, 4)),
    "Plain": (Plain, {"units": 3, "activation": "tanh", "kernel_initializer": "he_normal"}, (8,)),
    "Plain of objects": (
        Plain,
        {"units": 3, "activation": keras.activations.tanh, "kernel_initializer": keras.initializers.HeNormal(seed=3)},
        (8,),
    ),
    "Block": (Block, {"widths": (4, 3), "rate": 0.3}, (5, 8)),
    "Masked": (Masked, {}, (5, 4)),
    "Wraps": (Wraps, {"inner": keras.layers.Dense(3)}, (8,)),
    "Pair": (Pair, {}, {"left": (3,), "right": (3,)}),
    "Weighted": (Weighted, {}, (4,), {"weight": np.linspace(0.5, 1.5, 4, dtype="float32").reshape(4, 1)}),
    "Regularized": (Regularized, {"rate": 3.0}, (4,)),
    "Listed": (Listed, {"factors": [2.0, 3.0], "activation": "tanh"}, (4,)),
    "Pads": (Pads, {"steps": [2.0]}, (4,)),
    "Counts": (Counts, {"step": 2}, np.arange(12, dtype="int32").reshape(4, 3)),
    "Noise": (Noise, {"seed": 7}, (4,)),
}


@register(package="healthy")
class Subclassed(keras.Model):
    """A model with layers in attributes, named and not."""

    def __init__(self, units: int = 3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.hidden = keras.layers.Dense(units, activation="tanh", dtype=self.dtype_policy)
        self.head = keras.layers.Dense(2, name="head", dtype=self.dtype_policy)

    def call(self, inputs: Any, training: Any = None) -> Any:
        return self.head(self.hidden(inputs))

    def get_config(self) -> dict[str, Any]:
        # That of a Model of Keras 2 is empty as soon as the class has one of its own.
        base = super().get_config() if MAJOR >= 3 else keras.layers.Layer.get_config(self)
        return {**base, "units": self.units}


@register(package="healthy")
class Whole(keras.Model):
    """A functional model that its constructor draws, as the backbones of keras-hub are."""

    def __init__(self, units: int, dtype: Any = None, **kwargs: Any) -> None:
        policy = keras.dtype_policies.get(dtype)
        x = keras.Input((5,), dtype="int32", name="x")
        y = keras.layers.Embedding(2, units, dtype=policy, name="hidden")(x)
        super().__init__(inputs=x, outputs=keras.layers.Dense(2, dtype=policy, name="head")(y[:, 0]), **kwargs)
        self.dtype_policy = policy
        self.units = units

    def get_config(self) -> dict[str, Any]:
        dtype = keras.dtype_policies.serialize(self.dtype_policy)
        return {"name": self.name, "trainable": self.trainable, "dtype": dtype, "units": self.units}


def functional() -> Any:
    """Layers of one's own among Keras's."""
    x = keras.Input((8,), name="x")
    y = Plain(4, activation="relu", name="plain")(x)
    y = keras.layers.BatchNormalization()(y)
    return keras.Model(x, keras.layers.Dense(2)(y), name="functional")


def sequential() -> Any:
    """The same, one behind another."""
    return keras.Sequential([keras.Input((8,)), Plain(4), keras.layers.Dropout(0.4), keras.layers.Dense(2)])


def subclassed() -> Any:
    """A model of a class of one's own."""
    return Subclassed(units=4)


def compiled() -> Any:
    """Compiled, with a loss that random numbers are no targets of."""
    model = functional()
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return model


@register(package="healthy")
class Half(keras.losses.Loss):
    """A loss of one's own, with an argument."""

    def __init__(self, factor: float = 1.0, name: str = "half", reduction: str = "sum") -> None:
        super().__init__(name=name, reduction=reduction)
        self.factor = factor

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return tf.reduce_mean((y_true - y_pred) ** 2, axis=-1) * self.factor

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor}


@register(package="healthy")
class ForgetfulLoss(Half):
    """One that does not say its factor: the fault of a model that is no layer's."""

    def get_config(self) -> dict[str, Any]:
        config: dict[str, Any] = super().get_config()
        config.pop("factor")
        return config


@register(package="healthy")
class Furthest(keras.metrics.Metric):
    """A metric of one's own, with a variable."""

    def __init__(self, name: str = "furthest", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.seen = self.add_weight(name="seen", shape=(), initializer="zeros")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.seen.assign(tf.maximum(tf.convert_to_tensor(self.seen), tf.reduce_max(tf.abs(y_true - y_pred))))

    def result(self) -> Any:
        return tf.convert_to_tensor(self.seen)


TARGETS = np.linspace(0.1, 0.8, 8, dtype="float32").reshape(4, 2)


def unnamed(loss: Any = None) -> Any:
    """As everybody writes one: an input without a name; compiled with one's own loss and metric."""
    x = keras.Input((3,))
    model = keras.Model(x, keras.layers.Dense(2)(x))
    model.compile("sgd", loss or Half(0.5), metrics=[Furthest()])
    return model


@register(package="healthy")
def absolute(y_true: Any, y_pred: Any) -> Any:
    """A loss that is a function, and registered."""
    return tf.reduce_mean(tf.abs(y_true - y_pred), axis=-1)


def operations() -> Any:
    """Operations between layers, which .h5 cannot hold."""
    x = keras.Input((3,), name="x")
    return keras.Model(x, keras.layers.Dense(2)(keras.ops.sin(x) if MAJOR >= 3 else tf.sin(x)))


def stateful() -> Any:
    """A recurrent layer that keeps its states."""
    x = keras.Input(batch_shape=(4, 5, 3), name="x")
    return keras.Model(x, keras.layers.LSTM(2, stateful=True)(x))


@register(package="healthy")
class OwnStep(Subclassed):
    """A loop of its own, and a metric that is made before it is compiled."""

    def __init__(self, units: int = 3, **kwargs: Any) -> None:
        super().__init__(units, **kwargs)
        self.seen = keras.metrics.Mean(name="seen")

    def train_step(self, batch: Any) -> Any:
        x, y = batch[:2]
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((y - self(x, training=True)) ** 2)
        variables = self.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        self.seen.update_state(loss)
        return {"loss": self.seen.result()}


@register(package="healthy")
class Named(keras.Model):
    """Takes a dict, and gives one."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.right = keras.layers.Dense(3, dtype=self.dtype_policy)
        self.left = keras.layers.Dense(3, dtype=self.dtype_policy)

    def call(self, inputs: Any, training: Any = None) -> Any:
        left = self.left(inputs["left"])
        return {"sum": left + self.right(inputs["right"]), "left": left}

    def get_config(self) -> dict[str, Any]:
        base = super().get_config() if MAJOR >= 3 else keras.layers.Layer.get_config(self)
        return dict(base)


MODELS: dict[str, tuple[Any, dict[str, Any]]] = {
    "functional": (functional, {}),
    "sequential": (sequential, {}),
    "subclassed": (subclassed, {"inputs": (8,)}),
    "compiled": (compiled, {"targets": np.array([0, 1, 1, 0])}),
    "a model": (functional(), {}),
    "unnamed": (unnamed, {"targets": TARGETS}),
    "of a function": (lambda: unnamed(absolute), {"targets": TARGETS}),
    "operations": (operations, {}),
    "stateful": (stateful, {}),
    "own step": (lambda: OwnStep(units=4), {"inputs": (8,)}),
    "named": (Named, {"inputs": {"right": (4,), "left": (3,)}}),
}
if MAJOR >= 3:
    MODELS["whole"] = (lambda: Whole(units=3), {})
