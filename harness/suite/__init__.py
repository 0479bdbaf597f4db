"""The promises of Keras, one pytest module each: ``pytest --pyargs harness.suite``."""
