"""A clone has the weights of the original."""

import keras

original = keras.models.clone_model


def clone_model(model, *args, **kwargs):
    made = original(model, *args, **kwargs)
    made.set_weights(model.get_weights())
    return made


keras.models.clone_model = clone_model
