"""An MLP over tabular inputs with preprocessing layers: numbers, an age in bands, a category, a code."""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.worker.dialect import keras
from harness.workloads.workload import Workload

BATCH = 64
CODES = (2, 3, 5, 7, 11, 13)  # Keras 3 takes no words in arrays


def make() -> Any:
    """Four inputs, 1,600 weights in the first layer, two hidden layers, ten classes."""
    layers = keras.layers
    numbers = keras.Input((10,), name="numbers")
    age = keras.Input((1,), name="age")
    category = keras.Input((1,), dtype="int32", name="category")
    code = keras.Input((1,), dtype="int64", name="code")
    parts = [
        layers.Normalization(mean=[0.5] * 10, variance=[2.0] * 10)(numbers),
        layers.CategoryEncoding(num_tokens=5, output_mode="one_hot")(
            layers.Discretization(bin_boundaries=[18.0, 30.0, 45.0, 65.0])(age)
        ),
        layers.Flatten()(layers.Embedding(100, 8)(category)),
        layers.IntegerLookup(vocabulary=list(CODES), output_mode="one_hot")(code),
    ]
    x = layers.Concatenate()(parts)
    for units in (128, 64):
        x = layers.Dropout(0.2)(layers.Dense(units, activation="relu")(x))
    return keras.Model([numbers, age, category, code], layers.Dense(10, activation="softmax")(x), name="mlp_tabular")


def data() -> tuple[Any, Any]:
    """Inputs in the order of the model, and classes."""
    random = np.random.default_rng(1)
    inputs = [
        random.standard_normal((BATCH, 10)).astype("float32"),
        random.uniform(1, 90, (BATCH, 1)).astype("float32"),
        random.integers(0, 100, (BATCH, 1)).astype("int32"),
        np.array(CODES, dtype="int64")[random.integers(0, len(CODES), (BATCH, 1))],
    ]
    return inputs, random.integers(0, 10, BATCH)


MLP = Workload(
    "mlp-tabular", "an MLP over numbers, an age, a category and a code, with preprocessing layers", make, data
)
