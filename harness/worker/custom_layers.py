"""Custom layers and models as users write them: registered, with `get_config`, `build`, `build_from_config`.

Each is public to architectures as ``custom.<Name>``. What they do is small; how they travel is what counts.
"""

from __future__ import annotations

from typing import Any

from harness.worker.dialect import keras, tf

# `keras.utils` of every Keras has it; in 2.12 `keras.saving` has not.
register = keras.utils.register_keras_serializable


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
    """Holds two layers that it makes itself, `kept` in attributes, a dict or lists within a list or a dict.

    It builds them from what its build config says.
    """

    def __init__(self, units: int, kept: str = "attributes", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.kept = kept
        # Without it they would take the global policy of whoever loads them.
        inner = {"dtype": self.dtype_policy}
        value = keras.layers.Dense(units, name="value", **inner)
        gate = keras.layers.Dense(units, activation="sigmoid", name="gate", **inner)
        if kept == "attributes":
            self.value, self.gate = value, gate
        elif kept == "dict":
            self.held = {"value": value, "gate": gate}  # in another order than that of the alphabet
        elif kept == "list of lists":
            self.held = [[value], [gate]]
        else:
            self.held = {"value": [value], "gate": [gate]}

    def _pair(self) -> tuple[Any, Any]:
        if self.kept == "attributes":
            return self.value, self.gate
        value, gate = self.held if self.kept == "list of lists" else (self.held["value"], self.held["gate"])
        return (value, gate) if self.kept == "dict" else (value[0], gate[0])

    def build(self, input_shape: Any) -> None:
        for layer in self._pair():
            with tf.name_scope(layer.name):  # names its weights apart in Keras 2, where .h5 goes by name
                layer.build(input_shape)
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        value, gate = self._pair()
        return value(inputs) * gate(inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*tuple(input_shape)[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units, "kept": self.kept}

    def build_from_config(self, config: dict[str, Any]) -> None:
        shape = config.get("input_shape")
        if shape is not None and not self.built:
            self.build(tuple(shape))


@register(package="harness")
class Mix(keras.layers.Layer):
    """Takes its tensors in a structure, a dict with a tuple in it or a tuple with a dict, and adds them up weighted."""

    def build(self, input_shape: Any) -> None:
        self.parts = self.add_weight(name="parts", shape=(3,), initializer="ones")
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        if isinstance(inputs, dict):
            tensors = (inputs["left"], *inputs["pair"])
        else:
            tensors = (inputs[0], inputs[1]["a"], inputs[1]["b"])
        return sum(tensor * self.parts[number] for number, tensor in enumerate(tensors))

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape["left"] if isinstance(input_shape, dict) else input_shape[0]


@register(package="harness")
class Maybe(keras.layers.Layer):
    """Adds a second tensor where there is one: what an optional input is for."""

    def build(self, inputs_shape: Any, extra_shape: Any = None) -> None:
        self.factor = self.add_weight(name="factor", shape=(), initializer="ones")
        super().build(inputs_shape)

    def call(self, inputs: Any, extra: Any = None) -> Any:
        scaled = inputs * self.factor
        return scaled if extra is None else scaled + extra

    def compute_output_shape(self, inputs_shape: Any, extra_shape: Any = None) -> Any:
        return inputs_shape


@register(package="harness")
class Shift(keras.layers.Layer):
    """Takes a tensor and constants as further arguments of its call."""

    def call(self, inputs: Any, by: Any = None, times: float = 1.0, flip: bool = False) -> Any:
        moved = inputs if by is None else inputs + by
        return (-moved if flip else moved) * times

    def compute_output_shape(self, inputs_shape: Any, by_shape: Any = None) -> Any:
        return inputs_shape
