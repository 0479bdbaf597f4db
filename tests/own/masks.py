"""What is padding: a mask is handed on, and what it takes out moves no result."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from tests.own.case import fault, healthy, register


class Supports(keras.layers.Layer):
    """Says that it takes a mask, and hands it on unless it says otherwise."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True


@healthy((5, 4))
@register
class Masked(Supports):
    """Takes a mask and hands it on."""

    def call(self, inputs: Any, mask: Any = None) -> Any:
        if mask is not None:
            inputs = inputs * tf.cast(mask, inputs.dtype)[..., None]
        return inputs * 2.0


@healthy((5, 4))
@register
class Squares(Supports):
    """Treats each step alone, and so leaves the padding to what stands behind it."""

    def call(self, inputs: Any) -> Any:
        return inputs * inputs


@healthy((5, 4))
@register
class Averages(Supports):
    """The mean of the steps that the mask leaves."""

    def call(self, inputs: Any, mask: Any = None) -> Any:
        if mask is None:
            return tf.reduce_mean(inputs, axis=1)
        weights = tf.cast(mask, inputs.dtype)[..., None]
        return tf.reduce_sum(inputs * weights, axis=1) / tf.reduce_sum(weights, axis=1)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return None


@healthy((4, 3), units=4)
@register
class SameLength(keras.layers.LSTM):
    """A layer of Keras under another name, as many units as steps: no mask comes out of it."""


@healthy((5, 4))
@register
class Shares(keras.layers.Softmax):
    """A layer of Keras under another name, whose mask is of the shape of its inputs, and not of their steps."""


@fault("mask", "takes a mask and does not hand it on", "supports_masking = True", inputs=(5, 4))
@register
class EatsTheMask(keras.layers.Layer):
    def call(self, inputs: Any, mask: Any = None) -> Any:
        if mask is not None:
            inputs = inputs * tf.cast(mask, inputs.dtype)[..., None]
        return inputs * 2.0


@fault("mask", "mixes steps that are masked out into its result", "mask=None", inputs=(5, 4))
@register
class AveragesThePadding(Averages):
    def call(self, inputs: Any) -> Any:
        return tf.reduce_mean(inputs, axis=1)
