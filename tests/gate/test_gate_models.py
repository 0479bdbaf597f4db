"""The user's own models get the verdict that they deserve, and their files are only read."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from harness.dispatch.scratch import Scratch
from harness.gate.exchange import Exchange
from harness.gate.models import Given, ModelVerdict, verdicts
from harness.gate.release import Side
from tests.gate.sides import releases, side

FIXTURES = Path(__file__).parents[2] / "fixtures" / "models" / "keras-3.15.1"
MODELS = [
    FIXTURES / name for name in ("conv.keras", "mha.keras", "rnn.keras", "text.keras", "dropout.h5", "nested.keras")
]
SAVED_MODELS = Path(__file__).parents[2] / "fixtures" / "saved_models"
EXPORTED = [SAVED_MODELS / name for name in ("keras-2.15.0-exported", "keras-3.15.1-exported")]
OF_KERAS_2 = [SAVED_MODELS / name for name in ("keras-2.15.0-words", "keras-2.15.0-subclassed")]
OLD = "python==3.11 tensorflow-cpu==2.15.1"
pytestmark = pytest.mark.slow


def told(baseline: Side, candidate: Side, scratch: Scratch, paths: list[Path]) -> dict[str, ModelVerdict]:
    exchange = Exchange(baseline, candidate, scratch)
    return {Path(each.file).name: each for each in verdicts(exchange, scratch, paths, Given())}


def test_in_the_same_release_every_model_is_the_same_and_no_file_is_touched(
    sound: Side, scratch: Scratch, warm: str
) -> None:
    before = [hashlib.sha256(path.read_bytes()).hexdigest() for path in MODELS]
    again = side("candidate", scratch, python=warm)
    try:
        found = told(sound, again, scratch, MODELS)
    finally:
        again.pool.close()
    assert {name: (each.verdict, each.why) for name, each in found.items()} == {
        path.name: ("same", "") for path in MODELS
    }
    assert {route for each in found.values() for route in each.resaved} >= {"keras_zip forward", "keras_zip back"}
    assert before == [hashlib.sha256(path.read_bytes()).hexdigest() for path in MODELS]


def test_another_formula_makes_models_different_and_says_where_and_how_much(
    sound: Side, scratch: Scratch, warm: str
) -> None:
    other = side("candidate", scratch, "another_formula", python=warm)
    try:
        found = told(sound, other, scratch, MODELS)
    finally:
        other.pool.close()
    with_dense = found["conv.keras"]
    assert with_dense.verdict == "different"
    assert with_dense.why.startswith("outputs at ")
    assert with_dense.max_abs_diff is not None
    assert with_dense.max_abs_diff > 0
    assert found["text.keras"].verdict == "same"  # there is no Dense in it


def test_a_file_that_the_candidate_refuses_breaks(sound: Side, scratch: Scratch, warm: str) -> None:
    other = side("candidate", scratch, "a_hdf5_that_is_refused", python=warm)
    try:
        found = told(sound, other, scratch, MODELS)
    finally:
        other.pool.close()
    assert {name for name, each in found.items() if each.verdict == "breaks"} == {"dropout.h5"}
    broken = found["dropout.h5"]
    assert (broken.baseline.loads, broken.candidate.loads) == ("yes", "no")
    assert "this file is of an old release" in broken.why


def test_what_is_no_model_or_holds_code_is_not_loaded(sound: Side, scratch: Scratch, tmp_path: Path) -> None:
    (tmp_path / "empty.keras").write_bytes(b"")
    (tmp_path / "cut.keras").write_bytes((FIXTURES / "conv.keras").read_bytes()[:500])
    shutil.copy(FIXTURES / "activation.weights.h5", tmp_path)
    found = told(sound, sound, scratch, [tmp_path])
    assert found["empty.keras"].verdict == "not tried"
    assert found["cut.keras"].verdict == "not tried"
    assert found["activation.weights.h5"].verdict == "no model"
    assert all(each.baseline.loads == "not tried" for each in found.values())


def test_what_was_exported_computes_the_same_as_before_and_another_program_is_seen(
    sound: Side, scratch: Scratch, warm: str
) -> None:
    same = told(sound, sound, scratch, EXPORTED)
    other = side("candidate", scratch, "another_program", python=warm)
    try:
        different = told(sound, other, scratch, EXPORTED)
    finally:
        other.pool.close()
    assert {each.verdict for each in same.values()} == {"same"}
    assert {(each.verdict, each.why.split(":")[0]) for each in different.values()} == {
        ("different", "outputs at outputs/0")
    }


def test_a_folder_of_keras_2_that_keras_3_refuses_breaks_and_is_told_what_to_do(scratch: Scratch, warm: str) -> None:
    after = side("candidate", scratch, python=warm)
    try:
        with releases(scratch, {"baseline": OLD}) as made:
            found = told(made["baseline"], after, scratch, [*OF_KERAS_2, *EXPORTED])
    finally:
        after.pool.close()
    for path in OF_KERAS_2:  # one of them is of a class that nobody gave, which the old Keras needs not
        each = found[path.name]
        assert (each.verdict, each.baseline.loads, each.candidate.loads) == ("breaks", "yes", "no")
        assert each.cause is not None
        assert each.cause.id == "saved-model-folder"
    # Keras 2 has lost the vocabulary on the way: that its .h5 is no way out here is told, too.
    assert "Cannot set an empty vocabulary" in found["keras-2.15.0-words"].resaved["hdf5 forward"]
    assert not any(".h5" in str(found[path.name].remedy) for path in OF_KERAS_2)
    assert {found[path.name].verdict for path in EXPORTED} == {"same"}
