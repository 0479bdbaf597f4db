"""What models exist: the rules of the layers, and the Hypothesis strategies that draw architectures."""
