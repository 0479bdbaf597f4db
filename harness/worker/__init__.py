"""The half with a TensorFlow in it: builds architectures and runs requests."""
