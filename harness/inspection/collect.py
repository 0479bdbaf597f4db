"""Which files are inspected: those that are named, what lies in folders, and lists of paths."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from harness.inspection.formats.assets import HDF5
from harness.inspection.plain import open_plain
from harness.inspection.recognise import is_model_folder

PICKLES = tuple(b"\x80" + bytes([protocol]) for protocol in range(2, 6))  # that tell of themselves
SUFFIXES = (".keras", ".h5", ".hdf5", ".weights.json")


def collect(named: Iterable[Path]) -> Iterator[Path]:
    """Files and models' folders. A file that is named is taken as it is; in a folder, what looks like a model."""
    for path in named:
        try:
            walked = path.is_dir() and not is_model_folder(path)
        except (OSError, ValueError):  # what keeps it from being looked at is said when it is inspected
            walked = False
        if walked:
            found = list(_below(path))
            yield from found or [path]
        else:
            yield path


def _below(top: Path) -> Iterator[Path]:
    closed: list[str] = []  # folders that cannot be listed: left out without a word, what lies in them would be `ok`
    for folder, inner, names in os.walk(top, followlinks=False, onerror=lambda error: closed.append(error.filename)):
        place = Path(folder)
        inner.sort()
        if place != top and _holds_model(place):
            inner.clear()
            yield place
            continue
        inner[:] = [name for name in inner if not (place / name).is_symlink() and name not in (".git", "__pycache__")]
        yield from (place / name for name in sorted(names) if _is_model(place / name))
    yield from map(Path, closed)


def _holds_model(folder: Path) -> bool:
    try:
        return is_model_folder(folder)
    except OSError:
        return True  # it can be listed and not entered: that is said when it is inspected


def _is_model(path: Path) -> bool:
    if path.is_symlink():
        return False
    if path.name.lower().endswith(SUFFIXES):
        return True
    try:
        if not path.is_file():
            return False
        with open_plain(path) as file:
            head = file.read(4096)
    except OSError:
        return False
    if head.startswith((HDF5, *PICKLES)):
        return True
    if head.startswith(b"PK\x03\x04"):
        return b"config.json" in head or b"metadata.json" in head
    return head.lstrip()[:1] == b"{" and (b'"class_name"' in head and b'"config"' in head)
