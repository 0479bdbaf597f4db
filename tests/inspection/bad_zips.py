"""Bad zips: their entries, their directory, and metadata that contradict the rest."""

from __future__ import annotations

import json
import stat
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from tests.inspection import building as b
from tests.inspection.case import Case
from tests.inspection.changing import (
    changed_bytes,
    flip,
    folder_with,
    unzipped,
    with_entries,
    with_entry,
    without_entry,
)
from tests.inspection.stowaways import archives, npy, npz, pickles


def _on_another_disk(data: bytearray) -> bytes:
    """A large zip's second end, which says that the first part of it lies on the fifth disk."""
    end = data.rindex(b"PK\x05\x06")
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 3, 3, 0, 0)
    return bytes(data[:end] + record + struct.pack("<4sLQL", b"PK\x06\x07", 4, end, 5) + data[end:])


def zips() -> Iterator[Case]:
    link = (stat.S_IFLNK | 0o777) << 16
    pipe = (stat.S_IFIFO | 0o644) << 16
    yield Case("zip entry above", "unsafe", "zip-path", with_entry("../../marker", b"x"))
    yield Case("zip entry above, with backslashes", "unsafe", "zip-path", with_entry("assets\\..\\..\\marker", b"x"))
    yield Case("zip entry absolute", "unsafe", "zip-path", with_entry("/tmp/marker", b"x"))
    yield Case("zip entry on a drive", "unsafe", "zip-path", with_entry("C:/marker", b"x"))
    yield Case("zip that goes on in another file", "corrupt", "zip-broken", changed_bytes(_on_another_disk))
    yield Case("zip link", "unsafe", "zip-special", with_entry("assets/link", b"/etc/passwd", external_attr=link))
    yield Case("zip pipe", "unsafe", "zip-special", with_entry("assets/pipe", b"", external_attr=pipe))
    yield Case("zip entry twice", "unsafe", "zip-ambiguous", with_entry("config.json", json.dumps(b.graph()).encode()))
    yield Case("zip entry in other case", "unsafe", "zip-ambiguous", with_entry("CONFIG.JSON", b"{}"))
    yield Case("zip with a zip in it", "unsafe", "nested-archive", with_entry("assets/a.zip", b"PK\x03\x04more"))
    yield Case("zip with a program in it", "unsafe", "nested-archive", with_entry("assets/run", b"\x7fELFmore"))
    yield Case(
        "zip with a script in it", "unsafe", "nested-archive", with_entry("assets/run.sh", b"#!/bin/sh\ntouch marker")
    )
    for name, data in pickles().items():
        yield Case(f"zip with a pickle in it: {name}", "unsafe", "pickled-data", with_entry("assets/data", data))
    yield Case("folder with a pickle in it", "unsafe", "pickled-data", lambda folder: folder_with(folder, b.pickled()))
    for name, data in archives().items():
        yield Case(f"zip with {name} in it", "unsafe", "nested-archive", with_entry("assets/data", data))
        yield Case(f"folder with {name} in it", "unsafe", "nested-archive",
                   lambda folder, d=data: folder_with(folder, d))  # fmt: skip
    for name, array in {"objects": np.array([b.Payload()], object),
                        "records": np.array([(1.0, b.Payload())], [("a", "f4"), ("b", object)])}.items():  # fmt: skip
        yield Case(
            f"zip with an array of {name} in it", "unsafe", "object-array", with_entry("assets/a.npy", npy(array))
        )
    yield Case("zip with an array of its own kind", "unsafe", "nested-archive",
               with_entry("assets/a.npy", npy(np.ones(3)).replace(b"'<f8'", b'"<f8"')))  # fmt: skip
    yield Case(
        "zip entry with é written in two ways",
        "unsafe",
        "zip-ambiguous",
        with_entries("assets/\xe9", "assets/e\u0301"),
    )
    yield Case("zip entry with a last dot", "unsafe", "zip-ambiguous", with_entry("config.json.", b"{}"))
    yield Case("zip entry with a second name", "unsafe", "zip-ambiguous",
               with_entry("assets/a", b"x", extra=struct.pack("<HHBL", 0x7075, 13, 1, 0) + b"other.js"))  # fmt: skip
    objects, numbers = npy(np.array([b.Payload()], object)), npy(np.ones(3))
    named = "layers/dense/vars.npy"
    other = objects.replace(b"'descr': '|O'", b"'descr' :  'O'")
    torn = bytearray(npz({"a.npy": numbers, named: objects}))
    torn[torn.index(b"PK\x01\x02") + 10] = 99  # a compression that nobody knows, of the first
    many = dict.fromkeys(map(str, range(10_000)), b"")
    for name, data, verdict, rule in (
        ("objects", lambda: npz({named: objects}), "unsafe", "object-array"),
        ("objects, as NumPy does not write them", lambda: npz({named: other}), "unsafe", "object-array"),
        ("objects behind ten thousand others", lambda: npz(many | {named: objects}), "unsafe", "object-array"),
        ("objects behind a damaged one", lambda: bytes(torn), "unsafe", "object-array"),
        ("a pickle before a zip", lambda: b.pickled() + npz({"a.npy": numbers}), "unsafe", "pickled-data"),
        ("too many numbers", lambda: npz(many | {"more": b""}), "bomb", "zip-bomb"),
        ("numbers", lambda: npz({named: numbers}), "unsupported", "not-inspected"),
        ("ten thousand numbers", lambda: npz(many), "unsupported", "not-inspected"),
    ):
        yield Case(f"weights as .npz of {name}", verdict, rule, lambda folder, data=data: b.zipped(
            folder / "model.keras", _without_weights() | {"model.weights.npz": data()}))  # fmt: skip
        if name in ("objects", "numbers"):
            yield Case(f"weights as .npz of {name}, beside others", verdict, rule, lambda folder, data=data: b.zipped(
                folder / "model.keras", b.entries() | {"model.weights.npz": data()}))  # fmt: skip
            yield Case(f"weights as .npz of {name}, in a folder", verdict, rule, lambda folder, data=data: unzipped(
                folder, "model.weights.h5", more={"model.weights.npz": data()}))  # fmt: skip
    yield Case("zip after something else", "unsafe", "zip-ambiguous", changed_bytes(lambda data: b"#!/bin/sh\n" + data))
    yield Case("zip with two ends", "unsafe", "zip-ambiguous", changed_bytes(_two_ends))
    yield Case("zip whose locator leads elsewhere", "unsafe", "zip-ambiguous",
               changed_bytes(lambda data: with_large_end(data, leads_to=0)))  # fmt: skip
    yield Case("zip and HDF5 at once", "unsafe", "zip-ambiguous", _polyglot)
    for name, at in (("m.KERAS", 1 << 15), ("m.keras", 1 << 15), ("m", 1 << 16), ("m.zip", 1 << 25)):
        yield Case(f"zip named {name} and HDF5 at byte {at}", "unsafe", "zip-ambiguous",
                   aligned(name, "assets/h5", whole_model(), at))  # fmt: skip
    yield Case("weights of a zip by another name where HDF5 is looked for", "unsafe", "zip-ambiguous",
               aligned("m.KERAS", "model.weights.h5", b.hdf5(b.arrays())))  # fmt: skip
    yield Case("weights that are a model of their own", "unsafe", "zip-ambiguous",
               aligned("m.keras", "model.weights.h5", whole_model()))  # fmt: skip
    yield Case("zip whose header has another name", "unsafe", "zip-ambiguous",
               changed_bytes(lambda data: data.replace(b"config.json", b"conf1g.json", 1)))  # fmt: skip
    yield Case("zip encrypted", "unsupported", "zip-encrypted", changed_bytes(_encrypt))
    yield Case("zip cut off", "corrupt", "zip-broken", changed_bytes(lambda data: data[: len(data) // 2]))
    yield Case("zip without its end", "corrupt", "zip-broken", changed_bytes(lambda data: data[:-30]))
    yield Case("zip changed in the weights", "corrupt", "zip-crc", changed_bytes(flip(b"\x89HDF", 2000)))
    yield Case("zip changed in the config", "corrupt", "zip-crc", changed_bytes(flip(b'"units"', 1)))
    yield Case("zip whose directory is torn", "corrupt", "zip-broken", changed_bytes(flip(b"PK\x01\x02", 42, 0xFF)))
    for name in ("config.json", "model.weights.h5"):
        yield Case(f"zip without {name}", "corrupt", "entry-missing", without_entry(name))
    yield Case("zip without metadata", "corrupt", "metadata", without_entry("metadata.json"))
    yield Case("metadata without a release", "corrupt", "metadata", lambda folder: b.keras(folder, about=b"{}"))
    old = b.legacy(b.legacy_dense())
    for what, release, config in (("modules", "1.2.2", b.model()), ("modules", "2.4.0", b.model()),
                                  ("batch_shape", "2.15.0", b.model()), (".keras", "2.4.0", old)):  # fmt: skip
        yield Case(f"metadata of {release}, which did not write {what}", "corrupt", "metadata",
                   lambda folder, r=release, c=config: b.keras(folder, c, about=b.metadata(r)))  # fmt: skip
    yield Case("folder of a release that wrote none", "corrupt", "metadata", lambda folder: unzipped(
        folder, about=b.metadata("2.4.0")))  # fmt: skip
    yield Case("h5 of a release that did not write its config", "corrupt", "metadata", lambda folder: b.whole_hdf5(
        folder, b.legacy(b.legacy_dense()) | {"module": "keras", "registered_name": None},
        change=lambda file: file.attrs.__setitem__("keras_version", b"2.4.0")))  # fmt: skip
    yield Case("JSON of a release that did not write its config", "corrupt", "metadata",
               lambda folder: b.keras_json(folder, b.model() | {"keras_version": "2.15.0"}))  # fmt: skip
    yield Case("metadata of another kind", "corrupt", "metadata", lambda folder: b.keras(folder, about=b"[1]"))
    yield Case("metadata that an expression hangs on", "corrupt", "metadata",
               lambda folder: b.keras(folder, about=b.metadata("1.1" + "a" * 36 + "!")))  # fmt: skip


def _without_weights() -> dict[str, bytes]:
    return {name: data for name, data in b.entries().items() if name != "model.weights.h5"}


def aligned(name: str, entry: str, data: bytes, at: int = 1 << 15) -> Callable[[Path], Path]:
    """A good model with this entry, or with these weights, at a byte where HDF5 is looked for."""

    def make(folder: Path) -> Path:
        parts = {key: each for key, each in b.entries().items() if key != entry}
        path = b.zipped(folder / name, parts)
        with zipfile.ZipFile(path, "a") as file:
            headers = 2 * 30 + len("assets/pad") + len(entry)
            file.writestr("assets/pad", bytes(at - file.start_dir - headers))
            file.writestr(entry, data)
        assert path.read_bytes()[at : at + 8] == data[:8]
        return path

    return make


def whole_model() -> bytes:
    """HDF5 of a model whose Lambda is Python code."""
    made = b.legacy_layer("Lambda", name="l", function=[b.marshalled(), None, None], function_type="lambda")
    config = json.dumps(b.legacy(b.legacy_dense(), made))
    return b.hdf5(b.arrays(), lambda file: file.attrs.__setitem__("model_config", config))


def _polyglot(folder: Path) -> Path:
    path = folder / "model.keras"
    first = b.hdf5(b.arrays())
    inner = b.keras(folder).read_bytes()
    path.write_bytes(first + inner)
    return path


def _encrypt(data: bytearray) -> bytearray:
    for begin, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.find(begin)
        while place >= 0:
            data[place + at] |= 1
            place = data.find(begin, place + 4)
    return data


def with_large_end(data: bytes, *, leads_to: int | None = None, between: bytes = b"") -> bytes:
    """The zip with the ends of a large one; `between` comes before the end that stands before the locator."""
    at = data.rfind(b"PK\5\6")
    count, size, offset = struct.unpack_from("<HLL", data, at + 10)
    end = struct.pack("<4sQHHLLQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, offset)
    start = at + len(between)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, start if leads_to is None else leads_to, 1)
    return data[:at] + between + end + locator + data[at:]


def _two_ends(data: bytes) -> bytes:
    """Python 3.14 takes the first end, with the directory that stands there; releases before it take the second."""
    at = data.rfind(b"PK\5\6")
    count, size, offset = struct.unpack_from("<HLL", data, at + 10)
    directory = data[offset:at]
    end = struct.pack("<4sQHHLLQQQQ", b"PK\6\6", 44 + size + 56, 45, 45, 0, 0, count, count, size, offset)
    return with_large_end(data, leads_to=at, between=end + directory)


CASES = [*zips()]
