"""Every bad file is called what it is, by the rule that is about it, and nothing in it has run."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.inspection import Limits, inspect
from harness.inspection.hdf5_process import Reader
from harness.inspection.rules import RULES
from tests.inspection import bad_containers, bad_references, good_files
from tests.inspection.bad_references import Case
from tests.inspection.building import MARKER, keras

CASES = [*bad_references.CASES, *bad_containers.CASES]
# What an inspection has no business with. Starting the child that reads HDF5 is its own.
FORBIDDEN = ("exec", "compile", "marshal.loads", "pickle.find_class", "os.system", "os.exec", "os.posix_spawn",
             "os.remove", "os.rename", "socket.connect", "socket.bind", "shutil.", "ctypes.")  # fmt: skip

heard: list[tuple[str, str]] = []
listening = False


def _temporary(arguments: tuple[object, ...]) -> bool:
    """Our own temporary folder, which is taken away again."""
    return "keras-harness-" in str(arguments[:1]) or arguments[:1] == ("weights.h5",)


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if not listening:
        return
    if event == "open":
        mode, flags = arguments[1], arguments[2]
        writes = (isinstance(mode, str) and set(mode) & set("wax+")) or (isinstance(flags, int) and flags & 3)
        starts_child = isinstance(arguments[0], int) or arguments[0] == os.devnull
        if writes and not starts_child and "keras-harness-" not in str(arguments[0]):
            heard.append((event, str(arguments[0])))
    elif event == "import":
        if str(arguments[0]).split(".")[0] in ("tensorflow", "keras", "pickle"):
            heard.append((event, str(arguments[0])))
    elif event.startswith(FORBIDDEN) and not _temporary(arguments):
        heard.append((event, repr(arguments)[:200]))


sys.addaudithook(_hook)


@pytest.fixture(scope="module")
def reader(tmp_path_factory) -> Iterator[Reader]:
    made = Reader(Limits())
    inspect(keras(tmp_path_factory.mktemp("first")), reader=made)  # so that what is imported once is imported
    yield made
    made.stop()


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_bad_file_is_called_what_it_is(case: Case, tmp_path: Path, reader: Reader, monkeypatch) -> None:
    global listening
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "folder"
    folder.mkdir()
    path = case.make(folder)
    heard.clear()
    listening = True
    try:
        report = inspect(path, reader=reader)
    finally:
        listening = False
    assert not report.error
    assert report.verdict == case.verdict, [(each.rule, each.where, each.what) for each in report.findings]
    if case.rule is not None:
        assert case.rule in {each.rule for each in report.findings}
    assert heard == []
    assert not (tmp_path / MARKER).exists()
    assert report.seconds < 5.0


def test_every_rule_has_a_file() -> None:
    """Those of `elsewhere` are shown in test_hdf5_process.py and test_loading.py: no file makes them by itself."""
    elsewhere = {"changed-while-read", "hdf5-abort", "hdf5-slow", "loading-without-end", "loading-crashes"}
    elsewhere |= {"does-not-load", "loads-without-compile", "call-fails", "does-not-survive"}
    assert {case.rule for case in (*CASES, *good_files.CASES)} - {None} == set(RULES) - elsewhere


def test_no_two_cases_have_one_name() -> None:
    names = [case.name for case in CASES]
    assert len(names) == len(set(names))
    assert len(names) >= 120
