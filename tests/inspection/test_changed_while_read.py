"""A file that becomes another while it is read, or a pipe, is said to be changed, and its inspection ends."""

from __future__ import annotations

import contextlib
import os
import signal
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import pytest

from harness.inspection import Limits, collect, hdf5_child, inspect, recognise
from harness.inspection.formats import archive, folder, hdf5, json_config, keras_zip, saved_model
from harness.inspection.formats.archive import Archive
from harness.inspection.hdf5_process import Reader
from harness.inspection.limits import MB
from harness.inspection.plain import read_plain
from harness.inspection.report import Report
from harness.inspection.subject import Subject
from tests.inspection import building as b
from tests.inspection.bad_places import index
from tests.inspection.saved_models import saved_model as saved


def shorter(path: Path) -> None:
    os.truncate(path, 20)


def another(path: Path) -> None:
    new = path.with_name("new")
    new.write_bytes(b"{}")
    new.replace(path)


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def gone(path: Path) -> None:
    path.unlink()


@contextlib.contextmanager
def ends(path: Path, seconds: float = 30) -> Iterator[None]:
    """Fails where somebody waits for a pipe at `path`, whom it lets go."""
    waited, writers = [], []

    def let_go(*_: Any) -> None:
        waited.append(path)
        if writers:
            os.close(writers.pop())  # who reads comes to an end
        elif path.exists():
            writers.append(os.open(path, os.O_RDWR | os.O_NONBLOCK))  # who opens goes on

    before = signal.signal(signal.SIGALRM, let_go)
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        for each in writers:
            os.close(each)
    assert not waited, f"it waits for {path.name}"


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    """One child for all."""
    reader = Reader(Limits())
    yield reader
    reader.stop()


def inspected(
    path: Path, part: Path, change: Callable[[Path], None], before: tuple[Any, str], monkeypatch, reader: Reader
) -> Report:
    """The report of a file of which a part is changed right before a step of its inspection."""
    place, name = before
    step = getattr(place, name)

    def changing(*arguments: Any, **options: Any) -> Any:
        monkeypatch.setattr(place, name, step)
        change(part)
        return step(*arguments, **options)

    monkeypatch.setattr(place, name, changing)
    with ends(part):
        report = inspect(path, reader=reader)
    assert getattr(place, name) is step, "the step was not come to"
    return report


def _large(folder: Path) -> Path:
    """One that is hashed beside its reading."""
    return b.keras(folder, weights=b.hdf5(b.arrays()) + bytes(2 * MB))


def _compressed(folder: Path) -> Path:
    return b.zipped(folder / "m.keras", b.entries(), zipfile.ZIP_DEFLATED)


def _json(folder: Path) -> Path:
    return b.keras_json(folder, b.model())


def _text(folder: Path) -> Path:
    path = folder / "m.bin"
    path.write_text("neither a model nor a pickle, " * 10)
    return path


def _graph(folder: Path) -> Path:
    return saved(folder, "Add") / "saved_model.pb"


STEPS: list[tuple[Callable[[Path], Path], tuple[Any, str]]] = [
    (b.keras, (Subject, "has_holes")),
    (_large, (Subject, "has_holes")),
    *((b.keras, step) for step in (
        (recognise, "_file"), (recognise, "_is_zip"), (keras_zip, "inspect"), (archive, "_two_ends"),
        (Archive, "_agrees"), (Archive, "stored_at"), (Archive, "read"), (Reader, "read"))),
    (_compressed, (archive, "_two_ends")),
    (_compressed, (Reader, "read")),
    (b.whole_hdf5, (recognise, "_file")),
    (b.whole_hdf5, (hdf5, "inspect")),
    (b.whole_hdf5, (Reader, "read")),
    (_json, (json_config, "inspect")),
    (_text, (recognise, "_is_pickle")),
    (_graph, (saved_model, "graph")),
]  # fmt: skip


@pytest.mark.parametrize("change", [shorter, another, pipe, gone])
@pytest.mark.parametrize(("make", "before"), STEPS, ids=lambda each: getattr(each, "__name__", None) or each[1])
def test_a_file_that_changes_before_a_step_is_said_to_have_changed(
    make: Callable[[Path], Path], before: tuple[Any, str], change: Callable[[Path], None], tmp_path: Path,
    monkeypatch, reader: Reader, capfd,
) -> None:  # fmt: skip
    path = make(tmp_path)
    report = inspected(path, path, change, before, monkeypatch, reader)
    assert report.error == ""
    assert report.verdict == "corrupt"
    assert ("changed-while-read", "") in {(each.rule, each.where) for each in report.findings}
    assert capfd.readouterr().err == ""  # a thread that fails says so there


@pytest.mark.parametrize("change", [shorter, another, pipe, gone])
@pytest.mark.parametrize(
    ("name", "before"),
    [
        ("config.json", (folder, "read")),
        ("model.weights.h5", (Reader, "read")),
        ("assets/inner/words.txt", (folder, "_foreign")),
        ("assets/inner/words.txt", (recognise, "_of_parts")),
    ],
    ids=lambda each: each if isinstance(each, str) else each[1],
)
def test_a_part_of_a_folder_that_changes_is_named(
    name: str, before: tuple[Any, str], change: Callable[[Path], None], tmp_path: Path, monkeypatch, reader: Reader
) -> None:
    with zipfile.ZipFile(b.keras(tmp_path)) as file:
        file.extractall(tmp_path / "model")
    words = tmp_path / "model" / "assets" / "inner" / "words.txt"
    words.parent.mkdir(parents=True)
    words.write_text("word\n" * 100)
    report = inspected(tmp_path / "model", tmp_path / "model" / name, change, before, monkeypatch, reader)
    assert report.error == ""
    said = {each.where for each in report.findings if each.rule == "changed-while-read"}
    assert said == {name}  # and not of the folder, where others may write


@pytest.mark.parametrize("change", [shorter, another, pipe, gone])
def test_a_shard_that_changes_is_named(
    change: Callable[[Path], None], tmp_path: Path, monkeypatch, reader: Reader
) -> None:
    path = index(tmp_path, None)
    shard = tmp_path / "m_00000.weights.h5"
    report = inspected(path, shard, change, (Reader, "read"), monkeypatch, reader)
    assert report.error == ""
    assert ("changed-while-read", shard.name) in {(each.rule, each.where) for each in report.findings}


def test_weights_beside_a_config_that_change_are_named(tmp_path: Path, monkeypatch, reader: Reader) -> None:
    path, weights = b.pair(tmp_path), tmp_path / "model.weights.h5"
    assert inspect(path, reader=reader).verdict == "ok"
    report = inspected(path, weights, shorter, (Reader, "read"), monkeypatch, reader)
    assert ("changed-while-read", weights.name) in {(each.rule, each.where) for each in report.findings}


@pytest.mark.parametrize("changes", [False, True])
def test_a_fault_is_ours_where_the_file_has_not_changed(
    changes: bool, tmp_path: Path, monkeypatch, reader: Reader
) -> None:
    path = b.keras(tmp_path)

    def fails(*_: Any) -> None:
        if changes:
            shorter(path)
        raise KeyError("a fault")

    monkeypatch.setattr(recognise, "_file", fails)
    report = inspect(path, reader=reader)
    assert report.verdict == ("corrupt" if changes else "error")
    assert [each.rule for each in report.findings] == ["changed-while-read"] * changes


def test_a_zip_that_is_cut_off_before_its_weights_are_read_is_broken(tmp_path: Path, monkeypatch, reader) -> None:
    path = b.keras(tmp_path)
    report = inspected(path, path, shorter, (Archive, "stored_at"), monkeypatch, reader)
    assert {"zip-broken", "changed-while-read"} <= {each.rule for each in report.findings}


def test_hdf5_is_read_without_a_path_where_the_system_has_none_for_open_files(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "m.weights.h5"
    path.write_bytes(b.hdf5(b.arrays()))
    monkeypatch.setattr(os.path, "exists", lambda _: False)
    window = hdf5_child.Window(str(path))
    try:
        assert window.opened() is window
        with h5py.File(window, "r") as file:
            assert all((file[name][()] == values).all() for name, values in b.arrays().items())
    finally:
        window.close()


def test_no_pipe_is_opened(tmp_path: Path, reader: Reader) -> None:
    path = tmp_path / "m.weights.h5"
    os.mkfifo(path)
    with ends(path):
        with pytest.raises(OSError, match="no plain file"):
            read_plain(path)
        contents = reader.read(path)
        assert [rule for rule, _, _ in contents.findings] == ["hdf5-broken"]
        assert "no plain file" in contents.findings[0][2]
        assert list(collect.collect([tmp_path])) == [path]  # of its name
    with pytest.raises(OSError, match="no plain file"):
        read_plain(tmp_path)


def test_a_pipe_in_place_of_what_may_be_a_model_is_not_waited_for(tmp_path: Path, monkeypatch) -> None:
    path = _text(tmp_path)
    step = Path.is_file

    def changing(asked: Path) -> bool:
        was = step(asked)
        if asked == path and was:
            pipe(path)
        return was

    monkeypatch.setattr(Path, "is_file", changing)
    with ends(path):
        assert list(collect.collect([tmp_path])) == [tmp_path]
