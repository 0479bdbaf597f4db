"""What comes near to being bad, and is not, is `ok`; where there is something to note, it is noted."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import h5py
import pytest

from harness.inspection import Limits, inspect, variables
from harness.inspection.hdf5_process import Reader
from tests.inspection.case import Case
from tests.inspection.good_files import CASES


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    made = Reader(Limits())
    yield made
    made.stop()


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_good_file_is_ok(case: Case, tmp_path: Path, reader: Reader) -> None:
    report = inspect(case.make(tmp_path), reader=reader)
    assert not report.error
    assert report.verdict == "ok", [(each.rule, each.where, each.what) for each in report.findings]
    if case.rule is not None:
        assert case.rule in {each.rule for each in report.findings}


RECORDED = sorted((Path(__file__).resolve().parents[2] / "fixtures" / "recordings").glob("*.zip"))


@pytest.mark.slow
@pytest.mark.parametrize("archive", RECORDED, ids=[path.stem for path in RECORDED])
def test_every_model_that_a_release_saved_is_ok(archive: Path, tmp_path: Path, reader: Reader) -> None:
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(tmp_path)
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix in (".keras", ".h5")]
    assert len(files) > 50
    reports = [inspect(path, reader=reader) for path in files]
    assert [(each.file, each.verdict) for each in reports if each.verdict != "ok"] == []


def saved_by_2_13(path: Path, without: str = "") -> Path:
    """Two convolutions as Keras 2.13 numbers them, or without the weights of one."""
    recorded = next(path for path in RECORDED if "keras-2.13" in path.name)
    with zipfile.ZipFile(recorded) as packed:
        name = next(each for each in packed.namelist() if each.endswith("two convolutions/keras_zip/model.keras"))
        inside = zipfile.ZipFile(io.BytesIO(packed.read(name)))
        entries = {each: inside.read(each) for each in inside.namelist()}
    weights = io.BytesIO(entries["model.weights.h5"])
    with h5py.File(weights, "r+") as file:
        assert [name for name in file["_layer_checkpoint_dependencies"] if "conv" in name] == ["conv2d", "conv2d_2"]
        if without:
            del file[without]
    with zipfile.ZipFile(path, "w") as made:
        for each, content in {**entries, "model.weights.h5": weights.getvalue()}.items():
            made.writestr(each, content)
    return path


def test_the_gaps_that_keras_2_13_leaves_between_its_layers_are_no_damage_and_what_is_missing_is(
    tmp_path: Path, reader: Reader
) -> None:
    assert inspect(saved_by_2_13(tmp_path / "whole.keras"), reader=reader).verdict == "ok"
    broken = saved_by_2_13(tmp_path / "broken.keras", "_layer_checkpoint_dependencies/conv2d_2")
    report = inspect(broken, reader=reader)
    assert {each.rule for each in report.findings} >= {"weight-missing"}
    assert report.verdict == "corrupt"


def test_attention_of_keras_2_over_a_key_of_another_width_is_whole(tmp_path: Path) -> None:
    heads = {"num_heads": 2, "key_dim": 3, "value_dim": None, "use_bias": False, "output_shape": None}
    shapes = {"query_shape": [None, 7, 1], "value_shape": [None, 7, 4], "key_shape": [None, 7, 5]}
    asked = variables.of({"class_name": "MultiHeadAttention", "config": {**heads, **shapes}}, [None, 7, 1])
    assert asked is not None
    assert [each.shape for each in asked] == [(1, 2, 3), (5, 2, 3), (4, 2, 3), (2, 3, 1)]
