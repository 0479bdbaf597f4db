"""What follows from what: a consequence stands with its cause, and a cause hides no other one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.expectations.judge import ORDER, judge
from harness.protocol.architecture import Ref
from tests.small import DENSE, ERROR, EYE, MODEL, config, found, model


def route(**after: Any) -> dict[str, Any]:
    before = dict.fromkeys(after, 1)
    return {"build": {"shapes": {}}, "before": before, "routes": {"json": {"before": {}, "after": after}}}


def test_what_follows_from_a_first_difference_is_not_told() -> None:
    def several(observation: str) -> int:
        return len(found("=", {"a": 1, "b": 1}, {"a": 2, "b": 2}, observation))

    alone = {"outputs", "training outputs", "losses", "training", "summary", "compile", "structure", "frozen"}
    assert {each for each in ORDER if each not in ("travel",) and several(each) == 1} == alone
    assert several("weights") == 2


@pytest.mark.parametrize(
    ("cause", "consequence"),
    [
        ("weights", "outputs"),
        ("tracked", "weights"),
        ("tracked", "outputs"),
        ("config", "summary"),
        ("flags", "training"),
        ("structure", "flags"),
        ("compile", "losses"),
    ],
)
def test_a_consequence_stands_with_its_cause(cause: str, consequence: str) -> None:
    table = {"json": {cause: "=", consequence: "="}}
    (finding,) = judge(MODEL, route(**{cause: 2, consequence: 2}), {}, table)
    assert (finding.check, finding.consequences) == (f"json/{cause}", (f"json/{consequence}",))
    (alone,) = judge(MODEL, route(**{cause: 1, consequence: 2}), {}, table)
    assert (alone.check, alone.consequences) == (f"json/{consequence}", ())


def test_what_follows_from_what_was_held_back_is_held_back_for_the_same_reason() -> None:
    def told(trainable: list[str], optimizer: int) -> list[tuple[str, tuple[str, ...]]]:
        after = {"structure": {"order": ["b", "a"]}, "flags": {"trainable weights": trainable}, "optimizer": optimizer}
        before = {"structure": {"order": ["a", "b"]}, "flags": {"trainable weights": ["a/x", "b/x"]}, "optimizer": 1}
        reply = {"build": {"shapes": {}}, "before": before, "routes": {"json": {"before": {}, "after": after}}}
        return [
            (each.check, each.consequences) for each in judge(MODEL, reply, {}, {"json": dict.fromkeys(after, "=")})
        ]

    assert told(["b/x"], 2) == [("json/structure", ("json/flags", "json/optimizer"))]
    # The same weights in another order are no reason that an optimizer has lost its state.
    assert told(["b/x", "a/x"], 2) == [("json/structure", ("json/flags",)), ("json/optimizer", ())]
    assert told(["b/x", "a/x"], 1) == [("json/structure", ("json/flags",))]


def test_what_explains_nothing_hides_nothing() -> None:
    table = {"json": {"flags": "=", "weights": "="}}
    assert {each.check for each in judge(MODEL, route(flags=2, weights=2), {}, table)} == {"json/flags", "json/weights"}


def test_a_route_that_fails_hides_no_other() -> None:
    reply = route(flags=2)
    reply["routes"] = {"hdf5": {"error": ERROR}, **reply["routes"]}
    checks = [each.check for each in judge(MODEL, reply, {}, {"hdf5": {"flags": "="}, "json": {"flags": "="}})]
    assert checks == ["hdf5/travel", "json/flags"]


def test_one_cause_in_several_places_of_a_route_is_one_finding_and_in_two_routes_two() -> None:
    twice = replace(MODEL, nodes=(DENSE, replace(DENSE, name="dense_1")))
    table = {"json": {"weights": "="}, "clone": {"weights": "="}}
    answer = {"before": {}, "after": {"weights": {"dense": 2, "dense_1": 2}}}
    reply = {"build": {"shapes": {}}, "before": {"weights": {"dense": 1, "dense_1": 1}},
             "routes": {"json": answer, "clone": answer}}  # fmt: skip
    assert [each.routes for each in judge(twice, reply, {}, table)] == [("json",), ("clone",)]


def test_an_error_of_several_observations_is_one_finding_and_hides_no_other() -> None:
    def error(message: str) -> dict[str, object]:
        return {"type": "ValueError", "message": message, "place": "keras/trainer.py:step"}

    step = error("Layer 'dense_3' has no gradient")
    before = {"losses": {"$error": error("Layer 'dense_4' has no gradient")}, "training": {"$error": step}}
    reply = {
        "build": {"shapes": {}, "untrained": step},
        "before": {**before, "flags": {"$error": error("another")}},
        "routes": {"keras_zip": {"error": error("it does not load")}},
    }
    table = {"keras_zip": {"flags": "="}}
    other = {**reply, "before": {"losses": {"$error": {**step, "type": "TypeError"}}}}
    assert [each.check for each in judge(model(EYE), other, {}, table)][:2] == ["build/training", "build/losses"]
    later = {**reply, "build": {"shapes": {}}}
    assert judge(model(EYE), later, {}, table)[0].consequences == ("build/losses",)
    found = judge(model(EYE), reply, {}, table)
    assert [(each.check, each.consequences) for each in found] == [
        ("build/training", ("build/losses",)),
        ("build/flags", ()),
        ("keras_zip/travel", ()),
    ]


def test_configs_of_layers_that_came_in_another_order_are_no_finding_of_their_own() -> None:
    def seen(*names: str) -> dict[str, object]:
        return {"structure": {"order": list(names)}, "config": config(names[0])}

    reply = {
        "build": {"shapes": {}},
        "before": seen("layer", "other"),
        "routes": {"json": {"before": {}, "after": seen("other", "layer")}},
    }
    found = judge(model(EYE), reply, {}, {"json": {"structure": "=", "config": "="}})
    (finding,) = (each for each in found if each.routes == ("json",))
    assert (finding.check, finding.consequences) == ("json/structure", ("json/config",))


def test_a_shape_that_comes_of_another_one_is_told_of_the_layer_that_gives_it_first() -> None:
    told = {name: [[None, 9]] for name in ("dense", "fed", "last", "beside")} | {"further": [[None, 2]]}
    fed = replace(DENSE, name="fed", inputs=([Ref("x"), Ref("dense")],))
    further = replace(DENSE, name="further", inputs=(), keywords={"state": Ref("fed")})
    last, beside = replace(DENSE, name="last", inputs=(Ref("further"),)), replace(DENSE, name="beside")
    model = replace(MODEL, nodes=(DENSE, fed, further, last, beside))
    found = judge(model, {"build": {"shapes": told}, "before": {}, "routes": {}}, {}, {})
    assert [each.where for each in found] == ["dense", "beside"]
