"""Nested: a layer can be a part of a model that builds it, and its weights come back with that model.

A model of one's own calls `layer.build(shape)` in its own `build`, as Keras asks for, and on the way back from a file
nothing else happens before the weights are put in. A layer whose `build` leaves sub-layers to their first call has no
variables then.
"""

from __future__ import annotations

import inspect
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from harness.own.case import LayerCase
from harness.own.diagnoses.diagnosis import NotChecked
from harness.own.making import Made, layer_of
from harness.own.mends import FROM_THE_CONFIG, mend_of_error
from harness.own.parts import Part, is_own, part_of, unregistered
from harness.own.report import Failure, essence
from harness.worker import dialect
from harness.worker.build import fill
from harness.worker.custom import known
from harness.worker.dialect import keras

CHECK = "nested"


@keras.utils.register_keras_serializable(package="keras_harness")
class Holder(keras.Model):
    """A model of one layer, which it builds as Keras asks for."""

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.layer = layer

    def build(self, input_shape: Any) -> None:
        keras.layers.Layer.build(self, input_shape)  # Model.build of Keras 2 would call the model
        if not self.layer.built:
            self.layer.build(input_shape)
            self.says_so = bool(self.layer.built)
        self.built = True

    def call(self, inputs: Any, training: Any = None) -> Any:
        return self.layer(inputs)

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "layer": keras.saving.serialize_keras_object(self.layer)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Holder:
        return cls(keras.saving.deserialize_keras_object(config["layer"]), name=config["name"])


def diagnose(built: Made) -> Iterator[Failure]:
    """A failure where the layer, inside of a model that builds it, cannot be loaded or computes something else."""
    if not isinstance(built.case, LayerCase):
        raise NotChecked("it is a model")
    if built.fed.keywords:
        raise NotChecked("its call takes several arguments")
    if not built.layer.weights:
        raise NotChecked("it has no weights")
    if not built.faithful:
        raise NotChecked("its config does not make it again, see the check `arguments`")
    part = part_of(built.case)
    if (why := _built_otherwise(part.cls)) is not None:
        raise NotChecked(why)
    if dialect.MAJOR < 3 and any(isinstance(each, keras.layers.RNN) for each in built.layer._flatten_layers()):
        raise NotChecked("Keras 2 cannot build a recurrent layer with a shape that comes out of a file")
    with known(unregistered(built)):
        yield from _nested(built, part)


def _built_otherwise(cls: type) -> str | None:
    """Why nobody would write ``layer.build(input_shape)`` of it, or its own code is not what would run."""
    if len(inspect.signature(cls.build).parameters) < 2:  # type: ignore[attr-defined]
        return "its build() takes no shape"
    writer = next(each for each in cls.__mro__ if "build" in vars(each))
    if not is_own(writer) and writer not in (keras.layers.Layer, keras.Model):
        return f"its build() is that of {writer.__name__} of Keras"
    return None


def _nested(built: Made, part: Part) -> Iterator[Failure]:
    model = Holder(layer_of(built.case))
    inputs = built.subject.inputs
    model(inputs)
    fill(model, built.case.seed)
    mend = (
        "in build(), build every sub-layer with the shape that it will see: self.inner.build(input_shape)"
        if model.says_so
        else "end build() with super().build(input_shape): a layer that does not say that it is built is built once"
        " more when it is called, with new weights"
    )
    with tempfile.TemporaryDirectory(prefix="keras-harness-") as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(folder) / "model.keras"
        model.save(path)
        # Seen when it is saved: what saving does to the model that it saves is told by the routes.
        expected = [dialect.array(each) for each in dialect.weights_of(model)]
        try:
            loaded = keras.models.load_model(path)
        except Exception as error:
            said = mend_of_error(error)
            yield Failure(
                CHECK,
                f"{part.cls.__name__} cannot be loaded inside of a model that builds it with layer.build(input_shape):"
                f" {type(error).__name__}: {essence(error)}",
                part.place("build"),
                mend=mend if said in ("", FROM_THE_CONFIG) else said,
            )
            return
    with dialect.kept(loaded):  # a layer that counts its calls has lost nothing
        loaded(inputs)
    actual = [dialect.array(each) for each in dialect.weights_of(loaded)]
    lost = sum(not np.array_equal(one, other) for one, other in zip(expected, actual))
    if lost or len(expected) != len(actual):
        yield Failure(
            CHECK,
            f"{part.cls.__name__} comes without some of its weights out of a model that builds it with"
            " layer.build(input_shape)",
            part.place("build"),
            f"{len(expected)} weights",
            f"{len(actual)} weights, of which {lost} hold other numbers",
            mend=mend,
        )
