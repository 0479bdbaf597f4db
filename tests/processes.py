"""Runs a few lines in a process of their own: worker rooms import TensorFlow, which the tests do not."""

from __future__ import annotations

import subprocess
import sys

from tests.stub import ROOT


def printed(code: str) -> str:
    """What the lines print; fails where they do."""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout
