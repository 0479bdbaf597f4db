"""Makes folders of SavedModels: protobuf, written by hand."""

from __future__ import annotations

from pathlib import Path

from tests.inspection.changing import write


def field(number: int, data: bytes) -> bytes:
    length, size = b"", len(data)
    while True:
        length += bytes([size & 0x7F | (0x80 if size > 0x7F else 0)])
        size >>= 7
        if not size:
            return bytes([number << 3 | 2]) + length + data


def saved_model(folder: Path, operation: str, *, inner: str = "Mul", torn: bool = False, node: bytes = b"",
                metadata: bytes = b"", name: str = "f", more: bytes = b"") -> Path:  # fmt: skip
    """A SavedModel's folder with a graph of two nodes, one of them in a function."""
    made = field(1, field(1, b"node") + (node or field(2, operation.encode())))
    signature = field(1, field(1, name.encode()))
    function = field(2, field(1, signature + field(3, field(1, b"n") + field(2, inner.encode()))))
    objects = field(7, field(1, field(4, field(1, b"_tf_keras_layer") + field(3, metadata)))) if metadata else b""
    data = field(2, field(2, made + function + more) + objects)
    write(folder / "saved_model.pb", data[:-3] if torn else data)
    (folder / "variables").mkdir()
    write(folder / "variables" / "variables.index", b"x")
    return folder
