"""Planted in the baseline: it loses the rate of a Dropout, and the candidate no longer does."""

import keras


@classmethod
def from_config(cls, config):
    return cls(**{**config, "rate": 0.25})


keras.layers.Dropout.from_config = from_config
