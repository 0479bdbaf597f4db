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


def summed_in(dtype: str, x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """The product, with its sum kept in that dtype."""
    total = np.zeros(w.shape[1], dtype)
    for one, row in zip(x, w, strict=True):
        total = (total + (one * row).astype(dtype)).astype(dtype)
    return total.astype("float64")


@pytest.mark.parametrize("lowest", [-1.0, 0.0])
@pytest.mark.parametrize(("terms", "more_than_the_floor"), [(32, False), (2048, True)])
def test_a_long_sum_that_is_kept_in_half_precision_is_within_the_tolerance_and_another_formula_is_not(
    terms: int, more_than_the_floor: bool, lowest: float
) -> None:
    random = np.random.default_rng(terms)
    beyond = False
    for _ in range(20):
        x = random.uniform(0, 128, terms).astype("float16")
        w = (random.uniform(lowest, 1, (terms, 4)) * np.sqrt(6 / terms)).astype("float16")
        halved, exact = (summed_in(dtype, x, w) for dtype in ("float16", "float64"))
        towards = random.choice(np.array([-np.inf, np.inf], "float16"), terms)
        coarse = float(np.abs(summed_in("float64", np.nextafter(x, towards), w) - exact).max())
        apart, largest = float(np.abs(halved - exact).max()), float(np.abs(exact).max())
        allowed = tolerance(0.0, largest, "float16", coarse=coarse, terms=terms)
        assert apart <= allowed
        beyond |= apart > tolerance(0.0, largest, "float16")
        assert allowed < 0.15 * largest  # another formula is not that near
    assert beyond is more_than_the_floor


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


def test_outputs_and_a_loss_are_held_to_what_sums_in_float16_do_where_there_are_some() -> None:
    one, blobs = seen(np.array([0.5, 0.25], dtype="float32"))
    other, more = seen(np.array([0.53, 0.25], dtype="float32"))
    fine = {"steps": [1e-7], "settled": [True], "loss": 1e-7}
    coarse = {**fine, "coarse": {"steps": [2e-3], "loss": 2e-3, "terms": 400}}
    of_one = {**fine, "coarse": {"steps": [2e-3], "loss": 2e-3, "terms": 1}}
    (before, kept), (after, others) = number(0.5), number(0.53)
    for sensitivity, differs in ((fine, True), (of_one, True), (coarse, False)):
        assert bool(list(outputs(one, other, sensitivity, {**blobs, **more}))) is differs
        assert bool(list(loss(before, after, {"sensitivity": sensitivity}, {**kept, **others}))) is differs


def test_the_first_layer_that_differs_is_found_in_whatever_order_a_release_calls_them() -> None:
    values = {name: np.full(2, number, "float32") for number, name in enumerate(("a", "b", "c", "d"))}
    blobs = {name: value.tobytes() for name, value in values.items()}

    def calls(*made: tuple[str, str]) -> dict[str, object]:
        entries = {name: {"array": name, "shape": [2], "dtype": "float32", "kept": "float32"} for name in values}
        inner = [{"layer": layer, "class": "X", "outputs": [entries[name]]} for layer, name in made]
        return {"outputs": [entries[made[-1][1]]], "inner": inner}

    def place(one: dict[str, object], other: dict[str, object]) -> tuple[str, ...]:
        (found,) = outputs(one, other, {"steps": [1e-7], "settled": [True]}, blobs)
        return found.where

    before = calls(("twice", "a"), ("twice", "b"), ("other", "c"))
    assert place(before, calls(("twice", "b"), ("twice", "a"), ("other", "d"))) == ("inner", "other")
    assert place(before, calls(("twice", "b"), ("twice", "b"), ("other", "d"))) == ("inner", "twice")
    # One release may tell each call twice, and the other once.
    told = calls(("twice", "a"), ("twice", "a"), ("twice", "b"), ("twice", "b"), ("other", "c"))
    assert place(told, calls(("twice", "b"), ("twice", "a"), ("other", "d"))) == ("inner", "other")


@pytest.mark.parametrize(("layer", "place"), [("Dense", "after"), ("mine", "mine")])
def test_what_a_wrapper_calls_in_other_pieces_is_not_what_differs(layer: str, place: str) -> None:
    """A layer in a model is called by its name, and gives another shape because it is another one."""
    values = {"whole": np.zeros((4, 2), "float32"), "step": np.zeros((2, 2), "float32"), "other": np.ones(2, "float32")}
    blobs = {name: value.tobytes() for name, value in values.items()} | {"zero": np.zeros(2, "float32").tobytes()}
    shapes = {**{name: list(value.shape) for name, value in values.items()}, "zero": [2]}

    def called(piece: str, end: str) -> dict[str, object]:
        of = {name: {"array": name, "shape": shapes[name], "dtype": "float32", "kept": "float32"} for name in blobs}
        inner = [{"layer": layer, "class": "Dense", "outputs": [of[piece]]}]
        inner += [{"layer": "after", "class": "X", "outputs": [of[end]]}]
        return {"outputs": [of[end]], "inner": inner}

    steps = {"steps": [1e-7], "settled": [True]}
    (found,) = outputs(called("whole", "zero"), called("step", "other"), steps, blobs)
    assert found.where == ("inner", place)


@pytest.mark.parametrize(("apart", "place"), [(1e-2, "late"), (1e-4, "late"), (1e-6, "")])
def test_a_layer_that_is_a_little_apart_is_named_where_none_is_plainly(apart: float, place: str) -> None:
    values = {"same": 0.5, "early": 0.5 + 1e-7, "late": 0.5 + apart, "end": 0.5 + max(apart, 1e-4)}
    blobs = {name: np.full(2, value, "float32").tobytes() for name, value in values.items()}
    of = {name: {"array": name, "shape": [2], "dtype": "float32", "kept": "float32"} for name in values}

    def called(early: str, late: str, end: str) -> dict[str, object]:
        calls = {"early": early, "late": late}
        inner = [{"layer": layer, "class": "X", "outputs": [of[name]]} for layer, name in calls.items()]
        return {"outputs": [of[end]], "inner": inner}

    steps = {"steps": [1e-7], "settled": [True]}
    (found,) = outputs(called("same", "same", "same"), called("early", "late", "end"), steps, blobs)
    assert found.where == (("inner", place) if place else ("outputs", "0"))


@pytest.mark.parametrize(
    ("early", "late", "place"),
    [
        ("float32", "float16", ("inner", "late")),
        ("float16", "float16", ("inner", "early")),
        # What comes of another dtype and does not come out is not what differs.
        ("int64", "float16", ("inner", "late")),
        ("float32", "float32", ("inner", "end")),
    ],
)
def test_another_dtype_is_told_of_the_layer_that_gives_it_first(early: str, late: str, place: tuple[str, ...]) -> None:
    def called(early: str, late: str, end: str, *, turned: bool = False) -> dict[str, object]:
        of = {dtype: {"array": dtype, "shape": [2], "dtype": dtype} for dtype in (early, late, end)}
        calls = [{"layer": name, "class": "X", "outputs": [of[dtype]]} for name, dtype in
                 (("early", early), ("late", late), ("end", end))]  # fmt: skip
        return {"outputs": [of[end]], "inner": calls[::-1] if turned else calls}

    steps = {"steps": [1e-7], "settled": [True]}
    for turned in (False, True):
        one, other = called("float32", "float32", "float32"), called(early, late, "float16", turned=turned)
        (found,) = outputs(one, other, steps, {})
        assert (found.where, found.kind, found.expected, found.actual) == (place, "dtype", "float32", "float16")
        (found,) = outputs(one, {**other, "inner": []}, steps, {})
        assert found.where == ("outputs", "0")


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


def test_weights_that_changed_places_are_told_once_and_a_weight_that_is_lost_by_its_name() -> None:
    arrays = {name: np.full(2, number, dtype="float32") for number, name in enumerate("abc")}

    def weights(**places: str) -> tuple[list[dict[str, object]], dict[str, bytes]]:
        entries, blobs = [], {}
        for path, name in places.items():
            one, more = seen(arrays[name])
            entries.append({"path": f"layer/{path}", "dtype": "float32", "value": one["outputs"][0]})
            blobs.update(more)
        return entries, blobs

    before, blobs = weights(kernel="a", bias="b", scale="c")

    def found(**places: str) -> list[tuple[str, str, object]]:
        after, more = weights(**places)
        differences = held({"weights": before}, {"weights": after}, {**blobs, **more}, lambda *_: False)
        return [("/".join(each.where), each.kind, each.actual) for _, each in differences]

    assert found(kernel="b", bias="a", scale="c") == [("layer", "moved", ["layer/bias", "layer/kernel"])]
    assert found(scale="c", bias="b", kernel="a") == []  # in another order, which no file goes by
    assert [(where, kind) for where, kind, _ in found(kernel="a", bias="b")] == [("layer/scale", "missing")]
    assert [(where, kind) for where, kind, _ in found(kernel="a", bias="a", scale="c")] == [("layer/bias", "value")]
