"""The worker process: reads requests from standard input, writes replies to standard output.

Started by path (``python .../worker/__main__.py FOLDER [MODULE.py ...]``), for the interpreter under test has no
keras-harness installed. What TensorFlow and Keras print goes to standard error, so that it cannot get between two
frames. The modules named are run once Keras is imported: they register custom objects, or plant a fault for a test.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import runpy
import signal
import sys
import threading
import time
import types
from pathlib import Path


def _make_importable() -> None:
    """Makes ``harness`` a package without putting the folder around it on the path.

    Beside an installed harness lies the driver's whole site-packages, which must not be seen here.
    """
    if "harness" not in sys.modules:
        package = types.ModuleType("harness")
        package.__path__ = [str(Path(__file__).resolve().parents[1])]
        sys.modules["harness"] = package
    here = str(Path(__file__).resolve().parent)
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != here]


def _end_with_the_driver() -> None:
    """Lets this process end when the driver does, whatever it is at.

    On Linux the system sees to it. Elsewhere, and where the interpreter is a wrapper that stands between the two, a
    thread looks whether the driver is there.
    """
    parent = os.getppid()
    driver = int(os.environ.get("HARNESS_DRIVER", parent))
    if sys.platform == "linux" and driver == parent:
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)

    def watch() -> None:
        while os.getppid() == parent and _runs(driver):
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def main() -> int:
    """Serves until the pipe closes."""
    _end_with_the_driver()
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.stdout = sys.stderr
    _make_importable()
    from harness.protocol.frames import Closed, Garbled, read_frame, write_frame

    try:
        # What is only measured needs another server: threads as many as the machine has, and no list of public names.
        Server = importlib.import_module(os.environ.get("HARNESS_SERVER", "harness.worker.serve")).Server
    except BaseException as error:
        write_frame(replies, {"fatal": {"type": type(error).__name__, "message": str(error)[:2000]}})
        return 3
    try:
        for path in sys.argv[2:]:
            runpy.run_path(path)
    except BaseException as error:
        write_frame(replies, {"fatal": {"type": type(error).__name__, "message": f"{path}: {error}"[:2000]}})
        return 3
    server = Server(Path(sys.argv[1]), lambda what: write_frame(replies, {"under way": what}))
    write_frame(replies, {**server.hello(), "pid": os.getpid()})
    while True:
        try:
            request, _ = read_frame(requests)
        except (Closed, Garbled):
            return 0
        if request.get("verb") == "stop":
            return 0
        reply, blobs = server.answer(request)
        write_frame(replies, reply, blobs)


if __name__ == "__main__":
    sys.exit(main())
