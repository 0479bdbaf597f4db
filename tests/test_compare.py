"""Two observations are compared place by place; what differs is named, placed and measured."""

import numpy as np

from harness.expectations.compare import CLOSE, differences


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


def test_lists_name_their_entries_by_path() -> None:
    before = [{"path": "dense/kernel", "value": 1}]
    (difference,) = differences(before, [{"path": "dense/kernel", "value": 2}], {})
    assert difference.where == ("dense/kernel", "value")


def test_missing_and_surplus_keys_are_told_apart() -> None:
    kinds = [each.kind for each in differences({"a": 1}, {"b": 1}, {})]
    assert kinds == ["missing", "surplus"]


def test_true_is_not_one() -> None:
    assert [each.kind for each in differences({"a": True}, {"a": 1}, {})] == ["type"]


def test_an_error_after_is_a_difference_and_one_before_is_not() -> None:
    error = {"$error": {"type": "ValueError", "message": "", "place": ""}}
    assert [each.kind for each in differences({}, error, {})] == ["error"]
    assert list(differences(error, {}, {})) == []
