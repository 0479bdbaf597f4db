"""What a layer gives: tensors of the shape and dtype that it says, the same in a graph, and numbers."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tests.own.case import MAJOR, Scaled, fault, healthy, register


@healthy({"left": (3,), "right": (3,)})
@register
class Pair(keras.layers.Layer):
    """Takes two tensors, by name."""

    def call(self, inputs: Any) -> Any:
        return inputs["left"] - 2.0 * inputs["right"]

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape["left"]


@healthy((4,), keywords={"weight": np.linspace(0.5, 1.5, 4, dtype="float32").reshape(4, 1)})
@register
class Weighted(keras.layers.Layer):
    """Takes a second tensor as an argument of its call."""

    def call(self, inputs: Any, weight: Any = None) -> Any:
        return inputs if weight is None else inputs * weight


@healthy((4,))
@register
class Precise(keras.layers.Layer):
    """Computes in float32 whatever its policy is, and casts back; counts in a weight of integers."""

    def build(self, input_shape: Any) -> None:
        self.factor = self.add_weight(name="factor", shape=(input_shape[-1],), initializer="ones")
        self.seen = self.add_weight(name="seen", shape=(), dtype="int32", initializer="zeros", trainable=False)
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        x = tf.cast(inputs, "float32") * tf.cast(tf.convert_to_tensor(self.factor), "float32")
        return tf.cast(x - tf.reduce_mean(x, axis=-1, keepdims=True), self.compute_dtype)


@healthy((4,))
@register
class CountsItsCalls(keras.layers.Layer):
    """Counts in a weight, in inference too; it learns nothing from the calls while it is frozen."""

    def build(self, input_shape: Any) -> None:
        self.factor = self.add_weight(name="factor", shape=(input_shape[-1],), initializer="ones")
        self.calls = self.add_weight(name="calls", shape=(), initializer="zeros", trainable=False)
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        if self.trainable:
            self.calls.assign_add(1.0)
        return inputs * self.factor


@healthy((4,))
@register
class Places(keras.layers.Layer):
    """Gives integers, whatever its policy is."""

    def call(self, inputs: Any) -> Any:
        return tf.argsort(inputs, axis=-1)

    def compute_output_spec(self, inputs: Any) -> Any:  # of Keras 3, which takes compute_dtype otherwise
        return keras.KerasTensor(inputs.shape, "int32")


@healthy(np.arange(20, dtype="int32").reshape(4, 5), num_tokens=20)
@register
class Encodes(keras.layers.CategoryEncoding):
    """A layer of Keras under another name, which gives float32 in mixed precision: not of one's own doing."""


@fault("output_shape", "compute_output_shape and call() give other shapes", "that call() gives", units=3)
@register
class SaysAnotherShape(Scaled):
    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*tuple(input_shape)[:-1], self.units + 1)


@fault("output_shape", "compute_output_shape and call() give other shapes", "that call() gives", units=3)
@register
class SaysFourSamples(Scaled):
    def compute_output_shape(self, input_shape: Any) -> Any:
        return (4, self.units)


@fault(
    "output_shape",
    "gives no tensor, outside of a graph, but float",
    "wherever it is called",
    majors=(3,),
    others=("graph",),
)
@register
class GivesNumbers(keras.layers.Layer):
    def call(self, inputs: Any) -> Any:
        return inputs.numpy().ravel().tolist() if hasattr(inputs, "numpy") else inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


@fault("output_shape", "compute_output_shape and call() give other shapes", "that call() gives", majors=(3,))
@register
class SaysOneOfTwo(keras.layers.Layer):
    def call(self, inputs: Any) -> Any:
        return inputs, inputs * 2.0

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


@fault("build", "", "let call() return its outputs", majors=(3,))
@register
class ReturnsNothing(keras.layers.Layer):
    def call(self, inputs: Any) -> None:
        inputs * 2.0  # the fault


@fault("graph", "other numbers in a graph", "decided once")
@register
class OtherInAGraph(keras.layers.Layer):
    def call(self, inputs: Any) -> Any:
        return inputs * (2.0 if tf.executing_eagerly() else 3.0)


@fault("substance", "none is finite", "a logarithm")
@register
class NotANumber(keras.layers.Layer):
    def call(self, inputs: Any) -> Any:
        return tf.math.log(-tf.abs(inputs) - 1.0)


@fault("substance", "all one value", "give inputs")
@register
class Constant(keras.layers.Layer):
    def call(self, inputs: Any) -> Any:
        return inputs * 0.0 + 1.0


@fault("dtype", "the output of CastsToFloat32 with dtype='float64' is of another dtype", "self.compute_dtype")
@register
class CastsToFloat32(keras.layers.Layer):
    def call(self, inputs: Any) -> Any:
        return tf.cast(inputs, "float32") * 2.0


@fault("dtype", "KeepsAFloat32 cannot be called with dtype=", "self.compute_dtype", units=3, scale=2.0)
@register
class KeepsAFloat32(Scaled):
    """Keras 3 promotes it to float64, so that mixed precision alone shows it there."""

    def call(self, inputs: Any) -> Any:
        offset = tf.ones(tf.shape(inputs), "float32")
        return super().call(keras.ops.add(inputs, offset) if MAJOR >= 3 else inputs + offset)


@fault("dtype", "of WeighsInFloat32 with dtype='float64' is of another", "leave dtype out of add_weight", units=3)
@register
class WeighsInFloat32(Scaled):
    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight(name="kernel", shape=(input_shape[-1], self.units), dtype="float32")
        keras.layers.Layer.build(self, input_shape)
