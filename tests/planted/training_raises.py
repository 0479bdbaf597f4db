"""A training step raises; all that needs no training can still be lost, and is looked at."""

import keras


def train_on_batch(self, *args, **kwargs):
    raise RuntimeError("no step was made")


keras.Model.train_on_batch = train_on_batch
