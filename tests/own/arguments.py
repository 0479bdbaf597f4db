"""What a constructor is given: get_config says it, whole and by its name, and a file can name the class."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tests.own.case import Scaled, fault, healthy, register


class Mode(Enum):
    """What a layer may be told."""

    UP = "up"
    DOWN = "down"


@healthy((8,), units=3, activation="tanh", kernel_initializer="he_normal")
@healthy(
    (8,),
    called="Plain of objects",
    units=3,
    activation=keras.activations.tanh,
    kernel_initializer=keras.initializers.HeNormal(seed=3),
)
@register
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


@healthy((4,), rate=3.0)
@register
class Regularized(keras.layers.Layer):
    """Names an argument of every layer, which Keras's own config holds where it is given."""

    def __init__(self, rate: float = 1.0, activity_regularizer: Any = None, **kwargs: Any) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.rate = rate

    def call(self, inputs: Any) -> Any:
        return inputs * self.rate

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate}


@healthy((4,), steps=[2.0])
@register
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


@healthy(np.arange(12, dtype="int32").reshape(4, 3), step=2)
@register
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


@healthy((4,), bound=float("inf"), mode=Mode.DOWN, table={1: 2.0})
@healthy((4,), called="ReadsWhatItSays of no number", bound=float("nan"))
@register
class ReadsWhatItSays(keras.layers.Layer):
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


class Step(keras.layers.Layer):
    """What `Listed` is made of; no file holds it, and it need not be registered."""

    def __init__(self, factor: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, inputs: Any) -> Any:
        return inputs * self.factor


@healthy((4,), factors=[2.0, 3.0], activation="tanh")
@register
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


@fault("registration", "Unregistered is not registered", "register_keras_serializable(package=", units=3, scale=2.0)
class Unregistered(Scaled):
    pass


@fault("arguments", "Forgets.get_config() does not return 'scale'", '"scale": self.scale', units=3, scale=2.5)
@register
class Forgets(Scaled):
    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["scale"]
        return config


@fault("arguments", "does not return 'units': the layer cannot be rebuilt", '"units": self.units', units=3, scale=2.5)
@register
class ForgetsWhatItNeeds(Scaled):
    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["units"]
        return config


@fault("arguments", "was given 'scale' and is given another one", "as it was given", units=3, scale=2.5)
@register
class Rounds(Scaled):
    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "scale": int(self.scale)}


@fault("arguments", "was given 'steps' and is given another one when it is loaded: 3 entries", "as it was", steps=[2.0])
@register
class ChangesWhatItIsGiven(Pads):
    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "steps": list(self.steps)}


@fault("arguments", "was given 'start' and is given another one", "as it was given", start="ones")
@register
class NumberForAnInitializer(keras.layers.Layer):
    def __init__(self, start: Any = "zeros", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.start = start

    def build(self, input_shape: Any) -> None:
        first = "zeros" if isinstance(self.start, int) else self.start
        self.shift = self.add_weight(name="shift", shape=(input_shape[-1],), initializer=first)
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        return inputs + self.shift

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "start": 0}


@fault("arguments", "what JSON cannot hold: a NumPy array", "self.factors.tolist()", factors=np.arange(1.0, 9.0))
@register
class RawArray(keras.layers.Layer):
    def __init__(self, factors: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factors = np.asarray(factors, dtype="float32")

    def call(self, inputs: Any) -> Any:
        return inputs * self.factors

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factors": self.factors}


@fault("arguments", "cannot be made again from its config", "add **kwargs", others=["base_arguments"], units=3)
@fault("base_arguments", "does not take 'name'", "super().__init__(**kwargs)", others=["arguments"], units=3)
@register
class TakesNoMore(Scaled):
    def __init__(self, units: int) -> None:
        super().__init__(units)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["scale"]
        return config


@fault("base_arguments", "takes 'trainable' and does not keep it", "super().__init__(**kwargs)", units=3, scale=2.0)
@register
class KeepsNothing(Scaled):
    def __init__(self, units: int, scale: float = 1.0, **kwargs: Any) -> None:
        super().__init__(units, scale)


@fault("base_arguments", "comes out of its config without its 'name'", "super().get_config()", units=3, scale=2.0)
@register
class ConfigOfItsOwn(Scaled):
    def get_config(self) -> dict[str, Any]:
        return {"units": self.units, "scale": self.scale}


@fault("arguments", "from_config() does not hand on 'scale'", "return cls(**config)", units=3, scale=2.0)
@register
class HandsOnHalf(Scaled):
    @classmethod
    def from_config(cls, config: dict[str, Any]) -> HandsOnHalf:
        return cls(config["units"], name=config["name"], trainable=config["trainable"], dtype=config["dtype"])


class Told(keras.layers.Layer):
    """Is told something, which it computes with and says as it is."""

    def __init__(self, told: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.told = told

    def call(self, inputs: Any) -> Any:
        return inputs * self.number()

    def number(self) -> float:
        return 2.0 if self.told is None else 3.0

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "told": self.told}


@fault(
    "arguments", "'told' what JSON cannot hold: Mode.UP, of an Enum", "self.told.value", others=("build",), told=Mode.UP
)
@register
class RawEnum(Told):
    pass


@fault("arguments", "'told' what JSON cannot hold: a path", "str(self.told)", others=("build",), told=Path("words.txt"))
@register
class RawPath(Told):
    pass


@fault(
    "arguments",
    "'told' what JSON cannot hold: a dict with the key (1, 2)",
    "list(self.told",
    others=("build",),
    told={(1, 2): 3.0},
)
@register
class KeyOfTwo(Told):
    pass


@fault("arguments", "'told' what JSON cannot hold: a NumPy array", "self.told.tolist()", told={"a": np.ones(2)})
@register
class ArrayInADict(Told):
    def number(self) -> float:
        return float(np.sum(np.asarray(self.told["a"], dtype="float32")))


@fault("arguments", "without 'b'", '{"told": …}', told={"a": 1.0, "b": 2.0})
@register
class SaysHalfOfIt(Told):
    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "told": {"a": self.told["a"]}}


@fault("arguments", "returns None, and no dict", "dict.update returns None", others=("build",), told=1.0)
@register
class SaysNothing(Told):
    def get_config(self) -> Any:
        return super().get_config().update({"told": self.told})


@fault("keras_zip", "outputs", "'told' of ReadsNoEnum ('up' instead of <Mode.UP: 'up'>)", told=Mode.UP)
@register
class ReadsNoEnum(Told):
    def number(self) -> float:
        return 3.0 if self.told is Mode.UP else 2.0

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "told": getattr(self.told, "value", self.told)}


@fault("keras_zip", "outputs", "'told' of KeysOfNumbers ({'1': 3.0} instead of {1: 3.0})", told={1: 3.0})
@register
class KeysOfNumbers(Told):
    def number(self) -> float:
        return float(self.told.get(1, 2.0))


@fault("arguments", "changes the default of 'steps', which all of its objects share", "steps=None", more=3.0)
@register
class ChangesItsDefault(keras.layers.Layer):
    def __init__(self, steps: Any = [], more: float = 1.0, **kwargs: Any) -> None:  # noqa: B006  # the fault
        super().__init__(**kwargs)
        steps.append(more)
        self.steps = list(steps)
        self.more = more

    def call(self, inputs: Any) -> Any:
        return inputs * self.more

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "steps": self.steps, "more": self.more}


@fault("base_arguments", "without its 'name'", "**kwargs for **options")
@register
class OtherWordForKwargs(keras.layers.Layer):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)

    def call(self, inputs: Any) -> Any:
        return inputs * 2.0


@fault("registration", "names another class", "a name or a package of its own", others=("nested",))
@keras.utils.register_keras_serializable(package="mine", name="Twice")
class RegisteredOver(Scaled):
    def __init__(self, units: int = 3, **kwargs: Any) -> None:
        super().__init__(units, **kwargs)


@keras.utils.register_keras_serializable(package="mine", name="Twice")
class RegisteredLater(RegisteredOver):
    pass
