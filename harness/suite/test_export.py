"""An exported SavedModel gives the same outputs."""

from __future__ import annotations

from harness.suite.conftest import Promises


def test_export_gives_the_same_outputs(promises: Promises, layer: str) -> None:
    promises.kept(layer, "export")
