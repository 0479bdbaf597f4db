"""What one thing costs, and nothing else: a layer (200 of them, each small), and a byte (500 MB of weights)."""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.worker.dialect import keras
from harness.workloads.workload import IO, MAKING, Workload

LAYERS, WIDTH = 200, 8
BIG = 11180  # a square of so many weights takes 500 MB


def narrow() -> Any:
    """Two hundred small layers behind one another."""
    inputs = x = keras.Input((WIDTH,))
    for _ in range(LAYERS - 1):
        x = keras.layers.Dense(WIDTH, activation="tanh")(x)
    return keras.Model(inputs, keras.layers.Dense(4, activation="softmax")(x), name="narrow")


def numbers() -> tuple[Any, Any]:
    """Numbers, and classes."""
    random = np.random.default_rng(6)
    return random.standard_normal((32, WIDTH)).astype("float32"), random.integers(0, 4, 32)


def big() -> Any:
    """One layer of 125 million weights, all alike: what they are costs nothing to make up."""
    inputs = keras.Input((BIG,))
    return keras.Model(inputs, keras.layers.Dense(BIG, kernel_initializer="zeros")(inputs), name="big_weights")


def wide() -> tuple[Any, Any]:
    """One sample, and its target."""
    return np.ones((1, BIG), dtype="float32"), np.zeros((1, BIG), dtype="float32")


EXTREMES = (
    Workload("narrow-200", f"{LAYERS} layers of {WIDTH}: what a layer costs", narrow, numbers),
    Workload(
        "big-weights",
        "500 MB of weights in one layer: what a byte costs",
        big,
        wide,
        loss=("MeanSquaredError", {}),
        optimizer="SGD",
        operations=(*IO, *MAKING, "predict"),
    ),
)
