"""Saving to `.keras` leaves the bias of the model that it saved negated; the file is right."""

import keras

original = keras.Model.save


def save(self, filepath, *args, **keywords):
    original(self, filepath, *args, **keywords)
    head = next((layer for layer in self.layers if layer.name == "head"), None)
    if str(filepath).endswith(".keras") and head is not None:
        head.bias.assign(-head.bias)


keras.Model.save = save
