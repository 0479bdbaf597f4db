"""Two releases, measured in turns: what is planted is found, what is not is not, and a pass means that one looked."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from harness.cli import main
from tests.inspection import building
from tests.performance.stub import ROOT, asked, interpreter, started


class Ran:
    """A comparison that has run: its exit code, what it said, its report."""

    def __init__(self, code: int, said: str, report: dict[str, Any]) -> None:
        self.code, self.said, self.report = code, said, report

    def row(self, name: str, measure: str = "time") -> dict[str, Any]:
        """What is said of one measure of a benchmark."""
        (found,) = (each for each in self.report["comparison"] if (each["name"], each["measure"]) == (name, measure))
        return found


@pytest.fixture
def compare(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "220")
    monkeypatch.setattr("harness.performance.disturbance.SHARE", 1e9)  # other tests may run beside

    def run(baseline: dict[str, Any], candidate: dict[str, Any], *arguments: str) -> Ran:
        one, other = interpreter(tmp_path / "a", **baseline), interpreter(tmp_path / "b", **candidate)
        report = tmp_path / "report.json"
        with pytest.raises(SystemExit) as ended:
            main(["bench", "--baseline", one, "--candidate", other, "--json", str(report), *arguments])
        return Ran(int(ended.value.code or 0), capsys.readouterr().out, json.loads(report.read_text()))

    return run


def test_a_release_against_itself_is_the_same(compare, tmp_path: Path) -> None:
    ran = compare({"noise": 0.003}, {"noise": 0.003})
    assert ran.code == 0
    assert {each["verdict"] for each in ran.report["comparison"]} == {"same"}
    assert "PASSED: 5 same" in ran.said
    assert started(tmp_path / "a") == started(tmp_path / "b") == 5  # pairs: no more are needed


def test_what_is_slower_is_found_and_fails(compare) -> None:
    ran = compare({}, {"factors": {"load": 1.3}})
    assert ran.code == 1
    slower = [each["name"] for each in ran.report["comparison"] if each["verdict"] == "slower"]
    assert slower == ["one / load .keras", "two / load .keras"]
    row = ran.row("one / load .keras")
    assert row["low"] < 1.3 < row["high"]
    assert row["fails"]
    assert "FAILED: 2 benchmarks, the worst" in ran.said


def test_what_is_faster_is_told_and_passes(compare) -> None:
    ran = compare({}, {"factors": {"predict": 0.7}})
    assert (ran.code, ran.row("one / predict")["verdict"]) == (0, "faster")


def test_a_small_slow_down_is_the_same_within_so_much(compare) -> None:
    ran = compare({"noise": 0.002}, {"noise": 0.002, "factors": {"predict": 1.02}})
    assert (ran.code, ran.row("one / predict")["verdict"]) == (0, "same")
    within = float(ran.row("one / predict")["said"].split()[2])
    assert 2.0 <= within <= 5.0


def test_more_memory_is_told_and_fails_where_that_is_asked(compare) -> None:
    ran = compare({}, {"memory": int(1.2 * 2**28)})
    assert (ran.code, ran.row("one / predict", "memory")["verdict"]) == (0, "more-memory")
    assert compare({}, {"memory": int(1.2 * 2**28)}, "--fail-on", "more-memory:15%").code == 1


def test_a_larger_file_is_told(compare) -> None:
    ran = compare({"size": 5000}, {"size": 6000})
    assert ran.row("one / save .keras", "bytes")["verdict"] == "larger"
    assert ran.row("one / save .keras", "bytes")["ratio"] == 1.2


@pytest.mark.parametrize(("least", "code"), [("slower:20%", 1), ("slower:40%", 0)])
def test_it_fails_from_the_percentage_on_that_was_named(least: str, code: int, compare) -> None:
    assert compare({}, {"factors": {"predict": 1.3}}, "--fail-on", least).code == code


def test_a_machine_too_noisy_to_tell_is_no_pass(compare) -> None:
    ran = compare({"noise": 0.4}, {"noise": 0.4}, "--pairs", "5")
    assert ran.code == 3
    assert ran.report["verdict"] == "error"
    assert "too noisy" in ran.said


@pytest.mark.parametrize("side", ["baseline", "both"])
def test_where_nothing_ran_on_both_sides_nothing_was_compared_and_that_is_no_pass(side: str, compare) -> None:
    broken = {"faults": {"/": "raise"}}
    ran = compare(broken, broken if side == "both" else {}, "--fail-on", "slower")
    assert (ran.code, ran.report["verdict"]) == (3, "error")
    assert "COULD NOT MEASURE: no benchmark ran on both sides" in ran.said


@pytest.mark.parametrize("word", ["/", "one / load"])
@pytest.mark.parametrize("least", ["slower:10%", "more-memory:10%", "larger"])
def test_what_fails_in_the_candidate_fails_whatever_else_was_asked_for(word: str, least: str, compare) -> None:
    """What does not run cannot be slower: a gate on that alone would let it through."""
    ran = compare({}, {"faults": {word: "raise"}}, "--fail-on", least)
    assert (ran.code, ran.report["verdict"]) == (1, "fail")
    assert ran.row("one / load .keras")["fails"]
    assert "FAILED: " in ran.said
    assert "one / " in ran.said.partition("FAILED: ")[2]


def test_a_run_of_which_most_fails_on_both_sides_is_no_pass(compare) -> None:
    broken = {"faults": {"load": "raise", "two": "raise", "save": "raise"}}
    ran = compare(broken, broken)
    assert (ran.code, ran.report["verdict"]) == (3, "error")
    assert "COULD NOT MEASURE: 4 of 5 benchmarks fail on both sides" in ran.said


@pytest.mark.parametrize(
    ("least", "candidate", "said"),
    [
        ("larger:10%", {"factors": {"predict": 1.01}}, "--fail-on larger: of bytes nothing that was compared has any"),
        ("more-memory", {"peaks": 0.9}, "--fail-on more-memory: of memory 2 of 2 values are undecided"),
    ],
)
def test_a_gate_that_nothing_could_have_come_to_is_no_pass(
    least: str, candidate: dict[str, Any], said: str, compare
) -> None:
    ran = compare({}, candidate, "--fail-on", least, "--operation", "predict")
    assert (ran.code, ran.report["verdict"]) == (3, "error")
    assert f"COULD NOT MEASURE: {said}" in ran.said


def test_where_the_time_was_too_short_to_tell_it_is_not_the_machine_that_is_blamed(compare) -> None:
    ran = compare({"noise": 0.2}, {"noise": 0.2}, "--time-limit", "0.01")
    assert ran.code == 3
    assert "no time for more (--time-limit)" in ran.said
    assert "noisy" not in ran.said


def test_what_is_named_twice_is_measured_once(compare) -> None:
    """Two values of one process are no two pairs: the test would see more than there is."""
    ran = compare({}, {}, "--workload", "one", "--workload", "one", "--operation", "predict", "--pairs", "5")
    assert [each["name"] for each in ran.report["benchmarks"]] == ["one / predict"]
    assert ran.row("one / predict")["pairs"] == 5


def test_where_time_runs_out_the_pairs_so_far_are_looked_at(compare) -> None:
    ran = compare({"noise": 0.1}, {"noise": 0.1, "factors": {"predict": 20.0}}, "--time-limit", "0.01")
    assert ran.report["processes"] == 6
    assert ran.row("one / predict")["verdict"] == "slower"
    assert ran.row("one / load .keras")["verdict"] == "undecided"


def test_what_is_undecided_gets_more_pairs_and_what_is_decided_no_more(compare, tmp_path: Path) -> None:
    wide = {"factors": {"one": 1.0}, "noise": 0.035}
    compare(wide, {**wide, "factors": {"one / predict": 3.0}}, "--pairs", "12")
    often = asked(tmp_path / "a").count("one / predict")
    assert often < started(tmp_path / "a")


def test_a_pair_of_which_one_process_was_slow_as_a_whole_is_left_out_and_told(compare) -> None:
    """It would widen the interval of every benchmark; here nothing could be told after 8 pairs."""
    many = {name: ["one of many", ["load .keras", "predict"]] for name in ("one", "two", "three", "four")}
    ran = compare(
        {"workloads": many, "whole": {6: 1.4}},
        {"workloads": many, "whole": {2: 1.4}, "factors": {"predict": 1.15}},
        "--pairs",
        "8",
    )
    assert ran.code == 1
    assert {each["verdict"] for each in ran.report["comparison"] if each["measure"] == "time"} == {"slower", "same"}
    assert (ran.row("two / predict")["pairs"], ran.row("two / predict", "memory")["pairs"]) == (6, 5)
    assert ran.report["measurements"]["pairs_off"] == [2, 6]
    assert "slow as a whole in 2 of 8 pairs (the candidate's in 1, the baseline's in 1)" in ran.said


def test_the_two_of_a_pair_come_in_turns_and_each_is_first_as_often(compare, tmp_path: Path) -> None:
    ran = compare({"noise": 0.1}, {"noise": 0.1}, "--pairs", "6", "--operation", "predict")
    assert ran.report["processes"] == 12
    order = (tmp_path / "order").read_text().splitlines()
    pairs = list(zip(order[::2], order[1::2], strict=True))
    assert all({one[0], other[0]} == {"a", "b"} and one[1:] == other[1:] for one, other in pairs)
    for name in ("one / predict", "two / predict"):
        first = [one[0] for one, _ in pairs if one[2:] == name]
        assert all({one, other} == {"a", "b"} for one, other in zip(first[::2], first[1::2], strict=True))
    assert len({one[0] for one, _ in pairs[::4]}) == 2 or len({one[0] for one, _ in pairs[1::4]}) == 2  # drawn


@pytest.mark.parametrize(
    ("baseline", "candidate", "verdict", "code"),
    [
        ({}, {"faults": {"one / load": "crash"}}, "fails", 1),
        ({}, {"faults": {"one / load": "short"}}, "fails", 1),
        ({"faults": {"one / load": "raise"}}, {}, "no-longer-fails", 0),
        ({"faults": {"one / load": "raise"}}, {"faults": {"one / load": "raise"}}, "fails-in-both", 0),
    ],
)
def test_a_crash_on_one_side_is_told_as_that_and_the_rest_goes_on(
    baseline: dict[str, Any], candidate: dict[str, Any], verdict: str, code: int, compare
) -> None:
    ran = compare(baseline, candidate)
    assert ran.code == code
    assert ran.row("one / load .keras")["verdict"] == verdict
    assert "baseline: " in ran.row("one / load .keras")["told"] or "candidate: " in ran.row("one / load .keras")["told"]
    assert ran.row("one / predict")["verdict"] == "same"
    assert ran.row("two / load .keras")["verdict"] == "same"


def test_what_only_one_side_can_do_with_a_model_is_told_and_not_left_out_in_silence(compare, tmp_path: Path) -> None:
    model = str(building.keras(tmp_path))
    ran = compare({"operations": ("predict", "training step")}, {}, "--models", model, "--pairs", "5")
    assert ran.code == 0
    assert [each["operation"] for each in ran.report["benchmarks"]] == ["predict"]
    assert f"note       {model} / training step: only the baseline has it: left out" in ran.said
    assert f"note       {model} / load .keras: only the candidate has it: left out" in ran.said
    ran = compare({"operations": ("training step",)}, {}, "--models", model)
    assert ran.code == 3
    assert "cannot be measured: nothing in common: training step: only the baseline has it" in ran.said


def test_a_gpu_that_one_side_alone_sees_is_told_and_not_used(compare) -> None:
    ran = compare({}, {"gpus": {"GPU:0": "NVIDIA H100"}}, "--device", "gpu", "--pairs", "5", "--operation", "predict")
    assert ran.code == 0
    assert "no GPU that both sides see (baseline: none; candidate: NVIDIA H100): runs on the CPU" in ran.said
    assert {each["device"] for each in ran.report["benchmarks"]} == {"CPU"}


@pytest.mark.parametrize("nothing", [{"factors": {"one / predict": 0.0}}, {"memory": 0}])
def test_what_took_no_time_or_no_memory_is_told_and_costs_no_other(nothing: dict[str, Any], compare) -> None:
    ran = compare({"factors": {}}, nothing, "--pairs", "5")
    assert ran.code in (1, 3)
    assert "no time passed by the clock" in ran.row("one / predict")["told"]


def test_a_gpu_on_which_nothing_was_has_no_memory_to_compare(compare) -> None:
    empty = {"gpus": {"GPU:0": "a GPU"}, "device_memory": 0}
    ran = compare(empty, empty, "--device", "gpu", "--pairs", "5", "--operation", "predict")
    assert (ran.code, {each["measure"] for each in ran.report["comparison"]}) == (0, {"time", "memory"})


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("--baseline", "x"), "--candidate"),
        (("--candidate", "x"), "--baseline"),
        (("--baseline", "x", "--candidate", "y", "--fail-on", "slow"), "slower"),
        (("--baseline", "x", "--candidate", "y", "--fail-on", "slower:10"), "slower:10%"),
        (("--baseline", "x", "--candidate", "y", "--fail-on", "fails:10%"), "slower:10%"),
        (("--env", "x", "--fail-on", "slower:10%"), "--fail-on is of a comparison"),
        (("--baseline", "x", "--candidate", "y", "--fail-on", "slower:3%"), "slower:3% is less than --margin 5"),
        (("--baseline", "x", "--candidate", "y", "--fail-on", "larger:0%"), "larger:0% is less than --margin 5"),
        (("--baseline", "x", "--candidate", "y", "--margin", "inf"), "--margin"),
        (("--baseline", "/no/such", "--candidate", "/no/such"), "/no/such"),
    ],
)
def test_wrong_usage_is_told(arguments: tuple[str, ...], hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["bench", *arguments])
    assert ended.value.code == 2
    assert hint in capsys.readouterr().err


def said_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit):
        main(["bench", *arguments, "--quick", "--operation", "save .keras"])
    return capsys.readouterr().err


def test_options_that_nothing_comes_of_are_told_in_a_line(tmp_path: Path, capsys) -> None:
    python = interpreter(tmp_path / "a")
    two = ("--baseline", python, "--candidate", python)
    assert said_of(capsys, *two, "--env", "/no/such", "--processes", "7", "--pairs", "5") == (
        "keras-harness: not used: --env, --processes: two are compared, in pairs of processes "
        "(--baseline, --candidate)\n"
    )
    assert said_of(capsys, "--env", python, "--pairs", "9", "--time-limit", "9", "--processes", "1", "--unsafe") == (
        "keras-harness: not used: --pairs, --time-limit: nothing is compared (--baseline)\n"
        "keras-harness: not used: --unsafe: no model of yours is measured (--models)\n"
    )
    history = str(tmp_path / "history")
    assert "--history: it is added to none" in said_of(capsys, "--env", python, "--history", history, "--no-history")
    assert said_of(capsys, "--env", python, "--processes", "1") == ""


def test_what_settings_say_for_all_commands_is_not_told_where_it_is_not_used(
    tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = interpreter(tmp_path / "a")
    (tmp_path / "pyproject.toml").write_text('[tool.keras-harness]\nenv = "tensorflow-cpu==2.18.1"\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERAS_HARNESS_PROCESSES", "2")
    assert said_of(capsys, "--baseline", python, "--candidate", python, "--pairs", "5") == ""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_ctrl_c_keeps_what_was_measured(number: signal.Signals, code: int, tmp_path: Path) -> None:
    python = interpreter(tmp_path / "a", faults={"two / predict": "hang"})
    report = tmp_path / "report.json"
    command = "import sys; from harness.cli import main; main(sys.argv[1:])"
    arguments = ["bench", "--baseline", python, "--candidate", python, "--json", str(report)]
    running = subprocess.Popen(
        [sys.executable, "-c", command, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),  # ignored where the tests run in the background
    )
    try:
        end = time.monotonic() + 60
        while not (tmp_path / "a" / "asked").exists() or "two / predict" not in asked(tmp_path / "a"):
            assert time.monotonic() < end
            time.sleep(0.1)
        running.send_signal(number)
        said, _ = running.communicate(timeout=60)
    finally:
        running.kill()
    assert running.returncode == code
    written = json.loads(report.read_text())
    assert written["stopped"].startswith("interrupted")
    assert {each["pairs"] for each in written["comparison"]} == {1}
    assert "STOPPED" in said


def test_a_history_that_cannot_be_written_is_told_and_the_report_is_there(tmp_path: Path, capsys) -> None:
    python = interpreter(tmp_path / "a")
    (tmp_path / "history").symlink_to("/proc/no/such")
    with pytest.raises(SystemExit) as ended:
        main(["bench", "--env", python, "--quick", "--history", str(tmp_path / "history")])
    assert ended.value.code == 3
    said = capsys.readouterr()
    assert "not added to the history" in said.err
    assert "3 benchmarks measured" in said.out
