"""Processes of their own, for worker rooms import TensorFlow, which the tests do not; and which of them still run."""

from __future__ import annotations

import os
import subprocess
import sys

import psutil

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


def runs(pid: int) -> bool:
    """Whether there is such a process, and it has not ended; it may end while it is asked for."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
