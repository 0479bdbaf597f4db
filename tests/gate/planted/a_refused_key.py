"""The candidate's Dense no longer knows kernel_constraint: it writes none, and refuses a config that has it."""

import keras

get_config = keras.layers.Dense.get_config


def without(self):
    config = get_config(self)
    del config["kernel_constraint"]
    return config


@classmethod
def from_config(cls, config):
    if "kernel_constraint" in config:
        raise TypeError("Unrecognized keyword arguments passed to Dense: {'kernel_constraint': None}")
    return cls(**config)


keras.layers.Dense.get_config = without
keras.layers.Dense.from_config = from_config
