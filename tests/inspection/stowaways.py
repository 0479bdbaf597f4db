"""What may lie among the assets or the weights of a model and is no part of one: pickles, archives, arrays of NumPy."""

from __future__ import annotations

import importlib.util
import io
import marshal
import pickle
import tarfile
import zipfile

import numpy as np

from tests.inspection import building as b


def pickles() -> dict[str, bytes]:
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


def archives() -> dict[str, bytes]:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as file:
        info = tarfile.TarInfo("../../x")
        info.size = 1
        file.addfile(info, io.BytesIO(b"x"))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as inner:
        inner.writestr("a", b"a")
    return {"a tar": stream.getvalue(), "a zip after two bytes": b"xx" + packed.getvalue(),
            "bytecode of Python": importlib.util.MAGIC_NUMBER + bytes(12) + marshal.dumps(compile("1", "a", "eval")),
            "a program of macOS": b"\xcf\xfa\xed\xfemore",
            "an empty zip": b"PK\x05\x06" + bytes(18), "a zstd": b"\x28\xb5\x2f\xfdmore",
            "HDF5": b.hdf5(b.arrays())}  # fmt: skip


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    return stream.getvalue()


def npz(parts: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        for name, data in parts.items():
            file.writestr(name, data)
    return stream.getvalue()
