"""An MLP over tabular inputs with preprocessing layers: numbers, an age in bands, a category, a word."""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.worker.dialect import keras
from harness.workloads.workload import Workload

BATCH = 64
CITIES = ("paris", "london", "tokyo", "lima", "oslo", "cairo")


def make() -> Any:
    """Four inputs, 1,600 weights in the first layer, two hidden layers, ten classes."""
    layers = keras.layers
    numbers = keras.Input((10,), name="numbers")
    age = keras.Input((1,), name="age")
    category = keras.Input((1,), dtype="int32", name="category")
    city = keras.Input((1,), dtype="string", name="city")
    parts = [
        layers.Normalization(mean=[0.5] * 10, variance=[2.0] * 10)(numbers),
        layers.CategoryEncoding(num_tokens=5, output_mode="one_hot")(
            layers.Discretization(bin_boundaries=[18.0, 30.0, 45.0, 65.0])(age)
        ),
        layers.Flatten()(layers.Embedding(100, 8)(category)),
        layers.StringLookup(vocabulary=list(CITIES), output_mode="one_hot")(city),
    ]
    x = layers.Concatenate()(parts)
    for units in (128, 64):
        x = layers.Dropout(0.2)(layers.Dense(units, activation="relu")(x))
    return keras.Model([numbers, age, category, city], layers.Dense(10, activation="softmax")(x), name="mlp_tabular")


def data() -> tuple[Any, Any]:
    """Inputs in the order of the model, and classes."""
    random = np.random.default_rng(1)
    inputs = [
        random.standard_normal((BATCH, 10)).astype("float32"),
        random.uniform(1, 90, (BATCH, 1)).astype("float32"),
        random.integers(0, 100, (BATCH, 1)).astype("int32"),
        np.array(CITIES, dtype=object)[random.integers(0, len(CITIES), (BATCH, 1))],
    ]
    return inputs, random.integers(0, 10, BATCH)


MLP = Workload(
    "mlp-tabular", "an MLP over numbers, an age, a category and a word, with preprocessing layers", make, data
)
