"""A `.keras` model as a folder: config.json, metadata.json, model.weights.h5, and perhaps assets."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from harness.inspection import beside, metadata, weights
from harness.inspection.formats.assets import TAIL, stranger
from harness.inspection.formats.keras_zip import CONFIG, METADATA, NPZ, PARTS, WEIGHTS, arrays
from harness.inspection.plain import open_plain, read_plain
from harness.inspection.subject import Subject


def inspect(subject: Subject) -> None:
    """Looks at every file of the folder; a link is a finding and is not followed."""
    report = subject.report
    report.format = "keras folder"
    files = plain_files(subject)
    if METADATA in files:
        metadata.look(report, read(subject, files[METADATA]) or b"", METADATA, subject.limits)
    else:
        report.add("metadata", METADATA, "not in the folder")
    config: Any = None
    if CONFIG in files:
        data = read(subject, files[CONFIG])
        config = None if data is None else subject.config(data, CONFIG)
    else:
        report.add("entry-missing", CONFIG, "not in the folder")
    if config is not None:
        metadata.contradicts(report, config, METADATA, of_zip=True)
    if WEIGHTS in files:
        contents = subject.hdf5(files[WEIGHTS], WEIGHTS)
        if config is not None:
            weights.compare(report, config, contents, WEIGHTS, subject.limits)
            beside.look(report, config, contents, files.keys(), WEIGHTS)
    if NPZ in files:
        arrays(subject, files[NPZ])
    if not {WEIGHTS, NPZ} & files.keys():
        report.add("entry-missing", WEIGHTS, "not in the folder")
    for name, path in files.items():
        if name not in PARTS:
            _foreign(subject, name, path)


def plain_files(subject: Subject) -> dict[str, Path]:
    """The files below the folder, by their path in it."""
    found: dict[str, Path] = {}
    for folder, inner, names in os.walk(subject.path, followlinks=False):
        for name in (*names, *inner):
            subject.report.clock.tick()
            path = Path(folder) / name
            where = path.relative_to(subject.path).as_posix()
            if path.is_symlink():
                subject.report.add("link", where, f"a symbolic link to {os.readlink(path)}")
            elif path.is_file():
                found[where] = path
                subject.report.size += (size := subject.stat(path, where).st_size)
                subject.report.clock.more(size)
            elif not path.is_dir():
                subject.report.add("not-a-plain-file", where, "a pipe, socket or device")
        inner[:] = [name for name in inner if not (Path(folder) / name).is_symlink()]
        if len(found) > subject.limits.folder_files:
            subject.report.add("zip-bomb", "", f"more than {subject.limits.folder_files:,} files")
            break
    subject.parts = dict(sorted(found.items()))
    return subject.parts


def read(subject: Subject, path: Path) -> bytes | None:
    """A file's bytes, where it is not too large to be JSON."""
    return read_plain(path) if subject.is_json_size(path.stat().st_size, path.name) else None


def _foreign(subject: Subject, name: str, path: Path) -> None:
    with open_plain(path) as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - TAIL))
        tail = file.read()
        file.seek(0)
        found = stranger(file, tail, size)
    if found is not None:
        subject.report.add(found[0], name, found[1])
    if not name.startswith("assets/"):
        subject.report.add("zip-foreign", name, "Keras does not write it")
