"""A finding as a script that needs nothing but Keras and NumPy, and tells by its exit code whether the fault shows."""

from harness.expectations.scripts.script import SHOWS, SHOWS_NOT, script_of

__all__ = ["SHOWS", "SHOWS_NOT", "script_of"]
