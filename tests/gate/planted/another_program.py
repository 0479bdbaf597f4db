"""What the candidate's TensorFlow computes of a SavedModel is a thousandth more."""

from harness.worker.served import Served

original = Served.call


def call(self, inputs, training=False):
    return {name: value * 1.001 for name, value in original(self, inputs, training).items()}


Served.call = call
