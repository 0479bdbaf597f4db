"""Where reports are written to is looked at before anything is measured, alike for all commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli import main
from harness.commands.reports import apart


def code(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return int(ended.value.code or 0)


@pytest.mark.parametrize(
    "command",
    [
        ("check", "--json", "--junitxml"),
        ("gate", "--baseline", "x", "--candidate", "y", "--json", "--markdown"),
        ("bench", "--env", "x", "--markdown", "--html"),
        ("validate", "no-such.keras", "--json", "--sarif"),
        ("replay", "no-such.zip", "--json", "--junitxml"),
    ],
    ids=lambda command: command[0],
)
def test_two_reports_to_one_file_are_wrong_usage(command: tuple[str, ...], tmp_path: Path, capsys, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    *others, one, other = command
    (tmp_path / "folder").mkdir()
    assert code(*others, one, "report", other, "folder/../report") == 2
    assert "two reports cannot be written to one file" in capsys.readouterr().err
    assert not (tmp_path / "report").exists()


def test_a_terminal_takes_two_reports_and_a_link_is_a_file_of_its_own(tmp_path: Path) -> None:
    assert apart(Path("/dev/null"), None, Path("/dev/null"))
    (tmp_path / "link").symlink_to(tmp_path / "file")
    (tmp_path / "file").touch()
    assert apart(tmp_path / "link", tmp_path / "file")
