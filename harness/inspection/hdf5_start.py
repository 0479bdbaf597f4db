"""Starts the child process that reads HDF5, before the rest of the harness is imported: its libraries take longer.

What this module imports itself delays that start: nothing but what starts a process.
"""

from __future__ import annotations

import os
import subprocess
import sys

CHILD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "hdf5_child.py")
SITE = "KERAS_HARNESS_CHILD_PATH"
KEPT = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "HOME", "LANG")

_early: list[subprocess.Popen[bytes]] = []


def start_early() -> None:
    """Starts a child for the first that asks for one; where none does, it ends with this process."""
    _early.append(_launched())


def launched() -> subprocess.Popen[bytes]:
    """A child that has been started: the early one, or one more."""
    return _early.pop() if _early else _launched()


def _launched() -> subprocess.Popen[bytes]:
    site = [each for each in sys.path if each and os.path.isdir(each) and "\n" not in each]
    environment = {name: os.environ[name] for name in KEPT if name in os.environ}
    environment |= {SITE: "\n".join(site), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.Popen(
        [sys.executable, "-I", "-S", CHILD],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, cwd="/",
        close_fds=True,
    )  # fmt: skip
