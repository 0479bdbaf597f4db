"""The candidate writes the names of layers in capitals, and reads them so: models are told apart by it."""

import keras

load_model = keras.models.load_model


def loaded(*args, **keywords):
    model = load_model(*args, **keywords)
    model.name = model.name.upper()
    return model


keras.models.load_model = loaded
