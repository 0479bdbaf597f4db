"""Asks the child process that reads HDF5, and says what became of it."""

from __future__ import annotations

import contextlib
import json
import math
import os
import select
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.inspection.hdf5_start import launched
from harness.inspection.limits import MB, Limits

STARTING = 60.0  # seconds: importing h5py on a busy machine is not the file's fault, and no part of its time
ORPHAN = 10  # seconds after its time at which a child ends by itself, where nobody is left to end it
PATIENCE = 10  # times its time is how long a child may wait for a busy machine or a slow disk
# The share of its memory that a child may still hold after a file: beyond it, what can be read would hang on what was.
MOST_KEPT = 0.25
ANSWER = 256 * MB  # bytes of an answer; what a file of the largest allowed number of objects needs


@dataclass(slots=True)
class Contents:
    """What an HDF5 file holds."""

    findings: list[tuple[str, str, str]] = field(default_factory=list)
    datasets: list[dict[str, Any]] = field(default_factory=list)
    groups: dict[str, dict[str, Any]] = field(default_factory=dict)  # path -> attributes that are text


class Reader:
    """A child process for as many files as it lives; `start` returns at once."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._process: subprocess.Popen[bytes] | None = None
        self._ready = False
        self.took = 0.0  # seconds that the child has computed for the last file

    def start(self) -> None:
        """Starts the child, so that it imports its libraries while we do something else."""
        if self._process is not None and self._process.poll() is None:
            return
        self._ready = False
        self._process = launched()
        with contextlib.suppress(BrokenPipeError):  # one that has not started is told of by `read`
            self._send({"memory": self.limits.child_memory})

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    pipe.close()
            self._process.wait()
            self._process = None

    def read(self, path: Path, *, offset: int = 0, length: int | None = None, most: float = math.inf) -> Contents:
        """Reads the HDF5 at `path`, or a part of it, in `most` seconds of computing.

        A child that dies or hangs is a finding.
        """
        self.start()
        assert self._process is not None
        request: dict[str, Any] = {"path": str(path.absolute()), "limits": self.limits.hdf5()}
        if length is not None:
            request.update(offset=offset, length=length)
        size = length if length is not None else path.stat().st_size
        allowed = min(self.limits.seconds + size / (100 * MB), most)
        request["alarm"] = math.ceil(max(allowed, 0.0)) * PATIENCE + ORPHAN
        if not self._ready:
            self._wait()
        spent = _Spent(self._process.pid)
        try:
            self._send(request)
            line = self._line(allowed, spent)
        except BrokenPipeError:
            line = b""
        self.took = spent.seconds()
        if line is None:
            self.stop()
            return Contents([("hdf5-slow", "/", f"not read in {allowed:.1f} s")])
        if not line:
            code = self._process.wait()
            self.stop()
            if code == 1:  # as Python ends with an exception: no library of C has done that
                raise RuntimeError("the process that reads HDF5 failed")
            return Contents([("hdf5-abort", "/", f"the process that read it was ended by {_signal(code)}")])
        told = json.loads(line)
        if told["grown"] > self.limits.child_memory * MOST_KEPT:
            self.stop()
        answer = told["answer"]
        return Contents([(a, b, c) for a, b, c in answer["findings"]], answer["datasets"], answer["groups"])

    def _wait(self) -> None:
        """Until the child has imported its libraries and given up what it may; raises RuntimeError if it does not."""
        assert self._process is not None
        line = self._line(STARTING, _Spent(None))
        if not line:
            code = self._process.wait() if line is not None else None
            self.stop()
            why = f"not in {STARTING:.0f} s" if code is None else f"{_signal(code)}; is h5py installed?"
            raise RuntimeError(f"the process that reads HDF5 does not start: {why}")
        self._ready = True

    def _send(self, request: dict[str, Any]) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()

    def _line(self, most: float, spent: _Spent) -> bytes | None:
        """The next line; None where the time is over, empty where the child is gone."""
        assert self._process is not None
        assert self._process.stdout is not None
        handle = self._process.stdout.fileno()
        parts: list[bytes] = []
        size = 0
        while True:
            left = min(most - spent.seconds(), most * PATIENCE - spent.waited())
            if left <= 0:
                return None
            if not select.select([handle], [], [], left)[0]:
                continue  # it has computed for less than that
            part = os.read(handle, 1 << 16)
            size += len(part)
            if not part:
                return b""
            if size > ANSWER:
                return None
            parts.append(part)
            if part.endswith(b"\n"):
                return b"".join(parts)


class _Spent:
    """What a child has computed from now on: a busy machine or a slow disk is not the file's fault.

    Where the system does not tell, or there is no child, it is the time on the wall.
    """

    def __init__(self, child: int | None) -> None:
        self._clock = None if child is None else (~child << 3) | 2  # as Linux numbers the clocks of other processes
        self._begun, self._before = time.monotonic(), self._computed()

    def _computed(self) -> float | None:
        try:
            return None if self._clock is None else time.clock_gettime(self._clock)
        except (AttributeError, OSError):
            return None

    def waited(self) -> float:
        """Seconds on the wall."""
        return time.monotonic() - self._begun

    def seconds(self) -> float:
        """Seconds of computing."""
        computed = self._computed()
        return self.waited() if computed is None or self._before is None else computed - self._before


def _signal(code: int) -> str:
    import signal

    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"exit code {code}"
