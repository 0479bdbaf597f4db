"""A recording: what one release saw of some models, with the files that it saved of them, in one zip file.

    recording.json              what was installed, what its classes take, and the names of the models
    models/NAME.json            the architecture, what the worker replied, and the arrays of that (base64)
    models/NAME/data.npz        what the model was fed
    models/NAME/ROUTE/FILE      what the route has saved

Plain data and nothing else, so that any later release can be held against it, and a person can read it. It may be a
stranger's: names of members are never used as paths, and what is too large is not read.
"""

from __future__ import annotations

import base64
import json
import os
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.dispatch.pool import Answer
from harness.gate.comparison import FILES, ROOMS
from harness.gate.release import STATED, Release
from harness.protocol.architecture import Architecture, from_json, to_json

SCHEMA_VERSION = 1
LARGEST = 64 << 20  # bytes of one member
NAME = re.compile(r"[a-z0-9][a-z0-9 _-]{0,60}")
FILE = re.compile(r"[a-z0-9][a-z0-9_.]{0,60}")


class NoRecording(ValueError):
    """A file that is no recording; the message says which, and why."""


@dataclass(frozen=True)
class Recorded:
    """One model: its architecture, what its release replied of it, and its files by route and name.

    The first of a route is the one that is loaded.
    """

    name: str
    architecture: Architecture
    answer: Answer
    files: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)
    data: bytes = b""

    def put(self, folders: Mapping[str, Path]) -> tuple[dict[str, str], Path]:
        """Writes the files into folders, one for each route; returns their paths, and that of the data."""
        paths: dict[str, str] = {}
        data = next(iter(folders.values())).with_suffix(".npz")
        data.write_bytes(self.data)
        for route, folder in folders.items():
            for name, content in self.files[route].items():
                (folder / name).write_bytes(content)
                paths.setdefault(route, str(folder / name))
        return paths, data


@dataclass(frozen=True)
class Recording:
    """What one release has left. `asked` is how it was named, `left_out` says why a model is not in it."""

    path: Path
    about: Mapping[str, Any]
    models: tuple[str, ...]
    asked: str = ""
    left_out: Mapping[str, str] = field(default_factory=dict)
    installed: Mapping[str, str] = field(default_factory=dict)  # every package with its release
    called: str = ""

    @property
    def name(self) -> str:
        """What a report calls it."""
        return self.called or self.path.name.removesuffix(".zip")

    @property
    def release(self) -> Release:
        """The release that made it."""
        return Release(self.name, dict(self.about))

    def recorded(self) -> Iterator[Recorded]:
        """Its models, one at a time; raises NoRecording."""
        with _opened(self.path) as archive:
            for name in self.models:
                yield _model(archive, name)


def told_apart(recordings: Iterable[Recording], *taken: str) -> list[Recording]:
    """The recordings, those by their path whose name is `taken` or that of an earlier one."""
    found: dict[str, Recording] = {}
    for each in recordings:
        name = str(each.path) if each.name in found or each.name in taken else each.name
        found[name] = replace(each, called=name)
    return list(found.values())


def named(environment: Mapping[str, Any]) -> str:
    """The name of the file of a release.

    >>> named({"tensorflow": "2.15.1", "keras": "2.15.0"})
    'tensorflow-2.15.1-keras-2.15.0.zip'
    """
    return f"tensorflow-{environment['tensorflow']}-keras-{environment['keras']}.zip"


def write(
    path: Path,
    release: Release,
    models: list[Recorded],
    *,
    left_out: Mapping[str, str],
    asked: str,
    installed: Mapping[str, str],
) -> None:
    """Writes a recording; it takes its place when it is whole. Raises OSError."""
    about = {
        "schema_version": SCHEMA_VERSION,
        "asked": asked,
        "installed": dict(installed),
        **release.environment,
        "names": {
            name: arguments
            for name, arguments in release.about["names"].items()
            if name.partition(".")[0] in ROOMS
        },
        "defaults": {
            name: values
            for name, values in release.defaults.items()
            if name.partition(".")[0] in ROOMS
        },
        "layer_defaults": {},
        "layers": release.about["layers"],
        "models": [each.name for each in models],
        "left_out": dict(left_out),
    }  # fmt: skip
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_LZMA) as archive:
            archive.writestr(_member("recording.json"), _text(about))
            for each in models:
                reply = {key: value for key, value in each.answer.reply.items() if key in REPLY}
                arrays = {key: base64.b64encode(blob).decode() for key, blob in each.answer.blobs.items()}
                told = {"architecture": to_json(each.architecture), "reply": reply, "arrays": arrays}
                archive.writestr(_member(f"models/{each.name}.json"), _text(told))
                archive.writestr(_member(f"models/{each.name}/data.npz"), each.data)
                for route, files in each.files.items():
                    for name, content in files.items():
                        archive.writestr(_member(f"models/{each.name}/{route}/{name}"), content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


REPLY = ("build", "before", "routes", "unsent")  # the rest is of the process that was


def read(path: Path) -> Recording:
    """The recording in a file; raises NoRecording for what is none."""
    with _opened(path) as archive:
        about = _json(archive, "recording.json")
    try:
        if about["schema_version"] != SCHEMA_VERSION:
            raise NoRecording(f"{path} is of schema version {about['schema_version']}, and {SCHEMA_VERSION} is known")
        models = tuple(map(str, about["models"]))
        release = {key: about[key] for key in (*STATED, "names", "defaults", "layer_defaults", "layers")}
        release["module"] = str(about.get("module", "keras"))
        if not all(NAME.fullmatch(each) for each in models):
            raise NoRecording(f"{path} names a model as none can be called")
        found = Recording(path, release, models, str(about["asked"]), dict(about["left_out"]), about["installed"])
        _ = found.release.vocabulary
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise _none(path, error) from error
    return found


def _model(archive: zipfile.ZipFile, name: str) -> Recorded:
    told = _json(archive, f"models/{name}.json")
    try:
        architecture = from_json(told["architecture"])
        if not isinstance(architecture, Architecture):
            raise NoRecording(f"{archive.filename} holds no model called {name}")
        blobs = {key: base64.b64decode(text) for key, text in told["arrays"].items()}
        reply = {key: told["reply"][key] for key in REPLY}
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise _none(Path(str(archive.filename)), error) from error
    files: dict[str, dict[str, bytes]] = {}
    for member in archive.namelist():  # in the order in which they were written
        place, _, rest = member.partition(f"models/{name}/")
        route, _, file = rest.partition("/")
        if not place and route in FILES:
            if not FILE.fullmatch(file):
                raise NoRecording(f"{archive.filename} names a file as none can be called: {file!r:.80}")
            files.setdefault(route, {})[file] = _bytes(archive, member)
    return Recorded(name, architecture, Answer(reply, blobs), files, _bytes(archive, f"models/{name}/data.npz"))


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile) as error:
        raise _none(path, error) from error


def _json(archive: zipfile.ZipFile, member: str) -> Any:
    try:
        return json.loads(_bytes(archive, member))
    except ValueError as error:
        raise _none(Path(str(archive.filename)), error) from error


def _bytes(archive: zipfile.ZipFile, member: str) -> bytes:
    path = Path(str(archive.filename))
    try:
        size = archive.getinfo(member).file_size
        if size > LARGEST:
            raise NoRecording(f"{path}: {member} would be {size >> 20} MiB large, and {LARGEST >> 20} is the most")
        with archive.open(member) as stream:
            content = stream.read(LARGEST + 1)
    except (KeyError, OSError, EOFError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise _none(path, error) from error
    return content


def _none(path: Path, error: Exception) -> NoRecording:
    if isinstance(error, NoRecording):
        return error
    return NoRecording(f"{path} is no recording: {type(error).__name__}: {error!s:.160}")


def _member(name: str) -> zipfile.ZipInfo:
    """A member without a time: the same models make the same archive, as far as Keras writes the same files."""
    member = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    member.compress_type = zipfile.ZIP_LZMA
    return member


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
