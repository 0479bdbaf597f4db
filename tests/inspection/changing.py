"""Good models with one thing changed: recipes, which make their file in the folder that they are given, and folders."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.inspection import building as b


def with_entry(name: str, data: bytes, **changed: Any) -> Callable[[Path], Path]:
    """A good model with one entry more."""

    def make(folder: Path) -> Path:
        path = b.keras(folder)
        info = zipfile.ZipInfo(name)
        for key, value in changed.items():
            setattr(info, key, value)
        with zipfile.ZipFile(path, "a") as file:
            file.writestr(info, data)
        return path

    return make


def with_entries(one: str, other: str) -> Callable[[Path], Path]:
    """With two entries more, whose names are near to each other."""
    return lambda folder: b.zipped(folder / "model.keras", b.entries() | {one: b"x", other: b"y"})


def without_entry(name: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        parts = b.entries()
        del parts[name]
        return b.zipped(folder / "model.keras", parts)

    return make


def changed_bytes(change: Callable[[bytearray], bytes | bytearray], make: Any = b.keras) -> Callable[[Path], Path]:
    """A good file whose bytes are changed."""

    def made(folder: Path) -> Path:
        path = make(folder)
        path.write_bytes(change(bytearray(path.read_bytes())))
        return path

    return made


def flip(after: bytes, distance: int, mask: int = 0x01) -> Callable[[bytearray], bytearray]:
    def change(data: bytearray) -> bytearray:
        data[data.index(after) + distance] ^= mask
        return data

    return change


def with_weights(change: Any = None, values: Any = None, **options: Any) -> Callable[[Path], Path]:
    return lambda folder: b.keras(folder, weights=b.hdf5(b.arrays() if values is None else values, change, **options))


def with_config(config: Any) -> Callable[[Path], Path]:
    """With another config, or other bytes in its place."""
    return lambda folder: b.keras(folder, config)


def deflated(name: str, data: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        return b.zipped(folder / "model.keras", b.entries() | {name: data}, zipfile.ZIP_DEFLATED)

    return make


def weights_alone(change: Any = None) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / "model.weights.h5"
        path.write_bytes(b.hdf5(b.arrays(), change))
        return path

    return make


def unzipped(folder: Path, without: str = "", about: bytes | None = None, more: dict[str, bytes] | None = None) -> Path:
    """The model as a folder."""
    for name, data in (b.entries(about=about) | (more or {})).items():
        if name != without:
            (folder / name).write_bytes(data)
    return folder


def folder_with(folder: Path, data: bytes) -> Path:
    """The model as a folder, with this among its assets."""
    unzipped(folder)
    (folder / "assets").mkdir()
    write(folder / "assets" / "data", data)
    return folder


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
