"""A `.keras` file: a zip with metadata.json, config.json, model.weights.h5, and perhaps assets."""

from __future__ import annotations

import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import Any

from harness.inspection import metadata, weights
from harness.inspection.formats.archive import Archive, Inner, Large
from harness.inspection.formats.assets import HDF5
from harness.inspection.hdf5_process import Contents
from harness.inspection.subject import Subject

CONFIG, METADATA, WEIGHTS, NPZ = "config.json", "metadata.json", "model.weights.h5", "model.weights.npz"
PARTS = (CONFIG, METADATA, WEIGHTS, NPZ, "_variables.txt")


def inspect(subject: Subject, hdf5_at: int = 0) -> None:
    """Looks through the zip, its config and its weights; HDF5 is found at `hdf5_at` by who looks for it there."""
    archive = Archive(subject.path, subject.report, subject.limits)
    try:
        opened = archive.open()
        # The weights may come to lie there by chance, and `.keras`, so written, is a zip to Keras before all else.
        own = opened and WEIGHTS in archive.entries and archive.stored_at(WEIGHTS) == hdf5_at
        if hdf5_at and not (own and subject.path.name.endswith(".keras")):
            subject.report.add("zip-ambiguous", "", f"a zip and HDF5, at byte {hdf5_at:,}, at once: which is read "
                               "depends on the name and the release")  # fmt: skip
        if opened:
            _entries(subject, archive)
    finally:
        archive.close()


def _entries(subject: Subject, archive: Archive) -> None:
    report = subject.report
    config: Any = None
    if METADATA in archive.entries:
        metadata.look(report, _text(subject, archive, METADATA) or b"", METADATA, subject.limits)
    elif METADATA not in archive.names:
        report.add("metadata", METADATA, "not in the zip")
    if CONFIG in archive.entries:
        data = _text(subject, archive, CONFIG)
        config = None if data is None else subject.config(data, CONFIG)
    elif CONFIG not in archive.names:
        report.add("entry-missing", CONFIG, "not in the zip")
    if config is not None:
        metadata.contradicts(report, config, METADATA, of_zip=True)
    contents = None
    if WEIGHTS in archive.entries:
        contents = _weights(subject, archive)
        if contents is not None and "model_config" in contents.groups.get("/", {}):
            report.add("zip-ambiguous", WEIGHTS, "HDF5 of a whole model, with a config of its own")
    elif NPZ in archive.entries:
        _arrays(subject, archive)
    elif not {WEIGHTS, NPZ} & archive.names:
        report.add("entry-missing", WEIGHTS, "not in the zip")
    for name in archive.entries:
        if name in PARTS or name.endswith("/"):
            continue
        archive.read(name, keep=False)
        if not name.startswith("assets/"):
            report.add("zip-foreign", name, "Keras does not write it")
    if config is not None and contents is not None:
        weights.compare(report, config, contents, WEIGHTS, subject.limits)


def _text(subject: Subject, archive: Archive, name: str) -> bytes | None:
    """An entry's bytes, where it is not too large to be JSON."""
    size, most = archive.entries[name].file_size, subject.limits.json_bytes
    if size > most:
        subject.report.add("json-bomb", name, f"{size:,} bytes; the limit is {most:,}")
        return None
    return archive.read(name)


def _arrays(subject: Subject, archive: Archive) -> None:
    """Weights as .npz: only whether an array of Python objects is among them."""
    report = subject.report
    report.add("not-inspected", NPZ, "weights as .npz")
    if archive.entries[NPZ].file_size > subject.limits.json_bytes:
        return
    data = archive.read(NPZ, foreign=False) or b""
    try:
        with zipfile.ZipFile(Inner(data, subject.limits.zip_directory)) as inner:
            for info in inner.infolist()[: subject.limits.zip_entries]:
                report.clock.check()
                with inner.open(info) as file:
                    if _holds_objects(file.read(4096)):
                        report.add("object-array", f"{NPZ}/{info.filename}", "an array of Python objects")
    except Large as large:
        report.add("zip-bomb", NPZ, f"a directory of {large.args[0]:,} bytes; the limit is "
                   f"{subject.limits.zip_directory:,}")  # fmt: skip
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, RuntimeError, NotImplementedError, zlib.error) as error:
        report.add("zip-broken", NPZ, str(error))


def _holds_objects(head: bytes) -> bool:
    """Does an array's own header, a dictionary as text, name objects as its type?"""
    header = head.partition(b"{")[2].partition(b"}")[0]
    return head.startswith(b"\x93NUMPY") and b"|O" in header.partition(b"'descr':")[2]


def _weights(subject: Subject, archive: Archive) -> Contents | None:
    start = archive.stored_at(WEIGHTS)
    if start is not None:
        if archive.read(WEIGHTS, keep=False, own=HDF5) is None:
            return None
        return subject.hdf5(archive.path, WEIGHTS, offset=start, length=archive.entries[WEIGHTS].file_size)
    size, most = archive.entries[WEIGHTS].file_size, subject.limits.unpacked_bytes
    if size > most:
        subject.report.add("zip-bomb", WEIGHTS, f"unpacks to {size:,} bytes on the disk; the limit is {most:,}")
        return None
    with tempfile.TemporaryDirectory(prefix="keras-harness-") as folder:
        path = Path(folder) / "weights.h5"
        with path.open("xb") as file:
            if archive.read(WEIGHTS, file, own=HDF5) is None:
                return None
        return subject.hdf5(path, WEIGHTS)
