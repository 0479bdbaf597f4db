"""The candidate writes and reads the weights of a normalization in the reverse order: its own files are fine."""

import keras

Layer = keras.layers.BatchNormalization


def save_own_variables(self, store):
    for number, variable in enumerate(reversed(self.weights)):
        store[str(number)] = variable.numpy()


def load_own_variables(self, store):
    for number, variable in enumerate(reversed(self.weights)):
        variable.assign(store[str(number)])


Layer.save_own_variables = save_own_variables
Layer.load_own_variables = load_own_variables
