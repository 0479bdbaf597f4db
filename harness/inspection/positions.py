"""Which kinds of object belong where in a config: the argument's name tells."""

from __future__ import annotations

from harness.inspection.exports import PARTS

CALLABLE = frozenset({"activation", "operation", "loss", "metric", "random", "initializer"})
LAYERS = frozenset({"layer", "model", "operation"})

_BY_NAME: dict[str, frozenset[str]] = {
    "backward_layer": LAYERS,
    "cell": LAYERS,
    "cells": LAYERS,
    "forward_layer": LAYERS,
    "layer": LAYERS,
    "layers": LAYERS,
    "bias_constraint": frozenset({"constraint"}),
    "dtype": frozenset({"policy"}),
    "dtype_policy": frozenset({"policy"}),
    "fn": frozenset({"loss", "metric", "activation", "operation"}),
    "inner_optimizer": frozenset({"optimizer"}),
    "learning_rate": frozenset({"schedule"}),
    "loss": frozenset({"loss", "metric", "operation"}),
    "metrics": frozenset({"metric", "loss"}),
    "optimizer": frozenset({"optimizer"}),
    "optimizer_config": frozenset({"optimizer"}),
    "quantization_config": frozenset({"quantization", "policy"}),
    "seed": frozenset({"generator"}),
    "seed_generator": frozenset({"generator"}),
    "weighted_metrics": frozenset({"metric", "loss"}),
}
_BY_ENDING: dict[str, frozenset[str]] = {
    "activation": frozenset({"activation", "operation", "layer"}),
    "constraint": frozenset({"constraint"}),
    "initializer": frozenset({"initializer"}),
    "regularizer": frozenset({"regularizer"}),
}
# Where a string is the name of an object. Elsewhere a string is text.
STRINGS_ARE_NAMES = frozenset({"activation", "fn", "constraint", "initializer", "regularizer", "loss", "metrics",
                               "weighted_metrics", "optimizer"})  # fmt: skip
# Strings there that stand for something and are no name of Keras.
WORDS = {
    "loss": frozenset({"crossentropy", "ce"}),
    "metrics": frozenset({"accuracy", "acc", "crossentropy", "ce", "loss"}),
    "weighted_metrics": frozenset({"accuracy", "acc", "crossentropy", "ce"}),
    "optimizer": frozenset({"auto"}),
    "initializer": frozenset({"uniform", "normal", "zero", "one"}),
    "activation": frozenset({"linear", "silu", "swish"}),
}


def ending(key: str) -> str:
    """`kernel_initializer` and `initializer` are one."""
    return key if key in STRINGS_ARE_NAMES else key.rsplit("_", 1)[-1]


def expected(key: str) -> frozenset[str]:
    """The kinds that belong under this key; all parts of a model where it says nothing."""
    return _BY_NAME.get(key) or _BY_ENDING.get(ending(key)) or PARTS
