"""Tells whether Keras models survive: every way a model can travel, observed before and after."""

__version__ = "0.1.0"
