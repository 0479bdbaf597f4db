"""Runs a few lines in a process of their own: worker rooms import TensorFlow, which the tests do not."""

from __future__ import annotations

import os
import subprocess
import sys

from tests import warm
from tests.stub import ROOT


def printed(code: str, python: str | None = None) -> str:
    """What the lines print, of an interpreter that may be forked where one is given; fails where they do."""
    variables = {**os.environ, **warm.VARIABLES} if python else None
    done = subprocess.run(
        [python or sys.executable, "-c", code],
        cwd=ROOT, env=variables, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout
