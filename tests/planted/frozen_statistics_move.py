"""BatchNormalization updates its statistics though it is frozen."""

import keras

original = keras.layers.BatchNormalization.call


def call(self, inputs, training=None, mask=None):
    trainable, self._trainable = self._trainable, True
    outputs = original(self, inputs, training=training, mask=mask)
    self._trainable = trainable
    return outputs


keras.layers.BatchNormalization.call = call
