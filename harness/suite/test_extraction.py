"""Layers taken out into a new model share their weights, give the inner outputs, and can be saved alone."""

from __future__ import annotations

from harness.suite.conftest import Promises


def test_extracted_layers_share_weights_and_outputs(promises: Promises, layer: str) -> None:
    promises.kept(layer, "extraction")
