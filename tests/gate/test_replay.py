"""What earlier releases have recorded is taken up by the TensorFlow installed here; what breaks is accepted by name."""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from harness.cli import main
from harness.dispatch.pool import Answer
from harness.expectations.known import KnownIssues
from harness.gate.comparison import FILES
from harness.gate.record import models
from harness.gate.recording import NoRecording, Recorded, Recording, read, told_apart, write
from harness.gate.release import Release
from harness.gate.replay import Passed, Replay, Replayed
from harness.gate.result import Options, kind
from harness.protocol.architecture import Architecture, Call, Input, Node, Ref
from harness.reporting.replay_report import report, verdict_line

FOLDER = Path(__file__).parents[2] / "fixtures" / "recordings"
ACCEPTED = FOLDER / "accepted.toml"
PLANTED = Path(__file__).with_name("planted")
LARGEST, ALL = 1_000_000, 10_000_000  # bytes of a recording, and of all
ABOUT = {
    "python": "3.11.7", "tensorflow": "2.15.1", "keras": "2.15.0", "packages": {"numpy": "1.26.4"}, "devices": [],
    "names": {"layers.Dense": ["units"], "losses.Huber": ["delta"]},
    "defaults": {"layers.Dense": {"units": None}}, "layer_defaults": {}, "layers": ["layers.Dense"],
}  # fmt: skip
MODEL = Architecture(
    "m",
    inputs=(Input("x", (3,)),),
    nodes=(Node("n", Call("layers.Dense", {"units": 2}), (Ref("x"),)),),
    outputs=Ref("n"),
)


def code(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return int(ended.value.code or 0)


def written(path: Path, *, files: dict[str, dict[str, bytes]] | None = None) -> Recording:
    reply = {"build": {}, "before": {"outputs": {"inner": [], "outputs": []}}, "routes": {}, "unsent": {}, "pid": 7}
    answer = Answer(reply, {"d1": b"\0\1\2"})
    model = Recorded("a model", MODEL, answer, {"hdf5": {"model.h5": b"file"}} if files is None else files, b"data")
    write(
        path,
        Release("", ABOUT),
        [model],
        left_out={"another": "it cannot be built"},
        asked="tensorflow-cpu==2.15.1",
        installed={"numpy": "1.26.4"},
    )
    return read(path)


def test_a_recording_is_read_as_it_was_written(tmp_path: Path) -> None:
    found = written(tmp_path / "old.zip")
    (model,) = found.recorded()
    assert (found.name, found.asked, found.left_out) == (
        "old", "tensorflow-cpu==2.15.1", {"another": "it cannot be built"},
    )  # fmt: skip
    assert found.release.environment["packages"] == {"numpy": "1.26.4"}
    assert set(found.release.vocabulary.arguments) == {"layers.Dense"}
    assert (model.architecture, model.files, model.data) == (MODEL, {"hdf5": {"model.h5": b"file"}}, b"data")
    assert model.answer.blobs == {"d1": b"\0\1\2"}
    assert set(model.answer.reply) == {"build", "before", "routes", "unsent"}


def test_no_recording_goes_by_the_name_of_another_or_of_the_candidate(tmp_path: Path) -> None:
    (tmp_path / "later").mkdir()
    found = [written(tmp_path / name) for name in ("candidate.zip", "old.zip", "later/old.zip", "new.zip")]
    names = [each.name for each in told_apart(found, "candidate")]
    assert names == [str(tmp_path / "candidate.zip"), "old", str(tmp_path / "later/old.zip"), "new"]
    assert [each.release.name for each in told_apart(found, "candidate")] == names


def test_its_files_are_put_where_they_are_told_to(tmp_path: Path) -> None:
    (model,) = written(tmp_path / "old.zip").recorded()
    (tmp_path / "hdf5").mkdir()
    paths, data = model.put({"hdf5": tmp_path / "hdf5"})
    assert paths == {"hdf5": str(tmp_path / "hdf5" / "model.h5")}
    assert (Path(paths["hdf5"]).read_bytes(), data.read_bytes()) == (b"file", b"data")


def test_the_file_that_a_route_names_is_the_one_that_is_loaded(tmp_path: Path) -> None:
    (model,) = written(tmp_path / "old.zip", files={"json_weights": {"z.json": b"{}", "a.h5": b"file"}}).recorded()
    (tmp_path / "pair").mkdir()
    paths, _ = model.put({"json_weights": tmp_path / "pair"})
    assert paths == {"json_weights": str(tmp_path / "pair" / "z.json")}
    assert (tmp_path / "pair" / "a.h5").read_bytes() == b"file"


def test_no_file_is_put_elsewhere(tmp_path: Path) -> None:
    written(tmp_path / "old.zip", files={"hdf5": {"..": b"file"}})
    with pytest.raises(NoRecording, match="none can be called"):
        list(read(tmp_path / "old.zip").recorded())


def changed(path: Path, member: str, change: Callable[[bytes], bytes]) -> Path:
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    content[member] = change(content[member])
    with zipfile.ZipFile(path, "w") as archive:
        for name, each in content.items():
            archive.writestr(name, each)
    return path


@pytest.mark.parametrize(
    ("member", "change", "said"),
    [
        ("recording.json", lambda text: text.replace(b'"schema_version":1', b'"schema_version":9'), "version 9"),
        ("recording.json", lambda text: text.replace(b'"a model"', b'"../../etc"'), "names a model"),
        ("recording.json", lambda text: text[:-9], "is no recording"),
        ("recording.json", lambda text: text.replace(b'"keras"', b'"kerax"'), "is no recording"),
        ("models/a model.json", lambda text: text.replace(b"Architecture", b"Exploit"), "is no recording"),
        ("models/a model.json", lambda text: text.replace(b'"arrays"', b'"array"'), "is no recording"),
    ],
)
def test_a_damaged_recording_is_told(
    member: str, change: Callable[[bytes], bytes], said: str, tmp_path: Path
) -> None:  # fmt: skip
    written(tmp_path / "old.zip")
    with pytest.raises(NoRecording, match=said):
        list(read(changed(tmp_path / "old.zip", member, change)).recorded())


def test_a_member_that_would_fill_the_memory_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = written(tmp_path / "old.zip", files={"hdf5": {"model.h5": b"0" * 70_000}})
    monkeypatch.setattr("harness.gate.recording.LARGEST", 60_000)
    with pytest.raises(NoRecording, match="the most"):
        list(found.recorded())


def test_wrong_usage_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert code("replay", str(tmp_path / "none.zip")) == 2
    assert code("replay", str(tmp_path)) == 2
    (tmp_path / "empty.zip").write_bytes(b"")
    assert code("replay", str(tmp_path)) == 2
    assert code("replay", str(tmp_path), "--route", "hdf") == 2
    assert code("record", "--out", str(tmp_path / "no" / "such.zip")) == 2
    said = capsys.readouterr().err
    for each in ("there is no", "no recording (.zip)", "empty.zip is no recording", "hdf5", "there is no folder"):
        assert each in said


def test_nothing_taken_up_is_no_pass(tmp_path: Path) -> None:
    nothing = Replay(Options(None, "a", "b"), [], lambda *_: None)
    nothing.result.recordings.append(Passed(written(tmp_path / "old.zip")))
    result = Replayed(Options(None, "a", "b"), stopped=None, problems=list(nothing._nothing()))
    assert result.verdict == "error"
    assert verdict_line(result).startswith("COULD NOT MEASURE: no file of old was taken up")


def test_the_recordings_are_small_and_state_what_made_them() -> None:
    paths = sorted(FOLDER.glob("*.zip"))
    assert paths
    assert all(path.stat().st_size < LARGEST for path in paths)
    assert sum(path.stat().st_size for path in paths) < ALL
    for found in map(read, paths):
        assert found.path.name == f"tensorflow-{found.about['tensorflow']}-keras-{found.about['keras']}.zip"
        packages = {name.lower().replace("_", "-"): version for name, version in found.installed.items()}
        assert packages["tensorflow-cpu"] == found.about["tensorflow"]
        assert packages["keras"] == found.about["keras"]
        assert packages["numpy"] == found.about["packages"]["numpy"]
        assert {*found.models, *found.left_out} == set(models())


# --- under the TensorFlow installed here ---


@cache
def recordings() -> tuple[Recording, ...]:
    return tuple(read(path) for path in sorted(FOLDER.glob("*.zip")))


def latest(*names: str) -> Recording:
    """The recording of the latest release, these models of it alone."""
    last = max(recordings(), key=lambda each: [int(part) for part in str(each.about["keras"]).split(".")])
    return replace(last, models=names)


def replayed(
    *recorded: Recording, fault: str = "", known: KnownIssues | None = None, python: str = sys.executable
) -> Replayed:
    options = Options(None, "recordings", python, known=known or KnownIssues())
    modules = (PLANTED / f"{fault}.py",) if fault else ()
    return Replay(options, list(recorded), lambda *_: None, modules=modules).run()


@pytest.mark.slow
def test_every_recording_holds_here_but_for_what_is_accepted() -> None:
    known = KnownIssues.read(ACCEPTED)
    result = replayed(*recordings(), known=known)
    told = [(kind(each), each.title, result.shown[f"{kind(each)} {each.id}"]) for each in result.failing()]
    assert (told, result.problems) == ([], [])
    assert result.verdict == "pass"
    for each in result.recordings:
        assert each.models == len(each.recording.models)
        for route in FILES:  # each has been taken up; what does not pass is among the findings
            assert sum(each.routes[route]) >= 15
        assert each.routes["hdf5"][0] >= 5  # so much passes at least, whatever is accepted
        assert each.routes["weights_h5"][0] >= 15
    # What is accepted of Keras 2 is accepted of no other, and the other way round.
    for key, each in result.findings.items():
        if each.known_issue and not each.known_issue["id"].startswith("here-"):  # a fault of this Keras, whoever saved
            major = 3 if each.known_issue["id"].startswith("keras-3-") else 2
            assert all(f"-keras-{major}." in name for name in result.shown[key])
    newest = tuple(map(int, str(result.environments["candidate"]["keras"]).split(".")[:2])) >= (3, 15)
    assert not newest or {entry.id for entry in known.entries} == set(known.seen)  # none is stale


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("", set()),
        ("another_formula", {("incompatible-forward", "outputs")}),
        ("another_order_of_weights", {("incompatible-forward", "weights")}),
        ("a_hdf5_that_is_refused", {("incompatible-forward", "travel")}),
        ("a_renamed_slot", {("incompatible-forward", "optimizer")}),
    ],
)
def test_a_fault_in_what_is_installed_makes_it_fail(fault: str, told: set[tuple[str, str]], warm: str) -> None:
    result = replayed(latest("dense"), fault=fault, python=warm)
    assert {(kind(each), each.observation) for each in result.failing()} == told
    assert (result.problems, result.verdict) == ([], "fail" if told else "pass")
    assert all(each["recordings"] for each in report(result)["findings"])


@pytest.mark.slow
def test_a_process_that_is_lost_is_a_finding_and_no_other_model_is() -> None:
    result = replayed(latest("dense", "depthwise"), fault="a_crash_on_loading")
    assert {(kind(each), each.observation) for each in result.failing()} == {("incompatible-forward", "worker")}
    assert (result.stopped, result.verdict, result.examples) == (None, "fail", 2)


@pytest.mark.slow
def test_what_is_accepted_is_accepted_whatever_a_recording_is_called(tmp_path: Path) -> None:
    (path,) = FOLDER.glob("tensorflow-2.15.1-*.zip")
    called = tmp_path / "candidate.zip"
    called.write_bytes(path.read_bytes())
    file = tmp_path / "report.json"
    code("replay", str(called), "--route", "keras_zip", "--known-issues", str(ACCEPTED), "--json", str(file))
    found = json.loads(file.read_text(encoding="utf-8"))
    assert "keras-2-module-path" in {each["known_issue"] and each["known_issue"]["id"] for each in found["findings"]}
    told = found["environments"]
    assert {name: each["keras"] for name, each in told.items()} == {
        "candidate": told["candidate"]["keras"],
        str(called): "2.15.0",
    }
    assert told["candidate"]["keras"] != "2.15.0"


@pytest.mark.slow
def test_the_command_writes_a_report_and_its_exit_code_says_what_came(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    assert code("record", "--out", str(tmp_path)) == 0
    (made,) = tmp_path.glob("*.zip")
    assert code("replay", str(made), "--json", str(path), "--junitxml", str(tmp_path / "junit.xml")) == 0
    told = json.loads(path.read_text())
    assert (told["command"], told["verdict"]) == ("replay", "pass")
    assert told["recordings"][0]["routes"]["hdf5"]["failed"] == 0
    assert told["recordings"][0]["models"] == len(models()) - len(told["recordings"][0]["left_out"])
