"""What is measured, inside the TensorFlow under test: a fixed set of models, and what is done with each."""
