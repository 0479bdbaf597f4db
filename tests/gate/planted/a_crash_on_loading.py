"""The candidate's process ends where it loads a model."""

import os

import keras


def load_model(*args, **keywords):
    os._exit(9)


keras.models.load_model = load_model
