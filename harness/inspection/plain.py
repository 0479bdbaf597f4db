"""Opens plain files and nothing else: to open a pipe that has taken a file's place would wait without end."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import IO


def opener(path: str, flags: int) -> int:
    """What `open` is given as its opener; raises OSError where there is no plain file."""
    handle = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "no plain file any more", path)
    return handle


def open_plain(path: Path) -> IO[bytes]:
    return open(path, "rb", opener=opener)


def read_plain(path: Path) -> bytes:
    with open_plain(path) as file:
        return file.read()
