"""The suite under pytest-xdist: no model is sent twice, though the tests of many modules look at it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.performance.test_suite import PLUGIN
from tests.stub import ROOT, asked, interpreter


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
