"""What is drawn by chance, and when: in training alone, from a generator that is kept and moves on."""

from __future__ import annotations

import random
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tests.own.case import MAJOR, fault, healthy, register


@healthy((4,), seed=7)
@register
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


@healthy((4,))
@register
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


@healthy((4,))
@register
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


@healthy((4,))
@register
class Projects(keras.layers.Layer):
    """Draws one and the same matrix at each call, in training and out of it, on purpose."""

    def call(self, inputs: Any, training: Any = None) -> Any:
        return inputs @ tf.random.stateless_normal((inputs.shape[-1], 3), seed=(3, 0), dtype=inputs.dtype)


@fault("randomness", "draws other numbers in training from one state", "keras.random.SeedGenerator", majors=(3,))
@register
class DrawsByTensorFlow(keras.layers.Layer):
    def call(self, inputs: Any, training: Any = None) -> Any:
        return inputs + tf.random.normal(tf.shape(inputs)) if training else inputs


@fault("randomness", "draws from Python’s random", "keras.random.SeedGenerator" if MAJOR >= 3 else "stateless_uniform")
@register
class DrawsByPython(keras.layers.Layer):
    def call(self, inputs: Any, training: Any = None) -> Any:
        return inputs * random.random() if training else inputs


@fault("randomness", "draws from numpy.random", "keras.random.SeedGenerator" if MAJOR >= 3 else "stateless_uniform")
@register
class DrawsByNumPy(keras.layers.Layer):
    def call(self, inputs: Any, training: Any = None) -> Any:
        return inputs * float(np.random.rand()) if training else inputs


@fault("randomness", "same noise at each call", "keras.random.SeedGenerator" if MAJOR >= 3 else "stateless_uniform")
@register
class DrawsTheSame(keras.layers.Layer):
    def call(self, inputs: Any, training: Any = None) -> Any:
        if not training:
            return inputs
        if MAJOR >= 3:
            return inputs + keras.random.normal(keras.ops.shape(inputs), dtype=inputs.dtype, seed=3)
        return inputs + tf.random.stateless_normal(tf.shape(inputs), seed=(3, 0), dtype=inputs.dtype)


class Drops(keras.layers.Layer):
    """Drops; when, its children say."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dropout = keras.layers.Dropout(0.5, dtype=self.dtype_policy)


@fault("randomness", "other numbers at each call in inference", "where training is true alone")
@register
class DropsAlways(Drops):
    def call(self, inputs: Any) -> Any:
        return self.dropout(inputs, training=True)


@fault("training_argument", "does in training what it does in inference", "training=training")
@register
class DropsNever(Drops):
    def call(self, inputs: Any, training: Any = None) -> Any:
        return self.dropout(inputs, training=False)
