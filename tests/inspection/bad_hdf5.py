"""Bad HDF5: links, other storage, shapes that are not stored, damage."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

from tests.inspection import building as b
from tests.inspection.case import Case
from tests.inspection.changing import changed_bytes, flip, weights_alone, with_weights


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

    def infinite(file: h5py.File) -> None:
        del file["model_weights/dense/dense/bias:0"]
        file["model_weights/dense/dense/bias:0"] = np.full(4, 0x7F80, "<u2").view("V2")

    def many(file: h5py.File) -> None:
        for at in range(40):  # each below what one may declare
            file.create_dataset(f"layers/more/vars/{at}", (15 << 20,), "f4", chunks=(1 << 16,))

    def together(file: h5py.File) -> None:
        kind = np.dtype([("number", "f4"), ("text", h5py.string_dtype())])
        file.create_dataset("layers/more/vars/0", (2,), kind)

    for change, rule in ((external_link, "hdf5-link"), (storage, "hdf5-external"), (virtual, "hdf5-virtual"),
                         (objects, "object-array"), (references, "object-array"),
                         (together, "object-array")):  # fmt: skip
        yield Case(f"HDF5 {change.__name__} in .keras", "unsafe", rule, with_weights(change))
        yield Case(f"HDF5 {change.__name__} in .weights.h5", "unsafe", rule, weights_alone(change))
        yield Case(
            f"HDF5 {change.__name__} in .h5", "unsafe", rule, lambda folder, c=change: b.whole_hdf5(folder, change=c)
        )
    yield Case("bfloat16 of which HDF5 does not say so", "incompatible", "bfloat16-unnamed", lambda folder: b.keras(
        folder, b.model(dtype="bfloat16"), weights=b.hdf5(b.arrays() | {
            "layers/dense/vars/0": np.ones((3, 4), "V2"), "layers/dense/vars/1": np.ones(4, "V2")})))  # fmt: skip
    yield Case("NaN in bfloat16 of which HDF5 does not say so", "non-finite", "not-finite", lambda folder: b.whole_hdf5(
        folder, b.legacy(b.legacy_dense(dtype="bfloat16")), change=infinite))  # fmt: skip
    yield Case("HDF5 of a model of the author's class", "needs custom objects", "custom-object",
               lambda folder: b.whole_hdf5(folder, b.legacy_layer("Mine")))  # fmt: skip
    yield Case("HDF5 soft link", "corrupt", "hdf5-soft-link", with_weights(soft_link))
    yield Case("HDF5 with a filter that is a plug-in", "unsupported", "hdf5-filter", with_weights(plugin))
    yield Case("HDF5 object at two places", "corrupt", "hdf5-broken", with_weights(twice))
    yield Case("HDF5 group in itself", "corrupt", "hdf5-broken", with_weights(cycle))
    for change in (bomb, never_written, chunk, deep, many):
        yield Case(f"HDF5 {change.__name__}", "bomb", "hdf5-bomb", with_weights(change))
        yield Case(f"HDF5 {change.__name__} in .weights.h5", "bomb", "hdf5-bomb", weights_alone(change))
    yield Case("HDF5 with a config behind many attributes", "unsafe", "python-code", lambda folder: b.whole_hdf5(
        folder, b.legacy(b.legacy_dense(), b.legacy_layer("Lambda", name="l", function=[b.marshalled(), None, None])),
        change=many_attributes))  # fmt: skip
    hidden = {"class_name": "__tuple__", "items": [b.marshalled(), None, None]}
    yield Case("HDF5 with a Lambda whose function is a tuple", "unsafe", "python-code", lambda folder: b.whole_hdf5(
        folder, b.legacy(b.legacy_dense(), b.legacy_layer("Lambda", name="l", function=hidden))))  # fmt: skip
    yield Case(
        "HDF5 cut off", "corrupt", "hdf5-broken", changed_bytes(lambda data: data[: len(data) // 2], weights_alone())
    )
    yield Case("HDF5 signature alone", "corrupt", "hdf5-broken", changed_bytes(lambda data: data[:8], weights_alone()))
    yield Case(
        "HDF5 with a changed superblock",
        "corrupt",
        "hdf5-broken",
        changed_bytes(flip(b"\x89HDF", 40, 0xFF), weights_alone()),
    )
    yield Case("HDF5 of something else", "unsupported", "format-unknown", _other)
    yield Case("weights are no HDF5", "corrupt", "hdf5-broken", lambda folder: b.keras(folder, weights=b"no HDF5" * 99))


def _other(folder: Path) -> Path:
    path = folder / "data.h5"
    path.write_bytes(b.hdf5({"images": np.zeros((2, 2), "f4")}))
    return path


CASES = [*hdf5()]
