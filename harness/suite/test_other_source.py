"""Weights from another source: by name, in part, from a `.npz`, from a file of the format before `.weights.h5`."""

from __future__ import annotations

from harness.suite.conftest import Promises


def test_weights_by_name(promises: Promises, layer: str) -> None:
    promises.kept(layer, "weights_by_name")


def test_skip_mismatch_restores_the_others(promises: Promises, layer: str) -> None:
    promises.kept(layer, "skip_mismatch")


def test_weights_from_npz(promises: Promises, layer: str) -> None:
    promises.kept(layer, "weights_npz")


def test_weights_from_an_older_hdf5(promises: Promises, layer: str) -> None:
    promises.kept(layer, "hdf5_weights")
