"""A finding of the last check is found again by its id, and its script says whether it still shows."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.check.proof import scripted
from harness.check.reproduce import markdown_of
from harness.expectations.finding import Finding, normalised
from tests.test_console import MODEL

FINDING = scripted(
    Finding(
        "weights", "value", ("Dense", "kernel"), ("keras_zip",), "weights: Dense/kernel is another one", "dense/kernel",
        1.0, 2.0, layers=("Dense",), architecture=MODEL,
    ),
    {"keras": "3.15.1"},
)  # fmt: skip
SHOWS, SHOWS_NOT = "print('The fault shows.'); raise SystemExit(1)", "print('The fault does not show.')"


def stored(folder: Path, script: str = SHOWS, **environment: object) -> Path:
    path = folder / "report.json"
    environment = {"keras": "3.15.1", "python": "3.11", "packages": {"numpy": "2.0"}, **environment}
    finding = {**FINDING.to_json(), "script": script}
    path.write_text(json.dumps({"findings": [finding], "environments": {"candidate": environment}}))
    return path


def reproduce(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from harness.cli import main; main()", "reproduce", *arguments],
        capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "XDG_CACHE_HOME": str(folder)},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("script", "code", "said"),
    [(SHOWS, 1, "SHOWS"), (SHOWS_NOT, 0, "DOES NOT SHOW any more"), ("raise OSError('no')", 3, "COULD NOT RUN")],
)
def test_it_says_whether_the_finding_still_shows(tmp_path: Path, script: str, code: int, said: str) -> None:
    done = reproduce(tmp_path, FINDING.id, "--report", str(stored(tmp_path, script)))
    assert (done.returncode, said in done.stdout) == (code, True), done.stdout + done.stderr


def test_an_unknown_id_is_wrong_usage_with_a_hint(tmp_path: Path) -> None:
    done = reproduce(tmp_path, FINDING.id[:-1] + "x", "--report", str(stored(tmp_path)))
    assert done.returncode == 2
    assert f"did you mean {FINDING.id}" in done.stderr


def test_without_a_check_before_it_says_how_to_get_a_report(tmp_path: Path) -> None:
    done = reproduce(tmp_path, FINDING.id)
    assert done.returncode == 2
    assert "keras-harness check" in done.stderr


def test_an_interpreter_that_is_gone_is_not_measured(tmp_path: Path) -> None:
    done = reproduce(tmp_path, FINDING.id, "--report", str(stored(tmp_path, interpreter="/no/such/python")))
    assert done.returncode == 3
    assert "--env" in done.stdout


def test_the_bug_report_holds_versions_script_and_both_sides(tmp_path: Path) -> None:
    script = tmp_path / "fault.py"
    report = str(stored(tmp_path))
    done = reproduce(tmp_path, FINDING.id, "--report", report, "--markdown", "--script", str(script))
    assert done.returncode == 1
    for part in ("- Keras 3.15.1", "```python", "## Expected\n\n`1.0`", "## Actual\n\n`2.0`", "dense/kernel"):
        assert part in done.stdout
    assert script.read_text() == SHOWS


@pytest.mark.parametrize(("place", "said"), [("none/x.py", "there is no folder"), (".", "is a folder, not a file")])
def test_a_script_that_can_be_written_nowhere_is_wrong_usage(tmp_path: Path, place: str, said: str) -> None:
    done = reproduce(tmp_path, FINDING.id, "--report", str(stored(tmp_path)), "--script", str(tmp_path / place))
    assert (done.returncode, said in done.stderr, "Traceback" in done.stderr) == (2, True, False), done.stderr


def test_a_bug_report_shows_an_error_as_it_is_and_the_versions_that_it_was_run_under() -> None:
    error = {"type": "TypeError", "message": "Could not parse config: <Functional name=f>\n```built```"}
    finding = {**FINDING.to_json(), "error": error, "script": SHOWS}
    report = {"environments": {"candidate": {"keras": "3.15.1", "python": "3.11"}}}
    told = markdown_of(finding, report, "", {})
    assert "## Actual\n\n````\nTypeError: Could not parse config: <Functional name=f>\n```built```\n````" in told
    assert "- Keras 3.15.1" in told
    assert "- Keras 2.15.0\n- Python 3.9" in markdown_of(finding, report, "", {"keras": "2.15.0", "python": "3.9"})


def test_the_report_of_the_last_check_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from harness.check import last

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    last.keep({"findings": [FINDING.to_json()]})
    assert last.read()["findings"][0]["id"] == FINDING.id
    last.add([{**FINDING.to_json(), "id": "00000000"}], {"keras": "2.15.0"})
    assert [each["id"] for each in last.read()["findings"]] == ["00000000"], "of another environment: begun anew"


def test_an_id_names_what_failed_and_not_where_it_was_run() -> None:
    here, there = (
        normalised(
            f"Unable to open file {folder}/a8f/model.h5 at 0x{number:x}, layer 'dense_{number}', got (2, {number})"
        )
        for folder, number in (("/tmp/keras-harness-ab12", 3), ("/home/someone/tmp/x", 512))
    )
    assert here == there
