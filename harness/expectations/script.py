"""An architecture as a standalone Python script that needs nothing but Keras and NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.protocol.architecture import dumps

if TYPE_CHECKING:
    from harness.expectations.finding import Finding


def script_of(finding: Finding) -> str:
    """What a person pastes into a bug report."""
    return "" if finding.architecture is None else dumps(finding.architecture)
