"""Files that lie elsewhere (`https://`, `hf://`, `s3://`, `gs://`), fetched for inspection: if allowed, and bounded."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from harness.inspection.collect import SUFFIXES
from harness.settings import Usage

REMOTE = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
INSTALL = 'pip install "keras-harness[remote]"'
MOST = 1000  # files of one folder
CHUNK = 1 << 20


class Fetched:
    """Fetches URLs into a temporary folder, one at a time; at most `most` bytes in all."""

    def __init__(self, *, allowed: bool, most: int) -> None:
        self.allowed = allowed
        self._most = most
        self._left = most
        self._folder: Path | None = None

    def _why_not(self, name: str) -> str:
        if not REMOTE.match(name):
            return ""
        if not self.allowed:
            return f"{name} lies elsewhere: --allow-remote fetches it"
        return "" if find_spec("fsspec") else f"{name} lies elsewhere: {INSTALL} fetches it"

    def allow(self, name: str) -> None:
        """Raises Usage for a URL where that is not allowed, and where fsspec is missing."""
        if why := self._why_not(name):
            raise Usage(why)

    def paths(self, name: str) -> Iterator[tuple[Path, str, str]]:
        """For a name its file, what it is called, and what kept it from being fetched; a path is its own.

        A folder elsewhere gives its models. The file is removed when the next one is asked for.
        """
        why_not = self._why_not(name)
        if why_not or not REMOTE.match(name):
            yield Path(name), name, why_not
            return
        import fsspec

        try:
            system, path = fsspec.core.url_to_fs(name)
            listed = sorted(system.find(path)) if system.isdir(path) else [path]
        except Exception as error:  # each of its file systems raises what it likes
            yield Path(name), name, f"{type(error).__name__}: {error}"
            return
        found = [each for each in listed if str(each).lower().endswith(SUFFIXES)] if listed != [path] else [path]
        for each in found[:MOST]:
            url = name if each == path else system.unstrip_protocol(each)
            yield from self._one(system, each, url)
        if not found or len(found) > MOST:
            why = f"it has {len(found):,} models, of which {MOST} were fetched" if found else "no model lies in it"
            yield Path(name), name, why

    def _one(self, system: Any, path: str, url: str) -> Iterator[tuple[Path, str, str]]:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="keras-harness-"))
        target = self._folder / (re.sub(r"[^\w.-]", "_", path.rpartition("/")[2])[-100:] or "model")
        try:
            why = self._copied(system, path, target)
        except Exception as error:
            why = f"{type(error).__name__}: {error}"
        try:
            yield target, url, why
        finally:
            target.unlink(missing_ok=True)

    def _copied(self, system: Any, path: str, target: Path) -> str:
        size = system.size(path)
        too_large = f"more than the {self._most:,} bytes that may be fetched (--limit fetched-bytes=…)"
        if size is not None and size > self._left:
            return f"{size:,} bytes: {too_large}"
        with system.open(path, "rb") as source, target.open("wb") as sink:
            while piece := source.read(CHUNK):
                self._left -= len(piece)
                if self._left < 0:
                    return too_large
                sink.write(piece)
        return ""

    def close(self) -> None:
        """Removes what was fetched; safe to call twice."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
