"""Dense forgets that it was frozen."""

import keras

original = keras.layers.Dense.get_config


def get_config(self):
    return {**original(self), "trainable": True}


keras.layers.Dense.get_config = get_config
