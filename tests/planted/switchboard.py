"""Damages what arrives by one door of Keras, as the file FAULT says at that moment: one worker, many faults.

A door is a public function through which a model leaves or comes back; a damage is done to the model that it returns,
or that is saved, at the `call`-th time that it is opened. Only the outermost call counts: Keras's doors lead through
one another.
"""

from __future__ import annotations

import json

import keras
import numpy
import tensorflow

state = {"inside": False, "opened": 0, "read": None, "original": None}


def fault():
    """What is planted now; the count of calls starts anew with each fault."""
    text = FAULT.read_text()  # noqa: F821  (given by the module that runs this one)
    if text != state["read"]:
        state.update(read=text, opened=0)
    return json.loads(text)


def door(name, original, arrived):
    """The function, which damages what `arrived` finds in its result and arguments."""

    def opened(*args, **keywords):
        planted = fault()
        if state["inside"] or planted.get("door") != name:
            return original(*args, **keywords)
        state["inside"] = True
        try:
            result = original(*args, **keywords)
        finally:
            state["inside"] = False
        state["opened"] += 1
        if state["opened"] == planted.get("call", 1):
            DAMAGES[planted["damage"]](arrived(result, args))
        return result

    return opened


def structure(model):
    model.__class__ = type("AnotherClass", (type(model),), {})


def summary(model):
    original = model.summary

    def changed(*args, print_fn, **keywords):
        original(*args, print_fn=lambda text, **_: print_fn(text.replace("head", "hood")), **keywords)

    model.summary = changed


def config(model):
    model.get_layer("head").bias_initializer = keras.initializers.Constant(5.0)


def weights(model):
    bias = model.get_layer("head").bias
    bias.assign(-bias)


def one_ulp(model):
    bias = model.get_layer("head").bias
    value = bias.numpy()
    value[0] = numpy.nextafter(value[0], numpy.inf)
    bias.assign(value)


def tracked(model):
    """TensorFlow finds the way to one layer no more."""
    everything, head = tensorflow.train.TrackableView.descendants, model.get_layer("head")
    tensorflow.train.TrackableView.descendants = lambda self: [each for each in everything(self) if each is not head]


def adapters(model):
    layer = model.get_layer("head")
    for factor in (layer.lora_kernel_a, layer.lora_kernel_b):
        factor.assign(factor * 0)


def flags(model):
    """A weight is frozen, and no layer: that would be in the config too."""
    model.get_layer("norm").gamma.trainable = False


def compiled(model):
    model.optimizer.learning_rate = 0.5


def is_compiled(model):
    model.compile("sgd", "mse")


def iterations(model):
    model.optimizer.iterations.assign_add(1)


def slot(model):
    momentum = model.optimizer.variables[-1]
    momentum.assign(momentum + 1)


def outputs(model):
    original = model.get_layer("head").call
    model.get_layer("head").call = lambda inputs, **_: original(inputs) * 1.5


def inner_outputs(model):
    """An inner layer computes something else, and the next one makes up for it."""
    hidden, norm = model.get_layer("hidden"), model.get_layer("norm")
    first, second = hidden.call, norm.call
    hidden.call = lambda inputs, **_: first(inputs) * 2.0
    norm.call = lambda inputs, **keywords: second(inputs * 0.5, **keywords)


def training_outputs(model):
    model.get_layer("drop").call = lambda inputs, **_: inputs


def losses(model):
    original = model.test_on_batch
    model.test_on_batch = lambda *args, **keywords: {
        name: value + 1 for name, value in original(*args, **keywords).items()
    }


def training(model):
    original, steps = model.train_on_batch, []

    def changed(*args, **keywords):
        logs = original(*args, **keywords)
        steps.append(logs)
        if len(steps) == 2:
            gamma = model.get_layer("norm").gamma
            gamma.assign(gamma + 0.01)
        return logs

    model.train_on_batch = changed


def fresh(model):
    bias = model.get_layer("head").bias
    bias.assign(bias + 1)


def original(_):
    """What travels stays as it is, and the model that was sent becomes another one."""
    structure(state["original"])


DAMAGES = {
    each.__name__: each
    for each in (
        structure, summary, config, weights, one_ulp, flags, compiled, is_compiled, iterations, slot, outputs,
        inner_outputs, training_outputs, losses, training, fresh, tracked, adapters, original,
    )
}  # fmt: skip


def returned(result, args):
    return result


def first(result, args):
    return args[0]


def read_into(result, args):
    return args[0].model


def train_on_batch(self, *args, **keywords):
    if not state["inside"]:
        state["original"] = self  # it is trained before it is sent, and what arrives after that
    return trained(self, *args, **keywords)


trained = keras.Model.train_on_batch
keras.Model.train_on_batch = train_on_batch
functional = next(each for each in keras.Model.__subclasses__() if each.__name__ == "Functional")
keras.models.load_model = door("load_model", keras.models.load_model, returned)
keras.models.model_from_json = door("model_from_json", keras.models.model_from_json, returned)
keras.models.clone_model = door("clone_model", keras.models.clone_model, returned)
keras.Model.load_weights = door("load_weights", keras.Model.load_weights, first)
keras.Model.set_weights = door("set_weights", keras.Model.set_weights, first)
from_config = functional.from_config.__func__
functional.from_config = classmethod(door("from_config", from_config, returned))
keras.Model.save_weights = door("save_weights", keras.Model.save_weights, first)
checkpoint = tensorflow.train.Checkpoint
checkpoint.read = door("read", checkpoint.read, read_into)
keras.Model.export = door("export", keras.Model.export, first)
