"""A known issue that could have shown and did not is named, and fails nothing; one that has expired fails the check."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from harness.check.awaited import Awaited, verifying
from harness.check.profiles import PROFILES
from harness.check.result import Options, Result
from harness.expectations.known import SHIPPED, KnownIssue, KnownIssues, Pattern
from harness.protocol.architecture import Call, Compile
from harness.reporting import junit
from harness.reporting.console import verdict_line
from tests.stub import ROOT, interpreter
from tests.test_console import MODEL
from tests.vocabularies import vocabulary

KERAS = vocabulary()
YESTERDAY = str(datetime.date.today() - datetime.timedelta(days=1))
SENT = {"keras_zip": ("config", "weights")}
COMPILED = replace(MODEL, compile=Compile({"optimizer": Call("optimizers.Nadam", {}), "loss": "mse"}, None, 0))


def awaited(entry: KnownIssue, keras: str = "3.15.1") -> Awaited:
    return Awaited.of([entry], KERAS, keras)


def issue(about: tuple[str, ...] = (), **pattern: object) -> KnownIssue:
    return KnownIssue("one", "why", about=about, patterns=(Pattern(**pattern),))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("entry", "had"),
    [
        (issue(checks=("keras*/weights",)), True),
        (issue(checks=("keras_zip/travel",)), True),
        (issue(checks=("build/given",)), True),
        (issue(checks=("hdf5*/weights",)), False),
        (issue(checks=("*/training",)), False),
        (issue(layers=("Dense",)), True),
        (issue(layers=("LSTM",)), False),
        (issue(("LSTM",), error="^ValueError"), False),
        (issue(("LSTM", "Dense"), error="^ValueError"), True),
        (issue(("compile", "dtypes"), error="^ValueError"), True),
        (issue(("Nadam",)), True),
        (issue(("Lamb",)), False),
        (issue(("Functional",)), True),
        (issue(("Sequential",)), False),
        (issue(("InputLayer",)), True),
        (issue(holds='"units":2'), True),
        (issue(holds='"units":3'), False),
    ],
)
def test_an_issue_has_the_occasion_where_a_model_that_could_show_it_is_sent_along_its_route(
    entry: KnownIssue, had: bool
) -> None:
    one = awaited(entry)
    one.add(COMPILED, SENT)
    assert [each.id for each in one.unseen([])] == ["one"] * had
    assert one.unseen(["one"]) == []


def test_an_issue_of_another_keras_has_no_occasion_and_does_not_expire() -> None:
    entry = KnownIssue("one", "why", keras="<3", expires=YESTERDAY)
    one = awaited(entry)
    one.add(MODEL, SENT)
    assert (one.unseen([]), one.expired) == ([], [])
    assert awaited(entry, "2.15.0").expired == [entry]


def test_the_occasions_of_the_shipped_issues_are_found_in_no_time() -> None:
    one = Awaited.of(KnownIssues.read(SHIPPED).entries, KERAS, "3.15.1")
    long = replace(MODEL, nodes=tuple(replace(MODEL.nodes[0], name=f"dense_{number}") for number in range(500)))
    start = time.process_time()  # not the clock: other work on the machine is not ours
    one.add(long, SENT)
    assert time.process_time() - start < 1.0


def test_the_command_names_the_file_of_a_users_own_issue_and_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "my issues.toml"
    file.write_text('[[issue]]\nid = "one"\nreason = "why"\nlayers = ["ReLU"]\n')
    (mine,) = KnownIssues.read(file).entries
    assert verifying(mine, "a b") == (f"keras-harness known --verify --issue one --known-issues '{file}' --env 'a b'")
    shipped = KnownIssues.read(SHIPPED).entries[0]
    assert verifying(shipped) == f"keras-harness known --verify --issue {shipped.id}"


def test_an_expired_issue_is_a_failure_where_all_else_passes_and_hides_nothing() -> None:
    entry = KnownIssue("one", "why", expires=YESTERDAY)
    result = Result(Options(PROFILES["quick"]), examples=1, awaited=awaited(entry))
    assert result.verdict == "fail"
    assert verdict_line(result).startswith("FAIL: 1 known issue expired")
    assert f"it was waited for until {YESTERDAY}: why" in junit.text(result)
    result.problems.append("a layer was not reached")
    assert result.verdict == "error"


ISSUES = """
[[issue]]
id = "seen-nowhere"
reason = "why"
layers = ["ReLU"]
error = "^ValueError: never"
[[issue]]
id = "not-asked"
reason = "why"
layers = ["LSTM"]
[[issue]]
id = "it-raises"
reason = "why"
checks = ["clone/travel"]
"""
EXPIRED = f'[[issue]]\nid = "long-ago"\nreason = "why"\nchecks = ["json/never"]\nexpires = "{YESTERDAY}"\n'
MAIN = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from harness.cli import main; main()"


def check(folder: Path, issues: str) -> tuple[subprocess.CompletedProcess[str], dict]:
    """A check in which ReLU raises on its way, as a known issue says."""
    file = folder / "mine.toml"
    file.write_text(issues)
    python = interpreter(folder / "stub", ReLU=("clone", "error"))
    words = ["check", "--env", python, "--layer", "ReLU", "--route", "clone", "--route", "json"]
    done = subprocess.run(
        [sys.executable, "-c", MAIN, *words, "--known-issues", str(file), "--json", str(folder / "report.json")],
        capture_output=True, text=True, timeout=120, check=False, env={**os.environ, "XDG_CACHE_HOME": str(folder)},
    )  # fmt: skip
    return done, json.loads((folder / "report.json").read_text())


def test_a_check_names_an_issue_of_the_users_own_that_could_have_shown_and_passes(tmp_path: Path) -> None:
    done, report = check(tmp_path, ISSUES)
    assert done.returncode == 0, done.stdout + done.stderr
    (mine,) = [each for each in report["known_issues"]["not_seen"] if each["id"] == "seen-nowhere"]
    assert mine["verify"].startswith(
        f"keras-harness known --verify --issue seen-nowhere --known-issues {tmp_path / 'mine.toml'} --env"
    )
    ids = {each["id"] for each in report["known_issues"]["not_seen"]}
    assert not ids & {"it-raises", "not-asked"}
    (line,) = [line for line in done.stdout.splitlines() if "not seen" in line]
    assert "keras-harness known --verify --issue" in line


def test_an_expired_issue_of_the_users_own_fails_a_check_that_has_not_seen_it(tmp_path: Path) -> None:
    done, report = check(tmp_path, ISSUES + EXPIRED)
    assert done.returncode == 1, done.stdout + done.stderr
    assert report["verdict"] == "fail"
    assert report["known_issues"]["expired"] == [{"id": "long-ago", "expires": YESTERDAY, "shows": False}]
    assert f"expired: the known issue long-ago was waited for until {YESTERDAY} and did not show" in done.stdout
    assert "FAIL: 1 known issue expired" in done.stdout
