"""Two observations are compared place by place; what differs is named, placed and measured, and may be so far apart."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from harness.expectations.compare import (
    CLOSE,
    TOLERANCES,
    Difference,
    clipped,
    differences,
    measure,
    short,
    tolerance,
)
from harness.protocol.architecture import Call
from tests.small import ERROR, EYE, model


def entry(array: np.ndarray, blobs: dict[str, bytes]) -> dict[str, object]:
    name = f"{hash(array.tobytes())}{array.dtype}{array.shape}"
    blobs[name] = array.tobytes()
    return {"array": name, "dtype": str(array.dtype), "shape": list(array.shape), "kept": str(array.dtype)}


def compared(one: np.ndarray, other: np.ndarray, *, close: dict[str, float] | None = None) -> list:
    blobs: dict[str, bytes] = {}
    return list(differences(entry(one, blobs), entry(other, blobs), blobs, close=close))


def test_equal_arrays_do_not_differ() -> None:
    assert compared(np.ones(3), np.ones(3)) == []


def test_one_ulp_is_a_difference_and_is_measured() -> None:
    one = np.array([1.0, 2.0], dtype="float32")
    other = one.copy()
    other[1] = np.nextafter(np.float32(2), np.float32(3))
    (difference,) = compared(one, other)
    assert difference.kind == "value"
    assert difference.size["different"] == 1
    assert difference.size["max ulp"] == 1.0


def test_nan_equals_nan_and_zero_equals_minus_zero() -> None:
    assert compared(np.array([np.nan, 0.0]), np.array([np.nan, -0.0])) == []


def test_nan_does_not_equal_a_number() -> None:
    assert len(compared(np.array([np.nan]), np.array([1.0]))) == 1


def test_close_lets_through_rounding_and_no_other_formula() -> None:
    x = np.linspace(-3, 3, 50).astype("float32")
    assert compared(x, x * np.float32(1 + 1e-6), close=CLOSE) == []
    # hard_sigmoid of Keras 2 and of Keras 3
    assert compared(np.clip(0.2 * x + 0.5, 0, 1), np.clip(x / 6 + 0.5, 0, 1), close=CLOSE) != []


def test_close_does_not_let_infinity_through() -> None:
    assert compared(np.array([1.0, np.inf]), np.array([1.0, 2.0]), close=CLOSE) != []


def test_shape_and_dtype_come_before_values() -> None:
    assert compared(np.ones((2, 1)), np.ones((1, 2)))[0].kind == "shape"
    assert compared(np.ones(2, "float32"), np.ones(2, "float64"))[0].kind == "dtype"


def test_missing_and_surplus_keys_are_told_apart() -> None:
    kinds = [each.kind for each in differences({"a": 1}, {"b": 1}, {})]
    assert kinds == ["missing", "surplus"]


def test_an_error_after_is_a_difference_and_one_before_is_not() -> None:
    error = {"$error": {"type": "ValueError", "message": "", "place": ""}}
    assert [each.kind for each in differences({}, error, {})] == ["error"]
    assert list(differences(error, {}, {})) == []


@pytest.mark.parametrize(
    ("before", "after", "expected", "actual"),
    [
        (1, 2, 1, 2), (1, "1", 1, "1"), ([1], 1, [1], 1), (1, [1], 1, [1]),
        ({"a": 1}, {}, 1, None), ({}, {"a": 1}, None, 1),
        ({"array": "a", "shape": [1], "dtype": "f4"}, {"array": "b", "shape": [2], "dtype": "f4"}, [1], [2]),
        ({"array": "a", "shape": [1], "dtype": "f4"}, {"array": "b", "shape": [1], "dtype": "f8"}, "f4", "f8"),
        ({"array": "a", "shape": [1], "dtype": "f4"}, {"other": 1}, "a", None),
    ],
)  # fmt: skip
def test_a_difference_says_what_was_and_what_is(before: Any, after: Any, expected: Any, actual: Any) -> None:
    first = next(iter(differences(before, after, {})))
    assert (first.expected, first.actual) == (expected, actual)


def test_of_arrays_that_differ_it_is_measured_in_how_many_places_and_by_how_much() -> None:
    one, other = np.array([1, 2, 3, 4], "float32"), np.array([1, 2.5, 3, 3], "float32")
    assert measure(one, other) == {
        "different": 2, "of": 4, "first expected": 2.0, "first actual": 2.5, "sampled": False,
        "max abs": 1.0, "max ulp": 1.0 / float(np.spacing(np.float32(4))),
    }  # fmt: skip
    whole = measure(np.array([1, 5]), np.array([1, 2]))
    assert (whole["max abs"], "max ulp" in whole) == (3.0, False)
    assert "max abs" not in measure(np.array([True]), np.array([False]))
    assert np.isnan(measure(np.array([np.nan]), np.array([1.0]))["max abs"])
    assert np.isnan(measure(np.array([np.nan]), np.array([1.0]))["max ulp"])
    assert measure(np.array([np.nan, 1.0]), np.array([1.0, 3.0]))["max abs"] == 2.0


def test_an_array_of_which_a_sample_was_sent_may_differ_where_nobody_looked() -> None:
    large = np.zeros((1 << 12) + 1, "float32")
    assert measure(large, large)["sampled"] is True
    assert measure(large[1:], large[1:])["sampled"] is False
    changed = large.copy()
    changed[7] = 1
    assert measure(large, changed)["sampled"] is False
    assert measure(np.zeros(0), np.zeros(0))["first expected"] is None


def arrays(one: np.ndarray, other: np.ndarray, **close: float) -> bool:
    blobs = {"one": one.tobytes(), "other": other.tobytes()}
    entries = [
        {"array": name, "dtype": str(each.dtype), "shape": list(each.shape), "kept": str(each.dtype)}
        for name, each in (("one", one), ("other", other))
    ]
    return not list(differences(*entries, blobs, close=close))


def test_a_tolerance_is_a_share_of_the_largest_value_and_at_least_of_one() -> None:
    small, large = np.array([0.01, 0.5]), np.array([0.01, 100.0])
    assert arrays(small, small + 0.0099, float64=0.01)
    assert not arrays(small, small + 0.011, float64=0.01)
    assert arrays(large, large + 0.999, float64=0.01)
    assert not arrays(large, large + 1.1, float64=0.01)
    assert not arrays(small, small + 0.0099, float32=0.01)  # another dtype has none
    assert not arrays(np.array([1]), np.array([2]), int64=10.0)


def test_arrays_are_close_wherever_they_stand_and_say_their_first_values() -> None:
    one, other = np.array([1.0, 2.0]), np.array([1.0, 2.001])
    blobs = {"one": one.tobytes(), "other": other.tobytes()}
    before, after = ({"array": name, "dtype": "float64", "shape": [2], "kept": "float64"} for name in blobs)
    for wrap in (lambda each: each, lambda each: [each], lambda each: {"a": each}, lambda each: {"a": [[each]]}):
        assert list(differences(wrap(before), wrap(after), blobs, close={"float64": 0.01})) == []
        (difference,) = differences(wrap(before), wrap(after), blobs, close={"float64": 0.0001})
        assert (difference.expected, difference.actual) == (2.0, 2.001)
        assert "first expected" not in difference.size


def test_half_precision_is_measured_in_double() -> None:
    one, other = np.array([60000.0], "float16"), np.array([-60000.0], "float16")
    assert measure(one, other)["max abs"] == float(one[0]) - float(other[0])
    assert not arrays(one, other, float16=1.5)
    assert measure(np.array([200], "uint8"), np.array([201], "uint8"))["max abs"] == 1.0
    assert arrays(np.zeros(0), np.zeros(0), float64=0.1)


def test_what_is_not_finite_must_be_the_same_within_any_tolerance() -> None:
    odd = np.array([np.nan, np.inf, -np.inf, 1.0])
    assert arrays(odd, odd + 0.001, float64=0.01)
    assert not arrays(odd, np.array([np.nan, np.inf, np.inf, 1.0]), float64=9.0)
    assert not arrays(np.array([1.0]), np.array([np.nan]), float64=9.0)


def test_a_difference_of_just_the_tolerance_is_let_through() -> None:
    assert arrays(np.array([0.0]), np.array([0.5]), float64=0.5)
    assert not arrays(np.array([0.0]), np.array([0.75]), float64=0.5)


def test_words_are_compared_and_not_measured() -> None:
    one, other = np.array(["a", "b"]), np.array(["a", "c"])
    assert measure(one, other) == {
        "different": 1, "of": 2, "first expected": "b", "first actual": "c", "sampled": False,
    }  # fmt: skip


def test_measuring_warns_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        measure(np.array([np.nan]), np.array([1.0]))
        measure(np.array([np.inf, 0.0]), np.array([1.0, 1.0]))


def test_of_what_nobody_saw_differ_the_first_value_is_told() -> None:
    large = np.arange((1 << 12) + 1, dtype="float32")
    assert (measure(large, large)["first expected"], measure(large, large)["first actual"]) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("text", "most", "cut"), [("abc", 3, "abc"), ("abcd", 3, "abc…"), (" a bc", 3, " a…"), ("", 0, "")]
)
def test_a_text_is_cut_where_it_is_too_long_and_says_so(text: str, most: int, cut: str) -> None:
    assert clipped(text, most) == cut


def test_places_in_lists_are_called_by_what_stands_there() -> None:
    def place(*entry: Any) -> list[tuple[str, ...]]:
        return [each.where for each in differences([entry[0]], [entry[1]], {})]

    assert place({"path": "a/b", "x": 1}, {"path": "a/b", "x": 2}) == [("a/b", "x")]
    assert place({"layer": "a", "name": "b", "x": 1}, {"layer": "a", "name": "b", "x": 2}) == [("a", "x")]
    assert place({"name": "b", "x": 1}, {"name": "b", "x": 2}) == [("b", "x")]
    assert place({"config": {"name": "c"}, "x": 1}, {"config": {"name": "c"}, "x": 2}) == [("c", "x")]
    assert place({"config": {"name": 3}, "x": 1}, {"config": {"name": 3}, "x": 2}) == [("0", "x")]
    assert place(["d", 1], ["d", 2]) == [("d", "1")]
    assert place([], [1]) == [("0",)]
    assert place(1, 2) == [("0",)]


def test_lists_of_other_lengths_are_told_by_their_entries() -> None:
    (difference,) = differences([{"path": "a"}] * 60, [], {}, ("here",))
    assert (difference.where, difference.kind, difference.expected, difference.actual) == (
        ("here",),
        "length",
        ["a"] * 50,
        [],
    )
    (unnamed,) = differences([1], [1, 2], {})
    assert (unnamed.expected, unnamed.actual) == (["0"], ["0", "1"])


def test_numbers_that_are_one_float32_are_the_same_and_others_are_not() -> None:
    assert list(differences(0.1, float(np.float32(0.1)), {})) == []
    assert list(differences(float("nan"), float("nan"), {})) == list(differences(1, 1.0, {})) == []
    for one, other in ((0.1, 0.1001), (float("nan"), 1.0), (1, 2.0), ("a", "b"), (None, 0), (True, False)):
        assert len(list(differences(one, other, {}))) == 1


def test_an_error_inside_is_a_difference_where_it_stands() -> None:
    (difference,) = differences({"a": {"b": 1}}, {"a": {"$error": ERROR}}, {})
    assert difference == Difference(("a",), "error", None, ERROR)
    assert list(differences({"a": {"$error": ERROR}}, {"a": {"b": 1}}, {})) == []
    assert list(differences({"$error": ERROR}, {"$error": {**ERROR, "message": "another"}}, {})) == []


def test_values_are_short_in_reports() -> None:
    assert short([1, 2]) == [1, 2]
    assert short("y" * 398) == "y" * 398
    assert short("y" * 399) == "'" + "y" * 399 + "…"
    assert short({"array": "a", "dtype": "float32", "shape": [2, 3], "kept": "float32"}) == "float32[2, 3]"
    assert short(Call("layers.Dense", {"units": 2})).startswith('{"$":"Call"')
    assert len(short(Call("layers.Dense", {"x": "y" * 999}))) == 400


def test_a_number_is_no_more_exact_than_the_coarsest_that_it_was_computed_from() -> None:
    single, half = model(EYE), model(Call("layers.Dense", {"units": 2, "dtype": "mixed_float16"}))
    assert tolerance("=", half) is None
    for relation in TOLERANCES:
        close, low = tolerance(relation, single), tolerance(relation, half)
        assert close is not None
        assert low is not None
        assert close["float32"] < 1e-3 <= low["float32"] == low["float16"] < low["bfloat16"]
        whole = tolerance(relation, model(EYE, policy="mixed_bfloat16"))
        assert whole is not None
        assert whole["float32"] == whole["bfloat16"]


def test_true_is_not_one() -> None:
    assert [each.kind for each in differences({"a": True}, {"a": 1}, {})] == ["type"]


def changed(one: str, other: str, *, close: dict[str, float] | None = None) -> list[Difference]:
    """What differs between two lists of weights, each as "path:value …"."""
    blobs: dict[str, bytes] = {}
    before, after = (
        [
            {"path": path, "value": entry(np.full(3, float(value), "float32"), blobs)}
            for path, _, value in (each.partition(":") for each in told.split())
        ]
        for told in (one, other)
    )
    return list(differences(before, after, blobs, close=close))


def kinds(found: list[Difference]) -> list[tuple[str, str]]:
    return [("/".join(each.where), each.kind) for each in found]


def test_values_in_each_others_places_are_one_difference() -> None:
    found = changed(
        "steps/a/kernel:1 steps/b/kernel:2 steps/b/bias:3 last/kernel:4",
        "steps/a/kernel:3 steps/b/kernel:1 steps/b/bias:2 last/kernel:4",
    )
    assert kinds(found) == [("steps", "moved")]
    assert found[0].expected == ["steps/a/kernel", "steps/b/kernel", "steps/b/bias"]
    assert found[0].actual == ["steps/b/bias", "steps/a/kernel", "steps/b/kernel"]


def test_values_that_changed_places_are_named_by_the_first_where_no_layer_holds_them_all() -> None:
    assert kinds(changed("a/kernel:1 b/kernel:2", "a/kernel:2 b/kernel:1")) == [("a/kernel", "moved")]


def test_a_value_that_is_in_no_place_is_told_for_itself() -> None:
    found = changed("a/kernel:1 b/kernel:2 c/kernel:3", "a/kernel:2 b/kernel:1 c/kernel:5")
    assert kinds(found) == [(f"{name}/kernel/value", "value") for name in "abc"]


def test_one_value_in_two_places_has_not_moved() -> None:
    assert kinds(changed("a/kernel:1 b/kernel:2", "a/kernel:2 b/kernel:2")) == [("a/kernel/value", "value")]


def test_values_that_may_be_rounded_otherwise_have_not_moved() -> None:
    near = "a/kernel:1 b/kernel:1.0000001", "a/kernel:1.0000001 b/kernel:1"
    assert kinds(changed(*near)) == [("a/kernel", "moved")]
    assert changed(*near, close=CLOSE) == []


def test_another_order_is_one_difference_and_hides_no_value() -> None:
    found = changed("a/kernel:1 b/kernel:2 c/kernel:3", "c/kernel:3 a/kernel:1 b/kernel:9")
    assert kinds(found) == [("a/kernel", "order"), ("b/kernel/value", "value")]
    assert found[0].expected == ["a/kernel", "b/kernel", "c/kernel"]
    assert found[0].actual == ["c/kernel", "a/kernel", "b/kernel"]
    assert (found[1].expected, found[1].actual) == (2.0, 9.0)


def test_another_order_is_told_by_the_layer_that_it_is_in() -> None:
    found = changed("a/b/kernel:1 a/c/kernel:2 d/kernel:3", "a/c/kernel:2 a/b/kernel:1 d/kernel:3")
    assert kinds(found) == [("a", "order")]
    assert found[0].expected == ["a/b/kernel", "a/c/kernel"]


def test_the_path_that_all_have_in_common_is_told_whole() -> None:
    assert kinds(changed("a/b/c:1 a/b/d:2", "a/b/d:2 a/b/c:1")) == [("a/b", "order")]
    assert kinds(changed("a/b/c:1 a/b/d:2", "a/b/c:2 a/b/d:1")) == [("a/b", "moved")]
    assert kinds(changed("a/b/c:1 a/b:2", "a/b:2 a/b/c:1")) == [("a/b", "order")]


def test_of_very_many_that_changed_places_fifty_are_told() -> None:
    names = [f"layer/w{number}" for number in range(60)]
    one = " ".join(f"{name}:{number}" for number, name in enumerate(names))
    (order,) = changed(one, " ".join(f"{name}:{59 - number}" for number, name in enumerate(reversed(names))))
    (moved,) = changed(one, " ".join(f"{name}:{59 - number}" for number, name in enumerate(names)))
    assert (order.kind, order.expected, order.actual) == ("order", names[:50], names[::-1][:50])
    assert (moved.kind, moved.expected, moved.actual) == ("moved", names[:50], names[::-1][:50])


def test_entries_without_names_have_not_moved() -> None:
    blobs: dict[str, bytes] = {}
    one, other = ({"value": entry(np.full(3, each), blobs)} for each in (1.0, 2.0))
    assert kinds(list(differences([one, other], [other, one], blobs))) == [("0/value", "value"), ("1/value", "value")]


def test_the_same_numbers_in_another_shape_have_moved_to_where_that_shape_is() -> None:
    values = [{"array": "a", "dtype": "float32", "shape": shape} for shape in ([2, 3], [3, 2])]
    one, other = (
        [{"path": path, "value": value} for path, value in zip("xy", order, strict=True)]
        for order in (values, values[::-1])
    )
    assert kinds(list(differences(one, other, {}))) == [("x", "moved")]


def test_another_order_and_values_that_moved_besides_are_two() -> None:
    found = changed("a/kernel:1 b/kernel:2 c/kernel:3", "b/kernel:2 a/kernel:3 c/kernel:1")
    assert kinds(found) == [("a/kernel", "order"), ("a/kernel", "moved")]


def test_values_that_stayed_where_they_were_under_other_names_have_moved_and_that_is_told_alone() -> None:
    assert kinds(changed("a/kernel:1 b/kernel:2", "b/kernel:1 a/kernel:2")) == [("a/kernel", "moved")]


def test_another_order_shows_where_all_values_are_the_same() -> None:
    assert kinds(changed("a/bias:0 b/bias:0", "b/bias:0 a/bias:0")) == [("a/bias", "order")]


def test_entries_of_one_name_are_held_against_each_other_by_their_places() -> None:
    assert kinds(changed("a:1 a:2", "a:2 a:1")) == [("a/value", "value")] * 2


def test_a_dtype_that_changed_shows_beside_values_that_moved() -> None:
    blobs: dict[str, bytes] = {}
    values = [entry(np.full(3, each, "float32"), blobs) for each in (1, 2)]
    one = [{"path": path, "dtype": "float32", "value": value} for path, value in zip("ab", values, strict=True)]
    other = [{"path": path, "dtype": dtype, "value": value} for path, dtype, value in
             zip("ab", ("float32", "float16"), values[::-1], strict=True)]  # fmt: skip
    assert kinds(list(differences(one, other, blobs))) == [("a", "moved"), ("b/dtype", "value")]
