"""The candidate's BatchNormalization computes with a hundred times the epsilon; it does so before and after a file."""

import keras

original = keras.layers.BatchNormalization.call


def call(self, *args, **keywords):
    kept, self.epsilon = self.epsilon, self.epsilon * 100
    try:
        return original(self, *args, **keywords)
    finally:
        self.epsilon = kept


keras.layers.BatchNormalization.call = call
