"""One folder for all that a run puts on the disk for a while; it goes with the run, however that ends.

In order: the run removes it. Killed: the keeper, a small process that waits for this, removes it. Keeper killed as
well, or the machine switched off: the next run does, which sees by the lock that nobody owns the folder any more.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

PREFIX = "keras-harness-run-"
UNLOCKED = 3600.0  # seconds after which a folder that never got its lock counts as left behind
KEEPER = Path(__file__).with_name("keeper.py")


class Scratch:
    """The folder of a run; `leftovers` are files elsewhere that must not stay behind if the run is killed.

    Raises OSError where there is no place for it.
    """

    def __init__(self, leftovers: Sequence[Path] = ()) -> None:
        sweep()
        self.path, self._lock = _locked_folder()
        self._keeper = subprocess.Popen(
            [sys.executable, "-I", "-S", str(KEEPER), str(self.path), *map(str, leftovers)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )

    def folder(self, prefix: str) -> Path:
        """A new folder inside."""
        return Path(tempfile.mkdtemp(prefix=f"{prefix}-", dir=self.path))

    @property
    def free(self) -> int:
        """Bytes that are free on its disk; many where the folder is gone."""
        try:
            return shutil.disk_usage(self.path).free
        except OSError:
            return sys.maxsize

    def close(self) -> None:
        """Removes it; safe to call twice."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self._keeper.stdin is not None and not self._keeper.stdin.closed:
            with contextlib.suppress(OSError):
                self._keeper.stdin.write(b"done")
                self._keeper.stdin.close()
            self._keeper.wait()
            os.close(self._lock)


def sweep() -> None:
    """Removes the folders of runs that are no more."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if folder.is_symlink() or folder.stat().st_uid != os.getuid():
                continue
            try:
                lock = os.open(folder / "lock", os.O_RDWR)
            except FileNotFoundError:
                if time.time() - folder.stat().st_mtime > UNLOCKED:
                    shutil.rmtree(folder, ignore_errors=True)
                continue
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)


def _locked_folder() -> tuple[Path, int]:
    """A new folder with a lock that this process holds as long as it lives."""
    for _ in range(10):
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        # Another run may sweep the folder before it is locked.
        with contextlib.suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(lock), os.stat(folder / "lock")):
                return folder, lock
        os.close(lock)
        shutil.rmtree(folder, ignore_errors=True)
    raise OSError(f"no folder in {tempfile.gettempdir()} could be locked")
