"""Mask: a layer that takes a mask hands it on to the layers behind it, where it keeps the axis of time.

What gives one result for all steps leaves out those that are masked.
Keras drops the mask behind a layer that does not say `supports_masking`, and what stands behind reads the padding.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from harness.expectations.compare import CLOSE
from harness.own.case import LayerCase
from harness.own.diagnoses.diagnosis import NotChecked
from harness.own.making import Made
from harness.own.parts import part_of
from harness.own.report import Failure
from harness.worker import dialect
from harness.worker.dialect import keras, tf

CHECK = "mask"


def diagnose(built: Made) -> Iterator[Failure]:
    """A failure where a mask that the layer takes does not come out of it, or not in the shape of its output."""
    inputs = dialect.flat(built.subject.inputs)
    if not isinstance(built.case, LayerCase):
        raise NotChecked("it is a model")
    if len(inputs) != 1 or len(inputs[0].shape) != 3 or not dialect.is_dense_float(inputs[0]):
        raise NotChecked("its input is not one of samples, steps and features, so that no mask can come with it")
    part = part_of(built.case)
    layer = built.layer
    takes = "mask" in inspect.signature(part.cls.call).parameters
    if not takes and not layer.supports_masking and not part.writes("compute_mask"):
        raise NotChecked("it takes no mask and does not set self.supports_masking: a mask that comes in ends there")
    array = np.array(dialect.array(inputs[0]))
    array[0, -1] = 0.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        masked = keras.layers.Masking()(tf.convert_to_tensor(array))
        try:
            output = dialect.flat(layer(built.fed.pack([masked]), training=False))[0]
        except Exception as error:
            if part.writes("call"):
                raise
            raise NotChecked("its call() is that of Keras, and takes another mask") from error
    mask = getattr(output, "_keras_mask", None)
    shape = tuple(output.shape)
    keeps = shape[:2] == tuple(masked.shape)[:2] and (len(shape) > 2 or _of_time(built, layer, array))
    if mask is None and keeps and not part.writes("compute_mask"):
        yield Failure(
            CHECK,
            f"{part.cls.__name__} takes a mask and does not hand it on: the layers behind it read the padding",
            part.place("call"),
            f"a mask of shape {shape[:2]}",
            "no mask",
            mend="set self.supports_masking = True in __init__, or define compute_mask(inputs, mask)",
        )
    elif mask is not None and tuple(mask.shape) != shape[: len(mask.shape)]:
        yield Failure(
            CHECK,
            f"the mask behind {part.cls.__name__} is not of the shape of its output",
            part.place("compute_mask"),
            f"a mask of shape {shape[:2]}",
            f"one of shape {tuple(mask.shape)}",
            mend="define compute_mask(inputs, mask), and return one for the output, or None",
        )
    if built.steady and layer.supports_masking and not keeps and (size := _of_padding(built, layer, array)):
        yield Failure(
            CHECK,
            f"{part.cls.__name__} sets supports_masking and mixes steps that are masked out into its result",
            part.place("call"),
            size=f"max abs {size:.3g}",
            mend="let call take mask=None, and leave the steps out where it is False; a layer that cannot do without"
            " them does not set self.supports_masking",
        )


def _of_padding(built: Made, layer: Any, array: Any) -> float:
    """How far numbers that hang on steps which are left in are moved by one that is masked out.

    The step is the last of the first sample. A number that it alone moves is its own, and goes nowhere else.
    """
    steps = np.ones(array.shape[:2], bool)
    steps[0, -1] = False
    seen = []
    for moved in (None, -1, slice(0, -1)):
        changed = np.array(array)
        if moved is not None:
            changed[0, moved] += np.linspace(0.5, 1.0, changed.shape[2], dtype=changed.dtype)
        tensor = tf.convert_to_tensor(changed)
        tensor._keras_mask = tf.convert_to_tensor(steps)
        outputs = dialect.flat(layer(built.fed.pack([tensor]), training=False))
        seen.append([dialect.array(each) for each in outputs])
    size = 0.0
    for usual, padding, rest in zip(*seen):
        if usual.dtype.kind != "f" or usual.shape[:1] != array.shape[:1]:
            continue
        apart = np.abs(padding[0].astype("float64") - usual[0]) * (rest[0] != usual[0])
        largest = max(1.0, float(np.nanmax(np.abs(usual[0].astype("float64")), initial=0.0)))
        moved_by = float(np.nanmax(apart, initial=0.0))
        if moved_by > CLOSE.get(usual.dtype.name, 1e-1) * largest:
            size = max(size, moved_by)
    return size


def _of_time(built: Made, layer: Any, array: Any) -> bool:
    """Whether the last of two axes is that of time, and not one of features that happens to be as long."""
    longer = tf.convert_to_tensor(np.concatenate([array, array[:, -1:]], axis=1))
    try:
        output = dialect.flat(layer(built.fed.pack([longer]), training=False))[0]
    except Exception:
        return True  # it takes that many steps alone
    return tuple(output.shape)[1] == longer.shape[1]
