"""What was found is kept, and tried first by the next check: it has FAILED again, or it is FIXED and forgotten."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness.check.again import outcome
from harness.check.profiles import Profile
from harness.check.recordings import FAILED, FIXED, KNOWN, SKIPPED, Recording, Replayed, keep, read
from harness.check.result import Options, Result
from harness.check.session import Session
from harness.dispatch.pool import Answer
from harness.expectations.finding import Finding
from harness.expectations.known import KnownIssue, KnownIssues, Pattern
from harness.expectations.table import parse
from tests.stub import ROOT, interpreter
from tests.test_console import MODEL, NEW
from tests.test_planted import PLANTED
from tests.warm import VARIABLES

PROFILE = Profile("test", 1, 1, False, ())
HERE = {"python": "3.11", "tensorflow": "2.21.0", "keras": "3.15.0"}
MAIN = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from harness.cli import main; main()"


def check(python: str, folder: Path, *, layers: tuple[str, ...] = ("ReLU",), **options) -> Result:
    """A check whose findings are kept, as the command line does it."""
    routes = options.pop("routes", ("json", "clone"))
    given = Options(PROFILE, layers, routes, interpreter=python, recordings=folder, **options)
    result = Session(given).run()
    assert keep(folder, result.findings.values(), result.replayed.values(), result.environment, given.seed) is None
    return result


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def statuses(result: Result) -> dict[str, str]:
    return {each.id: each.status for each in result.replayed.values()}


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A stand-in that raises at a ReLU on the way of a clone."""
    return interpreter(tmp_path_factory.mktemp("broken") / "stub", ReLU=("clone", "error"))


@pytest.fixture(scope="module")
def mended(tmp_path_factory: pytest.TempPathFactory) -> str:
    return interpreter(tmp_path_factory.mktemp("mended") / "stub")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory, broken: str) -> Path:
    """A folder that holds the one finding of the stand-in that raises."""
    made = tmp_path_factory.mktemp("recorded") / "found"
    assert len(check(broken, made).findings) == 1
    assert len(files(made)) == 1
    return made


@pytest.fixture
def folder(tmp_path: Path, recorded: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(recorded, tmp_path / "found"))


def test_a_finding_that_shows_again_has_failed_and_is_kept(broken: str, folder: Path) -> None:
    before = files(folder)
    result = check(broken, folder, layers=("ReLU", "Softmax"), seed=7)
    (found,) = result.findings.values()
    assert statuses(result) == {found.id: FAILED}
    assert found.status == "new"
    assert result.verdict == "fail"
    assert files(folder) == before


def test_a_finding_that_does_not_show_any_more_is_fixed_and_forgotten(mended: str, folder: Path) -> None:
    (path,) = folder.rglob("*.json")
    result = check(mended, folder)
    assert statuses(result) == {path.stem: FIXED}
    assert result.verdict == "pass"
    assert files(folder) == []
    assert statuses(check(mended, folder)) == {}


@pytest.mark.parametrize("python", ["broken", "mended"])
def test_a_recording_under_an_id_of_an_earlier_harness_is_tried_once_and_takes_its_own(
    python: str, folder: Path, request: pytest.FixtureRequest
) -> None:
    (path,) = folder.rglob("*.json")
    path.rename(path.with_name("0d1d0d1d.json"))
    first = check(request.getfixturevalue(python), folder)
    assert statuses(first) == {path.stem: FAILED if python == "broken" else FIXED}
    assert files(folder) == ([path.name] if python == "broken" else [])


def test_what_is_recorded_is_sent_before_anything_is_drawn_and_changes_nothing_of_what_is(
    mended: str, folder: Path, tmp_path: Path
) -> None:
    plain = check(mended, tmp_path / "nothing there", layers=("ReLU", "Softmax"))
    also = check(mended, folder, layers=("ReLU", "Softmax"))
    assert plain.plan is not None
    assert also.plan is not None
    assert also.replayed
    assert (plain.examples, plain.route_examples, plain.arrived) == (also.examples, also.route_examples, also.arrived)
    assert plain.plan.coverage.arguments == also.plan.coverage.arguments
    assert not (tmp_path / "nothing there").exists()


@pytest.mark.parametrize("narrowed", [{"layers": ("Softmax",)}, {"routes": ("json",)}, {"time_limit": 1e-9}])
def test_what_a_check_is_not_about_is_neither_sent_nor_forgotten(mended: str, folder: Path, narrowed: dict) -> None:
    before = files(folder)
    assert statuses(check(mended, folder, **narrowed)) == {}
    assert files(folder) == before


def test_a_check_of_a_topology_sends_the_models_that_have_it(mended: str, folder: Path) -> None:
    assert statuses(check(mended, folder, layers=(), topologies=("frozen layer",))) == {}
    assert files(folder)


def test_what_is_known_by_now_is_not_sent_and_is_forgotten(broken: str, folder: Path) -> None:
    (path,) = folder.rglob("*.json")
    known = KnownIssues((KnownIssue("clone", "it does", patterns=(Pattern(checks=("clone/*",), kind="error"),)),))
    result = check(broken, folder, layers=("ReLU",), known=known)
    assert statuses(result) == {path.stem: KNOWN}
    assert "found before" not in result.timings
    assert result.verdict == "pass"
    assert files(folder) == []


DAMAGES = {
    "empty": "",
    "cut": None,
    "no object": "[1, 2]",
    "of another time": '{"schema_version": 99}',
    "no model": '{"schema_version": 1, "id": "x", "seed": 0, "fixed_under": [], "environment": {"python": "3.11", '
    '"tensorflow": "2", "keras": "3"}, "finding": {"observation": "config", "kind": "value", "place": [], "routes": '
    '["json"], "title": "", "layers": [], "error": null, "architecture": null}}',
    "deep": "[" * 100_000,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_recording_is_named_and_skipped_and_the_others_are_tried(
    broken: str, folder: Path, damage: str
) -> None:
    (path,) = folder.rglob("*.json")
    text = DAMAGES[damage]
    other = path.with_name("00000000.json")
    other.write_text(path.read_text()[:-200] if text is None else text)
    (path.parent / "11111111.json").mkdir()
    result = check(broken, folder)
    assert statuses(result) == {"00000000": SKIPPED, "11111111": SKIPPED, path.stem: FAILED}
    assert str(other) in result.replayed["00000000"].reason
    assert result.problems == []
    assert other.exists()


def test_a_recording_that_was_changed_by_hand_costs_no_check(mended: str, folder: Path) -> None:
    (path,) = folder.rglob("*.json")
    data = json.loads(path.read_text())
    data["finding"]["architecture"]["nodes"] = {"$": "tuple", "of": [{"$": "Ref", "node": "x"}]}
    path.write_text(json.dumps(data))
    result = check(mended, folder)
    assert (result.stopped, result.verdict) == (None, "pass")
    assert set(statuses(result).values()) <= {SKIPPED, FIXED}


def test_gone_under_a_later_release_it_is_tried_there_no_more_and_still_under_its_own(tmp_path: Path) -> None:
    later = {**HERE, "keras": "3.16.0"}
    keep(tmp_path, [NEW], [], HERE, 3)
    ((one,), _) = read(tmp_path, "3.16.0")
    assert (one.finding.id, one.seed, one.environment) == (NEW.id, 3, HERE)
    keep(tmp_path, [], [Replayed(NEW.id, FIXED, one)], later, 0)
    assert read(tmp_path, "3.16.0") == ([], [])
    ((again,), _) = read(tmp_path, "3.15.0")
    assert read(tmp_path, "2.15.0") == ([], [])
    keep(tmp_path, [], [Replayed(NEW.id, FIXED, again)], HERE, 0)
    assert files(tmp_path) == []


def test_what_is_known_and_bases_of_keras_applications_are_not_kept(tmp_path: Path) -> None:
    known = replace(NEW, status="known")
    base = replace(NEW, architecture=replace(MODEL, form="application:MobileNet"))
    assert keep(tmp_path, [known, base, replace(NEW, architecture=None)], [], HERE, 0) is None
    assert files(tmp_path) == []


def test_a_folder_that_takes_no_file_is_said_and_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    told = keep(tmp_path / "file" / "below", [NEW], [], HERE, 0)
    assert told is not None
    assert str(tmp_path / "file" / "below") in told
    assert read(tmp_path / "file" / "below", "3.15.0") == ([], [])


def answered(*, route: str = "keras_zip", **reply) -> str:
    recording = Recording(NEW, HERE, 0)
    seen = {"build": {"shapes": {}}, "before": {}, "routes": {route: {"before": {}, "after": {}}}, **reply}
    return outcome(recording, "keras_zip", Answer(seen), parse()).replayed.status


def test_fixed_is_only_what_came_as_far_as_before() -> None:
    error = {"type": "TypeError", "message": "units", "place": ""}
    assert answered() == FIXED
    assert answered(build={"error": error}) == SKIPPED
    assert answered(routes={"keras_zip": {"error": error}}) == SKIPPED
    assert answered(routes={}) == SKIPPED
    assert answered(fault=error) == SKIPPED
    assert answered(routes={"keras_zip": 3}) == SKIPPED


def run(python: str, cache: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", MAIN, "check", "--env", python, "--layer", "ReLU", "--route", "clone", *arguments],
        capture_output=True, text=True, timeout=120, check=False, env={**os.environ, "XDG_CACHE_HOME": str(cache)},
    )  # fmt: skip


def test_the_command_says_failed_and_fixed_with_the_id(broken: str, mended: str, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    first = run(broken, tmp_path)
    assert first.returncode == 1, first.stdout + first.stderr
    again = run(broken, tmp_path, "--json", str(report))
    assert again.returncode == 1
    (found,) = json.loads(report.read_text())["findings"]
    assert found["found_before"] is True
    assert f"FAILED   {found['id']} clone/travel" in again.stdout
    assert "(found before)" in again.stdout
    gone = run(mended, tmp_path, "--json", str(report))
    assert gone.returncode == 0
    assert f"FIXED    {found['id']}" in gone.stdout
    (row,) = json.loads(report.read_text())["replayed"]
    assert (row["id"], row["status"], row["check"]) == (found["id"], FIXED, "clone/travel")
    assert row["found"]["seed"] == 0


def test_a_folder_of_its_own_may_be_named_and_must_be_one(broken: str, tmp_path: Path) -> None:
    run(broken, tmp_path / "cache", "--recordings", str(tmp_path / "mine"))
    assert len(files(tmp_path / "mine")) == 1
    assert not (tmp_path / "cache" / "keras-harness" / "recordings").exists()
    file = tmp_path / "a file"
    file.write_text("")
    assert run(broken, tmp_path, "--recordings", str(file)).returncode == 2


def test_a_cache_that_cannot_be_written_is_no_failure(broken: str, mended: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert run(mended, tmp_path / "file").returncode == 0
    done = run(broken, tmp_path / "file")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "could not be kept" in done.stdout


def test_two_checks_at_once_leave_whole_recordings(broken: str, mended: str, tmp_path: Path) -> None:
    python = "import sys; from harness.cli import main; main()"
    words = ["check", "--layer", "ReLU", "--route", "clone", "--recordings", str(tmp_path / "found"), "--env"]
    both = [
        subprocess.Popen([sys.executable, "-c", python, *words, each], cwd=ROOT, stdout=subprocess.DEVNULL)
        for each in (broken, broken, mended)
    ]
    assert [each.wait(120) for each in both][:2] == [1, 1]
    found, damaged = read(tmp_path / "found", "3.15.0")
    assert damaged == []
    assert len(found) <= 1
    assert all(name.endswith(".json") and not name.startswith(".") for name in files(tmp_path / "found"))


@pytest.mark.slow
def test_a_fault_of_keras_is_found_fails_again_under_another_seed_and_is_fixed_without_it(
    tmp_path: Path, warm: str
) -> None:
    planted = tmp_path / "python"
    fault = PLANTED / "loaded_weights_are_swapped.py"
    planted.write_text(f'#!/bin/sh\nexec "{warm}" "$@" "{fault}"\n', encoding="utf-8")
    planted.chmod(0o755)
    options = {"layers": ("Dense",), "routes": ("keras_zip", "json"), "workers": 1, "known": KnownIssues.read()}
    forked = {**options, "variables": VARIABLES}
    first = check(str(planted), tmp_path / "found", **forked)
    lost: list[Finding] = [each for each in first.findings.values() if each.observation == "weights"]
    assert lost
    again = check(str(planted), tmp_path / "found", seed=9, **forked)
    assert statuses(again)[lost[0].id] == FAILED
    healthy = check(sys.executable, tmp_path / "found", **options)
    assert statuses(healthy)[lost[0].id] == FIXED
    assert lost[0].id not in {path.stem for path in (tmp_path / "found").rglob("*.json")}
