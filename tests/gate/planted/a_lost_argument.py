"""The candidate's Dropout comes back from a config with another rate, whoever wrote it."""

import keras


@classmethod
def from_config(cls, config):
    return cls(**{**config, "rate": 0.25})


keras.layers.Dropout.from_config = from_config
