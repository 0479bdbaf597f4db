"""A route that changes the model that was sent is named for it, and what follows from that is not told of others."""

from __future__ import annotations

from typing import Any

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
    assert [(each.check, each.layers) for each in found] == [("hdf5/original", ("Dense",))]
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
    assert [each.check for each in found if each.routes == ("hdf5",)] == ["hdf5/travel", "hdf5/original"]
