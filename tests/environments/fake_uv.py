"""A uv that makes an environment in no time, and does as a test tells it: what it is to do for which requirement.

    fake_uv.py venv --no-project --python 3.11 PATH
    fake_uv.py pip install --python PATH/bin/python -r FILE

It notes what it was asked in `$FAKE_UV/calls`; what stands in `$FAKE_UV/does` is done instead of installing.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

HERE = Path(os.environ["FAKE_UV"])
SAYS = {
    "no solution": "  x No solution found when resolving dependencies:\n  cause: Because there is no version of"
    " tensorflow-cpu==9.9 and you require tensorflow-cpu==9.9, we can conclude that your requirements are"
    " unsatisfiable.\n",
    "full disk": "error: Failed to install: tensorflow-cpu\n  Caused by: No space left on device (os error 28)\n",
    "no python": "error: No interpreter found for Python 3.99 in managed installations or search path\n",
}
NOTHING = "Checked 37 packages in 0.35ms\nWould make no changes\n"


def main() -> int:
    verb = sys.argv[1]
    with (HERE / "calls").open("a") as calls:
        calls.write(" ".join(sys.argv[1:]) + "\n")
    file = Path(sys.argv[sys.argv.index("-r") + 1]) if "-r" in sys.argv else Path()
    does = (HERE / "does").read_text() if (HERE / "does").exists() else ""
    if verb == "venv":
        if does == "no python":
            sys.stderr.write(SAYS[does])
            return 2
        target = Path(sys.argv[-1]) / "bin"
        target.mkdir(parents=True)
        version = "3.8.18" if does == "old python" else "3.11.7"
        (target / "python").write_text(f"#!/bin/sh\necho '{json.dumps({'python': version})}'\n")
        (target / "python").chmod(0o755)
        return 0
    if "--dry-run" in sys.argv and does not in SAYS:
        sys.stderr.write("Would install 1 package\n - keras==3.6.0\n + keras==3.7.0\n" if does == "newer" else NOTHING)
        return 0
    if does in SAYS:
        sys.stderr.write("Using Python 3.11.7 environment at: env\n" + SAYS[does])
        return 1
    if does == "slow":
        (HERE / "begun").touch()
        time.sleep(1.0)
    if does == "kill driver":
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(0.5)
        return 1
    if does == "hang":
        (HERE / "begun").touch()
        time.sleep(60)
    lines = file.read_text().split()
    found = dict(each.split("==") for each in lines if "==" in each)
    python = Path(sys.argv[sys.argv.index("--python") + 1])
    asked = f"echo '{json.dumps({'python': '3.11.7', **found})}'"
    started = "echo 'ImportError: libcuda.so.1: no such file' >&2; exit 1"
    python.write_text(f'#!/bin/sh\nif [ "$1" = -I ]; then {asked}; else {started}; fi\n')
    return 0


if __name__ == "__main__":
    sys.exit(main())
