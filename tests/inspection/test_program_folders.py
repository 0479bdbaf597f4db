"""SavedModels as Keras wrote them: what their metadata say of the layers is looked through as a config is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.inspection import inspect
from tests.inspection import building as b

FOLDER = Path(__file__).resolve().parents[2] / "fixtures" / "saved_models"
SPECIFICATION = {"class_name": "InputSpec", "config": {"ndim": 2, "axes": {"-1": 3}}, "shared_object_id": 7}


@pytest.mark.parametrize(
    ("name", "verdict", "rules", "own"),
    [
        ("keras-2.15.0-words", "unsupported", {"saved-model"}, []),
        ("keras-2.15.0-exported", "unsupported", {"saved-model"}, []),
        ("keras-3.15.1-exported", "unsupported", {"saved-model"}, []),
        ("keras-2.15.0-file", "unsupported", {"saved-model"}, []),
        ("keras-2.15.0-file-again", "unsupported", {"saved-model"}, []),
        ("keras-3.15.1-file", "unsupported", {"saved-model"}, []),
        ("keras-2.15.0-subclassed", "needs custom objects", {"saved-model", "custom-object"}, ["Doubled"]),
    ],
)
def test_it_is_a_program_and_no_more_is_said_against_it(
    name: str, verdict: str, rules: set[str], own: list[str]
) -> None:
    report = inspect(FOLDER / name)
    assert (report.verdict, {each.rule for each in report.findings}, report.custom_objects) == (verdict, rules, own)


@pytest.mark.parametrize("name", ["keras-2.15.0-file", "keras-2.15.0-file-again", "keras-3.15.1-file"])
def test_a_lookup_of_the_words_of_another_file_is_unsafe(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(FOLDER / name, folder)
    graph = folder / "saved_model.pb"
    graph.write_bytes(graph.read_bytes().replace(b"\x12\x09words.txt", b"\x12\x09../ab.txt"))
    assert {each.rule for each in inspect(folder).findings} == {"saved-model", "unsafe-op", "entry-missing"}


def test_what_one_layer_holds_that_it_should_not_is_told_with_the_place_of_the_layer(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(FOLDER / "keras-2.15.0-words", folder)
    metadata = folder / "keras_metadata.pb"
    # As long as before: the lengths around it stay true.
    metadata.write_bytes(metadata.read_bytes().replace(b'"class_name": "Flatten"', b'"class_name":"get_file"'))
    found = {each.where for each in inspect(folder).findings if each.rule == "builtin-misused"}
    assert "keras_metadata.pb/root.layer-3$" in found


def test_the_specification_of_an_input_is_no_part_of_a_config_elsewhere(tmp_path: Path) -> None:
    layer = b.dense("dense", 4, 3)
    layer["config"]["input_spec"] = SPECIFICATION
    report = inspect(b.keras(tmp_path, b.functional(b.called(layer, "input_layer"))))
    assert "builtin-misused" in {each.rule for each in report.findings}
