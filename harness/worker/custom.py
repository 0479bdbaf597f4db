"""Custom layers and models as users write them: registered, with `get_config`, `build`, `build_from_config`.

Each is public to architectures as ``custom.<Name>``. What they do is small; how they travel is what counts.
"""

from __future__ import annotations

from typing import Any

from harness.worker.dialect import MAJOR, keras, tf

register = (
    keras.saving.register_keras_serializable if hasattr(keras, "saving") else keras.utils.register_keras_serializable
)


@register(package="harness")
class Scale(keras.layers.Layer):
    """Multiplies by a weight for each channel and adds a constant that only its config knows."""

    def __init__(self, offset: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.offset = offset

    def build(self, input_shape: Any) -> None:
        self.factor = self.add_weight(name="factor", shape=(input_shape[-1],), initializer="ones")
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        return inputs * self.factor + self.offset

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "offset": self.offset}


@register(package="harness")
class Gate(keras.layers.Layer):
    """Holds two layers that it makes itself, and builds them from what its build config says."""

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        # Without it they would take the global policy of whoever loads them.
        inner = {"dtype": self.dtype_policy}
        self.value = keras.layers.Dense(units, name="value", **inner)
        self.gate = keras.layers.Dense(units, activation="sigmoid", name="gate", **inner)

    def build(self, input_shape: Any) -> None:
        for layer in (self.value, self.gate):
            with tf.name_scope(layer.name):  # names its weights apart in Keras 2, where .h5 goes by name
                layer.build(input_shape)
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        return self.value(inputs) * self.gate(inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*tuple(input_shape)[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}

    def build_from_config(self, config: dict[str, Any]) -> None:
        shape = config.get("input_shape")
        if shape is not None and not self.built:
            self.build(tuple(shape))


@register(package="harness")
class TwoBranches(keras.Model):
    """A subclassed model: two Dense layers whose outputs are added, under a third."""

    def __init__(self, units: int = 3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.left = keras.layers.Dense(units, activation="tanh", name="left")
        self.right = keras.layers.Dense(units, name="right")
        self.top = keras.layers.Dense(2, name="top")

    def call(self, inputs: Any, training: bool = False) -> Any:
        return self.top(self.left(inputs) + self.right(inputs))

    def build(self, input_shape: Any) -> None:
        if MAJOR >= 3:
            hidden = (*tuple(input_shape)[:-1], self.units)
            self.left.build(input_shape)
            self.right.build(input_shape)
            self.top.build(hidden)
        super().build(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


# Passed to loaders as users do; registration alone would be enough for Keras 3.
CUSTOM_OBJECTS: dict[str, Any] = {cls.__name__: cls for cls in (Scale, Gate, TwoBranches)}


def spared(optimizer: Any, words: list[str]) -> Any:
    """The optimizer, told to spare variables that hold one of these words in their names its weight decay."""
    optimizer.exclude_from_weight_decay(var_names=words)
    return optimizer
