"""Layers and models as they should be written: nothing may be found in them."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

register = keras.utils.register_keras_serializable
MAJOR = int(keras.__version__.split(".")[0])


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


LAYERS: dict[str, tuple[Any, ...]] = {
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


MODELS: dict[str, tuple[Any, dict[str, Any]]] = {
    "functional": (functional, {}),
    "sequential": (sequential, {}),
    "subclassed": (subclassed, {"inputs": (8,)}),
    "compiled": (compiled, {"targets": np.array([0, 1, 1, 0])}),
    "a model": (functional(), {}),
}
