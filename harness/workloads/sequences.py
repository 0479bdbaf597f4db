"""Sequences: an LSTM that classifies texts, a Transformer encoder, a one-dimensional convolution over signals."""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.worker.dialect import keras
from harness.workloads.workload import Workload

WORDS, LENGTH, BATCH = 5000, 64, 16


def lstm() -> Any:
    """Words, embedded, an LSTM over them, four classes. Without a mask: Keras 3.15 loads no `.h5` of one."""
    layers = keras.layers
    inputs = keras.Input((LENGTH,), dtype="int32")
    x = layers.LSTM(64)(layers.Embedding(WORDS, 64)(inputs))
    return keras.Model(inputs, layers.Dense(4, activation="softmax")(x), name="lstm_text")


def texts() -> tuple[Any, Any]:
    """Texts of different lengths, padded behind, and classes."""
    random = np.random.default_rng(4)
    words = random.integers(1, WORDS, (BATCH, LENGTH)).astype("int32")
    for row, length in enumerate(random.integers(LENGTH // 4, LENGTH, BATCH)):
        words[row, length:] = 0
    return words, random.integers(0, 4, BATCH)


def transformer() -> Any:
    """Two blocks of attention over words and their positions, four classes."""
    layers = keras.layers
    words = keras.Input((LENGTH,), dtype="int32", name="words")
    positions = keras.Input((LENGTH,), dtype="int32", name="positions")
    x = layers.Add()([layers.Embedding(WORDS, 64)(words), layers.Embedding(LENGTH, 64)(positions)])
    for _ in range(2):
        attended = layers.MultiHeadAttention(4, 16, dropout=0.1)(x, x)
        x = layers.LayerNormalization()(layers.Add()([x, attended]))
        wide = layers.Dense(64)(layers.Dropout(0.1)(layers.Dense(128, activation="gelu")(x)))
        x = layers.LayerNormalization()(layers.Add()([x, wide]))
    x = layers.GlobalAveragePooling1D()(x)
    return keras.Model([words, positions], layers.Dense(4, activation="softmax")(x), name="transformer")


def positioned() -> tuple[Any, Any]:
    """Texts with the positions of their words, and classes."""
    words, targets = texts()
    return [words, np.tile(np.arange(LENGTH, dtype="int32"), (BATCH, 1))], targets


def conv1d() -> Any:
    """Four channels of 256 steps, three convolutions with strides, one separable, eight classes."""
    layers = keras.layers
    inputs = x = keras.Input((256, 4))
    for filters in (32, 64):
        x = layers.Conv1D(filters, 7, strides=2, padding="same", activation="relu")(x)
        x = layers.BatchNormalization()(x)
    x = layers.SeparableConv1D(64, 5, padding="same", activation="relu")(x)
    x = layers.Dropout(0.2)(layers.GlobalMaxPooling1D()(x))
    return keras.Model(inputs, layers.Dense(8, activation="softmax")(x), name="conv1d")


def signals() -> tuple[Any, Any]:
    """Signals, and classes."""
    random = np.random.default_rng(5)
    return random.standard_normal((32, 256, 4)).astype("float32"), random.integers(0, 8, 32)


SEQUENCES = (
    Workload("lstm-text", "texts of 64 words, embedded, an LSTM over them", lstm, texts),
    Workload("transformer", "an encoder of two blocks over words and positions", transformer, positioned),
    Workload("conv1d", "convolutions over signals of 256 steps", conv1d, signals),
)
