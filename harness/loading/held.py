"""A copy of a file, for the worker to load: what was inspected is what is loaded, whoever writes to it meanwhile."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from pathlib import Path

from harness.dispatch.scratch import Scratch
from harness.inspection.limits import MB
from harness.inspection.plain import open_plain
from harness.inspection.recognise import of_several
from harness.inspection.report import Report


class NotHeld(OSError):
    """There is no room for a copy, or the file is gone."""


class Held(contextlib.AbstractContextManager["Held"]):
    """A copy in a folder of ours, of what was inspected and of nothing else; it goes with the block. Raises NotHeld."""

    def __init__(self, path: Path, report: Report, scratch: Scratch) -> None:
        self._was = path
        try:
            self._folder = scratch.folder("held")
            self.path = self._folder / path.name
            around, copy = (path, self.path) if path.is_dir() else (path.parent, self._folder)
            digests = {name: _copied(around / name, copy / name) for name in report.parts or (path.name,)}
        except OSError as error:
            raise NotHeld(str(error)) from error
        self.weights = None if report.weights is None else self._folder / report.weights.name
        # Is it, byte for byte, what was inspected?
        self.same = report.sha256 == (of_several(digests) if report.parts else digests[path.name])

    def told(self, text: str) -> str:
        """What is said of the copy, said of the file."""
        return text.replace(str(self.path), str(self._was))

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


def _copied(path: Path, copy: Path) -> str:
    """Copies a plain file; returns its SHA-256."""
    digest = hashlib.sha256()
    copy.parent.mkdir(parents=True, exist_ok=True)
    with open_plain(path) as file, open(copy, "wb") as made:
        while block := file.read(MB):
            digest.update(block)
            made.write(block)
    return digest.hexdigest()
