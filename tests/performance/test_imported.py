"""Runs of pytest-benchmark come into the history once, and what is none of them does not."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from harness.performance.history import read
from harness.performance.imported import lines_of_file
from harness.performance.series import series
from tests.performance.test_history import run


def saved(tmp_path: Path, **changed: Any) -> Path:
    """What pytest-benchmark writes, as far as it is read."""
    benchmark = {"name": "test_a", "fullname": "tests/x.py::test_a", "stats": {"median": 0.5}, "extra_info": {}}
    cpu = {"brand_raw": "a processor", "count": 2}
    data = {
        "machine_info": {"node": "n", "system": "Linux", "python_version": "3.11.7", "cpu": cpu},
        "commit_info": {"id": "c0ffee"}, "datetime": "2026-01-02T03:04:05+00:00", "version": "5.1.0",
        "benchmarks": [benchmark],
        **changed,
    }  # fmt: skip
    path = tmp_path / "saved.json"
    path.write_text(json.dumps(data))
    return path


def test_runs_of_pytest_benchmark_are_imported_once(tmp_path: Path, capsys) -> None:
    path = saved(tmp_path)
    assert run("import", str(path), "--history", str(tmp_path / "history")) == 0
    assert "1 benchmarks added" in capsys.readouterr().out
    assert run("import", str(path), "--history", str(tmp_path / "history")) == 0
    assert "already" in capsys.readouterr().out
    (one,) = series(read(tmp_path / "history").lines)
    assert (one.benchmark, one.values, one.points[0].commit) == ("tests/x.py::test_a", [0.5], "c0ffee")


def ours(load: float = 0.0, **parts: Any) -> dict[str, Any]:
    """A benchmark of `harness.suite`, as pytest-benchmark saves it."""
    about = {
        "environment": {"tensorflow": "2.21.0"},
        "machine": {"id": "m", "load": load},
        "benchmark": "one / predict",
    }
    return {"name": "a", "stats": {"median": 0.5}, "extra_info": {"keras_harness": {**about, **parts}}}


def test_the_benchmarks_of_one_run_are_one_line_whatever_the_load_was_at_each(tmp_path: Path) -> None:
    path = saved(tmp_path, benchmarks=[ours(0.1), ours(0.9, benchmark="two / predict")])
    (one,) = lines_of_file(path)
    assert sorted(one["benchmarks"]) == ["one / predict", "two / predict"]


def test_a_benchmark_that_took_no_time_costs_no_other(tmp_path: Path) -> None:
    benchmarks = [{"name": name, "stats": {"median": value}} for name, value in (("a", 0), ("b", math.nan), ("c", 0.5))]
    (one,) = lines_of_file(saved(tmp_path, benchmarks=benchmarks))
    assert one["benchmarks"] == {"c": {"time": 0.5}}


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"machine_info": "x"}, "no JSON of pytest-benchmark"),
        ({"commit_info": "x"}, "no JSON of pytest-benchmark"),
        ({"datetime": None}, "its time is None"),
        ({"benchmarks": []}, "no benchmark with a median"),
        ({"benchmarks": [{"name": "a", "stats": {"median": 0}}]}, "no benchmark with a median"),
        ({"benchmarks": [ours(environment=None)]}, "no JSON of pytest-benchmark"),
        ({"benchmarks": [ours(machine={})]}, "no JSON of pytest-benchmark"),
        ({"benchmarks": [ours(machine={"id": "../../out"})]}, "a machine cannot be called '../../out'"),
    ],
)
def test_odd_files_of_pytest_benchmark_are_told_and_add_nothing(
    changed: dict[str, Any], why: str, tmp_path: Path, capsys
) -> None:
    assert run("import", str(saved(tmp_path, **changed)), "--history", str(tmp_path / "history")) == 3
    said = capsys.readouterr().err
    assert "saved.json" in said
    assert why in said
    assert not list(tmp_path.rglob("*.jsonl"))


@pytest.mark.parametrize(
    "changed", [{"benchmarks": [{"name": "a", "stats": {}}]}, {"machine_info": None, "datetime": 1}]
)
def test_what_is_not_of_pytest_benchmark_is_not_imported(changed: dict[str, Any], tmp_path: Path, capsys) -> None:
    path = saved(tmp_path, **changed) if "benchmarks" in changed else tmp_path / "other.json"
    if not path.exists():
        path.write_text("[]")
    assert run("import", str(path), "--history", str(tmp_path / "history")) == 3
    assert "no JSON of pytest-benchmark" in capsys.readouterr().err
    assert not read(tmp_path / "history").lines
