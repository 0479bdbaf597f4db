"""A `.keras` file: a zip with metadata.json, config.json, model.weights.h5, and perhaps assets."""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.inspection import beside, metadata, weights
from harness.inspection.formats.archive import BROKEN, Archive, Bounded, directory
from harness.inspection.formats.assets import HDF5, HEAD, stranger
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
    if NPZ in archive.entries:
        with _unpacked(subject, archive, NPZ, foreign=False) as path:
            if path is not None:
                arrays(subject, path)
    if not {WEIGHTS, NPZ} & archive.names:
        report.add("entry-missing", WEIGHTS, "not in the zip")
    for name in archive.entries:
        if name in PARTS or name.endswith("/"):
            continue
        archive.read(name, keep=False)
        if not name.startswith("assets/"):
            report.add("zip-foreign", name, "Keras does not write it")
    if config is not None and contents is not None:
        weights.compare(report, config, contents, WEIGHTS, subject.limits)
        beside.look(report, config, contents, archive.names, WEIGHTS)


def _text(subject: Subject, archive: Archive, name: str) -> bytes | None:
    """An entry's bytes, where it is not too large to be JSON."""
    return archive.read(name) if subject.is_json_size(archive.entries[name].file_size, name) else None


@contextlib.contextmanager
def _unpacked(subject: Subject, archive: Archive, name: str, *, foreign: bool = True) -> Iterator[Path | None]:
    """An entry as a file of its own, for as long as it is looked at; None where that cannot be, which is noted."""
    size, most = archive.entries[name].file_size, subject.limits.unpacked_bytes
    if size > most:
        subject.report.add("zip-bomb", name, f"unpacks to {size:,} bytes on the disk; the limit is {most:,}")
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="keras-harness-") as folder:
        path = Path(folder) / name.replace("model.", "")
        with path.open("xb") as file:
            whole = archive.read(name, file, foreign=foreign, own=HDF5) is not None
        yield path if whole else None


def arrays(subject: Subject, path: Path) -> None:
    """Weights as .npz: only whether anything among them is unpickled, as arrays of Python objects are."""
    report, limits = subject.report, subject.limits
    report.add("not-inspected", NPZ, "weights as .npz")
    with Bounded(path) as file:
        if not file.read(4).startswith((b"PK\x03\x04", b"PK\x05\x06")):
            # A zip may begin after something else; to NumPy, what begins as neither a zip nor an array is a pickle.
            report.add("pickled-data", NPZ, "it does not begin as a zip does, and NumPy unpickles it")
        file.seek(0)
        inner = directory(file, report, NPZ, limits)
        if inner is None:
            return
        infos = inner.infolist()
        if len(infos) > limits.zip_entries:
            report.add("zip-bomb", NPZ, f"{len(infos):,} entries; the limit is {limits.zip_entries:,}")
        for info in infos:  # all of them: a directory has a limit of its own, and so has the time
            report.clock.check()
            where = f"{NPZ}/{info.filename}"
            try:
                with inner.open(info) as member:
                    head = io.BytesIO(member.read(HEAD))
            except BROKEN as error:  # the others are read all the same
                report.add("zip-broken", where, str(error))
                continue
            if found := stranger(head, b"", info.file_size):
                report.add(found[0], where, found[1])


def _weights(subject: Subject, archive: Archive) -> Contents | None:
    start = archive.stored_at(WEIGHTS)
    if start is not None:
        if archive.read(WEIGHTS, keep=False, own=HDF5) is None:
            return None
        return subject.hdf5(archive.path, WEIGHTS, offset=start, length=archive.entries[WEIGHTS].file_size)
    with _unpacked(subject, archive, WEIGHTS) as path:
        return None if path is None else subject.hdf5(path, WEIGHTS)
