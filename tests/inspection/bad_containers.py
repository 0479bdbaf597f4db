"""Bad files, second part: zips, HDF5, sizes, damage, and weights that are not those of the config."""

from __future__ import annotations

import io
import json
import os
import pickle
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from tests.inspection import building as b
from tests.inspection.bad_references import Case


def _more(name: str, data: bytes, **changed: Any) -> Callable[[Path], Path]:
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


def _bytes(change: Callable[[bytearray], bytes | bytearray], make: Any = b.keras) -> Callable[[Path], Path]:
    """A good file whose bytes are changed."""

    def made(folder: Path) -> Path:
        path = make(folder)
        path.write_bytes(change(bytearray(path.read_bytes())))
        return path

    return made


def zips() -> Iterator[Case]:
    link = (stat.S_IFLNK | 0o777) << 16
    pipe = (stat.S_IFIFO | 0o644) << 16
    yield Case("zip entry above", "unsafe", "zip-path", _more("../../marker", b"x"))
    yield Case("zip entry above, with backslashes", "unsafe", "zip-path", _more("assets\\..\\..\\marker", b"x"))
    yield Case("zip entry absolute", "unsafe", "zip-path", _more("/tmp/marker", b"x"))
    yield Case("zip entry on a drive", "unsafe", "zip-path", _more("C:/marker", b"x"))
    yield Case("zip link", "unsafe", "zip-special", _more("assets/link", b"/etc/passwd", external_attr=link))
    yield Case("zip pipe", "unsafe", "zip-special", _more("assets/pipe", b"", external_attr=pipe))
    yield Case("zip entry twice", "unsafe", "zip-ambiguous", _more("config.json", json.dumps(b.graph()).encode()))
    yield Case("zip entry in other case", "unsafe", "zip-ambiguous", _more("CONFIG.JSON", b"{}"))
    yield Case("zip with a zip in it", "unsafe", "nested-archive", _more("assets/a.zip", b"PK\x03\x04more"))
    yield Case("zip with a program in it", "unsafe", "nested-archive", _more("assets/run", b"\x7fELFmore"))
    yield Case(
        "zip with a script in it", "unsafe", "nested-archive", _more("assets/run.sh", b"#!/bin/sh\ntouch marker")
    )
    for name, data in _pickles().items():
        yield Case(f"zip with a pickle in it: {name}", "unsafe", "pickled-data", _more("assets/data", data))
    yield Case("folder with a pickle in it", "unsafe", "pickled-data", lambda folder: _asset(folder, b.pickled()))
    for name, data in _archives().items():
        yield Case(f"zip with {name} in it", "unsafe", "nested-archive", _more("assets/data", data))
        yield Case(f"folder with {name} in it", "unsafe", "nested-archive",
                   lambda folder, d=data: _asset(folder, d))  # fmt: skip
    for name, array in {"objects": np.array([b.Payload()], object),
                        "records": np.array([(1.0, b.Payload())], [("a", "f4"), ("b", object)])}.items():  # fmt: skip
        yield Case(f"zip with an array of {name} in it", "unsafe", "object-array", _more("assets/a.npy", npy(array)))
    yield Case("zip with an array of its own kind", "unsafe", "nested-archive",
               _more("assets/a.npy", npy(np.ones(3)).replace(b"'<f8'", b'"<f8"')))  # fmt: skip
    yield Case("zip entry with é written in two ways", "unsafe", "zip-ambiguous", _two("assets/\xe9", "assets/e\u0301"))
    yield Case("zip entry with a last dot", "unsafe", "zip-ambiguous", _more("config.json.", b"{}"))
    yield Case("zip entry with a second name", "unsafe", "zip-ambiguous",
               _more("assets/a", b"x", extra=struct.pack("<HHBL", 0x7075, 13, 1, 0) + b"other.js"))  # fmt: skip
    objects, numbers = npy(np.array([b.Payload()], object)), npy(np.ones(3))
    named = "layers/dense/vars.npy"
    other = objects.replace(b"'descr': '|O'", b"'descr' :  'O'")
    torn = bytearray(_npz({"a.npy": numbers, named: objects}))
    torn[torn.index(b"PK\x01\x02") + 10] = 99  # a compression that nobody knows, of the first
    for name, data, verdict, rule in (
        ("objects", _npz({named: objects}), "unsafe", "object-array"),
        ("objects, as NumPy does not write them", _npz({named: other}), "unsafe", "object-array"),
        (
            "objects behind ten thousand others",
            _npz(dict.fromkeys(map(str, range(10_001)), b"") | {named: objects}),
            "unsafe",
            "object-array",
        ),
        ("objects behind a damaged one", bytes(torn), "unsafe", "object-array"),
        ("a pickle before a zip", b.pickled() + _npz({"a.npy": numbers}), "unsafe", "pickled-data"),
        ("too many numbers", _npz(dict.fromkeys(map(str, range(10_001)), b"")), "bomb", "zip-bomb"),
        ("numbers", _npz({named: numbers}), "unsupported", "not-inspected"),
        ("ten thousand numbers", _npz(dict.fromkeys(map(str, range(10_000)), b"")), "unsupported", "not-inspected"),
    ):
        parts = {key: each for key, each in b.entries().items() if key != "model.weights.h5"}
        parts["model.weights.npz"] = data
        yield Case(f"weights as .npz of {name}", verdict, rule,
                   lambda folder, p=parts: b.zipped(folder / "model.keras", p))  # fmt: skip
        if name in ("objects", "numbers"):
            npz = {"model.weights.npz": data}
            yield Case(f"weights as .npz of {name}, beside others", verdict, rule,
                       lambda folder, p=npz: b.zipped(folder / "model.keras", b.entries() | p))  # fmt: skip
            yield Case(f"weights as .npz of {name}, in a folder", verdict, rule,
                       lambda folder, p=npz: _unzipped(folder, "model.weights.h5", more=p))  # fmt: skip
    yield Case("zip after something else", "unsafe", "zip-ambiguous", _bytes(lambda data: b"#!/bin/sh\n" + data))
    yield Case("zip and HDF5 at once", "unsafe", "zip-ambiguous", _polyglot)
    for name, at in (("m.KERAS", 1 << 15), ("m.keras", 1 << 15), ("m", 1 << 16), ("m.zip", 1 << 25)):
        yield Case(f"zip named {name} and HDF5 at byte {at}", "unsafe", "zip-ambiguous",
                   aligned(name, "assets/h5", whole_model(), at))  # fmt: skip
    yield Case("weights of a zip by another name where HDF5 is looked for", "unsafe", "zip-ambiguous",
               aligned("m.KERAS", "model.weights.h5", b.hdf5(b.arrays())))  # fmt: skip
    yield Case("weights that are a model of their own", "unsafe", "zip-ambiguous",
               aligned("m.keras", "model.weights.h5", whole_model()))  # fmt: skip
    yield Case("zip whose header has another name", "unsafe", "zip-ambiguous",
               _bytes(lambda data: data.replace(b"config.json", b"conf1g.json", 1)))  # fmt: skip
    yield Case("zip encrypted", "unsupported", "zip-encrypted", _bytes(_encrypt))
    yield Case("zip cut off", "corrupt", "zip-broken", _bytes(lambda data: data[: len(data) // 2]))
    yield Case("zip without its end", "corrupt", "zip-broken", _bytes(lambda data: data[:-30]))
    yield Case("zip changed in the weights", "corrupt", "zip-crc", _bytes(_flip(b"\x89HDF", 2000)))
    yield Case("zip changed in the config", "corrupt", "zip-crc", _bytes(_flip(b'"units"', 1)))
    yield Case("zip whose directory is torn", "corrupt", "zip-broken", _bytes(_flip(b"PK\x01\x02", 42, 0xFF)))
    for name in ("config.json", "model.weights.h5"):
        yield Case(f"zip without {name}", "corrupt", "entry-missing", _without(name))
    yield Case("zip without metadata", "corrupt", "metadata", _without("metadata.json"))
    yield Case("metadata without a release", "corrupt", "metadata", lambda folder: b.keras(folder, about=b"{}"))
    old = b.legacy(b.legacy_dense())
    for what, release, config in (("modules", "1.2.2", b.model()), ("modules", "2.4.0", b.model()),
                                  ("batch_shape", "2.15.0", b.model()), (".keras", "2.4.0", old)):  # fmt: skip
        yield Case(f"metadata of {release}, which did not write {what}", "corrupt", "metadata",
                   lambda folder, r=release, c=config: b.keras(folder, c, about=b.metadata(r)))  # fmt: skip
    yield Case("folder of a release that wrote none", "corrupt", "metadata", lambda folder: _unzipped(
        folder, about=b.metadata("2.4.0")))  # fmt: skip
    yield Case("h5 of a release that did not write its config", "corrupt", "metadata", lambda folder: b.whole_hdf5(
        folder, b.legacy(b.legacy_dense()) | {"module": "keras", "registered_name": None},
        change=lambda file: file.attrs.__setitem__("keras_version", b"2.4.0")))  # fmt: skip
    yield Case("JSON of a release that did not write its config", "corrupt", "metadata",
               lambda folder: b.keras_json(folder, b.model() | {"keras_version": "2.15.0"}))  # fmt: skip
    yield Case("metadata of another kind", "corrupt", "metadata", lambda folder: b.keras(folder, about=b"[1]"))
    yield Case("metadata that an expression hangs on", "corrupt", "metadata",
               lambda folder: b.keras(folder, about=b.metadata("1.1" + "a" * 36 + "!")))  # fmt: skip


def _pickles() -> dict[str, bytes]:
    """What unpickling would run, written in every way."""
    made = {f"protocol {protocol}": pickle.dumps(b.Payload(), protocol) for protocol in range(6)}
    call = f"cio\nopen\n(V{b.MARKER}\nVw\ntR".encode()
    return made | {
        "protocol 4 without a frame": b"\x80\x04" + call + b".",
        "after a value that is dropped": b"N0I7\n0" + call + b".",
        "without an end": call,
        "of a module that nobody knows": f"(V{b.MARKER}\nimine\nrun\n.".encode(),
        "with a second one after it": pickle.dumps(b.Payload(), 0) + b"more",
        "a function by the names of strings": b"\x8c\x02io\x8c\x04open\x93\x8c\x01a\x8c\x01w\x86R.",
        "long": b"\x80\x03" + pickle.dumps(["x" * 1_000_000, b.Payload()], 3)[2:],
    }


def _archives() -> dict[str, bytes]:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as file:
        info = tarfile.TarInfo("../../x")
        info.size = 1
        file.addfile(info, io.BytesIO(b"x"))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as inner:
        inner.writestr("a", b"a")
    return {"a tar": stream.getvalue(), "a zip after two bytes": b"xx" + packed.getvalue(),
            "an empty zip": b"PK\x05\x06" + bytes(18), "a zstd": b"\x28\xb5\x2f\xfdmore",
            "HDF5": b.hdf5(b.arrays())}  # fmt: skip


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


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    return stream.getvalue()


def _npz(parts: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        for name, data in parts.items():
            file.writestr(name, data)
    return stream.getvalue()


def _two(one: str, other: str) -> Callable[[Path], Path]:
    return lambda folder: b.zipped(folder / "model.keras", b.entries() | {one: b"x", other: b"y"})


def _asset(folder: Path, data: bytes) -> Path:
    _unzipped(folder)
    (folder / "assets").mkdir()
    _write(folder / "assets" / "data", data)
    return folder


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


def _flip(after: bytes, distance: int, mask: int = 0x01) -> Callable[[bytearray], bytearray]:
    def change(data: bytearray) -> bytearray:
        data[data.index(after) + distance] ^= mask
        return data

    return change


def _without(name: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        parts = b.entries()
        del parts[name]
        return b.zipped(folder / "model.keras", parts)

    return make


def _weights(change: Any = None, values: Any = None, **options: Any) -> Callable[[Path], Path]:
    return lambda folder: b.keras(folder, weights=b.hdf5(b.arrays() if values is None else values, change, **options))


def hdf5() -> Iterator[Case]:
    def external_link(file: h5py.File) -> None:
        file["layers/more"] = h5py.ExternalLink("/etc/passwd", "/x")

    def soft_link(file: h5py.File) -> None:
        file["layers/more"] = h5py.SoftLink("/layers/dense")

    def storage(file: h5py.File) -> None:
        file.create_dataset("layers/more/vars/0", (4,), "u1", external=[("/etc/hostname", 0, 4)])

    def virtual(file: h5py.File) -> None:
        layout = h5py.VirtualLayout((4,), "f4")
        layout[:] = h5py.VirtualSource("elsewhere.h5", "x", (4,))
        file.create_virtual_dataset("layers/more/vars/0", layout)

    def objects(file: h5py.File) -> None:
        file.create_dataset("layers/more/vars/0", (2,), h5py.vlen_dtype(np.dtype("i4")))

    def references(file: h5py.File) -> None:
        file.create_dataset("layers/more/vars/0", (2,), h5py.ref_dtype)

    def twice(file: h5py.File) -> None:
        file["layers/more"] = file["layers/dense"]

    def cycle(file: h5py.File) -> None:
        file["layers/dense/again"] = file["layers"]

    def bomb(file: h5py.File) -> None:
        file.create_dataset("layers/more/vars/0", (1 << 40,), "f4", chunks=(1 << 16,), compression="gzip")

    def never_written(file: h5py.File) -> None:
        file.create_dataset("layers/more/vars/0", (1 << 30,), "f4", fillvalue=1.0, chunks=(1 << 20,))

    def chunk(file: h5py.File) -> None:
        file.create_dataset("layers/more/vars/0", (1 << 29,), "f4", chunks=(1 << 29,), compression="gzip")

    def many_attributes(file: h5py.File) -> None:
        for at in range(1000):
            file.attrs[f"a{at}"] = at

    def plugin(file: h5py.File) -> None:
        layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        layout.set_chunk((4,))
        layout.set_filter(32015, h5py.h5z.FLAG_OPTIONAL)  # a number that belongs to a plug-in
        h5py.h5d.create(file.id, b"more", h5py.h5t.IEEE_F32LE, h5py.h5s.create_simple((4,)), layout)

    def deep(file: h5py.File) -> None:
        file.create_group("/".join(["g"] * 100))

    for change, rule in ((external_link, "hdf5-link"), (storage, "hdf5-external"), (virtual, "hdf5-virtual"),
                         (objects, "object-array"), (references, "object-array")):  # fmt: skip
        yield Case(f"HDF5 {change.__name__} in .keras", "unsafe", rule, _weights(change))
        yield Case(f"HDF5 {change.__name__} in .weights.h5", "unsafe", rule, _alone(change))
        yield Case(
            f"HDF5 {change.__name__} in .h5", "unsafe", rule, lambda folder, c=change: b.whole_hdf5(folder, change=c)
        )
    yield Case("HDF5 soft link", "corrupt", "hdf5-soft-link", _weights(soft_link))
    yield Case("HDF5 with a filter that is a plug-in", "unsupported", "hdf5-filter", _weights(plugin))
    yield Case("HDF5 object at two places", "corrupt", "hdf5-broken", _weights(twice))
    yield Case("HDF5 group in itself", "corrupt", "hdf5-broken", _weights(cycle))
    for change in (bomb, never_written, chunk, deep):
        yield Case(f"HDF5 {change.__name__}", "bomb", "hdf5-bomb", _weights(change))
        yield Case(f"HDF5 {change.__name__} in .weights.h5", "bomb", "hdf5-bomb", _alone(change))
    yield Case("HDF5 with a config behind many attributes", "unsafe", "python-code", lambda folder: b.whole_hdf5(
        folder, b.legacy(b.legacy_dense(), b.legacy_layer("Lambda", name="l", function=[b.marshalled(), None, None])),
        change=many_attributes))  # fmt: skip
    yield Case("HDF5 cut off", "corrupt", "hdf5-broken", _bytes(lambda data: data[: len(data) // 2], _alone()))
    yield Case("HDF5 signature alone", "corrupt", "hdf5-broken", _bytes(lambda data: data[:8], _alone()))
    yield Case(
        "HDF5 with a changed superblock", "corrupt", "hdf5-broken", _bytes(_flip(b"\x89HDF", 40, 0xFF), _alone())
    )
    yield Case("HDF5 of something else", "unsupported", "format-unknown", _other)
    yield Case("weights are no HDF5", "corrupt", "hdf5-broken", lambda folder: b.keras(folder, weights=b"no HDF5" * 99))


def _alone(change: Any = None) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / "model.weights.h5"
        path.write_bytes(b.hdf5(b.arrays(), change))
        return path

    return make


def _other(folder: Path) -> Path:
    path = folder / "data.h5"
    path.write_bytes(b.hdf5({"images": np.zeros((2, 2), "f4")}))
    return path


def _json(data: bytes) -> Callable[[Path], Path]:
    return lambda folder: b.keras(folder, data)


def sizes() -> Iterator[Case]:
    good = json.dumps(b.model())
    yield Case("JSON too deep", "bomb", "json-bomb", _json(b"[" * 100_000 + b"]" * 100_000))
    yield Case("JSON deeper than Keras writes", "bomb", "json-bomb",
               _json(good.replace('"relu"', "[" * 300 + "1" + "]" * 300, 1).encode()))  # fmt: skip
    yield Case(
        "JSON with a huge integer",
        "bomb",
        "json-bomb",
        _json(good.replace('"units": 4', f'"units": {"9" * 5000}').encode()),
    )
    yield Case(
        "JSON with many brackets",
        "bomb",
        "json-bomb",
        _json(good.replace('"relu"', "[" + "[]," * 700_000 + "[]]", 1).encode()),
    )
    yield Case(
        "JSON with a long string", "bomb", "json-bomb", _json(good.replace("relu", "r" * (17 << 20), 1).encode())
    )
    wide = json.dumps({"x": ["\U0001f600" + "a" * 12_000_000] * 4}, ensure_ascii=False)
    yield Case(
        "JSON that takes four bytes a letter",
        "bomb",
        "json-bomb",
        _json(good[:-1].encode() + b", " + wide.encode()[1:]),
    )
    spaces = _json(b" " * (65 << 20) + good.encode())
    yield Case("JSON of many bytes", "bomb", "json-bomb", spaces)
    names = {"compile_config": {"optimizer": "sgd", "loss": "mse", "metrics": ["m"] * 250_001}}
    yield Case("metrics without end", "bomb", "json-bomb", lambda folder: b.keras(folder, b.model() | names))
    for name, changed in {"10^12 units": {"units": 10**12}, "an embedding": {}}.items():
        if changed:
            config = b.sequential(b.dense("dense", 4, 3), b.dense("dense_1", changed["units"], 4))
        else:
            config = b.sequential(b.layer("Embedding", name="e", input_dim=10**9, output_dim=10**6))
        yield Case(f"model of {name}", "bomb", "model-bomb", lambda folder, c=config: b.keras(folder, c))
        yield Case(
            f"model of {name}, JSON alone", "bomb", "model-bomb", lambda folder, c=config: b.keras_json(folder, c)
        )
    wide = b.legacy(b.legacy_dense(units=4), b.legacy_dense("wide", units=10**12))
    yield Case("model of 10^12 units, h5", "bomb", "model-bomb", lambda folder: b.whole_hdf5(folder, wide))
    million = {"units": 10**6, "use_bias": True, "name": "a"}
    chain = b.sequential(
        b.layer("Dense", **million), b.layer("ReLU", name="r"), b.layer("Dense", **million | {"name": "b"})
    )
    yield Case("a million by a million, JSON alone", "bomb", "model-bomb", lambda folder: b.keras_json(folder, chain))
    flat = b.sequential(b.layer("Conv2D", name="c", filters=64, kernel_size=[3, 3], strides=[1, 1]),
                        b.layer("Flatten", name="f"), b.layer("Dense", units=10**4, name="d"))  # fmt: skip
    flat["config"]["layers"][0]["config"]["batch_shape"] = [None, 4000, 4000, 3]
    yield Case("a large picture flattened, JSON alone", "bomb", "model-bomb", lambda folder: b.keras_json(folder, flat))
    joined = b.functional(b.called(b.layer("Dense", **million), "input_layer"), b.called(
        b.layer("Dense", **million | {"name": "dense_1"}), "a"))  # fmt: skip
    yield Case("a million by a million, functional", "bomb", "model-bomb", lambda folder: b.keras_json(folder, joined))
    yield Case("kernel of 10^6 by 10^6", "bomb", "model-bomb", lambda folder: b.keras(folder, b.sequential(
        b.layer("Conv2D", name="c", filters=10**6, kernel_size=[1000, 1000]))))  # fmt: skip
    back = b.functional(b.called(b.layer("Dense", name="y", units=10**6), "x"),
                        b.called(b.layer("Dense", name="x", units=10**7), "input_layer"), outputs="y")  # fmt: skip
    yield Case(
        "a million by ten, the last layer first", "bomb", "model-bomb", lambda folder: b.keras_json(folder, back)
    )
    for name, config in _large(10**12, 10**9, 10**4).items():
        yield Case(f"too much of {name}", "bomb", "model-bomb", lambda folder, c=config: b.keras(folder, c))
        yield Case(f"too much of {name}, JSON alone", "bomb", "model-bomb",
                   lambda folder, c=config: b.keras_json(folder, c))  # fmt: skip
    yield Case("too many layers", "bomb", "model-bomb", lambda folder: b.keras_json(folder, b.sequential(
        *[b.layer("ReLU", name=f"r{at}") for at in range(20_001)])))  # fmt: skip
    yield Case("zip bomb in an asset", "bomb", "zip-bomb", _deflated("assets/zeros", bytes(64 << 20)))
    yield Case("zip bomb in the config", "bomb", "zip-bomb", _deflated("config.json", b" " * (64 << 20)))
    many = {f"assets/{at}": bytes(15 << 20) for at in range(6)}
    yield Case("zip bomb in many small assets", "bomb", "zip-bomb", lambda folder: b.zipped(
        folder / "model.keras", b.entries() | many, zipfile.ZIP_DEFLATED))  # fmt: skip
    yield Case("zip bomb of weights", "bomb", "zip-bomb", _sparse_weights)
    yield Case("zip with too many entries", "bomb", "zip-bomb", lambda folder: b.zipped(
        folder / "model.keras", b.entries() | {f"assets/{at}": b"" for at in range(10_001)}))  # fmt: skip
    yield Case("zip with too large a directory", "bomb", "zip-bomb", _long_comments)
    yield Case(
        "zip that lies about its size", "bomb", "zip-bomb", _bytes(_lie, _deflated("assets/zeros", bytes(1 << 16)))
    )
    yield Case("file with holes", "bomb", "file-holes", _holes)


def _large(units: int, many: int, some: int) -> dict[str, b.Config]:
    """Layers whose weights are not computed exactly, or before which the shape changes: large, or small."""
    quantized = {"module": "keras.dtype_policies", "class_name": "QuantizedDTypePolicy", "registered_name": None,
                 "config": {"mode": "int8", "source_name": "float32"}}  # fmt: skip
    cell = b.layer("LSTMCell", name="c", units=many)
    rows = b.layer("RepeatVector", name="v", n=many)
    pixels = b.layer("Reshape", name="p", target_shape=[1, 1, 3])
    flat, last = b.layer("Flatten", name="f"), b.layer("Dense", name="d", units=some)
    return {name: b.sequential(*layers) for name, layers in {
        "an adapted Dense": [b.dense("d", units, 3, lora_rank=4)],
        "a Dense of int8": [b.dense("d", units, 3, dtype="int8_from_float32")],
        "a quantized Dense": [b.dense("d", units, 3, dtype=quantized)],
        "EinsumDense": [b.layer("EinsumDense", name="e", equation="ab,bc->ac", output_shape=units)],
        "EinsumDense of any rank": [b.layer("EinsumDense", name="e", equation="...b,bc->...c", output_shape=[units])],
        "ConvLSTM2D": [b.layer("ConvLSTM2D", name="l", filters=many, kernel_size=[3, 3])],
        "SpectralNormalization": [b.layer("SpectralNormalization", name="s", layer=b.dense("d", units, 3))],
        "RNN": [b.layer("RNN", name="r", cell=cell)],
        "RNN of two cells": [b.layer("RNN", name="r", cell=b.layer("StackedRNNCells", name="s", cells=[cell, cell]))],
        "GroupQueryAttention": [b.layer("GroupQueryAttention", name="a", head_dim=many, num_query_heads=some,
                                        num_key_value_heads=4)],
        "ReversibleEmbedding": [b.layer("ReversibleEmbedding", name="e", input_dim=many, output_dim=some)],
        "CategoryEncoding": [b.layer("CategoryEncoding", name="t", num_tokens=many), last],
        "Hashing": [b.layer("Hashing", name="t", num_bins=many, output_mode="multi_hot"), last],
        "RepeatVector": [rows, flat, last],
        "Permute": [rows, b.layer("Permute", name="p", dims=[2, 1]), last],
        "UpSampling2D": [pixels, b.layer("UpSampling2D", name="u", size=[some, some]), flat, last],
        "ZeroPadding2D": [pixels, b.layer("ZeroPadding2D", name="z", padding=[[some, 0], [0, some]]), flat, last],
        "Resizing": [pixels, b.layer("Resizing", name="z", height=some, width=some), flat, last],
        **_told_elsewhere(many, some),
    }.items()}  # fmt: skip


def _told_elsewhere(many: int, some: int) -> dict[str, list[b.Config]]:
    """Layers whose weights depend on what is not where it is looked for first."""
    rows, flat = b.layer("RepeatVector", name="v", n=many), b.layer("Flatten", name="f")
    dense = b.legacy_layer("Dense", name="d", units=many)
    two = b.layer("Sequential", module="keras", name="q", layers=[
        b.layer("Dense", name="x", units=many), b.layer("Dense", name="y", units=some * some)])  # fmt: skip
    words = {"max_tokens": many * some, "output_mode": "multi_hot", "pad_to_max_tokens": True}
    state = {"units": many, "stateful": True, "batch_input_shape": [many * some, 2, 1]}
    return {
        "a Dense that tells its own input": [
            b.layer("Dense", name="d", units=some, batch_input_shape=[None, many * some])
        ],
        "a Sequential of layers alone": [b.layer("Dense", name="w", units=3), two],
        "a Sequential that is a list": [{**two, "config": two["config"]["layers"]}],
        "a Sequential in TimeDistributed": [rows, b.layer("TimeDistributed", name="t", layer=two)],
        "a Dense that says otherwise what it is built on": [
            b.layer("Dense", name="w", units=many), {**dense, "build_config": {"input_shape": [None, 1]}}],
        "LocallyConnected1D": [rows, b.legacy_layer("LocallyConnected1D", name="l", filters=some, kernel_size=[4])],
        "LocallyConnected1D of a full kernel": [rows, b.legacy_layer(
            "LocallyConnected1D", name="l", filters=1, kernel_size=[1], implementation=2)],
        "Normalization": [b.layer("RepeatVector", name="v", n=many * some), flat, b.layer("Normalization", name="n")],
        "STFTSpectrogram": [rows, b.layer("STFTSpectrogram", name="s", mode="log", frame_length=some, fft_length=many)],
        "TextVectorization": [b.layer("TextVectorization", name="t", **words), b.layer("Dense", name="d", units=some)],
        "StringLookup": [b.layer("StringLookup", name="t", **words), b.layer("Dense", name="d", units=some)],
        "a batch of states": [b.legacy_layer("LSTM", name="l", **state)],
        "Dense after a picture with its channels first": [
            b.layer("Dense", name="l", units=3, batch_input_shape=[None, many, 1, 1]),
            b.layer("GlobalAveragePooling2D", name="g", data_format="channels_first"),
            b.layer("Dense", name="d", units=many)],
    }  # fmt: skip


def _deflated(name: str, data: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        return b.zipped(folder / "model.keras", b.entries() | {name: data}, zipfile.ZIP_DEFLATED)

    return make


def _long_comments(folder: Path) -> Path:
    """Its directory is read in one go, and what an entry takes in memory is many times what it takes there."""
    path = b.keras(folder)
    with zipfile.ZipFile(path, "a") as file:
        for at in range(100):
            info = zipfile.ZipInfo(f"assets/{at}")
            info.comment = b"c" * 60_000
            file.writestr(info, b"")
    return path


def _sparse_weights(folder: Path) -> Path:
    """Weights of which a part is drawn, so that they unpack to less than 200 times what they take."""
    draw = np.random.default_rng(0)
    block = draw.bytes(8_000) + bytes((1 << 20) - 8_000)
    return b.zipped(folder / "model.keras", b.entries(weights=b.hdf5(b.arrays()) + block * 80), zipfile.ZIP_DEFLATED)


def _lie(data: bytearray) -> bytearray:
    """The last entry says that it unpacks to 4 GB; its header too."""
    entry = data.rindex(b"PK\x01\x02")
    header = struct.unpack_from("<I", data, entry + 42)[0]
    struct.pack_into("<I", data, entry + 24, 0xFFFFFF00)
    struct.pack_into("<I", data, header + 22, 0xFFFFFF00)
    return data


def _holes(folder: Path) -> Path:
    path = b.keras(folder)
    os.truncate(path, 4 << 30)
    return path


def damage() -> Iterator[Case]:
    good = json.dumps(b.model())
    for name, data, rule in (
        ("no JSON", b"{", "json-invalid"),
        ("empty config", b"", "json-invalid"),
        ("no UTF-8", good.replace("relu", "r\xff", 1).encode("latin-1"), "json-invalid"),
        ("byte order mark", b"\xef\xbb\xbf" + good.encode(), "json-invalid"),
        ("UTF-16", good.encode("utf-16"), "json-invalid"),
        ("UTF-16 without a byte order mark", good.encode("utf-16-le"), "json-invalid"),
        ("UTF-32 without a byte order mark", good.encode("utf-32-be"), "json-invalid"),
        ("config is a list", b"[]", "config-shape"),
        ("config is a number", b"1", "config-shape"),
        ("config without a class", b'{"config": {}}', "config-shape"),
        ("class_name is a number", good.replace('"Dense"', "7", 1).encode(), "config-shape"),
        ("units are text", good.replace('"units": 4', '"units": "four"').encode(), "config-shape"),
        ("units are negative", good.replace('"units": 4', '"units": -4').encode(), "config-shape"),
        ("units are missing", good.replace('"units": 4, ', "").encode(), "config-shape"),
        ("an object without a class", good.replace('"class_name": "GlorotUniform", ', "", 1).encode(), "config-shape"),
        (
            "config of a layer is text",
            good.replace('"config": {"seed": null}', '"config": "x"', 1).encode(),
            "config-shape",
        ),
        ("trainable is a number", good.replace('"trainable": true', '"trainable": 7', 1).encode(), "config-shape"),
        ("dtype is a number", good.replace('"dtype": "float32"', '"dtype": 7', 1).encode(), "config-shape"),
        (
            "class registered otherwise",
            json.dumps(b.sequential(b.layer("ReLU", registered="Dense"))).encode(),
            "config-shape",
        ),
        ("an argument that no release has", good.replace('"use_bias"', '"use_bas"', 1).encode(), "config-shape"),
        ("name twice", good.replace('"dense_1"', '"dense"').encode(), "name-twice"),
    ):
        yield Case(f"config: {name}", "corrupt", rule, _json(data))
    yield Case("config: duplicate key", "unsafe", "json-duplicate-key",
               _json(good.replace('"units": 4', '"units": 5, "units": 4').encode()))  # fmt: skip
    first, second = b.called(b.dense("dense", 4, 3), "input_layer"), b.called(b.dense("dense_1", 2, 4), "dense")
    for name, config in {
        "input is not there": b.functional(first, b.called(b.dense("dense_1", 2, 4), "nowhere")),
        "node is not there": b.functional(first, second | {"inbound_nodes": [{"args": [b.tensor("dense", 3)]}]}),
        "cycle": b.functional(b.called(b.dense("dense", 4, 3), "dense_1"), second),
        "output is not there": b.functional(first, second, outputs="nowhere"),
        "no outputs": b.functional(first, second, outputs=[]),
        "input is not listed": b.functional(first, second, inputs="dense"),
        "model that takes its own last output": _in_itself(),
        "model that is counted from 0 and from 1 by layers": _counted_twice(),
        "layer on nothing": b.functional(b.called(b.dense("dense", 4, 3)), second),
    }.items():  # fmt: skip
        yield Case(f"graph: {name}", "corrupt", "graph-broken", lambda folder, c=config: b.keras(folder, c))
    for part in ("args", "kwargs"):
        half = b.functional(first, second | {"inbound_nodes": [{part: [b.tensor("dense")]}]})
        yield Case(f"graph: a call of {part} alone", "corrupt", "config-shape",
                   lambda folder, c=half: b.keras(folder, c))  # fmt: skip
    yield from _weight_cases()


def _counted_twice() -> b.Config:
    """A nested model that is called once, and of which two layers take the output by two numbers."""
    inner = b.layer("Sequential", module="keras", name="f", layers=[b.input_layer(), b.layer("ReLU", name="r")])
    inner |= {"name": "f", "inbound_nodes": [[["input_layer", 0, 0, {}]]]}
    after = [
        b.layer("ReLU", name=f"r{at}") | {"name": f"r{at}", "inbound_nodes": [[["f", at, 0, {}]]]} for at in (0, 1)
    ]
    return b.functional(inner, *after, inputs=[["input_layer", 0, 0]], outputs=[["r0", 0, 0], ["r1", 0, 0]])


def _in_itself() -> b.Config:
    """A nested model that is called twice, the first time on the output of the second."""
    inner = b.layer("Sequential", module="keras", name="f", layers=[b.input_layer(), b.layer("ReLU", name="r")])
    inner |= {"name": "f", "inbound_nodes": [[["f", 2, 0, {}]], [["f", 1, 0, {}]]]}
    return b.functional(inner, inputs=[["input_layer", 0, 0]], outputs=[["f", 2, 0]])


def _weight_cases() -> Iterator[Case]:
    missing = b.arrays()
    del missing["layers/dense_1/vars/1"]
    surplus = b.arrays() | {"layers/dense/vars/2": np.ones((4,), "f4")}
    stranger = b.arrays() | {"layers/conv2d/vars/0": np.ones((4,), "f4")}
    shape = b.arrays() | {"layers/dense/vars/0": np.ones((3, 5), "f4")}
    swapped = b.arrays()
    swapped["layers/dense/vars/0"], swapped["layers/dense_1/vars/0"] = (
        swapped["layers/dense_1/vars/0"], swapped["layers/dense/vars/0"])  # fmt: skip
    kind = b.arrays() | {"layers/dense/vars/0": np.ones((3, 4), "i4")}
    wide = b.arrays() | {"layers/dense/vars/0": np.ones((3, 4), "f8")}
    for name, values, rule in (
        ("missing", missing, "weight-missing"),
        ("surplus", surplus, "weight-surplus"),
        ("of a layer that is not there", stranger, "weight-surplus"),
        ("of another shape", shape, "weight-shape"),
        ("swapped", swapped, "weight-shape"),
        ("whole numbers", kind, "weight-dtype"),
        ("of another precision", wide, "weight-dtype"),
    ):
        yield Case(f"weights: {name}", "corrupt", rule, _weights(values=values))
    told = b.layer("Mine", module="mine", registered="mine>Mine", layers=[b.dense("dense", 4, 3)])
    yield Case("custom: model that tells of its layers, and has others", "corrupt", "weight-surplus",
               lambda folder: b.keras(folder, told))  # fmt: skip
    untold = {**told, "config": {}}
    yield Case("custom: model that tells of no layers", "needs custom objects", "custom-object",
               lambda folder: b.keras(folder, untold))  # fmt: skip

    def bfloat16(file: h5py.File) -> None:
        del file["layers/dense/vars/0"]
        data = file.create_dataset("layers/dense/vars/0", data=np.full((3, 4), 0x7FC0, "<u2").view("V2"))
        data.attrs["dtype"] = "bfloat16"

    yield Case("weights: NaN in bfloat16", "non-finite", "not-finite", lambda folder: b.keras(
        folder, b.model(dtype="bfloat16"), weights=b.hdf5(b.arrays(), bfloat16)))  # fmt: skip
    for name, value in (("NaN", np.nan), ("infinity", np.inf), ("minus infinity", -np.inf)):
        spoilt = b.arrays()
        spoilt["layers/dense/vars/0"][1, 1] = value
        yield Case(f"weights: {name}", "non-finite", "not-finite", _weights(values=spoilt))
    yield Case("h5: another shape", "corrupt", "weight-shape", lambda folder: b.whole_hdf5(folder, kernel=(3, 5)))
    yield Case("h5: weight is gone", "corrupt", "weight-missing", lambda folder: b.whole_hdf5(
        folder, change=lambda file: file.__delitem__("model_weights/dense/dense/bias:0")))  # fmt: skip
    yield Case("h5: layer by another name", "corrupt", "weight-surplus", lambda folder: b.whole_hdf5(
        folder, b.legacy(b.legacy_dense("other"))))  # fmt: skip
    yield Case("h5: no weights", "corrupt", "entry-missing", lambda folder: b.whole_hdf5(
        folder, change=lambda file: file.__delitem__("model_weights")))  # fmt: skip
    yield Case("h5: config is a number", "corrupt", "config-shape", lambda folder: b.whole_hdf5(
        folder, change=lambda file: file.attrs.__setitem__("model_config", 7)))  # fmt: skip
    yield Case("h5: config is no JSON", "corrupt", "json-invalid", lambda folder: b.whole_hdf5(folder, b"{"))


def places() -> Iterator[Case]:
    """Folders, indexes of weights, SavedModels, and what is no file."""
    yield Case("folder with a link", "unsafe", "link", _linked)
    yield Case(
        "folder without weights", "corrupt", "entry-missing", lambda folder: _unzipped(folder, "model.weights.h5")
    )
    yield Case("shard elsewhere", "unsafe", "shard-path", lambda folder: _index(folder, "../../etc/passwd"))
    yield Case("shard that is not there", "corrupt", "entry-missing", lambda folder: _index(folder, "gone.weights.h5"))
    yield Case(
        "shard that lacks a layer",
        "corrupt",
        "weight-missing",
        lambda folder: _index(folder, None, "/layers/gone/vars"),
    )
    for operation in ("WriteFile", "ReadFile", "PyFunc", "EagerPyFunc", "MatchingFiles", "CSVDatasetV2",
                      "CacheDatasetV2", "LoadAndRemapMatrix", "GenerateVocabRemapping", "InitializeTableFromTextFileV2",
                      "RemoteCall", "DistributedSave", "GrpcServer"):  # fmt: skip
        yield Case(
            f"SavedModel with {operation}", "unsafe", "unsafe-op", lambda folder, o=operation: saved_model(folder, o)
        )
        yield Case(f"SavedModel with {operation} in a function", "unsafe", "unsafe-op",
                   lambda folder, o=operation: saved_model(folder, "Add", inner=o))  # fmt: skip
    yield Case("SavedModel", "unsupported", "saved-model", lambda folder: saved_model(folder, "Add"))
    yield Case("SavedModel with an operation that is not known", "unsupported", "not-inspected",
               lambda folder: saved_model(folder, "Mine>Operation"))  # fmt: skip
    twice = _field(2, b"Add") + _field(2, b"WriteFile")
    large = b"\x92\x80\x80\x80\x10" + b"\x09WriteFile"  # field 2 to who takes the lower 32 bits of its tag
    yield Case("SavedModel with two operations in a node", "unsafe", "unsafe-op",
               lambda folder: saved_model(folder, "Add", node=twice))  # fmt: skip
    yield Case("SavedModel with a tag that is too large", "corrupt", "hdf5-broken",
               lambda folder: saved_model(folder, "Add", node=_field(2, b"Add") + large))  # fmt: skip
    layer = b.legacy_layer("Lambda", name="l", function=[b.marshalled(), None, None], function_type="lambda")
    caller = _field(2, _field(1, _field(1, _field(1, b"call")) + _field(3, _field(2, b"PartitionedCall") + _field(
        5, _field(1, b"f") + _field(2, _field(10, _field(1, b"__inference__traced_save_1")))))))  # fmt: skip
    for who, more in {"of it": caller, "beside it": _field(1, _field(2, b"Add"))}.items():
        yield Case(f"SavedModel that saves by a function {who}", "unsafe" if who == "of it" else "unsupported",
                   "unsafe-op" if who == "of it" else "saved-model", lambda folder, more=more: saved_model(
                       folder, "Add", inner="SaveV2", name="__inference__traced_save_1", more=more))  # fmt: skip
    yield Case("SavedModel with a lambda in the graph's own metadata", "unsafe", "python-code",
               lambda folder: saved_model(folder, "Add", metadata=json.dumps(layer).encode()))  # fmt: skip
    outside = b.sequential(b.layer("TFSMLayer", name="t", filepath="/tmp/somewhere", call_endpoint="serve"))
    for name, config, verdict, rule in (
        ("the config of a model", b.model(), "unsafe", "zip-ambiguous"),
        ("a config that reads files", outside, "unsafe", "reads-outside"),
        ("objects under a key", {"a": outside}, "unsafe", "reads-outside"),
        ("somebody's settings", {"model_type": "bert", "layers": 12, "path": "a/b"}, "unsupported", "saved-model"),
    ):
        yield Case(f"SavedModel beside {name}", verdict, rule, lambda folder, c=config: _write(
            saved_model(folder, "Add") / "config.json", json.dumps(c).encode()).parent)  # fmt: skip
    yield Case("folder with a config alone", "unsafe", "reads-outside", lambda folder: _write(
        folder / "config.json", json.dumps(outside).encode()).parent)  # fmt: skip
    yield Case("SavedModel torn", "corrupt", None, lambda folder: saved_model(folder, "Add", torn=True))
    yield Case("empty file", "unsupported", "not-a-plain-file", lambda folder: _write(folder / "m.keras", b""))
    yield Case("no such file", "unsupported", "not-a-plain-file", lambda folder: folder / "gone.keras")
    yield Case("text", "unsupported", "format-unknown", lambda folder: _write(folder / "m.keras", b"hello, world"))
    yield Case("a pipe", "unsupported", "not-a-plain-file", _pipe)
    yield Case("empty folder", "unsupported", "format-unknown", lambda folder: folder)


def _write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def _pipe(folder: Path) -> Path:
    os.mkfifo(folder / "m.keras")
    return folder / "m.keras"


def _unzipped(
    folder: Path, without: str = "", about: bytes | None = None, more: dict[str, bytes] | None = None
) -> Path:
    for name, data in (b.entries(about=about) | (more or {})).items():
        if name != without:
            (folder / name).write_bytes(data)
    return folder


def _linked(folder: Path) -> Path:
    _unzipped(folder)
    (folder / "assets").mkdir()
    (folder / "assets" / "vocabulary.txt").symlink_to("/etc/passwd")
    return folder


def _index(folder: Path, shard: str | None, more: str = "") -> Path:
    _write(folder / "m_00000.weights.h5", b.hdf5(b.arrays()))
    groups = {f"/{path.rsplit('/', 1)[0]}": [shard or "m_00000.weights.h5"] for path in b.arrays()}
    if more:
        groups[more] = ["m_00000.weights.h5"]
    return _write(folder / "m.weights.json", json.dumps({"metadata": {}, "weight_map": groups}).encode())


def _field(number: int, data: bytes) -> bytes:
    length, size = b"", len(data)
    while True:
        length += bytes([size & 0x7F | (0x80 if size > 0x7F else 0)])
        size >>= 7
        if not size:
            return bytes([number << 3 | 2]) + length + data


def saved_model(folder: Path, operation: str, *, inner: str = "Mul", torn: bool = False, node: bytes = b"",
                metadata: bytes = b"", name: str = "f", more: bytes = b"") -> Path:  # fmt: skip
    """A SavedModel's folder with a graph of two nodes, one of them in a function."""
    made = _field(1, _field(1, b"node") + (node or _field(2, operation.encode())))
    signature = _field(1, _field(1, name.encode()))
    function = _field(2, _field(1, signature + _field(3, _field(1, b"n") + _field(2, inner.encode()))))
    objects = _field(7, _field(1, _field(4, _field(1, b"_tf_keras_layer") + _field(3, metadata)))) if metadata else b""
    data = _field(2, _field(2, made + function + more) + objects)
    _write(folder / "saved_model.pb", data[:-3] if torn else data)
    (folder / "variables").mkdir()
    _write(folder / "variables" / "variables.index", b"x")
    return folder


CASES = [*zips(), *hdf5(), *sizes(), *damage(), *places()]
