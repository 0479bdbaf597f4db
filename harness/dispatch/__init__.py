"""Hands requests to workers: subprocesses that may crash or hang, each with one TensorFlow kept warm."""
