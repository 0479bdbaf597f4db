"""A history outlives kills, two writers and newer versions; changes in it are found, and none where there is none."""

from __future__ import annotations

import json
import multiprocessing
import random
from pathlib import Path
from typing import Any

import pytest

from harness.cli import main
from harness.performance import history
from harness.performance.history import append, read
from harness.performance.machine import about
from harness.performance.series import series
from harness.performance.sweep import NoSweep, expand
from tests.performance.stub import interpreter
from tests.performance.test_changes import noisy


def line(value: float = 1.0, *, release: str = "2.21.0", day: int = 1, **changed: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "time": f"2026-01-{day:02d}T00:00:00+00:00",
        "side": "measured",
        "environment": {"tensorflow": release, "keras": "3.15.1", "threads": 2, "set": 1},
        "machine": {"id": about()["id"], "processor": "a processor", "cores": 2},
        "commit": None,
        "benchmarks": {"one / predict": {"time": value}},
    }
    return {**made, **changed}


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["history", *arguments])
    return int(ended.value.code or 0)


def test_what_is_added_is_read_back(tmp_path: Path) -> None:
    append(tmp_path / "new" / "folder", [line(1.0), line(2.0)])
    kept = read(tmp_path / "new" / "folder")
    assert [each["benchmarks"]["one / predict"]["time"] for each in kept.lines] == [1.0, 2.0]
    assert not kept.damaged


def test_the_lines_of_schema_version_1_are_read_for_ever() -> None:
    """A file that was written when version 1 was new; it must never be written anew."""
    kept = read(Path(__file__).parent / "history-1")
    assert not kept.damaged
    (one,) = series(kept.lines)
    assert one.benchmark == "mlp-tabular / predict"
    assert [(point.release, point.value) for point in one.points] == [
        ("TensorFlow 2.15.1 Keras 2.15.0", 0.031), ("TensorFlow 2.21.0 Keras 3.15.1", 0.047),
    ]  # fmt: skip


def test_a_line_that_was_cut_off_by_a_kill_is_told_and_costs_no_other(tmp_path: Path) -> None:
    (path,) = append(tmp_path, [line(1.0), line(2.0)])
    path.write_bytes(path.read_bytes()[:-40])
    append(tmp_path, [line(3.0)])
    kept = read(tmp_path)
    assert [each["benchmarks"]["one / predict"]["time"] for each in kept.lines] == [1.0, 3.0]
    assert [(each.number, each.path) for each in kept.damaged] == [(2, path)]


def changed(**parts: Any) -> str:
    """A line that is JSON of this version, but not what it should be in some part."""
    return json.dumps({"schema_version": 1, **line(), **parts})


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        ("{]", "no JSON"),
        ("[1]", "no schema_version"),
        ('{"schema_version": 99}', "newer keras-harness"),
        ('{"schema_version": 0}', "never was"),
        ('{"schema_version": 1, "time": ""}', "lacks side"),
        ("\xff\xfe", "no JSON"),
        ("[" * 100_000, "no JSON"),
        (changed(environment=None), "its environment is None"),
        (changed(machine={"id": [1]}), "says no machine"),
        (changed(time=5), "its time is 5"),
        (changed(time="yesterday"), "its time is 'yesterday'"),
        (changed(commit=5), "its commit is 5"),
        (changed(benchmarks=[1]), "its benchmarks is [1]"),
        (changed(benchmarks={"a": None}), "'a' has no values"),
        (changed(benchmarks={"a": {"time": None}}), "the time of 'a' is None"),
        (changed(benchmarks={"a": {"time": float("nan")}}), "the time of 'a' is nan"),
        (changed(benchmarks={"a": {"time": 10**400}}), "the time of 'a' is 1000"),
        (changed(schema_version=True), "no schema_version"),
    ],
)
def test_a_damaged_line_is_told_with_its_place(damage: str, why: str, tmp_path: Path, capsys) -> None:
    (path,) = append(tmp_path, [line()])
    path.write_bytes(path.read_bytes() + damage.encode("latin-1") + b"\n")
    append(tmp_path, [line(day=2)])
    assert run("--history", str(tmp_path)) == 0
    said = capsys.readouterr()
    assert f"{path.name}:2 is damaged" in said.err
    assert why in said.err
    assert "in 2 runs" in said.out


def test_a_file_that_cannot_be_read_is_told_and_costs_no_other(tmp_path: Path, capsys) -> None:
    append(tmp_path, [line()])
    (tmp_path / "folder.jsonl").mkdir()
    assert run("--history", str(tmp_path)) == 0
    said = capsys.readouterr()
    assert "folder.jsonl cannot be read and is left out: Is a directory" in said.err
    assert "in 1 run" in said.out


def test_a_damaged_line_does_not_cost_the_page_of_what_was_measured(tmp_path: Path) -> None:
    (path,) = append(tmp_path / "history", [line()])
    path.write_text(changed(benchmarks={"a": None}) + "\n" + path.read_text())
    page = tmp_path / "page.html"
    with pytest.raises(SystemExit) as ended:
        main(
            [
                "bench",
                "--env",
                interpreter(tmp_path / "a"),
                "--quick",
                "--history",
                str(path.parent),
                "--html",
                str(page),
            ]
        )
    assert ended.value.code == 0
    assert "2 runs" in page.read_text()


def test_a_machine_s_name_leads_to_no_file_outside_of_the_history(tmp_path: Path) -> None:
    for name in ("../out", str(tmp_path / "out"), "a/b", "", ".hidden", "nul\0"):
        with pytest.raises(ValueError, match="a machine cannot be called"):
            append(tmp_path / "history", [line(machine={"id": name})])
    assert not list(tmp_path.rglob("*.jsonl"))


def test_lines_of_another_schema_are_made_into_ones_of_this(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    append(tmp_path, [line()])
    monkeypatch.setattr(history, "SCHEMA_VERSION", 2)
    monkeypatch.setitem(history._UPGRADES, 1, lambda old: {**old, "schema_version": 2, "upgraded": True})
    assert read(tmp_path).lines[0]["upgraded"]


def _write(folder: str, number: int) -> None:
    for _ in range(50):
        append(Path(folder), [line(number, benchmarks={str(number) * 5000: {"time": 1.0}})] * 2)


def test_two_writers_do_not_mix_their_lines(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_write, args=(str(tmp_path), number)) for number in (1, 2, 3)]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    kept = read(tmp_path)
    assert (len(kept.lines), kept.damaged) == (300, [])


def test_other_machines_threads_and_sets_are_other_series() -> None:
    environment = line()["environment"]
    lines = [
        line(), line(machine={"id": "other"}), line(environment={**environment, "threads": 8}),
        line(environment={**environment, "set": 2}), line(day=2),
    ]  # fmt: skip
    assert sorted(len(each.points) for each in series(lines)) == [1, 1, 1, 2]


def test_another_gpu_in_the_same_machine_is_another_series(tmp_path: Path, capsys) -> None:
    measured = {"one / predict on GPU:0": {"time": 1.0}, "one / predict": {"time": 1.0}}
    with_gpu = {name: {**line()["environment"], "gpus": {"GPU:0": name}} for name in ("NVIDIA T4", "NVIDIA H100")}
    lines = [
        line(environment=with_gpu[name], benchmarks=measured, day=day)
        for day, name in enumerate(("NVIDIA T4", "NVIDIA H100", "NVIDIA T4"), start=1)
    ]
    assert [(each.benchmark, each.gpu, len(each.points)) for each in series(lines)] == [
        ("one / predict", "", 3),
        ("one / predict on GPU:0", "NVIDIA H100", 1), ("one / predict on GPU:0", "NVIDIA T4", 2),
    ]  # fmt: skip
    append(tmp_path, lines)
    assert run("--history", str(tmp_path)) == 0
    assert "in 2 runs on NVIDIA T4" in capsys.readouterr().out


def test_runs_stand_in_the_order_of_their_releases_or_of_their_days() -> None:
    lines = [line(1.0, release="2.21.0", day=1), line(2.0, release="2.9.0", day=2), line(3.0, release="2.21.0", day=3)]
    assert series(lines)[0].values == [2.0, 1.0, 3.0]
    assert series(lines, by="date")[0].values == [1.0, 2.0, 3.0]


def test_a_run_that_is_there_twice_is_one_run(tmp_path: Path, capsys) -> None:
    """Two branches that were merged, or a file that two imports added at once: one slow run would look like three."""
    append(tmp_path, [line(1.0, day=1)] * 3)
    append(tmp_path, [line(1.3, day=2)] * 3)
    assert run("--history", str(tmp_path)) == 0
    said = capsys.readouterr().out
    assert "in 2 runs" in said
    assert "slower" not in said


def test_what_has_too_few_runs_for_a_change_is_told_as_that(tmp_path: Path, capsys) -> None:
    lines = [line(day=day, benchmarks={"one": {"time": 1.0}, **({"new": {"time": 1.0}} if day > 5 else {})})
             for day in range(1, 11)]  # fmt: skip
    append(tmp_path, lines)
    assert run("--history", str(tmp_path), "--markdown", str(tmp_path / "r.md")) == 0
    assert "1 with fewer than 6 runs: too few to tell a change" in capsys.readouterr().out
    assert "> 1 with fewer than 6 runs" in (tmp_path / "r.md").read_text()
    assert run("--history", str(tmp_path), "--benchmark", "one") == 0
    assert "fewer" not in capsys.readouterr().out


def test_a_day_ends_at_another_time_in_another_zone() -> None:
    times = ("2026-01-05T00:30:00+14:00", "2026-01-04T23:00:00+00:00", "2026-01-04T12:00:00Z", "2026-01-04T11:00:00")
    lines = [line(float(number), time=time) for number, time in enumerate(times, start=1)]
    assert series(lines, by="date")[0].values == [1.0, 4.0, 3.0, 2.0]


def test_no_release_and_no_value_is_too_long_or_too_far_for_a_history(tmp_path: Path, capsys) -> None:
    long = [line(1e-300, day=day, release="2." + "9" * 5000) for day in range(1, 6)]
    append(tmp_path, [*long, *(line(1e300, day=day, release="3.0") for day in range(6, 11))])
    assert run("--history", str(tmp_path)) == 0
    assert "slower since 2026-01-06" in capsys.readouterr().out


def test_by_date_a_baseline_is_no_new_state() -> None:
    lines = [line(1.0, side="candidate", day=2), line(9.0, side="baseline", day=2, release="2.15.1")]
    assert series(lines, by="date")[0].values == [1.0]
    assert series(lines)[0].values == [9.0, 1.0]


def test_a_change_is_shown_with_its_day_and_its_releases(tmp_path: Path, capsys) -> None:
    random.seed(4)
    values = noisy(30, 0.2, 15)
    append(
        tmp_path,
        [
            line(value, day=run + 1, release="2.20.0" if run < 15 else "2.21.0", commit=f"{run:040d}")
            for run, value in enumerate(values)
        ],
    )
    assert run("--history", str(tmp_path)) == 0
    said = capsys.readouterr().out
    assert "slower since 2026-01-16 (TensorFlow 2.20.0 Keras 3.15.1 to TensorFlow 2.21.0 Keras 3.15.1" in said
    assert "in 30 runs" in said
    assert any(letter in said for letter in "▁▂▃▄▅▆▇█")


def test_a_history_of_other_machines_is_not_shown_as_this_one_s(tmp_path: Path, capsys) -> None:
    append(tmp_path, [line(machine={"id": "feedbeef"})])
    assert run("--history", str(tmp_path)) == 3
    assert "feedbeef (--machine all)" in capsys.readouterr().err
    assert run("--history", str(tmp_path), "--machine", "all") == 0
    assert run("--history", str(tmp_path), "--machine", "feedbef") == 2
    assert "did you mean feedbeef" in capsys.readouterr().err


def test_an_empty_history_says_how_to_fill_it(tmp_path: Path, capsys) -> None:
    assert run("--history", str(tmp_path / "none")) == 3
    assert "bench and history import" in capsys.readouterr().err


def test_without_ruptures_it_says_how_to_get_it(tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    append(tmp_path, [line(day=day) for day in range(1, 11)])
    monkeypatch.setitem(__import__("sys").modules, "ruptures", None)
    assert run("--history", str(tmp_path)) == 3
    assert 'pip install "keras-harness[bench]"' in capsys.readouterr().err


def test_bench_adds_to_the_history_and_history_shows_it(tmp_path: Path, capsys) -> None:
    one, other = interpreter(tmp_path / "a"), interpreter(tmp_path / "b")
    place = ("--history", str(tmp_path / "history"))
    for arguments in (("--env", one, "--quick"), ("--baseline", one, "--candidate", other, "--pairs", "5", "--quick")):
        with pytest.raises(SystemExit):
            main(["bench", *arguments, *place])
    sides = [each["side"] for each in read(tmp_path / "history").lines]
    assert sides == ["measured", "baseline", "candidate"]
    capsys.readouterr()
    assert run(*place, "--benchmark", "predict") == 0
    said = capsys.readouterr().out
    assert "one / predict" in said
    assert "in 3 runs" in said
    assert "save" not in said
    with pytest.raises(SystemExit):
        main(["bench", "--env", one, "--quick", *place, "--no-history"])
    assert len(read(tmp_path / "history").lines) == 3


def test_memory_of_a_device_is_kept_where_it_was_measured_and_shown_when_asked_for(tmp_path: Path, capsys) -> None:
    python = interpreter(tmp_path / "a", gpus={"GPU:0": "NVIDIA H100"}, device_memory=3 * 2**30)
    place = ("--history", str(tmp_path / "history"))
    append(tmp_path / "history", [line()])  # of a harness that did not keep it
    with pytest.raises(SystemExit):
        main(["bench", "--env", python, "--device", "all", "--quick", "--operation", "predict", *place])
    assert "device 3 GiB" in capsys.readouterr().out
    kept = read(tmp_path / "history")
    assert not kept.damaged
    of = kept.lines[-1]["benchmarks"]
    assert of["one / predict on GPU:0"]["device memory"] == 3 * 2**30
    assert "device memory" not in of["one / predict"]
    report = tmp_path / "report.json"
    assert run(*place, "--measure", "device-memory", "--json", str(report)) == 0
    said = capsys.readouterr().out
    assert "one / predict on GPU:0" in said
    assert "3 GiB in 1 run on NVIDIA H100" in said
    (one,) = json.loads(report.read_text())["benchmarks"]
    assert (one["measure"], one["points"][0]["value"]) == ("device memory", 3 * 2**30)


@pytest.mark.parametrize(
    "text",
    ["tensorflow==2.16", "a=={2.16..3.18}", "a=={2.18..2.16}", "a=={1,2} b=={3,4}", "a=={}", "a=={2.1..2.99999}"],
)
def test_what_is_no_list_of_releases_is_told(text: str) -> None:
    with pytest.raises(NoSweep):
        expand(text)


def test_a_sweep_of_which_one_is_no_environment_is_told_before_anything_is_measured(tmp_path: Path, capsys) -> None:
    interpreter(tmp_path / "a")
    assert run("sweep", f"{tmp_path}/{{a,none}}/python", "--quick", "--history", str(tmp_path / "history")) == 2
    assert "none/python" in capsys.readouterr().err
    assert not (tmp_path / "history").exists()


def test_a_sweep_measures_each_and_one_that_cannot_be_made_costs_no_other(tmp_path: Path, capsys) -> None:
    for name in ("a", "b"):
        interpreter(tmp_path / name)
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "python").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "x" / "python").chmod(0o755)
    text = f"{tmp_path}/{{a,x,b}}/python"
    assert run("sweep", text, "--quick", "--history", str(tmp_path / "history")) == 3
    assert "2 of 3 measured" in capsys.readouterr().out
    assert len(read(tmp_path / "history").lines) == 2
