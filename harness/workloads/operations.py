"""What is done with a model under the clock, a row each: the call that is timed, and what comes before it untimed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from harness.worker.dialect import keras, tf
from harness.workloads.stage import Stage, to_host

Call = Callable[[], Any]


@dataclass(frozen=True)
class Operation:
    """`prepare` returns the call. `fresh`: it can be made but once, so each round is prepared anew.

    `file` is the ending of the file whose size belongs to it.
    """

    name: str
    prepare: Callable[[Stage], Call]
    fresh: bool = False
    file: str = ""


def _save(ending: str) -> Callable[[Stage], Call]:
    def prepare(stage: Stage) -> Call:
        stage.model  # noqa: B018 - it is built outside of the clock
        return lambda: stage.save(ending)

    return prepare


def _load(ending: str) -> Callable[[Stage], Call]:
    def prepare(stage: Stage) -> Call:
        path, objects = str(stage.saved(ending)), stage.workload.objects
        return lambda: keras.models.load_model(path, custom_objects=objects)

    return prepare


def _load_weights(stage: Stage) -> Call:
    path = str(stage.saved(".weights.h5"))
    model = stage.model
    return lambda: model.load_weights(path)


def _build(stage: Stage) -> Call:
    return stage.workload.make


def _from_config(stage: Stage) -> Call:
    """Of a config of its own each time: Keras 3 changes the one that it is given."""
    model = stage.model
    config = model.get_config()
    make = type(model).from_config

    def within() -> Any:
        # No argument: a class of the user's may have a from_config of its own, which takes the config alone.
        with keras.utils.custom_object_scope(stage.workload.objects):
            return make(config)

    return within if stage.workload.objects else lambda: make(config)


def _first_predict(stage: Stage) -> Call:
    """With the tracing that comes before the first result."""
    model = stage.fresh()
    return lambda: model.predict(stage.inputs, batch_size=stage.batch, verbose=0)


def _predict(stage: Stage) -> Call:
    model = stage.model
    return lambda: model.predict(stage.inputs, batch_size=stage.batch, verbose=0)


def _eager(stage: Stage) -> Call:
    model, inputs = stage.model, stage.tensors
    return lambda: to_host(model(inputs, training=False))


def _function(stage: Stage) -> Call:
    model, inputs = stage.model, stage.tensors
    function = tf.function(lambda given: model(given, training=False))
    return lambda: to_host(function(inputs))


def _training(stage: Stage) -> Call:
    model = stage.model
    return lambda: model.train_on_batch(stage.inputs, stage.targets)


def _frozen(stage: Stage) -> Call:
    model = stage.frozen
    return lambda: model.train_on_batch(stage.inputs, stage.targets)


OPERATIONS = {
    each.name: each
    for each in (
        Operation("build", _build),
        Operation("from_config", _from_config, fresh=True),
        Operation("save .keras", _save(".keras"), file=".keras"),
        Operation("load .keras", _load(".keras")),
        Operation("save .h5", _save(".h5"), file=".h5"),
        Operation("load .h5", _load(".h5")),
        Operation("save weights", _save(".weights.h5"), file=".weights.h5"),
        Operation("load weights", _load_weights),
        Operation("first predict", _first_predict, fresh=True),
        Operation("predict", _predict),
        Operation("eager call", _eager),
        Operation("tf.function call", _function),
        Operation("training step", _training),
        Operation("frozen-base step", _frozen),
    )
}
