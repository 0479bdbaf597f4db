"""Reads a saved model without loading it, and says whether it may be opened: `inspect(path) -> Report`.

No TensorFlow, nothing unpickled, unmarshalled or executed, nothing written outside a temporary folder, no link inside
a model followed, no network. HDF5 is read by a child process with limits, because the library can abort.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.inspection.limits import Limits
    from harness.inspection.recognise import inspect
    from harness.inspection.report import Finding, Report

__all__ = ["Finding", "Limits", "Report", "inspect"]


def __getattr__(name: str) -> Any:
    """Imports what is asked for when it is: the child that reads HDF5 is started before all else."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from harness.inspection import limits, recognise, report

    return getattr({"inspect": recognise, "Limits": limits}.get(name, report), name)
