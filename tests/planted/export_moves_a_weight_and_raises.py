"""An export that fails leaves the bias of the model that it was to export negated."""

import keras


def export(self, filepath, *args, **keywords):
    head = self.get_layer("head")
    head.bias.assign(-head.bias)
    raise RuntimeError("nothing was exported")


keras.Model.export = export
