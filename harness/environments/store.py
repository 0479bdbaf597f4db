"""The environments that were made, in the user's cache folder: a folder each, whole or not there.

<id>/environment.json   what was asked and what was resolved; written last, so that a half-made one has none
<id>/env                the virtual environment
<id>.lock               held alone by who makes or removes it, shared by who uses it; the system lets go of it
                        where a run is killed
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

RECORD = "environment.json"
FIELDS = {"asked", "requirements", "overrides", "python", "resolved", "made", "looked", "seconds"}  # of a record


def place() -> Path:
    """The folder of all of them."""
    return user_cache_path("keras-harness") / "environments"


@dataclass(frozen=True)
class Size:
    """Bytes on the disk; those that are `shared` with uv's cache are not freed where the environment is removed."""

    all: int = 0
    shared: int = 0


class Slot:
    """The place of one environment, whether it is there or not."""

    def __init__(self, id: str) -> None:
        self.id = id
        self.path = place() / id
        self.interpreter = self.path / "env" / "bin" / "python"

    @contextlib.contextmanager
    def locked(self, *, alone: bool, wait: bool = True) -> Iterator[int]:
        """Holds the lock and yields the number of its file; raises BlockingIOError where it is taken and `wait` is off.

        Others may hold it at the same time where it is not `alone`.
        """
        place().mkdir(parents=True, exist_ok=True)
        path = place() / f"{self.id}.lock"
        while True:
            file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
            try:
                fcntl.flock(file, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | (0 if wait else fcntl.LOCK_NB))
                if _is_at(file, path):  # else it was removed while it was waited for
                    yield file
                    return
            finally:
                os.close(file)

    def record(self) -> dict[str, Any] | None:
        """What is known of it; None where it is not whole: it was never finished, or its Python is gone."""
        if not self.interpreter.exists():
            return None
        try:
            found = json.loads((self.path / RECORD).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) and found.keys() >= FIELDS else None

    def keep(self, record: dict[str, Any]) -> None:
        """Says that it is whole."""
        partial = self.path / f"{RECORD}.part"
        partial.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        partial.replace(self.path / RECORD)

    def touch(self) -> None:
        """Notes that it is used now."""
        with contextlib.suppress(OSError):
            os.utime(self.path / RECORD)

    @property
    def used(self) -> float:
        """When it was last used, in seconds since 1970."""
        with contextlib.suppress(OSError):
            return (self.path / RECORD).stat().st_mtime
        with contextlib.suppress(OSError):
            return self.path.stat().st_mtime
        return time.time()

    def size(self) -> Size:
        """What it takes on the disk."""
        total = shared = 0
        for folder, _, names in os.walk(self.path):
            for name in names:
                with contextlib.suppress(OSError):
                    found = os.lstat(os.path.join(folder, name))
                    total += found.st_blocks * 512
                    shared += found.st_blocks * 512 if found.st_nlink > 1 else 0
        return Size(total, shared)

    def clear(self) -> None:
        """Removes what is there, the record first: what is left of it where this is cut short counts as half-made.

        Raises OSError where something cannot be removed.
        """
        (self.path / RECORD).unlink(missing_ok=True)
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self.path)

    def remove(self) -> None:
        """Removes what is there and the lock as well, which the caller holds alone."""
        try:
            self.clear()
        finally:
            (place() / f"{self.id}.lock").unlink(missing_ok=True)


def slots() -> list[Slot]:
    """Every environment that is there, half-made ones as well; the one used last comes first."""
    folders = [each for each in place().iterdir() if each.is_dir()] if place().is_dir() else []
    return sorted((Slot(each.name) for each in folders), key=lambda each: -each.used)


def _is_at(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False
