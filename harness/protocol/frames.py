"""Frames on a pipe: a JSON header, then the bytes of the arrays that it names.

A frame is 16 bytes (a mark, header length and body length, big endian), the header as JSON, the body. Arrays are named
by the digest of their content, so one that occurs twice (a weight before and after a round trip) travels once, and
whether two arrays are bitwise equal is a comparison of two strings.
"""

from __future__ import annotations

import json
import struct
from typing import IO, Any, Protocol

_MARK = b"khf1"
_PREFIX = struct.Struct(">4sIQ")
_LONGEST_HEADER = 1 << 28


class Closed(EOFError):
    """The other side closed the pipe."""


class Garbled(ValueError):
    """What came is no frame: somebody else wrote to the pipe."""


class Source(Protocol):
    """What frames are read from: `read` gives as many bytes as it was asked for, fewer only at the end."""

    def read(self, size: int, /) -> bytes: ...


def write_frame(stream: IO[bytes], header: dict[str, Any], blobs: dict[str, bytes] | None = None) -> None:
    """Writes one frame; `blobs` maps digests to bytes."""
    blobs = blobs or {}
    text = json.dumps({**header, "$blobs": [[key, len(blob)] for key, blob in blobs.items()]}).encode()
    stream.write(_PREFIX.pack(_MARK, len(text), sum(map(len, blobs.values()))))
    stream.write(text)
    for blob in blobs.values():
        stream.write(blob)
    stream.flush()


def read_frame(stream: Source) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Reads one frame; raises Closed where the pipe ends first, and Garbled where there is no frame."""
    first = _exactly(stream, _PREFIX.size)
    mark, length, body = _PREFIX.unpack(first)
    if mark != _MARK or length > _LONGEST_HEADER:
        raise Garbled(f"no frame begins with {first!r}")
    try:
        header = json.loads(_exactly(stream, length))
        sizes = [(str(key), int(size)) for key, size in header.pop("$blobs")]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Garbled(f"no header of a frame: {error}") from error
    if sum(size for _, size in sizes) != body or any(size < 0 for _, size in sizes):
        raise Garbled("a frame whose arrays do not add up")
    return header, {key: _exactly(stream, size) for key, size in sizes}


def _exactly(stream: Source, size: int) -> bytes:
    data = stream.read(size)
    if data is None or len(data) < size:
        raise Closed(f"the pipe closed with {len(data or b'')} of {size} bytes read")
    return data
