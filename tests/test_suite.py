"""The suite: no model is sent twice by many processes, and a worker that was lost passes for nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from harness.dispatch.pool import Answer
from harness.dispatch.worker import OUT_OF_MEMORY, WorkerLost
from harness.environments.environment import Environment
from harness.expectations.known import KnownIssues
from harness.suite.conftest import Promises
from tests.performance.test_suite import PLUGIN
from tests.stub import ROOT, asked, interpreter
from tests.vocabularies import FOLDER


def test_with_groups_no_model_is_sent_twice(tmp_path: Path) -> None:
    python = interpreter(tmp_path / "stub")
    spread = ("-n", "2", "--dist", "loadgroup")
    chosen = ("-k", "ReLU or Softmax or Flatten", "--harness-env", python)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *PLUGIN, "harness/suite", *spread, *chosen],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    sent = asked(tmp_path / "stub")
    assert " passed" in done.stdout, done.stdout[-2000:]
    assert len(sent) == len(set(sent)) >= 5  # LeakyReLU and PReLU are among them


ISSUE = """[[issue]]\nid = "ours"\nreason = "We have no such file."\nerror = "No such file"\n"""


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "1 failed"),
        (("--harness-known-issues", "mine.toml"), "ours"),
        (("--harness-known-issues", "mine.toml", "--harness-no-known-issues"), "1 failed"),
        (("--harness-known-issues", "none.toml"), "--harness-known-issues: none.toml"),
    ],
)
def test_known_issues_of_one_s_own_are_heard_as_check_hears_them(
    tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    (tmp_path / "mine.toml").write_text(ISSUE)
    python = interpreter(tmp_path / "stub", Softmax=("json", "error"))
    chosen = ("--pyargs", "harness.suite", "-k", "[Softmax]", "--harness-env", python)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rx", *PLUGIN, *chosen, *options],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said in done.stdout, done.stdout[-2000:]
    assert (done.returncode == 0) == (said == "ours"), done.stdout[-2000:]


class _Losing:
    """A pool each of whose workers is lost in this way."""

    def __init__(self, reason: str) -> None:
        self.lost = WorkerLost(reason, "more than 8.0 GiB", at="transfer")

    def start(self) -> dict[str, Any]:
        return json.loads((FOLDER / "keras-3.15.json").read_text())  # type: ignore[no-any-return]

    def submit(self, request: object, *, limit: float) -> Future[Answer]:
        answer: Future[Answer] = Future()
        answer.set_result(Answer(lost=self.lost))
        return answer


@pytest.mark.parametrize(
    ("base", "reason", "outcome"),
    [
        ("ConvNeXtXLarge", OUT_OF_MEMORY, pytest.skip.Exception),
        ("ConvNeXtXLarge", "crashed", pytest.fail.Exception),
        ("MobileNet", OUT_OF_MEMORY, pytest.fail.Exception),
    ],
)
def test_a_base_is_skipped_where_it_is_large_and_memory_was_short_and_else_fails(
    base: str, reason: str, outcome: type[BaseException]
) -> None:
    promises = Promises(_Losing(reason), 0, KnownIssues(), Environment(sys.executable), further=0)  # type: ignore[arg-type]
    promises.applications = [base]
    with pytest.raises(outcome, match="GiB"):
        promises.application(base, "transfer")
