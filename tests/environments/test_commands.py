"""`keras-harness environments`, and what the other commands say of an environment that cannot be made."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.cli import main
from harness.environments.environment import environment
from tests.environments.conftest import FakeUv

OLD = "python==3.11 tensorflow-cpu==2.18.1 keras==3.6.0"
ROOT = Path(__file__).resolve().parents[2]
MAIN = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from harness.cli import main; main()"
NEW = "python==3.11 tensorflow-cpu==2.21.0 keras==3.15.1"


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    assert isinstance(ended.value.code, int)
    return ended.value.code


def made(text: str) -> str:
    with environment(text) as found:
        return str(found.id)


def test_each_is_listed_with_what_was_asked_and_what_was_resolved(
    uv: FakeUv, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = {made(OLD), made(NEW)}
    assert run("environments") == 0
    said = capsys.readouterr().out
    assert all(id in said and str(cache / id) in said for id in ids)
    assert f"asked     {OLD}" in said
    assert "resolved  Python 3.11.7, TensorFlow 2.18.1, Keras 3.6.0; made just now" in said
    assert "2 in " in said


def test_none_are_listed_where_there_are_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("environments") == 0
    assert capsys.readouterr().out.startswith("0 in ")


def test_one_is_removed_by_its_id_with_its_lock(uv: FakeUv, cache: Path) -> None:
    old, new = made(OLD), made(NEW)
    assert run("environments", "--remove", old) == 0
    assert sorted(each.name for each in cache.iterdir()) == [new, f"{new}.lock"]


def test_an_id_that_is_none_is_wrong_usage(uv: FakeUv, capsys: pytest.CaptureFixture[str]) -> None:
    id = made(OLD)
    assert run("environments", "--remove", id[:-1]) == 2
    assert f"did you mean {id}" in capsys.readouterr().err


def test_clean_removes_all_and_what_is_half_made(uv: FakeUv, cache: Path) -> None:
    made(OLD)
    (cache / "0123456789ab").mkdir()
    assert run("environments", "--clean") == 0
    assert list(cache.iterdir()) == []


def test_clean_can_leave_what_was_used_of_late(uv: FakeUv, cache: Path) -> None:
    old, new = made(OLD), made(NEW)
    long_ago = time.time() - 40 * 24 * 3600
    os.utime(cache / old / "environment.json", (long_ago, long_ago))
    assert run("environments", "--clean", "--unused-for", "30") == 0
    assert sorted(each.name for each in cache.iterdir()) == [new, f"{new}.lock"]


def test_one_in_use_is_not_removed(uv: FakeUv, cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with environment(OLD) as found:
        assert run("environments", "--clean") == 3
        assert Path(found.interpreter).exists()
    assert f"{found.id} is in use" in capsys.readouterr().err


def test_unused_for_alone_is_wrong_usage() -> None:
    assert run("environments", "--unused-for", "3") == 2


@pytest.mark.parametrize("command", [("check",), ("layers",), ("known", "--verify")])
def test_an_environment_that_cannot_be_made_is_exit_3_with_the_reason(
    uv: FakeUv, capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    uv.does("no solution")
    assert run(*command, "--env", "tensorflow-cpu==9.9") == 3
    said = capsys.readouterr()
    assert "there is no version of tensorflow-cpu==9.9" in said.out + said.err


def test_the_report_says_that_there_was_no_environment(uv: FakeUv, tmp_path: Path) -> None:
    uv.does("full disk")
    assert run("check", "--env", OLD, "--json", str(tmp_path / "r.json")) == 3
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["verdict"] == "error"
    assert report["stopped"] == "no environment"
    assert "the disk is full" in report["problems"][0]
    assert report["environments"]["candidate"]["asked"] == OLD


def test_an_environment_whose_tensorflow_cannot_be_started_is_exit_3_with_its_words(
    uv: FakeUv, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("check", "--env", OLD, "--layer", "Dense", "--workers", "1") == 3
    said = capsys.readouterr().out
    assert "TensorFlow could not be started: ImportError: libcuda.so.1: no such file" in said
    assert "pip install" not in said


def test_requirements_of_the_settings_are_no_path(
    uv: FakeUv, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    uv.does("no solution")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text(f'[tool.keras-harness]\nenv = "{OLD}"\n')
    assert run("layers") == 3
    assert repr(OLD) in capsys.readouterr().err
    monkeypatch.setenv("KERAS_HARNESS_ENV", NEW)
    assert run("layers") == 3
    assert repr(NEW) in capsys.readouterr().err


def test_a_check_stopped_in_the_middle_of_making_leaves_its_report_and_nothing_else(
    uv: FakeUv, cache: Path, tmp_path: Path
) -> None:
    uv.does("hang")
    report = tmp_path / "r.json"
    process = subprocess.Popen(
        [sys.executable, "-c", MAIN, "check", "--env", OLD, "--json", str(report)], stdout=subprocess.DEVNULL
    )
    uv.wait_until_begun()
    process.terminate()
    assert process.wait(20) == 128 + signal.SIGTERM
    assert json.loads(report.read_text())["stopped"] == "interrupted by SIGTERM"
    assert list(cache.iterdir()) == []
