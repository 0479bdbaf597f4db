"""What the tests of the project share: the options of the suite come from the installed plugin."""
