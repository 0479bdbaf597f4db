"""BatchNormalization forgets its momentum when it is asked for its config."""

import keras

original = keras.layers.BatchNormalization.get_config


def get_config(self):
    return {**original(self), "momentum": 0.99}


keras.layers.BatchNormalization.get_config = get_config
