"""Numbers of another release are held to what rounding does to the model, and to nothing less."""

from __future__ import annotations

import numpy as np
import pytest

from harness.gate.across import furthest, held, loss, outputs, tolerance


def test_rounding_is_within_the_tolerance_and_another_formula_is_not() -> None:
    random = np.random.default_rng(0)
    x = random.standard_normal((4, 64)).astype("float32")
    w = random.standard_normal((64, 64)).astype("float32")
    exact = (x.astype("float64") @ w.astype("float64")).astype("float32")
    backwards = (x[:, ::-1] @ w[::-1]).astype("float32")
    moved = np.abs(np.nextafter(x, np.float32(9)) @ w - x @ w).max()
    allowed = tolerance(float(moved), float(np.abs(exact).max()), "float32")
    assert np.abs(exact - backwards).max() <= allowed
    assert np.abs(np.clip(0.2 * exact + 0.5, 0, 1) - np.clip(exact / 6 + 0.5, 0, 1)).max() > 100 * allowed


def seen(values: np.ndarray) -> tuple[dict[str, object], dict[str, bytes]]:
    entry = {
        "array": str(values.sum()),
        "shape": list(values.shape),
        "dtype": values.dtype.name,
        "kept": values.dtype.name,
    }
    return {"outputs": [entry], "inner": []}, {str(values.sum()): values.tobytes()}


def test_how_far_outputs_are_apart_is_told_whatever_else_differs() -> None:
    values = np.array([0.5, np.nan, np.inf, -2.0], dtype="float32")
    one, blobs = seen(values)
    others = {0.0: values, 0.25: values + np.float32(0.25), np.inf: np.where(np.isinf(values), 1, values)}
    for size, other in others.items():
        after, more = seen(other.astype("float32"))
        after["outputs"][0]["array"], more = "other", {"other": next(iter(more.values()))}  # type: ignore[index]
        assert furthest({"outputs": one}, {"outputs": after}, {**blobs, **more}) == size
        assert furthest({"outputs": one, "repeats": [False]}, {"outputs": after}, {**blobs, **more}) is None
    gone, more = seen(np.array([0.5, np.nan, np.inf, np.nan], dtype="float32"))
    gone["outputs"][0]["array"], more = "gone", {"gone": next(iter(more.values()))}  # type: ignore[index]
    assert np.isnan(furthest({"outputs": one}, {"outputs": gone}, {**blobs, **more}) or 0)
    assert furthest({"outputs": {"$error": {}}}, {"outputs": one}, blobs) is None


@pytest.mark.parametrize(("apart", "differs"), [(1e-7, False), (1e-3, True)])
def test_outputs_are_held_against_what_the_model_itself_does(apart: float, differs: bool) -> None:
    one, blobs = seen(np.array([0.5, 0.25], dtype="float32"))
    other, more = seen(np.array([0.5 + apart, 0.25], dtype="float32"))
    found = list(outputs(one, other, {"steps": [1e-7], "settled": [True]}, {**blobs, **more}))
    assert bool(found) is differs


@pytest.mark.parametrize(
    ("apart", "inside", "differs"),
    [
        (1e-3, "float32", True),
        (1e-3, "float64", True),
        (1e-3, "int32", True),
        (1e-3, "float16", False),
        (2e-2, "float16", True),
        (2e-2, "bfloat16", False),
        (1e-1, "bfloat16", True),
    ],
)
def test_what_is_rounded_inside_of_a_model_may_move_what_comes_out(apart: float, inside: str, differs: bool) -> None:
    one, blobs = seen(np.array([0.5, 0.25], dtype="float32"))
    other, more = seen(np.array([0.5 + apart, 0.25], dtype="float32"))
    words = {"strings": ["red"], "shape": [1]}
    one["inner"] = [{"layer": "a", "class": "A", "outputs": [words, {"array": "", "shape": [], "dtype": inside}]}]
    found = list(outputs(one, other, {"steps": [1e-7], "settled": [True]}, {**blobs, **more}))
    assert bool(found) is differs


def test_an_output_that_hangs_on_the_last_bit_is_not_compared() -> None:
    one, blobs = seen(np.array([3, 1], dtype="int32"))
    other, more = seen(np.array([2, 1], dtype="int32"))
    both = {**blobs, **more}
    assert not list(outputs(one, other, {"steps": [None], "settled": [False]}, both))
    assert list(outputs(one, other, {"steps": [None], "settled": [True]}, both))


def number(value: float) -> tuple[dict[str, object], dict[str, bytes]]:
    array = np.array(value, dtype="float32")
    return {"array": str(value), "shape": [], "dtype": "float32", "kept": "float32"}, {str(value): array.tobytes()}


@pytest.mark.parametrize(("apart", "repeats", "differs"), [(1e-7, True, False), (1e-3, True, True), (1, False, False)])
def test_a_loss_is_held_against_what_the_model_itself_does(apart: float, repeats: bool, differs: bool) -> None:
    (one, blobs), (other, more) = number(0.5), number(0.5 + apart)
    seen = {"repeats": [repeats], "sensitivity": {"steps": [], "settled": [], "loss": 1e-8}}
    assert bool(list(loss(one, other, seen, {**blobs, **more}))) is differs
    assert not list(loss(None, other, seen, more))  # it was not compiled
    assert bool(list(loss(one, None, seen, blobs))) is repeats  # and this one is not
    halved = {"inner": [{"layer": "a", "class": "A", "outputs": [{"array": "", "shape": [], "dtype": "bfloat16"}]}]}
    assert not list(loss(one, other, {**seen, "outputs": halved}, {**blobs, **more}))
    assert bool(list(loss(one, number(3.0)[0], {**seen, "outputs": halved}, {**blobs, **number(3.0)[1]}))) is repeats


def test_a_call_that_raises_is_told_of_once_as_that_of_the_outputs() -> None:
    one, blobs = seen(np.array([0.5], dtype="float32"))
    before = {"repeats": [True], "outputs": one, "sensitivity": {"steps": [1e-7], "settled": [True]}}
    failed = {"$error": {"type": "ValueError", "message": "no table"}}
    told = list(held(before, {"repeats": failed, "outputs": failed}, blobs, lambda *_: False))
    assert [(observation, each.kind) for observation, each in told] == [("outputs", "error")]


def test_what_is_another_one_at_each_call_is_not_compared_by_its_numbers() -> None:
    one, blobs = seen(np.array([0.5, 0.25], dtype="float32"))
    other, more = seen(np.array([5.0, 2.5], dtype="float32"))
    steps, both = {"steps": [1e-7], "settled": [True]}, {**blobs, **more}
    assert not list(outputs(one, other, steps, both, repeats=[False]))
    assert list(outputs(one, other, steps, both, repeats=[True]))
