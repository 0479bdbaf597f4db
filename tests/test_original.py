"""A route that changes the model that was sent is named for it, and what follows from that is not told of others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.expectations.finding import Finding
from harness.expectations.judge import judge
from tests.small import DENSE, ERROR, MODEL

FLAGS = {"model": True}
FROZEN = {"model": False}
EQUAL = {"flags": "=", "config": "=", "training": "=", "compile": "=", "original": "="}


def judged(
    routes: dict[str, tuple[dict[str, Any], dict[str, Any]]], original: dict[str, Any], seen: dict[str, Any]
) -> list[Finding]:
    """The findings of routes: by their names, what each has changed of the original, and what arrived."""
    reply = {
        "build": {"shapes": {}},
        "before": seen,
        "routes": {
            name: {
                "before": {"original": {each: original[each] for each in left}},
                "after": {**after, "original": left},
            }
            for name, (left, after) in routes.items()
        },
    }
    return [
        each
        for each in judge(MODEL, reply, {}, dict.fromkeys(routes, EQUAL))
        if each.observation not in ("given", "shape")
    ]


def test_the_route_that_freezes_the_original_is_told_and_not_those_that_are_travelled_after_it() -> None:
    before = {"flags": FLAGS, "training": 1}
    frozen = {"flags": FROZEN, "training": 2}
    found = judged(
        {"keras_zip": ({}, before), "hdf5": ({"flags": FROZEN}, before), "json": ({}, frozen)}, before, before
    )
    assert [(each.check, each.where, each.consequences) for each in found] == [
        ("hdf5/original", "flags/model", ("json/flags", "json/training")),
    ]


def test_what_arrives_of_the_route_that_changed_the_original_is_told_beside_it() -> None:
    before = {"flags": FLAGS}
    found = judged({"hdf5": ({"flags": FROZEN}, {"flags": FROZEN})}, before, before)
    assert [each.check for each in found] == ["hdf5/flags", "hdf5/original"]


def test_steps_that_are_trained_when_all_routes_are_done_follow_from_any_of_them() -> None:
    before = {"flags": FLAGS, "training": 1}
    found = judged({"keras_zip": ({}, {"training": 2}), "hdf5": ({"flags": FROZEN}, {})}, before, before)
    assert [(each.check, each.consequences) for each in found] == [("hdf5/original", ("keras_zip/training",))]


@pytest.mark.parametrize("name", ["compile", "config"])
def test_settings_that_saving_took_away_are_no_reason_for_anything_else(name: str) -> None:
    before = {name: {"optimizer": "sgd"}, "training": 1}
    found = judged({"hdf5": ({name: {}}, before), "json": ({}, {name: {}, "training": 2})}, before, before)
    assert [each.check for each in found] == ["hdf5/original", f"json/{name}"]


@pytest.mark.parametrize("left", [{}, {"flags": FLAGS}])
def test_an_original_that_is_as_it_was_is_no_finding(left: dict[str, Any]) -> None:
    assert not judged({"hdf5": (left, {"flags": FLAGS})}, {"flags": FLAGS}, {"flags": FLAGS})


def test_the_first_thing_that_changed_is_the_cause_of_the_rest_and_the_layer_is_named() -> None:
    """Of a weight its place and its layer."""
    whole = {"weights": [{"path": f"{DENSE.name}/kernel", "value": 1}], "flags": FLAGS}
    found = judged({"hdf5": ({"weights": [{**whole["weights"][0], "value": 2}], "flags": FROZEN}, {})}, whole, whole)  # type: ignore[index]
    assert [(each.check, each.layers, each.architecture) for each in found] == [("hdf5/original", ("Dense",), MODEL)]
    assert found[0].title == "the model that was sent: weights / Dense/kernel / value is another one"
    assert found[0].where == f"weights/{DENSE.name}/kernel/value"


def test_a_route_that_raised_may_have_changed_the_original_too() -> None:
    reply = {
        "build": {"shapes": {}}, "before": {"flags": FLAGS},
        "routes": {"hdf5": {
            "error": {**ERROR, "ours": False},
            "before": {"original": {"flags": FLAGS}}, "after": {"original": {"flags": FROZEN}},
        }},
    }  # fmt: skip
    found = judge(MODEL, reply, {}, {"hdf5": EQUAL})
    here = [each for each in found if each.routes == ("hdf5",)]
    assert [(each.check, each.raised) for each in here] == [("hdf5/travel", False), ("hdf5/original", True)]


def test_each_route_that_changed_the_original_is_told() -> None:
    before = {"flags": FLAGS}
    found = judged({"hdf5": ({"flags": FROZEN}, {}), "json": ({"flags": FROZEN}, {})}, before, before)
    assert [(each.check, each.raised) for each in found] == [("hdf5/original", False), ("json/original", False)]


def test_what_changed_of_the_original_s_config_is_told_by_the_argument_of_a_layer() -> None:
    def stated(number: int) -> dict[str, Any]:
        return {"config": {"layers": [{"config": {"name": "dense", "initializer": {"a": number, "b": {"c": number}}}}]}}

    (found,) = judged({"hdf5": (stated(2), {})}, stated(1), {})
    assert found.where == "config/layers/dense/config/initializer"


def test_arrays_of_the_original_are_measured() -> None:
    values = {name: np.full(3, number, "float32") for name, number in (("one", 1), ("other", 2))}
    array = {"shape": [3], "dtype": "float32", "kept": "float32"}
    one, other = ({"weights": [{"path": "dense/kernel", "value": {"array": name, **array}}]} for name in values)
    answer = {"before": {"original": one}, "after": {"original": other}}
    reply = {"build": {"shapes": {}}, "before": {}, "routes": {"hdf5": answer}}
    blobs = {name: value.tobytes() for name, value in values.items()}
    (found,) = judge(MODEL, reply, blobs, {"hdf5": {"original": "="}})
    assert found.difference["max abs"] == 1.0
