"""The pipes of a worker, read and written with one eye on the clock: nothing here waits without an end."""

from __future__ import annotations

import os
import select
import subprocess
import time
from collections.abc import Callable

PAUSE = 0.2  # seconds between two looks at the worker while it is silent


class Channel:
    """Whole reads and writes on a worker's pipes.

    `look` is called every `PAUSE` seconds while a read or a write is under way; what it raises ends it.
    """

    def __init__(self, process: subprocess.Popen[bytes], look: Callable[[], None]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._look = look
        self._looked = 0.0
        self._in, self._out = process.stdin.fileno(), process.stdout.fileno()
        os.set_blocking(self._in, False)
        self._readable, self._writable = select.poll(), select.poll()
        self._readable.register(self._out, select.POLLIN)
        self._writable.register(self._in, select.POLLOUT)

    def read(self, size: int) -> bytes:
        """So many bytes; fewer where the worker has closed the pipe or is gone."""
        data = bytearray()
        while len(data) < size and self._wait(self._readable):
            chunk = os.read(self._out, min(size - len(data), 1 << 20))
            if not chunk:
                break
            data += chunk
        return bytes(data)

    def write(self, data: bytes) -> None:
        """All of it; raises BrokenPipeError where the worker takes no more."""
        view = memoryview(data)
        while view:
            if not self._wait(self._writable):
                raise BrokenPipeError("the worker is gone")
            view = view[os.write(self._in, view) :]

    def flush(self) -> None:
        """Nothing is held back."""

    def _wait(self, poll: select.poll) -> bool:
        """Waits until the pipe is ready; False where the process is gone and has left nothing.

        A child of the worker may hold the pipe open longer than the worker lives.
        """
        while True:
            gone = self._process.poll() is not None
            ready = bool(poll.poll(0 if gone else PAUSE * 1000))
            if time.monotonic() - self._looked > PAUSE:
                self._looked = time.monotonic()
                self._look()
            if ready or gone:
                return ready
