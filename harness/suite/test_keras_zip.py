"""A whole model in `.keras` comes back with structure, config, weights, outputs, compile settings and optimizer."""

from __future__ import annotations

from harness.suite.conftest import Promises


def test_keras_whole_model(promises: Promises, layer: str) -> None:
    promises.kept(layer, "keras_zip")


def test_keras_folder(promises: Promises, layer: str) -> None:
    promises.kept(layer, "keras_folder")


def test_keras_uncompiled_keeps_its_weights(promises: Promises, layer: str) -> None:
    promises.kept(layer, "keras_uncompiled")


def test_keras_saved_twice_says_the_same(promises: Promises, layer: str) -> None:
    promises.kept(layer, "keras_zip_twice")


def test_keras_under_other_settings(promises: Promises, layer: str) -> None:
    promises.kept(layer, "keras_elsewhere")
