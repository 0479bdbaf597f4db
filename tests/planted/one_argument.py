"""Damages one layer of what `load_model` returns, where it has one argument at a value that is not its default.

FAULT is a file with the class of the layer, the argument, those that the layer cannot be without, and the damage.
"""

from __future__ import annotations

import json

import keras

original = keras.models.load_model


def stands_out(layer, fault):
    """Whether the layer's config has the argument at another value than the same layer made without it."""
    config = layer.get_config()
    plain = type(layer)(**{name: config[name] for name in fault["needed"]})
    return config[fault["argument"]] != plain.get_config()[fault["argument"]]


def damage(layer, how):
    if how == "raises":
        raise ValueError(f"planted in a {type(layer).__name__}")
    if layer.weights and how == "weights":
        weight = layer.weights[0]
        weight.assign(1 - weight)
        return
    call = layer.call

    def changed(*args, **keywords):
        return keras.tree.map_structure(lambda each: each + keras.ops.ones_like(each), call(*args, **keywords))

    layer.call = changed


def load_model(*args, **keywords):
    model = original(*args, **keywords)
    fault = json.loads(FAULT.read_text())  # noqa: F821  (given by the module that runs this one)
    for layer in model._flatten_layers():
        if type(layer).__name__ == fault["layer"] and stands_out(layer, fault):
            damage(layer, fault["damage"])
    return model


keras.models.load_model = load_model
