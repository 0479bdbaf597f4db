"""What a layer is made of: its weights and the layers in it are made and built once, and are found there again."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tests.own.case import Scaled, fault, healthy, register


@healthy((5, 8), widths=(4, 3), rate=0.3)
@register
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


class Holds(keras.layers.Layer):
    """Holds a layer that it is given, and says it as it should."""

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


@healthy((8,), inner=keras.layers.Dense(3))
@healthy((5, 4), called="Wraps one that draws", anew=lambda: {"inner": keras.layers.LSTM(3, dropout=0.3)})
@register
class Wraps(Holds):
    """Turns it back from its config."""

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Wraps:
        return cls(**{**config, "inner": keras.layers.deserialize(config["inner"])})


@fault(
    "arguments",
    "what JSON cannot hold: a Dense, a layer",
    "keras.layers.serialize(self.inner)",
    others=["build"],
    inner=keras.layers.Dense(3),
)
@register
class RawLayer(Holds):
    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "inner": self.inner}


@fault(
    "keras_zip", "has no attribute 'built'", "deserialize_keras_object", others=("nested",), inner=keras.layers.Dense(3)
)
@register
class ReadsNoLayer(Holds):
    pass


@fault("nested", "add new elements of state", "if not self.inner.built", majors=(3,), inner=keras.layers.Dense(3))
@register
class BuildsTwice(Wraps):
    def build(self, input_shape: Any) -> None:
        self.inner.build(input_shape)
        keras.layers.Layer.build(self, input_shape)


@fault("state", "new variables at its second call", "in __init__ or build()", others=["randomness"])
@register
class LayerInCall(keras.layers.Layer):
    def call(self, inputs: Any) -> Any:
        return keras.layers.Dense(3)(inputs)


class Bag:
    """An object that Keras does not look into."""

    def __init__(self, *things: Any) -> None:
        self.things = things


@fault("state", "weights does not hold 4 of the variables", "in lists and dicts")
@register
class Hides(keras.layers.Layer):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bag = Bag(keras.layers.Dense(4), keras.layers.Dense(3))

    def call(self, inputs: Any) -> Any:
        for each in self.bag.things:
            inputs = each(inputs)
        return inputs


@fault("build", "cannot add new elements of state", "in __init__ or build()", majors=(3,))
@fault("nested", "inside of a model that builds it", "in build()", majors=(2,))
@register
class WeightInCall(keras.layers.Layer):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kernel = None

    def call(self, inputs: Any) -> Any:
        if self.kernel is None:
            self.kernel = self.add_weight(name="kernel", shape=(8, 3))
        return inputs @ self.kernel


@fault("nested", "inside of a model that builds it", "self.inner.build(input_shape)")
@register
class LeavesItToTheCall(keras.layers.Layer):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.inner = keras.layers.Dense(3, dtype=self.dtype_policy)

    def build(self, input_shape: Any) -> None:
        self.factor = self.add_weight(name="factor", shape=(input_shape[-1],))
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        return self.inner(inputs * self.factor)


@fault("nested", "without some of its weights", "super().build(input_shape)", majors=(2,), units=3)
@register
class DoesNotSayThatItIsBuilt(Scaled):
    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight(name="kernel", shape=(input_shape[-1], self.units))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


@fault("weight_names", "has no name of its own", "add_weight(name=")
@register
class Nameless(keras.layers.Layer):
    def build(self, input_shape: Any) -> None:
        self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones")
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        return inputs * self.factor


@fault("weight_names", "2 weights of one layer are called 'w'", "a name of its own")
@register
class Twins(keras.layers.Layer):
    def build(self, input_shape: Any) -> None:
        self.factor = self.add_weight(name="w", shape=(input_shape[-1],), initializer="ones")
        self.shift = self.add_weight(name="w", shape=(input_shape[-1],), initializer="zeros")
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        return inputs * self.factor + self.shift


@fault("build", "out of scope", "keep no tensor in an attribute")
@register
class KeepsATensor(keras.layers.Layer):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.last = None

    def call(self, inputs: Any) -> Any:
        outputs = inputs if self.last is None else inputs + self.last
        self.last = tf.reduce_mean(inputs)
        return outputs


@fault("keras_elsewhere", "outputs", "dtype=self.dtype_policy")
@register
class GlobalPolicy(keras.layers.Layer):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.inner = keras.layers.Dense(3)

    def build(self, input_shape: Any) -> None:
        self.inner.build(input_shape)
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        return self.inner(inputs)


@fault("keras_zip", "outputs", "in a weight or in get_config()")
@register
class KnowsMoreThanItSays(keras.layers.Layer):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.offset = np.random.rand(8).astype("float32")

    def build(self, input_shape: Any) -> None:
        self.factor = self.add_weight(name="factor", shape=(input_shape[-1],), initializer="ones")
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        return inputs * self.factor + self.offset


@healthy((8,), units=3)
@register
class SavesByHand(Scaled):
    """Writes its weights itself, and leaves them as they are."""

    def save_own_variables(self, store: Any) -> None:
        for number, variable in enumerate(self.weights):
            store[f"weight_{number}"] = np.array(variable)

    def load_own_variables(self, store: Any) -> None:
        for number, variable in enumerate(self.weights):
            variable.assign(store[f"weight_{number}"])


@fault("keras_zip", "the model that was sent: weights / RoundedWhenSaved/kernel", "change nothing in self", units=3)
@register
class RoundedWhenSaved(Scaled):
    """Makes small files, and rounds the model that goes on being trained."""

    def save_own_variables(self, store: Any) -> None:
        self.kernel.assign(np.round(np.array(self.kernel), 1))
        super().save_own_variables(store)
