"""Adam forgets its learning rate when it is asked for its config."""

import keras

original = keras.optimizers.Adam.get_config


def get_config(self):
    return {**original(self), "learning_rate": 0.5}


keras.optimizers.Adam.get_config = get_config
