"""Settings: an option goes before the environment, the environment before pyproject.toml, and nothing goes unheard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cyclopts import App, CycloptsError

from harness import cli
from harness.settings import Usage, settle

app = App(name="probe", result_action="return_value")
settle(app)


@app.command
def check(
    *, profile: str = "quick", seed: int = 0, layer: tuple[str, ...] = (), env: str | None = None, json: str = ""
) -> dict[str, Any]:
    return {"profile": profile, "seed": seed, "layer": layer, "env": env, "json": json}


@app.command
def layers(*, env: str | None = None, json: str = "") -> dict[str, Any]:
    return {"env": env, "json": json}


def ask(*words: str) -> Any:
    return app(list(words), exit_on_error=False, print_error=False)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder below the one of the pyproject.toml."""
    below = tmp_path / "below"
    below.mkdir()
    monkeypatch.chdir(below)
    return tmp_path


def write(folder: Path, table: str) -> None:
    (folder / "pyproject.toml").write_text(f"[tool.keras-harness]\n{table}\n")


def test_nothing_given_leaves_the_defaults(folder: Path) -> None:
    (folder / "pyproject.toml").write_text("[tool.other]\nprofile = 1\n")
    assert ask("check") == {"profile": "quick", "seed": 0, "layer": (), "env": None, "json": ""}


def test_an_option_goes_before_the_environment_and_that_before_the_table(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, 'profile = "table"\nseed = 1\nlayer = ["LSTM", "GRU"]')
    assert ask("check")["profile"] == "table"
    assert ask("check")["layer"] == ("LSTM", "GRU")
    monkeypatch.setenv("KERAS_HARNESS_PROFILE", "environment")
    monkeypatch.setenv("KERAS_HARNESS_LAYER", "Dense Conv2D")
    assert ask("check")["profile"] == "environment"
    assert ask("check")["layer"] == ("Dense", "Conv2D")
    given = ask("check", "--profile", "option", "--layer", "Add")
    assert (given["profile"], given["layer"], given["seed"]) == ("option", ("Add",), 1)


def test_paths_start_from_the_folder_of_the_table(folder: Path) -> None:
    write(folder, 'env = "venv"')
    assert ask("check")["env"] == str(folder / "venv")


def test_other_commands_take_the_interpreter_of_the_table_and_not_its_report(folder: Path) -> None:
    write(folder, 'env = "/venv"\njson = "report.json"\nseed = 3')
    assert ask("layers") == {"env": "/venv", "json": ""}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('profil = "ci"', r"pyproject.toml: \[tool.keras-harness\] has no key 'profil'; did you mean profile\?"),
        ('profile = ["a", "b"]', "pyproject.toml: .* profile takes one value"),
        ("profile = {a = 1}", "pyproject.toml: .* profile takes one value"),
        ("profile = fast", "pyproject.toml: Invalid value"),
    ],
)
def test_a_wrong_table_is_wrong_usage_and_names_the_file(folder: Path, table: str, message: str) -> None:
    write(folder, table)
    with pytest.raises(Usage, match=message):
        ask("check")


@pytest.mark.parametrize("table", ['profile = "fast"', 'seed = "x"', "seed = 1.5", "workers = 0", "time-limit = -1"])
def test_a_wrong_value_names_the_file_and_the_key(folder: Path, table: str) -> None:
    write(folder, table)
    with pytest.raises(CycloptsError) as caught:
        cli.app(["check", "--env", "nowhere"], exit_on_error=False, print_error=False)
    assert str(folder / "pyproject.toml") in str(caught.value)
    assert f"[{table.partition(' ')[0]}]" in str(caught.value)


def test_a_stray_variable_is_wrong_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_HARNESS_PROFIL", "ci")
    with pytest.raises(Usage, match="did you mean KERAS_HARNESS_PROFILE"):
        ask("check")
