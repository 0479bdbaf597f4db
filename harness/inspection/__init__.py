"""Reads a saved model without loading it, and says whether it may be opened: `inspect(path) -> Report`.

No TensorFlow, nothing unpickled, unmarshalled or executed, nothing written outside a temporary folder, no link inside
a model followed, no network. HDF5 is read by a child process with limits, because the library can abort.
"""

from harness.inspection.limits import Limits
from harness.inspection.recognise import inspect
from harness.inspection.report import Finding, Report

__all__ = ["Finding", "Limits", "Report", "inspect"]
