"""One model that is measured, with the data that it is called with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

SET = 1  # version of the fixed set: measurements of two versions are not comparable

IO = ("save .keras", "load .keras", "save .h5", "load .h5", "save weights", "load weights")
MAKING = ("build", "from_config")
RUNNING = ("first predict", "predict", "eager call", "tf.function call")
TRAINING = ("training step", "frozen-base step")
OPERATIONS = (*IO, *MAKING, *RUNNING, *TRAINING)

# What the fixed set holds. The models themselves stand in `catalogue`; who names them needs no Keras.
NAMES = (
    "mlp-tabular", "lstm-text", "transformer", "conv1d",
    "MobileNetV2", "EfficientNetB0", "ResNet50", "InceptionV3", "unet",
    "narrow-200", "big-weights",
)  # fmt: skip
QUICK = NAMES[:3]


@dataclass(frozen=True)
class Workload:
    """`make` returns a model that is not compiled; `data` its inputs and targets, as NumPy arrays.

    `loss` is the class of the loss by name, with its arguments. Of `operations`, each is measured.
    """

    name: str
    about: str
    make: Callable[[], Any]
    data: Callable[[], tuple[Any, Any]]
    loss: tuple[str, dict[str, Any]] = ("SparseCategoricalCrossentropy", {})
    optimizer: str = "Adam"
    operations: tuple[str, ...] = OPERATIONS
    suits: bool = True  # the targets suit the loss; where none are known that do, a training step fails, and no other
    compiled: bool = False  # `make` compiles it: a model of the user's comes so, or not at all
    objects: dict[str, Any] = field(default_factory=dict)  # the author's own classes, by name
