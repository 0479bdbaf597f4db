"""What Keras itself has saved is ok, and no half of it is."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.inspection import Limits, inspect
from harness.inspection.hdf5_process import Reader
from tests.inspection.building import zipped

FOLDER = Path(__file__).resolve().parents[2] / "fixtures" / "models"
FILES = sorted(path for path in FOLDER.glob("*/*") if path.suffix != ".md")


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    made = Reader(Limits())
    yield made
    made.stop()


def _name(path: Path) -> str:
    return path.relative_to(FOLDER).as_posix()


def test_there_are_enough_of_them() -> None:
    assert len(FILES) >= 40
    assert sum(path.stat().st_size for path in FILES) < 1_000_000


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_what_keras_saved_is_ok(path: Path, reader: Reader) -> None:
    report = inspect(path, reader=reader)
    assert report.verdict == "ok", [(each.rule, each.where, each.what) for each in report.findings]
    release = path.parent.name.removeprefix("keras-")
    if not re.search(r"\.weights\.|sharded", path.name):
        assert report.keras_version == release
        assert report.layers
    assert report.parameters is not None


@pytest.mark.parametrize("path", [path for path in FILES if path.suffix != ".json"], ids=_name)
@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_a_part_of_it_is_not(path: Path, share: float, reader: Reader, tmp_path: Path) -> None:
    data = path.read_bytes()
    cut = tmp_path / path.name
    cut.write_bytes(data[: int(len(data) * share)])
    assert inspect(cut, reader=reader).verdict not in ("ok", "error")


@pytest.mark.parametrize("path", [path for path in FILES if path.suffix == ".keras"], ids=_name)
def test_with_the_weights_of_another_model_it_is_not(path: Path, reader: Reader, tmp_path: Path) -> None:
    """Each is given the weights of some of the others that have other weights, and is ok with none of them."""
    compared = 0
    with zipfile.ZipFile(path) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    mine = inspect(path, reader=reader)
    for other in FILES[len(path.name) % 9 :: 9]:
        if other.suffix != ".keras" or inspect(other, reader=reader).parameters == mine.parameters:
            continue
        with zipfile.ZipFile(other) as file:
            parts["model.weights.h5"] = file.read("model.weights.h5")
        report = inspect(zipped(tmp_path / "swapped.keras", parts), reader=reader)
        if not report.not_computed:
            assert report.verdict == "corrupt", other
            compared += 1
    assert compared or mine.not_computed or not mine.parameters


def test_units_of_a_layer_are_compared_with_its_kernel(reader: Reader, tmp_path: Path) -> None:
    """A size in the config is changed in every model that has one: each is found by its weights."""
    changed = 0
    for path in FILES:
        if path.suffix != ".keras":
            continue
        with zipfile.ZipFile(path) as file:
            parts = {name: file.read(name) for name in file.namelist()}
        text = parts["config.json"].decode()
        made = re.sub(r'"(units|filters|output_dim|key_dim)": (\d+)', lambda m: f'"{m[1]}": {int(m[2]) + 1}', text)
        if made == text:
            continue
        json.loads(made)
        parts["config.json"] = made.encode()
        report = inspect(zipped(tmp_path / "changed.keras", parts), reader=reader)
        if not report.not_computed:
            changed += 1
            assert {"weight-shape"} <= {each.rule for each in report.findings}, path
    assert changed >= 5
