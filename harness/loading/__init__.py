"""Loads a file that inspection has nothing against, in a confined process, and sees whether it works in this Keras."""
