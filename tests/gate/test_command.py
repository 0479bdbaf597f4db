"""The command line of the gate: what is wrong is said at once, and exit codes mean what they say."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from rich.console import Console

from harness.cli import main
from harness.gate.models import BREAKS, BROKEN, NO_MODEL, NOT_TRIED, Loaded, ModelVerdict, brief
from harness.gate.release import STATED, Release
from harness.gate.result import Options, Result
from harness.reporting.gate_report import junit, report
from harness.reporting.gate_text import Watcher, environment_lines, markdown, verdict_line

ENVIRONMENT = {"tensorflow": "2.15.1", "keras": "2.15.0", "python": "3.11.7", "packages": {}, "devices": []}


def code(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["gate", *arguments])
    return int(ended.value.code or 0)


def test_an_interpreter_that_is_not_there_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert code("--baseline", "/no/such/python", "--candidate", "/no/such/python") == 2
    assert "/no/such/python" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value", "hint"),
    [
        ("--layer", "Conv2d", "Conv2D"),
        ("--route", "hdf", "hdf5"),
        ("--route", "json_weight", "json_weights"),
        ("--fail-on", "regresion", "regression"),
        ("--models", "no-such-file.keras", "no-such-file.keras"),
        ("--inputs", "no-such-file.npz", "no-such-file.npz"),
    ],
)
def test_what_is_misspelt_is_told(option: str, value: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert code("--baseline", "x", "--candidate", "y", option, value) == 2
    assert hint in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "drawn"),
    [
        ((), "quick"),
        (("--models", "{}"), None),
        (("--models", "{}", "--profile", "ci"), "ci"),
        (("--models", "{}", "--layer", "Dense"), "quick"),
        (("--models", "{}", "--route", "hdf5"), "quick"),
    ],
)
def test_beside_models_of_ones_own_others_are_drawn_where_that_is_asked_for(
    arguments: tuple[str, ...], drawn: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str | None] = []

    def gate(options: Options, *_: object, **__: object) -> None:
        asked.append(options.profile and options.profile.name)
        raise KeyboardInterrupt

    monkeypatch.setattr("harness.gate.session.Gate", gate)
    code("--baseline", sys.executable, "--candidate", sys.executable, *(each.format(tmp_path) for each in arguments))
    assert asked == [drawn]


def made(**changes: object) -> Result:
    options = Options(None, "a", "b", models=(Path("m.keras"),))
    result = Result(options, {"baseline": ENVIRONMENT, "candidate": ENVIRONMENT}, stopped=None)
    for name, value in changes.items():
        setattr(result, name, value)
    return result


def model(verdict: str) -> ModelVerdict:
    return ModelVerdict("m.keras", "0" * 64, verdict, Loaded("yes"), Loaded("no"), why="ValueError: no")


def test_a_model_that_breaks_makes_it_unsafe() -> None:
    result = made(models=[model(BREAKS)])
    assert result.verdict == "fail"
    assert verdict_line(result).startswith("NOT SAFE: 1 model of yours broken")
    assert 'failures="1"' in junit(result)
    assert "| m.keras | yes | no | breaks |" in markdown(result)
    assert report(result)["models"][0]["candidate"]["loads"] == "no"


@pytest.mark.parametrize("changed", [{"python": "3.12.1"}, {"packages": {"numpy": "2.0.0", "h5py": "3.11.0"}}])
def test_the_same_keras_on_another_python_or_numpy_is_no_test_of_the_harness(changed: dict[str, object]) -> None:
    stated = {**ENVIRONMENT, "packages": {"numpy": "1.26.4", "h5py": "3.11.0"}}
    same = environment_lines(made(environments={"baseline": stated, "candidate": dict(stated)}))
    assert "(an A/A test)" in same[2]
    line = environment_lines(made(environments={"baseline": stated, "candidate": {**stated, **changed}}))[2]
    what = "python" if "python" in changed else "numpy"
    assert line == f"Both sides have the same TensorFlow and Keras, and differ in {what} alone."


def test_what_is_installed_is_told_once() -> None:
    stream = io.StringIO()
    watcher = Watcher(Console(file=stream, width=200))
    for subject in (None, "what is to be drawn"):
        watcher("started", made(), subject)
    assert stream.getvalue().count("baseline ") == 1


def test_nothing_exchanged_is_no_pass() -> None:
    assert made().verdict == "error"
    assert verdict_line(made()).startswith("COULD NOT MEASURE")


@pytest.mark.parametrize("verdict", [BROKEN, NO_MODEL])
def test_models_of_which_none_could_be_compared_are_no_pass(verdict: str) -> None:
    alone = made(models=[model(verdict)])
    assert alone.verdict == "error"
    assert verdict_line(alone).startswith("COULD NOT MEASURE: nothing was compared")
    beside = made(models=[model(verdict), model("same")])
    assert beside.verdict == "pass"
    assert ("1 model of yours broken in both" in verdict_line(beside)) is (verdict == BROKEN)


def test_a_model_that_was_not_tried_is_no_pass() -> None:
    result = made(models=[model("same"), model(NOT_TRIED)], problems=["1 of 2 models were not tried: m.keras"])
    assert result.verdict == "error"


def test_what_the_user_does_not_fail_on_passes() -> None:
    result = made(models=[model(BREAKS)])
    result.options = Options(None, "a", "b", fail_on=("regression",))
    assert result.verdict == "pass"


def test_a_message_is_told_without_the_configs_in_it() -> None:
    assert brief("a {'b': 1} c") == "a {'b': 1} c"
    assert brief("using config={'name': {'x': '" + "y" * 80 + "'}}.\n\nNo groups") == "using config={…}. No groups"
    assert brief("cut off: {'a'") == "cut off: {…"
    assert brief("passed to a.B: {'x': " + "1" * 60 + ", 'y': {}}. No") == "passed to a.B: {'x', 'y': …}. No"
    assert brief("passed to B: {'" + "x" * 80 + "': 1}") == "passed to B: {'" + "x" * 59 + "…}"
    assert brief("passed to B: {'x': <Dense " + "y" * 60 + ">}") == "passed to B: {…}"


def test_the_keras_2_that_stands_beside_keras_3_is_told_by_its_name() -> None:
    about = {key: ENVIRONMENT.get(key) for key in STATED}
    legacy = Release("candidate", {**about, "module": "tf_keras"}).environment
    lines = environment_lines(
        made(environments={"baseline": Release("baseline", about).environment, "candidate": legacy})
    )
    assert f"Keras {ENVIRONMENT['keras']}, Python" in lines[0]
    assert f"Keras {ENVIRONMENT['keras']} (tf_keras), Python" in lines[1]
    assert len(lines) == 2, "they are not the same release"
