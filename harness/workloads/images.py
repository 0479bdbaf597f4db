"""Images: four of `keras.applications` without weights from the network, and a U-Net."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from harness.worker.dialect import keras
from harness.workloads.workload import Workload

SIDE = 96  # pixels; InceptionV3 takes no less than 75
CLASSES = 100
BATCH = 4


def application(name: str) -> Callable[[], Any]:
    """The builder of this name, with a top of `CLASSES` classes and weights by Keras's initializers."""
    return lambda: getattr(keras.applications, name)(weights=None, input_shape=(SIDE, SIDE, 3), classes=CLASSES)


def images(low: float, high: float) -> Callable[[], tuple[Any, Any]]:
    """Images of pixels in that range, and classes."""

    def data() -> tuple[Any, Any]:
        random = np.random.default_rng(2)
        return random.uniform(low, high, (BATCH, SIDE, SIDE, 3)).astype("float32"), random.integers(0, CLASSES, BATCH)

    return data


def unet() -> Any:
    """Three levels down and up again with concatenations between them, a class for every pixel of 64 x 64."""
    layers = keras.layers
    inputs = x = keras.Input((64, 64, 3))
    kept = []
    for filters in (16, 32, 64):
        x = _twice(x, filters)
        kept.append(x)
        x = layers.MaxPooling2D()(x)
    x = _twice(x, 128)
    for filters, beside in zip((64, 32, 16), reversed(kept)):
        x = layers.Conv2DTranspose(filters, 2, strides=2, padding="same")(x)
        x = _twice(layers.Concatenate()([x, beside]), filters)
    return keras.Model(inputs, layers.Conv2D(4, 1, activation="softmax")(x), name="unet")


def _twice(x: Any, filters: int) -> Any:
    layers = keras.layers
    for _ in range(2):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = layers.Activation("relu")(layers.BatchNormalization()(x))
    return x


def pixels() -> tuple[Any, Any]:
    """Images of 64 x 64, and a class for every pixel."""
    random = np.random.default_rng(3)
    return random.uniform(0, 1, (4, 64, 64, 3)).astype("float32"), random.integers(0, 4, (4, 64, 64))


IMAGES = (
    Workload("MobileNetV2", f"keras.applications, {SIDE} x {SIDE}", application("MobileNetV2"), images(-1, 1)),
    Workload("EfficientNetB0", f"keras.applications, {SIDE} x {SIDE}", application("EfficientNetB0"), images(0, 255)),
    Workload("ResNet50", f"keras.applications, {SIDE} x {SIDE}", application("ResNet50"), images(-100, 100)),
    Workload("InceptionV3", f"keras.applications, {SIDE} x {SIDE}", application("InceptionV3"), images(-1, 1)),
    Workload("unet", "a U-Net of three levels, a class for every pixel", unet, pixels),
)
