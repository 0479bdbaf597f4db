"""A whole model in `.h5` comes back with the same summary, config, weights, outputs and optimizer."""

from __future__ import annotations

from harness.suite.conftest import Promises


def test_hdf5_whole_model(promises: Promises, layer: str) -> None:
    promises.kept(layer, "hdf5")


def test_hdf5_uncompiled_keeps_its_weights(promises: Promises, layer: str) -> None:
    promises.kept(layer, "hdf5_uncompiled")


def test_hdf5_saved_twice_says_the_same(promises: Promises, layer: str) -> None:
    promises.kept(layer, "hdf5_twice")


def test_hdf5_under_other_settings(promises: Promises, layer: str) -> None:
    promises.kept(layer, "hdf5_elsewhere")
