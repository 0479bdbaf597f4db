"""What the candidate loads can be trained, all of it."""

import keras

load_model = keras.models.load_model


def loaded(*args, **keywords):
    model = load_model(*args, **keywords)
    for layer in model.layers:
        layer.trainable = True
    return model


keras.models.load_model = loaded
