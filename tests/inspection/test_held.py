"""What is loaded is a copy of what was inspected, and of nothing else."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.commands.trial import Trial, Wanted
from harness.dispatch.scratch import Scratch
from harness.inspection import inspect
from harness.loading.held import Held, NotHeld
from harness.loading.loader import Loader, Settings
from tests.inspection import building as b


@pytest.fixture(scope="module")
def scratch() -> Iterator[Scratch]:
    made = Scratch()
    yield made
    made.close()


def folder_of_keras(folder: Path) -> Path:
    shutil.unpack_archive(b.keras(folder), folder / "model", "zip")
    return folder / "model"


MODELS: dict[str, Callable[[Path], Path]] = {
    "a .keras file": b.keras,
    "an HDF5 file": b.whole_hdf5,
    "a folder": folder_of_keras,
    "a config with weights beside it": b.pair,
    "a config alone": lambda folder: b.keras_json(folder, b.model()),
}


@pytest.mark.parametrize("what", MODELS)
def test_a_copy_is_what_was_inspected_until_somebody_writes_to_it(what: str, tmp_path: Path, scratch: Scratch) -> None:
    path = MODELS[what](tmp_path)
    report = inspect(path)
    with Held(path, report, scratch) as held:
        assert held.same
        assert held.path.name == path.name
        assert held.path != path
        assert inspect(held.path).sha256 == report.sha256
        assert (held.weights is None) == (report.weights is None)
    assert not held.path.exists()
    written = next(
        each for each in (report.weights, path / "model.weights.h5", path) if each is not None and each.is_file()
    )
    with open(written, "ab") as file:
        file.write(b"x")
    with Held(path, report, scratch) as held:
        assert not held.same


def test_what_was_put_beside_the_parts_of_a_folder_is_not_loaded_with_them(tmp_path: Path, scratch: Scratch) -> None:
    path = folder_of_keras(tmp_path)
    report = inspect(path)
    (path / "later.py").write_text("raise SystemExit")
    with Held(path, report, scratch) as held:
        assert held.same
        assert sorted(each.name for each in held.path.iterdir()) == ["config.json", "metadata.json", "model.weights.h5"]


def test_a_file_that_was_replaced_after_it_was_inspected_is_not_loaded(tmp_path: Path) -> None:
    path = b.keras(tmp_path)
    report = inspect(path)
    b.zipped(path, b.entries(b.sequential(b.dense("dense", 5, 3)), b.hdf5({})))
    loader = Loader(Settings())
    loader.load(path, report)
    loader.close()
    assert (report.loaded, loader.loaded) == (None, 0)
    assert [each.rule for each in report.findings] == ["changed-while-read"]
    assert report.verdict == "corrupt"


@pytest.mark.parametrize("change", [Path.unlink, lambda path: (path.unlink(), os.mkfifo(path))], ids=["gone", "a pipe"])
def test_a_file_that_is_gone_or_a_pipe_is_not_waited_for(
    change: Callable[[Path], object], tmp_path: Path, scratch: Scratch
) -> None:
    path = b.keras(tmp_path)
    report = inspect(path)
    change(path)
    with pytest.raises(NotHeld):
        Held(path, report, scratch)


def test_a_file_that_cannot_be_copied_is_said_not_to_be_loaded_and_costs_that_file_alone(tmp_path: Path) -> None:
    path = b.keras(tmp_path)
    report = inspect(path)
    with Trial(Wanted()) as trial:
        trial._loader = Loader(Settings())
        path.unlink()
        trial.take(path, report)
        assert trial.failed
        assert len(trial.remarks) == 1
        assert trial.remarks[0].startswith("not loaded: model.keras could not be copied for it: ")
        assert trial._load
    assert report.loaded is None


def test_messages_name_the_file_and_not_its_copy(tmp_path: Path, scratch: Scratch) -> None:
    path = b.keras(tmp_path)
    with Held(path, inspect(path), scratch) as held:
        assert held.told(f"cannot read {held.path}!") == f"cannot read {path}!"
