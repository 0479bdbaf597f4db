"""One worker process: started, asked, and stopped; what can go wrong with it is an exception with a reason."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.protocol.frames import Closed, read_frame, write_frame

MAIN = Path(__file__).resolve().parents[1] / "worker" / "__main__.py"
START_LIMIT = 180.0  # seconds; importing TensorFlow takes 6 to 10, on a cold disk far more


class WorkerFailed(Exception):
    """The worker could not be started: TensorFlow is missing or cannot be imported."""


class WorkerLost(Exception):
    """The worker went away in the middle of a request.

    `reason` is ``crashed`` (with the name of the signal or the exit code) or ``hung``; `tail` is the end of what it
    wrote to standard error.
    """

    def __init__(self, reason: str, detail: str, tail: str) -> None:
        super().__init__(f"worker {reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.tail = tail


class Worker:
    """A process of `interpreter` that serves requests. Use it from one thread at a time."""

    def __init__(
        self,
        interpreter: str | None = None,
        *,
        environment: dict[str, str] | None = None,
        modules: Sequence[Path] = (),
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="keras-harness-"))
        self._log = (self.folder / "stderr").open("w+b")
        try:
            self.process = subprocess.Popen(
                [interpreter or sys.executable, str(MAIN), str(self.folder), *map(str, modules)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                env=_environment(environment or {}),
                cwd=self.folder,
                # Ctrl-C is for the driver, which stops its workers in order.
                start_new_session=True,
            )
        except OSError as error:
            self._log.close()
            shutil.rmtree(self.folder, ignore_errors=True)
            raise WorkerFailed(f"{interpreter}: {error.strerror}") from error
        self.about: dict[str, Any] = {}

    def start(self) -> dict[str, Any]:
        """Waits until it has imported TensorFlow, and returns what it says of itself; raises WorkerFailed."""
        try:
            self.about, _ = self._read(START_LIMIT)
        except WorkerLost as lost:
            self.stop()
            last = lost.tail.strip().splitlines()[-1:] or [lost.detail]
            raise WorkerFailed(last[0]) from lost
        if "fatal" in self.about:
            fatal = self.about["fatal"]
            self.stop()
            raise WorkerFailed(f"{fatal['type']}: {fatal['message']}")
        return self.about

    def ask(self, request: dict[str, Any], *, limit: float = 120.0) -> tuple[dict[str, Any], dict[str, bytes]]:
        """Sends a request and waits for its answer at most `limit` seconds; raises WorkerLost."""
        assert self.process.stdin is not None
        try:
            write_frame(self.process.stdin, request)
        except OSError as error:
            raise self._lost() from error
        return self._read(limit)

    def _read(self, limit: float) -> tuple[dict[str, Any], dict[str, bytes]]:
        assert self.process.stdout is not None
        hung = threading.Event()

        def kill() -> None:
            hung.set()
            self.kill()

        timer = threading.Timer(limit, kill)
        timer.daemon = True
        timer.start()
        try:
            return read_frame(self.process.stdout)
        except Closed as error:
            if hung.is_set():
                raise WorkerLost("hung", f"no answer for {limit:.0f} s", self._tail()) from error
            raise self._lost() from error
        finally:
            timer.cancel()

    def _lost(self) -> WorkerLost:
        code = self.process.wait()
        detail = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return WorkerLost("crashed", detail, self._tail())

    def _tail(self, size: int = 2000) -> str:
        self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, self._log.tell() - size))
        return self._log.read().decode("utf-8", "replace")

    def kill(self) -> None:
        """Ends the process at once."""
        self.process.kill()

    def stop(self) -> None:
        """Ends the process and removes its folder; safe to call twice."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self._log):
            if stream is not None and not stream.closed:
                try:
                    stream.close()
                except OSError:
                    continue
        shutil.rmtree(self.folder, ignore_errors=True)


def _environment(extra: dict[str, str]) -> dict[str, str]:
    """The environment of a worker: nothing of the driver's Python, one thread each, TensorFlow quiet."""
    kept = {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV", "COVERAGE"))
    }
    return {
        **kept,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "OMP_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONIOENCODING": "utf-8",
        **extra,
    }
