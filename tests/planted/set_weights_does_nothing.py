"""Models take weights and drop them."""

import keras

keras.layers.Layer.set_weights = lambda self, weights: None
