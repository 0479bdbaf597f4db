"""Weights alone, put into a rebuilt model, restore its outputs; what does not fit is refused."""

from __future__ import annotations

from harness.suite.conftest import Promises


def test_weights_file_restores_outputs(promises: Promises, layer: str) -> None:
    promises.kept(layer, "weights_h5")


def test_sharded_weights_restore_outputs(promises: Promises, layer: str) -> None:
    promises.kept(layer, "weights_sharded")


def test_set_weights_restores_outputs(promises: Promises, layer: str) -> None:
    promises.kept(layer, "set_weights")


def test_checkpoint_restores_outputs(promises: Promises, layer: str) -> None:
    promises.kept(layer, "checkpoint")


def test_wrong_weights_are_refused(promises: Promises, layer: str) -> None:
    promises.kept(layer, "refused")
