"""What the user gives beside the models is used as it was meant, or it is said that it was not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest

from harness.cli import main
from harness.commands.gate import _matched
from harness.dispatch.scratch import Scratch
from harness.gate.canonical import config
from harness.gate.exchange import Exchange
from harness.gate.models import Given, ModelVerdict, verdicts
from harness.gate.release import Side
from harness.settings import Usage
from tests.inspection import building as b

FIXTURES = Path(__file__).parents[2] / "fixtures" / "models" / "keras-3.15.1"
WITH_A_LAMBDA = """
import keras

inputs = keras.Input((4,), name="four")
model = keras.Model(inputs, keras.layers.Lambda(lambda x: x * 2)(inputs))
model.save("twice.keras")
model.save("twice.h5")
open("twice.json", "w").write(model.to_json())
model.save_weights("twice.weights.h5")
"""


def told(sound: Side, scratch: Scratch, path: Path, given: Given) -> ModelVerdict:
    (only,) = verdicts(Exchange(sound, sound, scratch), scratch, [path], given)
    return only


@pytest.mark.slow
@pytest.mark.parametrize("name", ["twice.keras", "twice.h5", "twice.json"])
def test_a_model_that_holds_code_is_loaded_when_the_user_says_so_and_not_before(
    name: str, sound: Side, scratch: Scratch, holding_code: Path
) -> None:
    assert told(sound, scratch, holding_code / name, Given()).verdict == "not tried"
    found = told(sound, scratch, holding_code / name, Given(unsafe=True))
    assert (found.verdict, found.why) == ("same", "")
    assert set(found.resaved.values()) == {"passed"}


@pytest.mark.slow
def test_a_config_is_taken_up_with_the_weights_beside_it_and_not_without(
    sound: Side, scratch: Scratch, tmp_path: Path
) -> None:
    found = told(sound, scratch, b.keras_json(tmp_path, b.model()), Given())
    assert found.verdict == "broken in both"
    assert "there are no weights called model.weights.h5" in found.why
    found = told(sound, scratch, b.pair(tmp_path), Given())
    assert (found.verdict, found.why) == ("same", "")
    other = b.hdf5(b.arrays(), lambda file: file["layers/dense"].move("vars/0", "vars/9"))
    assert told(sound, scratch, b.pair(tmp_path, other), Given()).verdict == "not tried"


@pytest.mark.slow
def test_after_a_model_that_was_trusted_the_next_one_is_not(sound: Side, scratch: Scratch, holding_code: Path) -> None:
    assert told(sound, scratch, holding_code / "twice.json", Given(unsafe=True)).verdict == "same"
    request = {"verb": "take", "file": str(holding_code / "twice.json"), "asked": []}
    reply = sound.pool.submit(request).result().reply
    assert reply["loads"] == "no"
    assert "lambda" in reply["error"]["message"].lower()


@pytest.fixture(scope="module")
def holding_code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("code")
    subprocess.run([sys.executable, "-c", WITH_A_LAMBDA], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arrays", "verdict"),
    [
        ({"input_layer_3": (2, 4, 6)}, "same"),
        ({"anything": (2, 4, 6)}, "same"),
        ({"input_layer_3": (2, 4, 6), "of_another_model": (2, 9)}, "same"),
        ({"one": (2, 4, 6), "two": (2, 4, 6)}, "not tried"),
        ({"input_layer_3": (2, 4, 7)}, "not tried"),
    ],
)
def test_inputs_of_another_model_are_no_inputs(
    arrays: dict[str, tuple[int, ...]], verdict: str, sound: Side, scratch: Scratch, tmp_path: Path
) -> None:
    file = tmp_path / "inputs.npz"
    np.savez(file, **{name: np.ones(shape, "float32") for name, shape in arrays.items()})
    found = told(sound, scratch, FIXTURES / "mha.keras", Given(inputs=file))
    assert found.verdict == verdict, found.why
    assert verdict == "same" or "--inputs" in found.why


def test_what_holds_no_arrays_is_told_before_anything_is_started(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, empty, single = (tmp_path / name for name in ("text.npz", "empty.npz", "single.npz"))
    text.write_text("1, 2, 3")
    ZipFile(empty, "w").close()
    with single.open("wb") as file:
        np.save(file, np.ones(3))
    for path in (text, empty, single):
        with pytest.raises(SystemExit) as ended:
            main(["gate", "--baseline", "x", "--candidate", "y", "--models", str(tmp_path), "--inputs", str(path)])
        assert ended.value.code == 2
        assert f"--inputs: {'there is no array in ' if path == empty else ''}{path}" in capsys.readouterr().err


def test_globs_are_put_out_and_one_that_matches_nothing_is_told(tmp_path: Path) -> None:
    for name in ("b.h5", "a.h5", "c [old].h5", "old/d.h5", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()

    def names(*given: str) -> list[str]:
        return [str(each.relative_to(tmp_path)) for each in _matched(tuple(tmp_path / each for each in given))]

    assert names("*.h5") == ["a.h5", "b.h5", "c [old].h5"]
    assert names("**/d.h5", "b.h5") == ["old/d.h5", "b.h5"]
    assert names("c [old].h5") == ["c [old].h5"]
    with pytest.raises(Usage, match=r"there is no .*nothing"):
        names("nothing*.h5")


def test_code_is_the_same_in_the_dialects_of_both_kerases() -> None:
    old = {"class_name": "Lambda", "config": {"function": ["4wEA\n", None, None], "function_type": "lambda"}}
    code = {"code": "4wEB", "defaults": None, "closure": None}
    new = {"class_name": "Lambda", "config": {"function": {"class_name": "__lambda__", "config": code}}}
    assert config(old)["config"]["function"] == config(new)["config"]["function"] == "code"
    named = {"class_name": "Lambda", "config": {"function": {"class_name": "function", "config": "relu"}}}
    assert config(named)["config"]["function"] == "relu"
