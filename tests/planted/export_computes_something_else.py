"""An exported model gives its outputs plus one."""

import keras

original = keras.layers.TFSMLayer.call


def call(self, inputs, training=False, **kwargs):
    return keras.tree.map_structure(lambda each: each + 1.0, original(self, inputs, training=training, **kwargs))


keras.layers.TFSMLayer.call = call
