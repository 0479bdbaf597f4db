"""The candidate's Dense gives a thousandth more, before and after a file alike."""

import keras

original = keras.layers.Dense.call


def call(self, inputs, training=None):
    return original(self, inputs) * 1.001


keras.layers.Dense.call = call
