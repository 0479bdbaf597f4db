"""`inspect(path)`: recognises a file or folder by its content, looks through it, and returns a report; never raises."""

from __future__ import annotations

import hashlib
import os
import stat
import threading
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from harness.inspection.clock import Clock, TooLong
from harness.inspection.formats import folder, hdf5, json_config, keras_zip, saved_model
from harness.inspection.formats.assets import HDF5
from harness.inspection.formats.pickles import is_pickle
from harness.inspection.hdf5_process import Reader
from harness.inspection.limits import MB, Limits
from harness.inspection.plain import open_plain, opener
from harness.inspection.report import Report
from harness.inspection.subject import Subject

NAMES = {".keras": ("keras", "keras folder"), ".h5": ("hdf5", "hdf5 weights by name", "weights.h5"),
         ".hdf5": ("hdf5", "hdf5 weights by name", "weights.h5")}  # fmt: skip


def inspect(path: str | os.PathLike[str], *, limits: Limits | None = None, reader: Reader | None = None) -> Report:
    """Inspects one file or folder, without loading it.

    `reader` is the process that reads HDF5: give the same one for many files. A fault of ours is `Report.error`.

    >>> inspect("no-such-file.keras").verdict
    'unsupported'
    """
    limits = limits or Limits()
    path = Path(path)
    report = Report(str(path), limit=limits.findings, clock=Clock(limits))
    mine = reader is None
    reader = reader or Reader(limits)
    started = time.monotonic()
    subject = Subject(path, report, limits, reader)
    try:
        _inspect(subject)
    except OSError as error:
        _unread(report, error)
    except TooLong as slow:
        report.add("inspection-slow", "", str(slow))
    except MemoryError:
        report.add("json-bomb", "", "more memory than there is")
    except Exception as error:
        report.error = f"{type(error).__name__}: {error}"
    finally:
        if mine:
            reader.stop()
        for where in subject.changed():
            report.add("changed-while-read", where, "its size, time or place is another than before")
            report.error = ""  # what a file that changes brings about is no fault of ours
        report.seconds = time.monotonic() - started
    return report


def _unread(report: Report, error: OSError) -> None:
    report.add("not-a-plain-file", "", error.strerror or type(error).__name__)


def _inspect(subject: Subject) -> None:
    path, report = subject.path, subject.report
    try:
        before = path.stat()
    except (OSError, ValueError) as error:
        report.add("not-a-plain-file", "", getattr(error, "strerror", None) or str(error))
        return
    if stat.S_ISDIR(before.st_mode):
        _folder(subject)
        report.sha256 = _of_parts(subject)
        return
    if not stat.S_ISREG(before.st_mode):
        report.add("not-a-plain-file", "", "a pipe, socket or device")
        return
    subject.before[""] = path, before
    report.size = before.st_size
    report.clock.more(report.size)
    if not before.st_size:
        report.add("not-a-plain-file", "", "empty")
        return
    if subject.has_holes("", before):
        return
    hashing = threading.Thread(target=_hash, args=(path, report))
    hashing.start() if before.st_size > MB else hashing.run()
    try:
        _file(subject)
    finally:
        if hashing.ident is not None:
            hashing.join()
    report.sha256 = _of_parts(subject) or report.sha256


def _of_parts(subject: Subject) -> str | None:
    parts = sorted(subject.parts.items())
    if not parts or any(subject.has_holes(name, path.stat()) for name, path in parts):
        return None
    subject.report.parts = tuple(name for name, _ in parts)
    return of_several({name: _sha256(path) for name, path in parts})


def of_several(digests: Mapping[str, str]) -> str:
    """Of several files the SHA-256 of what `sha256sum` prints of them: what is accepted is so of all of them."""
    listed = "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))
    return hashlib.sha256(listed.encode("utf-8", "surrogateescape")).hexdigest()


def _hash(path: Path, report: Report) -> None:
    try:
        report.sha256 = _sha256(path)
    except OSError as error:  # in a thread of its own, nobody else would hear of it
        _unread(report, error)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    block = bytearray(MB)
    with open(path, "rb", buffering=0, opener=opener) as file:
        while count := file.readinto(block):
            digest.update(memoryview(block)[:count])
    return digest.hexdigest()


def _is_zip(file: IO[bytes]) -> bool:
    try:
        return zipfile.is_zipfile(file)
    except zipfile.BadZipFile:  # one whose end says that it goes on in another file
        return True


def _file(subject: Subject) -> None:
    path, report = subject.path, subject.report
    with open_plain(path) as file:
        head = file.read(64)
        later = 0 if head[:8] == HDF5 else _later(file)
        zipped = _is_zip(file)
    zip_first = head.startswith(b"PK\x03\x04")
    signature = head[:8] == HDF5 or later > 0
    if signature and zipped and not zip_first:
        report.add("zip-ambiguous", "", "a zip and HDF5 at once: which is read depends on the name")
    if zip_first or (zipped and not signature):
        report.format = "keras"
        if not head.startswith(b"PK"):
            report.add("zip-ambiguous", "", "a zip that begins after something else")
        keras_zip.inspect(subject, later)
    elif signature:
        report.format = "hdf5"
        hdf5.inspect(subject)
    elif head.lstrip()[:1] in (b"{", b"["):
        report.format = "json config"
        json_config.inspect(subject)
    elif _is_pickle(path):
        report.format = "pickle"
        report.add("pickled-data", "", "the file is a pickle")
    elif path.name in ("saved_model.pb", "keras_metadata.pb"):
        saved_model.graph(subject, path, path.name)
    elif head.startswith(b"version https://git-lfs"):
        report.add("format-unknown", "", "a pointer of Git LFS, and not the file that it stands for: `git lfs pull`")
    else:
        report.add("format-unknown", "", f"begins with {head[:8].hex(' ')}")
    expected = NAMES.get(path.suffix.lower())
    if expected is not None and report.format not in (*expected, "unknown"):
        report.add("format-named-otherwise", "", f"named {path.suffix}, and is {report.format}")


def _is_pickle(path: Path) -> bool:
    with open_plain(path) as file:
        return is_pickle(file)


def _later(file: IO[bytes]) -> int:
    """Where HDF5 begins that does not begin at once: at 512 bytes, or at a doubling of it, however far; else 0."""
    at = 512
    while True:
        file.seek(at)
        found = file.read(8)
        if len(found) < 8:
            return 0
        if found == HDF5:
            return at
        at *= 2


def _folder(subject: Subject) -> None:
    if (subject.path / "saved_model.pb").exists() or (subject.path / "saved_model.pbtxt").exists():
        saved_model.inspect(subject)
    elif (subject.path / "config.json").exists():  # of which Keras makes the model before it looks for weights
        folder.inspect(subject)
    else:
        subject.report.add("format-unknown", "", "a folder, and no model in it")


def is_model_folder(path: Path) -> bool:
    """A folder that is one model."""
    if (path / "saved_model.pb").exists() or (path / "saved_model.pbtxt").exists():
        return True
    return (path / "config.json").exists() and (
        any((path / name).exists() for name in ("model.weights.h5", "model.weights.npz", "metadata.json"))
    )
