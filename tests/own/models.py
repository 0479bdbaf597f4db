"""Whole models, and what they are compiled with."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tests.own.arguments import Plain
from tests.own.case import CASES, MAJOR, Case, Wanted, register


@register
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


@register
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


@register
class Half(keras.losses.Loss):
    """A loss of one's own, with an argument."""

    def __init__(self, factor: float = 1.0, name: str = "half", reduction: str = "sum") -> None:
        super().__init__(name=name, reduction=reduction)
        self.factor = factor

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return tf.reduce_mean((y_true - y_pred) ** 2, axis=-1) * self.factor

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor}


@register
class ForgetfulLoss(Half):
    """One that does not say its factor: the fault of a model that is no layer's."""

    def get_config(self) -> dict[str, Any]:
        config: dict[str, Any] = super().get_config()
        config.pop("factor")
        return config


@register
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


@register
def absolute(y_true: Any, y_pred: Any) -> Any:
    """A loss that is a function, and registered."""
    return tf.reduce_mean(tf.abs(y_true - y_pred), axis=-1)


def squared(y_true: Any, y_pred: Any) -> Any:
    """A loss that no file can name."""
    return tf.reduce_mean((y_true - y_pred) ** 2, axis=-1)


def operations() -> Any:
    """Operations between layers, which .h5 cannot hold."""
    x = keras.Input((3,), name="x")
    return keras.Model(x, keras.layers.Dense(2)(keras.ops.sin(x) if MAJOR >= 3 else tf.sin(x)))


def stateful() -> Any:
    """A recurrent layer that keeps its states."""
    x = keras.Input(batch_shape=(4, 5, 3), name="x")
    return keras.Model(x, keras.layers.LSTM(2, stateful=True)(x))


@register
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


@register
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


CASES.update({
    "functional": Case(functional),
    "sequential": Case(sequential),
    "subclassed": Case(subclassed, inputs=(8,)),
    "compiled": Case(compiled, targets=np.array([0, 1, 1, 0])),
    "a model": Case(functional()),
    "unnamed": Case(unnamed, targets=TARGETS),
    "of a function": Case(lambda: unnamed(absolute), targets=TARGETS),
    "operations": Case(operations),
    "stateful": Case(stateful),
    "own step": Case(lambda: OwnStep(units=4), inputs=(8,)),
    "named": Case(Named, inputs={"right": (4,), "left": (3,)}),
    "whole": Case(lambda: Whole(units=3), majors=(3,)),
    "a loss that forgets: arguments": Case(
        lambda: unnamed(ForgetfulLoss(0.5)),
        targets=TARGETS,
        wanted=Wanted(
            "arguments",
            "ForgetfulLoss.get_config() does not return 'factor': it comes back with its default, 1.0",
            'add "factor": self.factor to what get_config() returns',
        ),
    ),
    "a function for a loss: registration": Case(
        lambda: unnamed(squared),
        targets=TARGETS,
        wanted=Wanted(
            "registration",
            "the function squared, which the model is compiled with, is not registered",
            "above def squared",
        ),
    ),
})  # fmt: skip
