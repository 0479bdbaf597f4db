"""Layers with one fault each, as people write them; `FAULTS` says which check must see it, and what it must say."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tests.own import healthy
from tests.own.healthy import Pads

register = keras.utils.register_keras_serializable(package="faulty")
MAJOR = int(keras.__version__.split(".")[0])


@dataclass
class Fault:
    """A class with its arguments and inputs; a check that must fail, and words of its title and of its mend.

    In place of the class may stand a function that builds a model, with targets.
    """

    layer: Any
    check: str
    title: str
    mend: str
    arguments: dict[str, Any] = field(default_factory=dict)
    inputs: Any = (8,)
    majors: tuple[int, ...] = (2, 3)  # the Kerases under which it is a fault
    others: tuple[str, ...] = ()  # further checks that must fail of it
    targets: Any = None


FAULTS: dict[str, Fault] = {}


def fault(
    check: str, title: str, mend: str, *, inputs: Any = (8,), majors: Any = (2, 3), others: Any = (), **arguments: Any
) -> Any:
    """Enters a class among the faults, under its name and the check."""

    def enter(cls: type) -> type:
        FAULTS[f"{cls.__name__}: {check}"] = Fault(cls, check, title, mend, arguments, inputs, majors, others)
        return cls

    return enter


class Scaled(keras.layers.Layer):
    """A kernel and a scale: what most of the faults are in."""

    def __init__(self, units: int, scale: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.scale = scale

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight(name="kernel", shape=(input_shape[-1], self.units))
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        return (inputs @ self.kernel) * self.scale

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units, "scale": self.scale}


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


@fault(
    "arguments",
    "what JSON cannot hold: a Dense, a layer",
    "keras.layers.serialize(self.inner)",
    others=["build"],
    inner=keras.layers.Dense(3),
)
@register
class RawLayer(keras.layers.Layer):
    def __init__(self, inner: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.inner = inner

    def build(self, input_shape: Any) -> None:
        self.inner.build(input_shape)
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        return self.inner(inputs)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "inner": self.inner}


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


class Drops(keras.layers.Layer):
    """Drops, as told by `told`."""

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


@fault("output_shape", "compute_output_shape and call() give other shapes", "that call() gives", units=3)
@register
class SaysAnotherShape(Scaled):
    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*tuple(input_shape)[:-1], self.units + 1)


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


@fault("mask", "takes a mask and does not hand it on", "supports_masking = True", inputs=(5, 4))
@register
class EatsTheMask(keras.layers.Layer):
    def call(self, inputs: Any, mask: Any = None) -> Any:
        if mask is not None:
            inputs = inputs * tf.cast(mask, inputs.dtype)[..., None]
        return inputs * 2.0


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


class Mode(Enum):
    """What a layer may be told."""

    UP = "up"
    DOWN = "down"


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
@keras.utils.register_keras_serializable(package="faulty", name="Twice")
class RegisteredOver(Scaled):
    def __init__(self, units: int = 3, **kwargs: Any) -> None:
        super().__init__(units, **kwargs)


@keras.utils.register_keras_serializable(package="faulty", name="Twice")
class RegisteredLater(RegisteredOver):
    pass


class HoldsOne(keras.layers.Layer):
    """Holds a layer, and says it as it should."""

    def __init__(self, inner: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.inner = inner

    def build(self, input_shape: Any) -> None:
        self.inner.build(input_shape)
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        return self.inner(inputs)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "inner": keras.saving.serialize_keras_object(self.inner)}


@fault(
    "keras_zip", "has no attribute 'build'", "deserialize_keras_object", others=("nested",), inner=keras.layers.Dense(3)
)
@register
class ReadsNoLayer(HoldsOne):
    pass


@fault("nested", "add new elements of state", "if not self.inner.built", majors=(3,), inner=keras.layers.Dense(3))
@register
class BuildsTwice(HoldsOne):
    @classmethod
    def from_config(cls, config: dict[str, Any]) -> BuildsTwice:
        return cls(**{**config, "inner": keras.saving.deserialize_keras_object(config["inner"])})


@fault("nested", "without some of its weights", "super().build(input_shape)", majors=(2,), units=3)
@register
class DoesNotSayThatItIsBuilt(Scaled):
    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight(name="kernel", shape=(input_shape[-1], self.units))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


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


@fault("build", "", "let call() return its outputs", majors=(3,))
@register
class ReturnsNothing(keras.layers.Layer):
    def call(self, inputs: Any) -> None:
        inputs * 2.0  # the fault


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


@fault("output_shape", "compute_output_shape and call() give other shapes", "that call() gives", units=3)
@register
class SaysFourSamples(Scaled):
    def compute_output_shape(self, input_shape: Any) -> Any:
        return (4, self.units)


@fault("randomness", "same noise at each call", "keras.random.SeedGenerator" if MAJOR >= 3 else "stateless_uniform")
@register
class DrawsTheSame(keras.layers.Layer):
    def call(self, inputs: Any, training: Any = None) -> Any:
        if not training:
            return inputs
        if MAJOR >= 3:
            return inputs + keras.random.normal(keras.ops.shape(inputs), dtype=inputs.dtype, seed=3)
        return inputs + tf.random.stateless_normal(tf.shape(inputs), seed=(3, 0), dtype=inputs.dtype)


@fault("mask", "mixes steps that are masked out into its result", "mask=None", inputs=(5, 4))
@register
class AveragesThePadding(keras.layers.Layer):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        return tf.reduce_mean(inputs, axis=1)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return None


def squared(y_true: Any, y_pred: Any) -> Any:
    """A loss that no file can name."""
    return tf.reduce_mean((y_true - y_pred) ** 2, axis=-1)


FAULTS["a loss that forgets: arguments"] = Fault(
    lambda: healthy.unnamed(healthy.ForgetfulLoss(0.5)),
    "arguments",
    "ForgetfulLoss.get_config() does not return 'factor': it comes back with its default, 1.0",
    'add "factor": self.factor to what get_config() returns',
    targets=healthy.TARGETS,
)
FAULTS["a function for a loss: registration"] = Fault(
    lambda: healthy.unnamed(squared),
    "registration",
    "the function squared, which the model is compiled with, is not registered",
    "above def squared",
    targets=healthy.TARGETS,
)
