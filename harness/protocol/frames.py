"""Frames on a pipe: a JSON header, then the bytes of the arrays that it names.

A frame is 8 bytes (header length and body length, big endian), the header as JSON, the body. Arrays are named by the
digest of their content, so one that occurs twice (a weight before and after a round trip) travels once, and whether
two arrays are bitwise equal is a comparison of two strings.
"""

from __future__ import annotations

import json
import struct
from typing import IO, Any

_PREFIX = struct.Struct(">IQ")


class Closed(EOFError):
    """The other side closed the pipe."""


def write_frame(stream: IO[bytes], header: dict[str, Any], blobs: dict[str, bytes] | None = None) -> None:
    """Writes one frame; `blobs` maps digests to bytes."""
    blobs = blobs or {}
    text = json.dumps({**header, "$blobs": [[key, len(blob)] for key, blob in blobs.items()]}).encode()
    stream.write(_PREFIX.pack(len(text), sum(map(len, blobs.values()))))
    stream.write(text)
    for blob in blobs.values():
        stream.write(blob)
    stream.flush()


def read_frame(stream: IO[bytes]) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Reads one frame; raises Closed where the pipe ends first."""
    length, body = _PREFIX.unpack(_exactly(stream, _PREFIX.size))
    header = json.loads(_exactly(stream, length))
    blobs = {key: _exactly(stream, size) for key, size in header.pop("$blobs")}
    if sum(map(len, blobs.values())) != body:
        raise Closed("a frame whose blobs do not add up")
    return header, blobs


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if data is None or len(data) < size:
        raise Closed(f"the pipe closed with {len(data or b'')} of {size} bytes read")
    return data
