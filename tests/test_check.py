"""The main job on real Keras: it measures, says what it drew, and writes a report that holds together."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


def check(folder: Path, *arguments: str) -> tuple[int, dict, str]:
    report = folder / "report.json"
    done = subprocess.run(
        [sys.executable, "-c", "from harness.cli import main; main()", "check", "--json", str(report), *arguments],
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    return done.returncode, json.loads(report.read_text()), done.stdout


def test_a_check_of_some_layers_measures_every_route(tmp_path: Path) -> None:
    code, report, printed = check(
        tmp_path, "--layer", "Conv2D", "--layer", "BatchNormalization", "--layer", "ReLU", "--junitxml",
        str(tmp_path / "junit.xml"),
    )  # fmt: skip
    new = [each for each in report["findings"] if each["status"] == "new"]
    assert code == (1 if new else 0)
    assert report["schema_version"] == 1
    assert report["problems"] == []
    assert report["built"] == report["examples"] > 0
    assert report["coverage"]["layers"]["Conv2D"]["examples"] >= 1
    assert set(report["coverage"]["routes"]) >= {"keras_zip", "hdf5_uncompiled", "from_config", "transfer", "export"}
    assert report["verdict"].upper() in printed
    assert (tmp_path / "junit.xml").read_text().startswith("<?xml")


def test_the_same_seed_draws_the_same_models(tmp_path: Path) -> None:
    first, second = (
        check(tmp_path, "--layer", "Dense", "--route", "json", "--seed", "5")[1]["coverage"] for _ in range(2)
    )
    assert first == second


def test_a_time_limit_that_leaves_no_time_is_no_pass(tmp_path: Path) -> None:
    code, report, _ = check(tmp_path, "--layer", "Dense", "--time-limit", "0.01")
    assert code == 3
    assert report["verdict"] == "error"
    assert report["stopped"]
