"""What needs no TensorFlow of `harness.own`: inputs, values, expected failures, the text of a report."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from harness.own.case import fed
from harness.own.mends import mend_of_error
from harness.own.names import CHECKS, DIAGNOSES
from harness.own.report import ChecksFailed, Failure, Report, known_names, settled
from harness.own.values import differs, unserializable

LOST = Failure("keras_zip", "weights are lost", mend="keep them", also=("hdf5",))


def test_importing_it_imports_no_tensorflow() -> None:
    code = "import sys, harness.own; sys.exit(sum(name in sys.modules for name in ('tensorflow', 'keras')))"
    root = Path(__file__).resolve().parents[1]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0


def test_every_check_has_a_name_of_its_own() -> None:
    assert len(set(CHECKS)) == len(CHECKS)
    assert {"build", "substance", "keras_zip", "hdf5", *DIAGNOSES} <= set(CHECKS)


def test_what_is_expected_to_fail_is_set_apart() -> None:
    report = settled(Report("it", (LOST,)), {"keras_zip": "waited for"})
    assert [(each.check, each.also) for each in report.failures] == [("hdf5", ())]
    assert report.expected == {"keras_zip": "waited for"}
    assert settled(Report("it", (LOST,)), {"keras_zip": "a", "hdf5": "b"}).ok


def test_what_was_expected_to_fail_and_does_not_is_a_failure() -> None:
    (failure,) = settled(Report("it", passed=("json",)), {"json": "waited for"}).failures
    assert (failure.check, "does not: waited for" in failure.title) == ("json", True)


def test_what_was_expected_to_fail_and_not_checked_is_said() -> None:
    report = settled(Report("it", unchecked={"json": "it has none"}), {"json": "waited for"})
    assert report.ok
    assert "json is expected to fail (waited for) and was not checked" in report.text()


def test_a_check_that_is_none_is_told_with_the_one_that_is_near() -> None:
    with pytest.raises(ValueError, match="no check 'keras_zipp': did you mean 'keras_zip'"):
        known_names(["keras_zipp"], CHECKS, "expected_failures")


def test_the_message_says_what_where_and_what_mends_it() -> None:
    report = Report("MyDense(units=3)", (LOST,), ("json",), {"clone": "it has none"}, environment="Keras 3")
    text = str(ChecksFailed(report))
    assert "MyDense(units=3): 2 failed, 1 passed, 1 not checked (Keras 3)" in text
    assert "keras_zip: weights are lost\n    also in   hdf5\n    mend      keep them" in text
    assert "not checked: clone: it has none" in text


@pytest.mark.parametrize(
    ("given", "back"),
    [
        (3, 3),
        (3, (3, 3)),
        ((1, 2), [1, 2]),
        (None, "channels_last"),
        ("RELU", "relu"),
        (0.1, 0.1 + 1e-9),
        (-1, 3),
        (float("nan"), float("nan")),
        (float("inf"), float("inf")),
        ({1: 2}, {"1": 2, "b": 3}),
    ],
)
def test_a_value_that_is_spelled_out_is_the_same(given: object, back: object) -> None:
    assert differs(given, back) == ""


@pytest.mark.parametrize(
    ("given", "back"),
    [
        (3, 4),
        (3, None),
        ("ones", 0),
        ((1, 2), [1]),
        (True, False),
        ("relu", "tanh"),
        (np.arange(3), np.arange(4)),
        (float("inf"), 3.0),
        (float("nan"), 0.0),
        ({"a": 1, "b": 2}, {"a": 1}),
        ({"a": 1}, {"a": 2}),
    ],
)
def test_another_value_is_told(given: object, back: object) -> None:
    assert differs(given, back)


def test_what_json_cannot_hold_is_told_with_what_it_is() -> None:
    assert unserializable({"a": [1, "b", None, np.float32(1)]}) is None
    assert "NumPy array" in unserializable([np.zeros(2)]).what  # type: ignore[union-attr]
    assert "sorted" in unserializable({1, 2}).mend  # type: ignore[union-attr]
    assert "a lambda" in unserializable(lambda: 0).what  # type: ignore[union-attr]


def test_inputs_are_shapes_or_arrays_in_the_structure_of_the_call() -> None:
    one = fed((8, None), 0)
    assert (one.inputs[0].shape, one.arrays.shape) == ((8, None), (4, 8, 4))
    several = fed({"left": (3,), "right": np.zeros((6, 2), "int32")}, 0)
    assert (several.structure, [each.dtype for each in several.inputs]) == ("dict", ["float32", "int32"])
    assert several.pack(["a", "b"]) == {"left": "a", "right": "b"}
    assert fed([(3,), (4,)], 0).structure == "list"


@pytest.mark.parametrize("inputs", ["words", 3, [], {"a": "b"}, np.float32(3)])
def test_inputs_that_cannot_be_read_are_told(inputs: object) -> None:
    with pytest.raises(TypeError, match=r"inputs is empty|no shape without the batch axis|array of samples"):
        fed(inputs, 0)


def test_a_mend_goes_by_what_an_error_says_and_not_by_the_arguments_that_it_shows() -> None:
    shown = "None values not supported.\n\nArguments received by Conv.call():\n  - x=<KerasTensor shape=(None, 5)>"
    assert mend_of_error(ValueError(shown)) == ""
    assert "keras.ops" in mend_of_error(ValueError("A KerasTensor cannot be converted to a NumPy array"))
