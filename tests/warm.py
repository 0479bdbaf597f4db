"""A Python that has imported TensorFlow already, for tests that start dozens: that costs 3 s of a core each time.

`python()` gives the path of an interpreter, for wherever one is asked for. Behind it is one process that has imported
TensorFlow and Keras and done nothing else with them. It forks for each start, and the child becomes what was to be
started: with its arguments, variables, folder and standard streams. What was started itself (`_ask`) waits between the
two: it ends as the child does, and the child is killed where it is killed. All ends when the process that called
`python()` does.

What is read while TensorFlow is imported has been read: who has other variables than those of a worker is started as
ever. Limits of the system and other open files do not come along. So a test about starting, about memory or about
ending takes `sys.executable`, and with `pytest --fresh` all do.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import types
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, NoReturn

# Those of a worker that matter to an import. A script that is to be forked is given them, too.
VARIABLES = {
    "OMP_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONIOENCODING": "utf-8",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}
# What nobody reads while TensorFlow is imported, and what is made good here.
FREE = {
    "HARNESS_DRIVER", "KERAS_HOME", "OLDPWD", "PWD", "PYTEST_CURRENT_TEST", "PYTHONUNBUFFERED", "SHLVL", "TMPDIR",
    "VIRTUAL_ENV", "_",
}  # fmt: skip
LONGEST = 1 << 18  # bytes of a request, beyond what the system takes as one
FORKED = b"forked"


@contextlib.contextmanager
def python() -> Iterator[str]:
    """The path of the interpreter, for as long as it is open; that of the real one where the system is not Linux."""
    if sys.platform != "linux":
        yield sys.executable
        return
    with tempfile.TemporaryDirectory(prefix="warm-") as folder, _socket() as listener:
        listener.bind(f"{folder}/socket")
        listener.listen()  # who comes while TensorFlow is imported waits here
        path = Path(folder, "python")
        path.write_text(f'#!/bin/sh\nexec "{sys.executable}" -IS "{__file__}" ask "{folder}/socket" "$@"\n')
        path.chmod(0o755)
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "COVERAGE"))}
        number = listener.fileno()
        with subprocess.Popen(
            [sys.executable, __file__, "serve", str(number)],
            env={**kept, **VARIABLES, "KERAS_HOME": folder}, cwd=folder, pass_fds=[number], start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        ):  # fmt: skip
            listener.close()  # without the other process nobody answers, and all are started as ever
            yield str(path)


def _socket(number: int | None = None) -> socket.socket:
    return socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, fileno=number)  # a request is one packet


def _ask(path: str, arguments: list[str]) -> NoReturn:
    """Has this process forked, and ends as the child does; where that cannot be, becomes the Python that was meant."""
    answer = b""
    with contextlib.suppress(OSError), _socket() as server:
        if arguments[:1] == ["-c"] or not "".join(arguments[:1]).startswith("-"):
            server.connect(path)
            request = Request(arguments, os.getcwd(), dict(os.environ))
            socket.send_fds(server, [json.dumps(request).encode()], [0, 1, 2])
            answer = server.recv(LONGEST)
        if answer == FORKED:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.closerange(0, 3)  # a pipe is closed once the child has closed it
            _end_as(int(server.recv(LONGEST) or -signal.SIGKILL))
    os.execv(sys.executable, [sys.executable, *arguments])


def _end_as(code: int) -> NoReturn:
    if code < 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with contextlib.suppress(OSError):
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


class Request(NamedTuple):
    """What a process is to become."""

    arguments: list[str]
    folder: str
    variables: dict[str, str]


class Server:
    """Forks for each request; in the child, `serve` returns what it is to become, with its streams in place."""

    def __init__(self, listener: socket.socket) -> None:
        self.listener = listener
        # As it was given: Python and TensorFlow have set some since, as they do in whatever starts.
        entries = (os.fsdecode(each).partition("=") for each in Path("/proc/self/environ").read_bytes().split(b"\0"))
        self.given = {key: value for key, _, value in entries if key}
        self.imported: dict[str, str] = {}  # the variables that it has set since
        self.children: dict[int, tuple[int, socket.socket]] = {}  # by a descriptor of the process: its id, who asked
        self.poll = select.poll()
        for number in (0, listener.fileno()):
            self.poll.register(number, select.POLLIN)

    def serve(self) -> Request:
        """Serves until standard input is closed: whoever started this has ended."""
        while True:
            ready = {number for number, _ in self.poll.poll()}
            for watch, (pid, asker) in list(self.children.items()):
                if watch in ready:
                    self._ended(watch)
                elif 0 in ready or asker.fileno() in ready:  # it has nothing more to say, so it is gone
                    _kill(pid)
            if 0 in ready and not self.children:
                shutil.rmtree(os.getcwd(), ignore_errors=True)  # where that one was killed, nobody else does
                sys.exit()
            if self.listener.fileno() in ready:
                asker, _ = self.listener.accept()
                told, streams, _, _ = socket.recv_fds(asker, LONGEST, 3)
                request = Request(*json.loads(told)) if len(streams) == 3 else None
                if request is not None and self._settled(request.variables) == self._settled(self.given):
                    pid = os.fork()
                    if not pid:
                        self._let_go(asker, streams)
                        return request
                    self._forked(pid, asker)
                else:
                    asker.close()
                for each in streams:
                    os.close(each)

    def _settled(self, variables: dict[str, str]) -> dict[str, str]:
        """Those that cannot be changed once TensorFlow is imported; what the import sets it may have been given, too.

        A pytest process that has imported TensorFlow for another test has it in all that it starts.
        """
        return {key: each for key, each in variables.items() if key not in FREE and self.imported.get(key) != each}

    def _forked(self, pid: int, asker: socket.socket) -> None:
        watch = os.pidfd_open(pid)
        self.children[watch] = pid, asker
        self.poll.register(watch, select.POLLIN)
        self.poll.register(asker, select.POLLIN)
        with contextlib.suppress(OSError):
            asker.send(FORKED)

    def _ended(self, watch: int) -> None:
        pid, asker = self.children.pop(watch)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        for each in (watch, asker):
            self.poll.unregister(each)
        os.close(watch)
        with contextlib.suppress(OSError), asker:
            asker.send(str(code).encode())

    def _let_go(self, asker: socket.socket, streams: list[int]) -> None:
        """In the child: nothing is kept of the server, and it does not outlive it."""
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        os.setsid()
        for watch, (_, other) in self.children.items():
            os.close(watch)
            other.close()
        self.listener.close()
        asker.close()
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)


def _kill(pid: int) -> None:
    """Ends a child with all that it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
        os.killpg(pid, signal.SIGKILL)


def _become(request: Request, imported: dict[str, str]) -> None:
    """Runs what was to be started, as Python does; what depends on the process is made anew."""
    import keras
    import numpy

    os.chdir(request.folder)
    os.environ.clear()
    os.environ.update({**request.variables, **imported})
    tempfile.tempdir = None
    numpy.random.seed()
    if "KERAS_HOME" in request.variables and hasattr(keras, "src"):
        keras.src.backend.config._KERAS_DIR = request.variables["KERAS_HOME"]
    first, *others = request.arguments
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    if first == "-c":
        code, *others = others
        source = code.encode()
        sys.argv[:], sys.path[0], name = ["-c", *others], "", "<string>"
    else:
        source = Path(first).read_bytes()
        sys.argv[:], sys.path[0], name = request.arguments, str(Path(first).resolve().parent), first
        main.__file__ = first
    exec(compile(source, name, "exec", dont_inherit=True), vars(main))


def main() -> None:
    """Asks, or serves and becomes what was asked for."""
    what, where, *arguments = sys.argv[1:]
    if what == "ask":
        _ask(where, arguments)
    server = Server(_socket(int(where)))
    os.environ.setdefault("HDF5_PLUGIN_PATH", "disable")  # as a worker does before HDF5 reads it
    import keras  # noqa: F401
    import tensorflow  # noqa: F401

    server.imported = {key: value for key, value in os.environ.items() if server.given.get(key) != value}
    gc.collect()
    gc.freeze()  # a collection would write to all of it, and so copy it
    _become(server.serve(), server.imported)


if __name__ == "__main__":
    main()
