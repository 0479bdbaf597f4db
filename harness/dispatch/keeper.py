"""Waits for the end of a run and clears up where the run could not: it was killed.

Started by path, with the run's folder and further files as arguments. Its standard input is a pipe that the run holds;
a run that ends in order says so on it, one that is killed only lets go of it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import time

PATIENCE = 30.0  # seconds for which it tries to remove what a dying worker may still write to
QUIET = 2.0  # seconds for which the folder must stay away


def main() -> None:
    """Removes the folder and the files, once the pipe is closed without a word."""
    if sys.stdin.buffer.read(1):
        return
    folder, *files = sys.argv[1:]
    for file in files:
        with contextlib.suppress(OSError):
            os.unlink(file)
    end = time.monotonic() + PATIENCE
    gone_since = None
    while time.monotonic() < end:
        if os.path.lexists(folder):
            shutil.rmtree(folder, ignore_errors=True)
            gone_since = None
        elif gone_since is None:
            gone_since = time.monotonic()
        elif time.monotonic() - gone_since > QUIET:
            return
        time.sleep(0.2)


if __name__ == "__main__":
    main()
