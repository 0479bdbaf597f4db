"""The architecture alone gives a model of the same shape with fresh weights, drawn anew where they are random."""

from __future__ import annotations

from harness.suite.conftest import Promises


def test_config_says_what_was_given(promises: Promises, layer: str) -> None:
    promises.kept(layer, "build")


def test_from_config_draws_fresh_weights(promises: Promises, layer: str) -> None:
    promises.kept(layer, "from_config")


def test_json_draws_fresh_weights(promises: Promises, layer: str) -> None:
    promises.kept(layer, "json")


def test_clone_draws_fresh_weights(promises: Promises, layer: str) -> None:
    promises.kept(layer, "clone")


def test_clone_with_a_function(promises: Promises, layer: str) -> None:
    promises.kept(layer, "clone_function")


def test_clone_onto_new_inputs(promises: Promises, layer: str) -> None:
    promises.kept(layer, "clone_inputs")
