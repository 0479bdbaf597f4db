"""An interpreter without TensorFlow: the worker's own main loop, around a server that does what a test tells it to.

`interpreter(folder, ...)` writes an executable that stands in for a Python with TensorFlow. Faults are named by the
layer that brings them about: a model without that layer is answered as if all had survived.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

SOURCE = """\
#!{python}
import json, os, runpy, signal, sys, time, types

sys.path.insert(0, {root!r})
FAULTS, START = {faults!r}, {start!r}
VOCABULARY = json.load(open({root!r} + "/fixtures/vocabularies/keras-3.15.json"))
if START == "slow":
    print("importing very much", file=sys.stderr, flush=True)
    time.sleep(600)
if START == "once" and os.path.exists({folder!r} + "/started"):
    sys.exit("no second time")
open({folder!r} + "/started", "a").write(str(os.getpid()) + "\\n")


def garble():
    for descriptor in range(3, 20):  # the pipe of the replies is somewhere among them
        try:
            os.write(descriptor, b"2026-01-01 I tensorflow/core: oneDNN is on\\n" * 10)
        except OSError:
            pass


def full_disk():
    with open("/dev/full", "w") as file:
        file.write("x" * 100000)


held = []
DO = {{
    "segv": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "abort": os.abort,
    "exit": lambda: os._exit(7),
    "hang": lambda: time.sleep(600),
    "leak": lambda: held.append(bytearray(os.urandom(1 << 20)) * 200),
    "eat": lambda: [held.append(bytearray(os.urandom(1 << 20)) * 50) or time.sleep(0.05) for _ in range(600)],
    "print": lambda: (print("hello"), os.system("echo from a child"), os.write(1, b"raw" * 100)),
    "read": lambda: sys.stdin.read(1),
    "garble": garble,
    "slow": lambda: time.sleep(0.3),
    "full disk": full_disk,
    "error": lambda: open("no such file"),
    "write": lambda: open("left", "w").write("behind"),
}}


class Server:
    def __init__(self, folder, tell):
        self.tell = tell

    def hello(self):
        about = dict(python="3.11", tensorflow="2.21.0", packages={{}}, devices=[])
        return {{**VOCABULARY, **about}}

    def answer(self, request):
        text = json.dumps(request["architecture"])
        open({folder!r} + "/asked", "a").write(text + "\\n")
        build = dict(shapes={{}}, traits=["weights", "floats"], weights=1, parameters=1)
        reply = dict(build=build, before=dict(structure=[]), routes={{}}, pid=os.getpid())
        self.tell("build")
        for route in request["routes"]:
            self.tell(route)
            reply["routes"][route] = dict(before={{}}, after=dict(structure=[]))
            for layer, (at, what) in FAULTS.items():
                named = layer == "*" or '"layers.%s"' % layer in text or '"application:%s"' % layer in text
                if named and at in (route, "*"):
                    if what == "nonsense":
                        return dict(build=3, pid=os.getpid()), {{}}
                    try:
                        DO[what]()
                    except OSError as error:
                        described = dict(type="OSError", message=str(error), place="")
                        reply["routes"][route] = dict(error=described)
        return reply, {{}}


import harness.worker

fake = types.ModuleType("harness.worker.serve")
fake.Server = Server
sys.modules["harness.worker.serve"] = fake
sys.modules["keras"] = None  # the script of a finding ends at once, and starts no TensorFlow
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def interpreter(folder: Path, start: str = "", **faults: tuple[str, str]) -> str:
    """The path of a stand-in; `faults` has, by layer (`any`: each) or application, a route and what happens there."""
    folder.mkdir(exist_ok=True)
    path = folder / "python"
    named = {"*" if layer == "any" else layer: fault for layer, fault in faults.items()}
    path.write_text(
        SOURCE.format(python=sys.executable, root=str(ROOT), folder=str(folder), faults=named, start=start),
        encoding="utf-8",
    )
    path.chmod(0o755)
    return str(path)


def wrapped(python: str) -> str:
    """The path of a shell script that starts an interpreter, and stays between it and who started it."""
    path = Path(python).with_name("wrapper")
    path.write_text(f'#!/bin/sh\n"{python}" "$@"\n', encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def started(folder: Path) -> list[int]:
    """The processes that have been started in the place of workers."""
    path = folder / "started"
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def asked(folder: Path) -> list[str]:
    """The architectures that were sent to any of them, each as often as it was."""
    return (folder / "asked").read_text(encoding="utf-8").splitlines()


def read(report: Path) -> dict:
    """A report, which must be whole."""
    return json.loads(report.read_text(encoding="utf-8"))
