"""Dropout that was made from a config drops half as much as it says."""

import keras


@classmethod
def from_config(cls, config):
    made = cls(**config)
    made.call = lambda inputs, training=False, made=made: (
        keras.random.dropout(inputs, made.rate / 2, seed=made.seed_generator) if training else inputs
    )
    return made


keras.layers.Dropout.from_config = from_config
