"""Every bad file is called what it is, by the rule that is about it, and nothing in it has run."""

from __future__ import annotations

import io
import json
import os
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.inspection import Limits, Report, inspect, weights, weights_by_name
from harness.inspection.clock import Clock
from harness.inspection.hdf5_process import Contents, Reader
from harness.inspection.rules import RULES
from tests.inspection import building as b
from tests.inspection import good_files
from tests.inspection.bad_files import CASES
from tests.inspection.building import MARKER, keras
from tests.inspection.case import Case
from tests.inspection.saved_models import field, saved_model

# What an inspection has no business with. Starting the child that reads HDF5 is its own.
FORBIDDEN = ("exec", "compile", "marshal.loads", "pickle.find_class", "os.system", "os.exec", "os.posix_spawn",
             "os.remove", "os.rename", "socket.connect", "socket.bind", "shutil.", "ctypes.")  # fmt: skip

heard: list[tuple[str, str]] = []
listening = False


def _temporary(arguments: tuple[object, ...]) -> bool:
    """Our own temporary folder, which is taken away again."""
    return "keras-harness-" in str(arguments[:1]) or arguments[:1] in (("weights.h5",), ("weights.npz",))


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
    elsewhere |= {"inspection-slow"}
    elsewhere |= {"does-not-load", "loads-without-compile", "call-fails", "not-called", "does-not-survive"}
    elsewhere |= {"another-release"}  # told by the command, of what is not loaded
    assert {case.rule for case in (*CASES, *good_files.CASES)} - {None} == set(RULES) - elsewhere


def _many_nodes(folder: Path) -> Path:
    text = json.dumps({"class_name": "ReLU", "config": {"name": "r"}, "pad": "x" * 600}).encode()
    saved_model(folder, "Add")
    node = field(1, field(3, b"root") + field(5, text))
    (folder / "keras_metadata.pb").write_bytes(node * 30_000)
    return folder


def _many_arrays(folder: Path) -> Path:
    """Weights as .npz, their headers begun again and again."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        for at in range(300):
            file.writestr(f"{at}.npy", b"\x93NUMPY1234{" * 120 + b"'descr':" * 320)
    parts = b.entries()
    del parts["model.weights.h5"]
    return b.zipped(folder / "m.keras", parts | {"model.weights.npz": stream.getvalue()})


@pytest.mark.parametrize(("make", "verdict"), [(_many_nodes, "unsupported"), (_many_arrays, "unsafe")])
def test_time_grows_with_the_file_and_not_with_its_square(make, verdict: str, tmp_path: Path) -> None:
    assert inspect(make(tmp_path), limits=Limits(seconds=3.0, total_seconds=3.0)).verdict == verdict


def test_layers_are_compared_with_weights_in_the_time_of_both() -> None:
    layers = [
        b.layer("Dense", name=f"d{at}", units=1) | {"build_config": {"input_shape": [None, 1]}} for at in range(9000)
    ]
    held = Contents(datasets=[{"path": f"layers/z{at}/vars/0", "shape": [1, 1]} for at in range(9000)])
    report = Report("m.keras", clock=Clock(Limits(seconds=4.0, total_seconds=4.0)))
    weights.compare(report, b.sequential(*layers, inputs=1), held, "w", Limits())
    report.clock.check()
    assert report.more["weight-missing"] == 2 * 9000 - 200
    assert report.more["weight-surplus"] == 9000 - 200


def test_layers_are_compared_with_weights_by_name_in_the_time_of_both() -> None:
    root = "/model_weights"
    groups = {f"{root}/r{at}": {"weight_names": ["w"]} for at in range(8_000)}
    groups[root] = {"layer_names": [f"x{at}" for at in range(60_000)]}
    config = b.legacy(*[b.legacy_layer("ReLU", name=f"r{at}") for at in range(8_000)])
    report = Report("m.h5", clock=Clock(Limits(seconds=4.0, total_seconds=4.0)))
    weights_by_name.compare(report, config, Contents(groups=groups), Limits(), root)
    report.clock.check()
    assert report.more == {"weight-missing": 8_000 - 200, "weight-surplus": 68_000 - 200}


def test_an_inspection_ends_when_its_time_is_over(tmp_path: Path) -> None:
    path = b.keras_json(tmp_path, b.model() | {"extra": [[at] for at in range(100_000)]})
    report = inspect(path, limits=Limits(seconds=0.1, total_seconds=0.1))
    assert report.verdict == "bomb"
    (found,) = report.findings
    assert found.rule == "inspection-slow"
    assert "the limit is 0.1" in found.what
    assert inspect(path).verdict == "ok"


def test_weights_are_not_unpacked_beyond_the_limit(tmp_path: Path, reader: Reader) -> None:
    path = b.zipped(tmp_path / "m.keras", b.entries(), zipfile.ZIP_DEFLATED)
    report = inspect(path, limits=Limits(unpacked_bytes=1000), reader=reader)
    assert [(each.rule, each.where) for each in report.findings] == [("zip-bomb", "model.weights.h5")]
    assert inspect(path, reader=reader).verdict == "ok"


def test_no_two_cases_have_one_name() -> None:
    names = [case.name for case in CASES]
    assert len(names) == len(set(names))
    assert len(names) >= 120
