"""The candidate's mean squared error is a thousandth more, before and after a file alike."""

import keras

original = keras.losses.MeanSquaredError.call


def call(self, y_true, y_pred):
    return original(self, y_true, y_pred) * 1.001


keras.losses.MeanSquaredError.call = call
