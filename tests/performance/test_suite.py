"""The same benchmarks under pytest-benchmark: off by default, with the worker's own times, importable afterwards."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from harness.cli import main
from harness.performance.history import read
from harness.performance.machine import about
from harness.workloads.workload import NAMES, OPERATIONS
from tests.performance.stub import ROOT, interpreter

# Where the package is installed, pytest knows the plugin by itself, and takes none twice.
INSTALLED = any(each.value == "harness.pytest_plugin" for each in entry_points(group="pytest11"))
PLUGIN = () if INSTALLED else ("-p", "harness.pytest_plugin")
FILE = str(ROOT / "harness" / "suite" / "test_benchmarks.py")


def pytest_of(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *PLUGIN, FILE, *arguments],
        cwd=ROOT,
        # pytest-benchmark measures nothing in a process of pytest-xdist, which this one is not.
        env={key: value for key, value in os.environ.items() if not key.startswith("PYTEST_XDIST")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_benchmarks_are_off_by_default() -> None:
    assert f"{len(NAMES) * len(OPERATIONS)} deselected" in pytest_of("-k", "not promises").stdout


def test_without_pytest_benchmark_it_says_how_to_get_it() -> None:
    done = pytest_of("-m", "benchmark", "-p", "no:benchmark")
    assert done.returncode != 0
    assert "pip install pytest-benchmark" in done.stdout + done.stderr


def test_where_no_benchmark_is_wanted_pytest_benchmark_is_not_either() -> None:
    done = pytest_of("-m", "not benchmark", "-p", "no:benchmark")
    assert "need pytest-benchmark" not in done.stdout + done.stderr
    assert f"{len(NAMES) * len(OPERATIONS)} deselected" in done.stdout


def test_a_benchmark_that_pytest_benchmark_calls_once_more_for_its_profile_passes(tmp_path: Path) -> None:
    python = interpreter(tmp_path / "a", workloads={name: ["", list(OPERATIONS)] for name in NAMES})
    done = pytest_of("-m", "benchmark", "-k", "mlp and build", "--harness-env", python, "--benchmark-cprofile=tottime")
    assert "1 passed" in done.stdout, done.stdout


def test_pytest_benchmark_shows_what_the_worker_measured_and_history_takes_it(tmp_path: Path, capsys) -> None:
    workloads = {name: ["", list(OPERATIONS)] for name in NAMES}
    python = interpreter(tmp_path / "a", workloads=workloads, factors={"load": 50.0})
    saved = tmp_path / "saved.json"
    done = pytest_of(
        "-m", "benchmark", "-k", "mlp and (load or build)", "--harness-env", python, f"--benchmark-json={saved}"
    )
    assert "4 passed" in done.stdout, done.stdout
    by_group = {each["group"]: each for each in json.loads(saved.read_text())["benchmarks"]}
    assert set(by_group) == {"build", "load .keras", "load .h5", "load weights"}
    # Half a second each, which nobody has waited for: what counts is the clock of the worker.
    assert by_group["load .h5"]["stats"]["median"] == pytest.approx(0.5, rel=0.1)
    assert by_group["build"]["stats"]["median"] == pytest.approx(0.01, rel=0.1)
    assert by_group["build"]["extra_info"]["keras_harness"]["environment"]["keras"] == "3.15.1"
    with pytest.raises(SystemExit) as ended:
        main(["history", "import", str(saved), "--history", str(tmp_path / "history")])
    assert ended.value.code == 0
    (line,) = read(tmp_path / "history").lines
    assert line["benchmarks"]["mlp-tabular / load .h5"]["time"] == pytest.approx(0.5, rel=0.1)
    assert line["machine"]["id"] == about()["id"]  # beside the runs of `bench` on this machine
