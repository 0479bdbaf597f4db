"""One worker process: started, asked, and stopped; what can go wrong with it is an exception with a reason."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from harness.dispatch.channel import Channel
from harness.dispatch.confinement import GIB as GIB
from harness.dispatch.confinement import Confinement
from harness.protocol.frames import Closed, Garbled, read_frame, write_frame

MAIN = Path(__file__).resolve().parents[1] / "worker" / "__main__.py"
OUT_OF_MEMORY = "out of memory"  # why a worker was lost
LONGEST_LOG = 1 << 24  # bytes of standard error that are kept of a worker


@dataclass(frozen=True)
class Limits:
    """What a worker may take before it is stopped."""

    start: float = 180.0  # seconds; importing TensorFlow takes 6 to 10, on a cold disk far more
    memory: int = 8 * GIB  # resident in the middle of a request
    between: int = 3 * GIB  # resident between two requests: beyond that it has leaked, and a new one takes its place


class WorkerFailed(Exception):
    """The worker could not be started: TensorFlow is missing or cannot be imported. `tail` is what it wrote last."""

    def __init__(self, message: str, tail: str = "") -> None:
        super().__init__(message)
        self.tail = tail


class WorkerLost(Exception):
    """The worker went away in the middle of a request.

    `reason` is ``crashed`` (with the name of the signal or the exit code), ``hung``, ``out of memory`` or ``garbled``
    (something else than an answer came); `at` is what it was at, `tail` the end of what it wrote to standard error.
    """

    def __init__(self, reason: str, detail: str, *, at: str = "", tail: str = "") -> None:
        super().__init__(f"worker {reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.at = at
        self.tail = tail


class Worker:
    """A process of `interpreter` that serves requests from a folder of its own. Use it from one thread at a time."""

    def __init__(
        self,
        folder: Path,
        interpreter: str | None = None,
        *,
        limits: Limits | None = None,
        environment: dict[str, str] | None = None,
        modules: Sequence[Path] = (),
        confinement: Confinement | None = None,
    ) -> None:
        self.folder = folder
        self.limits = limits or Limits()
        self.about: dict[str, Any] = {}
        self._log = (folder / "stderr").open("a+b")
        self._interpreter = interpreter or sys.executable
        command = [self._interpreter, str(MAIN), str(folder), *map(str, modules)]
        passed = dict(os.environ)
        if confinement is not None:
            command, passed = confinement.command(folder, command), confinement.environment(folder)
        try:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                env=_environment(folder, passed, environment or {}),
                cwd=folder,
                bufsize=0,
                # Ctrl-C is for the driver, which stops its workers in order.
                start_new_session=True,
            )
        except OSError as error:
            self._log.close()
            raise WorkerFailed(f"{interpreter or sys.executable}: {error.strerror or error}") from error
        self._channel = Channel(self.process, self._look)
        self._in_use = threading.Lock()
        self._at = ""
        self._limit = 0.0
        self._deadline = 0.0
        self.peak_rss = 0

    @property
    def pid(self) -> int:
        """The process that answers; another one than was started where the interpreter is a wrapper."""
        return int(self.about.get("pid", self.process.pid))

    @property
    def rss(self) -> int:
        """Bytes of memory that it holds now."""
        try:
            now = int(psutil.Process(self.pid).memory_info().rss)
        except psutil.Error:
            return 0
        self.peak_rss = max(self.peak_rss, now)
        return now

    def start(self) -> dict[str, Any]:
        """Waits until it has imported TensorFlow, and returns what it says of itself; raises WorkerFailed."""
        try:
            about, _ = self._exchange(None, self.limits.start)
        except WorkerLost as lost:
            self.stop()
            last = lost.tail.strip().splitlines()[-1:] or [lost.detail]
            what = {
                "hung": f"no worker after {self.limits.start:.0f} s",
                "garbled": f"{self._interpreter} does not answer as a Python does: {lost.detail}",
            }.get(lost.reason, last[0])
            raise WorkerFailed(what, lost.tail) from lost
        if "fatal" in about:
            fatal = about["fatal"]
            tail = self._tail()
            self.stop()
            raise WorkerFailed(f"{fatal['type']}: {fatal['message']}", tail)
        self.about = about
        return about

    def ask(self, request: dict[str, Any], *, limit: float = 120.0) -> tuple[dict[str, Any], dict[str, bytes]]:
        """Sends a request and waits for its answer at most `limit` seconds; raises WorkerLost."""
        return self._exchange(request, limit)

    def _exchange(self, request: dict[str, Any] | None, limit: float) -> tuple[dict[str, Any], dict[str, bytes]]:
        self._at = ""
        self._limit, self._deadline = limit, time.monotonic() + limit
        with self._in_use:
            try:
                if request is not None:
                    write_frame(self._channel, request)  # type: ignore[arg-type]
                while True:
                    header, blobs = read_frame(self._channel)
                    if "under way" not in header:
                        return header, blobs
                    self._at = str(header["under way"])
            except WorkerLost:
                self.kill()
                raise
            except Garbled as error:
                self.kill()
                raise self._lost("garbled", str(error)) from error
            except (Closed, OSError) as error:
                raise self._ended() from error

    def _look(self) -> None:
        """Holds the worker against its limits, in the middle of a request."""
        if os.fstat(self._log.fileno()).st_size > LONGEST_LOG:
            os.ftruncate(self._log.fileno(), 0)
        if time.monotonic() > self._deadline:
            raise self._lost("hung", f"no answer for {self._limit:.0f} s")
        if self.rss > self.limits.memory:
            raise self._lost(OUT_OF_MEMORY, f"more than {self.limits.memory / GIB:.1f} GiB")

    def _ended(self) -> WorkerLost:
        """The worker closed its pipe: how it came to its end."""
        try:
            code = self.process.wait(timeout=5.0)
        except subprocess.TimeoutExpired:
            self.kill()
            return self._lost("crashed", "it closed its pipe")
        number = -code if code < 0 else code - 128  # as a shell between the two tells it
        named = number in {each.value for each in signal.Signals}
        return self._lost("crashed", signal.Signals(number).name if named else f"exit code {code}")

    def _lost(self, reason: str, detail: str) -> WorkerLost:
        return WorkerLost(reason, detail, at=self._at, tail=self._tail())

    def _tail(self, size: int = 2000) -> str:
        self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, self._log.tell() - size))
        return self._log.read().decode("utf-8", "replace")

    def kill(self) -> None:
        """Ends the process at once, and what it has started."""
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def stop(self) -> None:
        """Ends the process and removes its folder; safe to call twice, and from another thread than the one that asks.

        The pipes stay open until that thread has noticed: their numbers may be given to other files at once.
        """
        self.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=10.0)
        with self._in_use:
            for stream in (self.process.stdin, self.process.stdout, self._log):
                if stream is not None and not stream.closed:
                    with contextlib.suppress(OSError):
                        stream.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def _environment(folder: Path, passed: dict[str, str], extra: dict[str, str]) -> dict[str, str]:
    """The environment of a worker: nothing of the driver's Python, one thread each, TensorFlow quiet.

    What it writes, it writes into its folder; the settings of Keras are the defaults and not those of a user.
    """
    kept = {key: value for key, value in passed.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV", "COVERAGE"))}
    return {
        **kept,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "OMP_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "TMPDIR": str(folder),
        "KERAS_HOME": str(folder / "keras"),
        "HARNESS_DRIVER": str(os.getpid()),
        "PYTHONIOENCODING": "utf-8",
        **extra,
    }
