"""One environment is measured by some processes; what fails in it is told, and costs nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.cli import main
from harness.performance.options import Options
from tests.inspection import building
from tests.inspection.bad_references import with_lambda
from tests.performance.stub import asked, interpreter, started


def code(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["bench", *arguments])
    return int(ended.value.code or 0)


def test_every_benchmark_is_measured_in_every_process(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    python = interpreter(tmp_path / "a")
    assert code("--env", python, "--processes", "3", "--json", str(tmp_path / "report.json")) == 0
    report = json.loads((tmp_path / "report.json").read_text())
    assert [each["name"] for each in report["benchmarks"]] == [
        "one / save .keras", "one / load .keras", "one / predict", "two / load .keras", "two / predict",
    ]  # fmt: skip
    of = report["benchmarks"][0]["sides"]["measured"]
    assert len(of["time"]["processes"]) == 3
    assert of["bytes"]["median"] == 5000
    assert "bytes" not in report["benchmarks"][1]["sides"]["measured"]
    assert started(tmp_path / "a") == 3
    said = capsys.readouterr().out
    assert "5 benchmarks measured" in said
    assert "30 ns apart" in said


def test_quick_measures_part_of_the_set_with_two_processes(tmp_path: Path) -> None:
    assert code("--env", interpreter(tmp_path / "a"), "--quick") == 0
    assert asked(tmp_path / "a") == ["one / save .keras", "one / load .keras", "one / predict"] * 2


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("crash", "crashed: SIGSEGV"),
        ("raise", "ValueError: no such layer"),
        ("short", "out of memory: ResourceExhaustedError"),
        ("eat", "out of memory: more than 0.2 GiB"),
        ("hang", "hung: no answer for 2 s"),
    ],
)
def test_what_fails_is_told_and_the_rest_goes_on(
    fault: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    python = interpreter(tmp_path / "a", faults={"one / load": fault})
    limits = ("--hung-after", "2", "--memory-limit", "0.2")
    assert code("--env", python, *limits, "--processes", "2", "--json", str(tmp_path / "report.json")) == 1
    by_name = {
        each["name"]: each["sides"]["measured"]
        for each in json.loads((tmp_path / "report.json").read_text())["benchmarks"]
    }
    failure = by_name["one / load .keras"]["failure"]
    assert told in f"{failure['reason']}: {failure['detail']}"
    assert len(by_name["one / predict"]["time"]["processes"]) == 2
    assert asked(tmp_path / "a").count("one / load .keras") == 1  # it would fail again
    said = capsys.readouterr().out
    assert told in said
    assert "1 of 5 benchmarks failed" in said


def test_without_a_gpu_it_says_so_in_one_line_and_runs_on_the_cpu(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code("--env", interpreter(tmp_path / "a"), "--device", "gpu", "--quick") == 0
    said = capsys.readouterr().out
    assert said.count("no GPU: runs on the CPU") == 1
    assert "one / predict" in said


def test_every_gpu_is_measured_and_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    python = interpreter(tmp_path / "a", gpus={"GPU:0": "NVIDIA H100", "GPU:1": "NVIDIA H100"})
    assert code("--env", python, "--device", "all", "--operation", "predict", "--quick") == 0
    said = capsys.readouterr().out
    for name in ("one / predict ", "one / predict on GPU:0", "one / predict on GPU:1", "GPU:1: NVIDIA H100"):
        assert name in said


def test_every_process_has_the_same_threads_on_the_same_processors() -> None:
    variables = Options(cores=(0, 2)).variables
    assert (variables["HARNESS_THREADS"], variables["HARNESS_CORES"], variables["OMP_NUM_THREADS"]) == ("2", "0,2", "2")
    assert variables["CUDA_VISIBLE_DEVICES"] == "-1"
    assert "CUDA_VISIBLE_DEVICES" not in Options(device="gpu").variables


def test_models_of_the_user_s_are_measured_alone(tmp_path: Path) -> None:
    python = interpreter(tmp_path / "a")
    model = str(building.keras(tmp_path))
    assert code("--env", python, "--models", model, "--processes", "1") == 0
    assert asked(tmp_path / "a") == [f"{model} / {each}" for each in ("describe", "load .keras", "predict")]


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("--workload", "on"), "did you mean one"),
        (("--operation", "predct"), "did you mean predict"),
        (("--models", "no-such.keras"), "no-such.keras"),
        (("--json", "no-such-folder/report.json"), "no-such-folder"),
    ],
)
def test_what_is_misspelt_is_told(
    arguments: tuple[str, ...], hint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code("--env", interpreter(tmp_path / "a"), *arguments) == 2
    assert hint in capsys.readouterr().err


def test_an_operation_of_another_workload_is_not_said_to_be_none(tmp_path: Path, capsys) -> None:
    workloads: dict[str, list[object]] = {"one": ["the first", ["predict"]], "two": ["the second", ["build"]]}
    python = interpreter(tmp_path / "a", workloads=workloads)
    assert code("--env", python, "--workload", "one", "--operation", "build") == 2
    said = capsys.readouterr().err
    assert said == "keras-harness: --operation: 'build' is an operation of two; what was chosen (one) has predict\n"


def test_a_model_that_cannot_be_read_is_told_and_not_the_operation_that_it_may_have(tmp_path: Path, capsys) -> None:
    python = interpreter(tmp_path / "a", faults={"describe": "raise"})
    model = str(building.keras(tmp_path))
    assert code("--env", python, "--models", model, "--operation", "predict") == 3
    assert "model.keras cannot be measured: raised: ValueError" in capsys.readouterr().out


def test_a_model_that_cannot_be_loaded_is_no_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    python = interpreter(tmp_path / "a", faults={"describe": "raise"})
    assert code("--env", python, "--models", str(building.keras(tmp_path))) == 3
    said = capsys.readouterr().out
    assert "model.keras cannot be measured: raised: ValueError" in said
    assert "in the measured" not in said  # there is but one


def test_of_several_models_that_cannot_be_loaded_the_verdict_says_how_many(tmp_path: Path, capsys) -> None:
    python = interpreter(tmp_path / "a", faults={"describe": "raise"})
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir(exist_ok=True)
    models = [str(building.keras(tmp_path / name)) for name in ("a", "b", "c")]
    assert code("--env", python, "--models", *models) == 3
    assert "(and 2 more)" in capsys.readouterr().out.partition("COULD NOT MEASURE")[2]


def test_a_model_that_holds_code_is_not_loaded_unless_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    python = interpreter(tmp_path / "a")
    model = str(building.keras(tmp_path, with_lambda(building.function("get_file", "keras.utils"))))
    assert code("--env", python, "--models", model) == 3
    assert "is not loaded: unsafe: " in capsys.readouterr().out
    assert not (tmp_path / "a" / "asked").exists()
    assert code("--env", python, "--models", model, "--unsafe", "--processes", "1") == 0
    assert f"{model} / predict" in asked(tmp_path / "a")


def test_an_environment_without_tensorflow_could_not_be_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "python").write_text("#!/bin/sh\necho no TensorFlow >&2; exit 1\n")
    (tmp_path / "python").chmod(0o755)
    assert code("--env", str(tmp_path / "python")) == 3
    assert "could not be started: no TensorFlow" in capsys.readouterr().out
