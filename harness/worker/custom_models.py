"""Subclassed models as users write them: their layers in attributes, a list or a dict, made early, late or twice."""

from __future__ import annotations

from typing import Any

from harness.worker.custom_layers import register
from harness.worker.dialect import MAJOR, keras, tf


class _Model(keras.Model):
    """What every model of one's own needs: a config of all that it was given."""

    def get_config(self) -> dict[str, Any]:
        if MAJOR >= 3:
            config: dict[str, Any] = super().get_config()
        else:  # the config of a Model is empty there as soon as a class has one of its own
            config = keras.layers.Layer.get_config(self)
        return config

    def _inner(self) -> dict[str, Any]:
        """What inner layers are given: without it they would take the global policy of whoever loads them."""
        return {"dtype": self.dtype_policy}

    def _build(self, input_shape: Any, *layers: tuple[Any, Any]) -> None:
        """Builds inner layers, each with the shape that it will see, and notes its own for the build config."""
        keras.layers.Layer.build(self, input_shape)  # Model.build of Keras 2 would call the model once more
        for layer, shape in layers:
            if not layer.built:
                with tf.name_scope(layer.name):
                    layer.build(shape)


@register(package="harness")
class TwoBranches(_Model):
    """Two Dense layers whose outputs are added, under a third: layers in attributes."""

    def __init__(self, units: int = 3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.left = keras.layers.Dense(units, activation="tanh", name="left", **self._inner())
        self.right = keras.layers.Dense(units, name="right", **self._inner())
        self.top = keras.layers.Dense(2, name="top", **self._inner())

    def build(self, input_shape: Any) -> None:
        hidden = (*tuple(input_shape)[:-1], self.units)
        self._build(input_shape, (self.left, input_shape), (self.right, input_shape), (self.top, hidden))

    def call(self, inputs: Any, training: bool = False) -> Any:
        return self.top(self.left(inputs) + self.right(inputs))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


@register(package="harness")
class Steps(_Model):
    """Layers that it is given, one behind another, `kept` in a list, a dict or attributes."""

    def __init__(self, layers: Any, kept: str = "list", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kept = kept
        self.names = [layer.name for layer in layers]
        if kept == "dict":
            self.steps = {layer.name: layer for layer in layers}
        elif kept == "list":
            self.steps = list(layers)
        else:
            for layer in layers:
                setattr(self, layer.name, layer)

    def _in_order(self) -> list[Any]:
        if self.kept == "list":
            return list(self.steps)
        return [self.steps[name] if self.kept == "dict" else getattr(self, name) for name in self.names]

    def call(self, inputs: Any) -> Any:
        for layer in self._in_order():
            inputs = layer(inputs)
        return inputs

    def get_config(self) -> dict[str, Any]:
        inner = [keras.layers.serialize(layer) for layer in self._in_order()]
        return {**super().get_config(), "layers": inner, "kept": self.kept}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Steps:
        inner = [keras.layers.deserialize(each, custom_objects=custom_objects) for each in config["layers"]]
        return cls(**{**config, "layers": inner})


@register(package="harness")
class Late(_Model):
    """Makes its layers, and a weight of its own, when it is built: how many depends on what it is fed with."""

    def __init__(self, units: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape: Any) -> None:
        self.seen = tuple(input_shape)
        width = int(self.seen[-1])
        self.hidden = [
            keras.layers.Dense(width, activation="relu", name=f"hidden_{number}", **self._inner())
            for number in range(1 + width % 2)
        ]
        self.last = keras.layers.Dense(self.units, name="last", **self._inner())
        self.factor = self.add_weight(name="factor", shape=(width,), initializer="ones")
        self._build(input_shape, *((layer, input_shape) for layer in (*self.hidden, self.last)))

    def call(self, inputs: Any) -> Any:
        x = inputs * self.factor
        for layer in self.hidden:
            x = layer(x)
        return self.last(x)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}

    def get_build_config(self) -> dict[str, Any]:
        return {"shape": [None if axis is None else int(axis) for axis in self.seen]}

    def build_from_config(self, config: dict[str, Any]) -> None:
        if not self.built:
            self.build(tuple(config["shape"]))


@register(package="harness")
class Twice(_Model):
    """Knows one layer by two attributes, and calls it by each."""

    def __init__(self, units: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.first = keras.layers.Dense(units, name="first", **self._inner())
        self.encoder = keras.layers.Dense(units, activation="tanh", name="shared", **self._inner())
        self.decoder = self.encoder

    def build(self, input_shape: Any) -> None:
        hidden = (*tuple(input_shape)[:-1], self.units)
        self._build(input_shape, (self.first, input_shape), (self.encoder, hidden))

    def call(self, inputs: Any) -> Any:
        return self.decoder(self.encoder(self.first(inputs)))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


@register(package="harness")
class Counted(_Model):
    """Has weights of its own: one that is trained, and a state that every training step moves unless it is frozen."""

    def __init__(self, momentum: float = 0.9, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.momentum = momentum

    def build(self, input_shape: Any) -> None:
        self.factor = self.add_weight(name="factor", shape=(int(input_shape[-1]),), initializer="ones")
        self.level = self.add_weight(name="level", shape=(), initializer="zeros", trainable=False)
        self._build(input_shape)

    def call(self, inputs: Any, training: bool = False) -> Any:
        if training and self.trainable:
            before, now = (tf.cast(each, "float32") for each in (self.level, tf.reduce_mean(inputs)))
            level = self.momentum * before + (1 - self.momentum) * now
            self.level.assign(tf.cast(level, self.variable_dtype))
        return inputs * self.factor + tf.cast(self.level, inputs.dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "momentum": self.momentum}
