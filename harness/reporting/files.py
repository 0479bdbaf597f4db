"""Reports in files: whole at every moment, kept up while a check runs, and never lost without a word."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.check.result import Result

EVERY = 3.0  # seconds between two writes while nothing is found, and the longest that one holds back the next
SHARE = 50  # of the time, writing takes no more than one part in so many


class NoFolder(Exception):
    """The folder of a report does not exist; the message says which."""


def partial(path: Path) -> Path:
    """Where a report is written before it takes its place."""
    return path.with_name(f".{path.name}.{os.getpid()}")


def probe(path: Path) -> None:
    """Finds out whether a report can be written there, before anything is measured.

    Raises NoFolder where the user has named no place, and OSError where the place takes no file.
    """
    if path.is_dir():
        raise NoFolder(f"{path} is a folder, not a file")
    if not path.parent.is_dir():
        raise NoFolder(f"there is no folder {path.parent}")
    if not _is_special(path):
        # A file that was there is left as it is until there is something to say.
        first = partial(path)
        try:
            first.write_text("\n", encoding="utf-8")
        finally:
            with contextlib.suppress(OSError):
                first.unlink()


def write(text: str | bytes, path: Path, *, synced: bool = True) -> None:
    """Writes beside the file first, then takes its place; raises OSError and leaves the file that was there.

    A name of a file may be no UTF-8: what cannot be written is escaped, as JSON has it.
    `synced`: waits for the disk, so that the file outlives a machine that stops. One that is killed needs no such wait.
    """
    data = text if isinstance(text, bytes) else text.encode("utf-8", errors="backslashreplace")
    if _is_special(path):
        path.write_bytes(data)
        return
    first = partial(path)
    try:
        with first.open("wb") as file:
            file.write(data)
            if synced:
                file.flush()
                os.fsync(file.fileno())
        first.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            first.unlink()
        raise


def keep(text: str | bytes, path: Path) -> str | None:
    """Writes a report, elsewhere if need be; None, or what the user must know of it."""
    try:
        write(text, path)
    except OSError as error:
        why = f"{path} could not be written: {_reason(error)}"
        for folder in dict.fromkeys((tempfile.gettempdir(), os.getcwd())):
            # A name of its own: it must not take the place of something else.
            elsewhere = Path(folder) / f"keras-harness-{os.getpid()}-{path.name}"
            with contextlib.suppress(OSError):
                write(text, elsewhere)
                return f"{why}; it is in {elsewhere}"
        return f"{why}, nor anywhere else"
    return None


class Kept:
    """Listens to a check and keeps its report up to date: one that is killed leaves what was done so far."""

    def __init__(self, path: Path, say: Callable[[str], None]) -> None:
        self.path = path
        self._say = say
        self._failed = False
        self._next = 0.0
        self._new = False

    def __call__(self, event: str, result: Result, subject: Any) -> None:
        """Takes an event of the session; the last report is the caller's."""
        self._new = self._new or event in ("started", "finding", "reduced")
        now = time.monotonic()
        if event == "done" or _is_special(self.path) or now < self._next or not (self._new or now > self._next + EVERY):
            return
        from harness.reporting import json_report

        now = time.monotonic()  # importing is no writing
        try:
            write(json_report.text(json_report.report(result)), self.path, synced=False)
        except OSError as error:
            if not self._failed:
                self._say(f"{self.path} cannot be written for now: {_reason(error)}")
            self._failed = True
        self._new = False
        # A disk that stalled once for half a second must not hold back the next finding for half a minute.
        self._next = time.monotonic() + min(SHARE * (time.monotonic() - now), EVERY)


def _is_special(path: Path) -> bool:
    """Whether it is something like /dev/stdout, which nothing may take the place of."""
    return path.exists() and not path.is_file()


def _reason(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno is not None else str(error)
