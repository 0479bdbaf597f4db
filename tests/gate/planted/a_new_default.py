"""The candidate's normalization has another momentum where none is given: every file says what its model has."""

import keras

original = keras.layers.BatchNormalization.__init__


def __init__(self, axis=-1, momentum=0.5, **keywords):
    original(self, axis=axis, momentum=momentum, **keywords)


keras.layers.BatchNormalization.__init__ = __init__
