"""What lies in a model beside its parts and is no data: archives, programs, pickles, arrays of Python objects."""

from __future__ import annotations

import re
import struct
from typing import IO

from harness.inspection.formats.pickles import is_pickle

HEAD = 1 << 16
TAIL = (1 << 16) + 22  # a zip's directory ends there
HDF5 = b"\x89HDF\r\n\x1a\n"
BEGINNINGS = ((b"PK\x03\x04", "a zip"), (b"\x1f\x8b", "a gzip"), (b"7z\xbc\xaf", "a 7z"), (b"Rar!", "a rar"),
              (b"BZh", "a bzip2"), (b"\xfd7zXZ", "an xz"), (b"\x28\xb5\x2f\xfd", "a zstd"), (b"\x7fELF", "a program"),
              (b"MZ\x90", "a program"), (b"\xcf\xfa\xed\xfe", "a program"), (b"\xca\xfe\xba\xbe", "a program"),
              (b"#!", "a script"), (HDF5, "HDF5"))  # fmt: skip
BYTECODE = re.compile(rb"[\0-\xff][\x0b-\x0e]\r\n[\0-\3]\0\0\0")  # Python's, from 3.7 on: its release, and flags
ARRAY = b"\x93NUMPY"
_DTYPE = rb"'[<>|=]?[?biufcmMSUV]\d*(\[\w+\])?'"
_FIELD = rb"\('[^'\\]*', " + _DTYPE + rb"(, \([\d, ]*\))?\)"
# As NumPy writes it.
NUMBERS = re.compile(rb"\{'descr': (" + _DTYPE + rb"|\[" + _FIELD + rb"(, " + _FIELD + rb")*,?\]), "
                     rb"'fortran_order': (True|False), 'shape': \([\dL, ]*\), \}\s*")  # fmt: skip
OBJECTS = re.compile(rb"""['"][<>|=]?O\d*['"]""")
END = struct.Struct("<4s4H2LH")


def stranger(file: IO[bytes], tail: bytes, size: int, own: bytes = b"") -> tuple[str, str] | None:
    """The rule and what it is, where it is something that Keras would not write; `tail` is its end.

    `own` is how it begins where Keras writes it.
    """
    head = file.read(HEAD)
    what = next((what for begin, what in BEGINNINGS if head.startswith(begin) and begin != own), None)
    if what is None and BYTECODE.match(head):
        what = "a program"
    if what is None and _is_zip(tail, size):
        what = "a zip"
    if what is None and _is_tar(head[:512]):
        what = "a tar"
    if what is not None:
        return "nested-archive", what
    if head.startswith(ARRAY):
        return _array(head)
    file.seek(0)
    return ("pickled-data", "a pickle") if is_pickle(file) else None


def _is_zip(tail: bytes, size: int) -> bool:
    """A zip is read from its end, whatever comes before it."""
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < END.size:
        return False
    length, offset = END.unpack_from(tail, at)[5:7]
    large = at >= 20 and tail.startswith(b"PK\x06\x07", at - 20)  # the numbers stand elsewhere
    return large or length + offset <= size - len(tail) + at


def _is_tar(block: bytes) -> bool:
    """The sum of its first block stands in it, in one of two ways."""
    field = block[148:156]
    if len(block) < 512:
        return False
    if field[0] in (0x80, 0xFF):
        written = int.from_bytes(field[1:], "big")
    else:
        digits = field.strip(b" \0")
        if not re.fullmatch(rb"[0-7]+", digits):
            return False
        written = int(digits, 8)
    return written == sum(block) - sum(field) + 8 * ord(" ")


def _array(head: bytes) -> tuple[str, str] | None:
    """An array of numbers or text is data; one of Python objects is a pickle."""
    format_, start = ("<H", 10) if head[6:7] == b"\1" else ("<I", 12)
    length = struct.unpack_from(format_, head, 8)[0] if len(head) >= start else HEAD
    header = head[start : start + length]
    if len(header) == length and head[6:7] in (b"\1", b"\2", b"\3") and NUMBERS.fullmatch(header):
        return None
    if OBJECTS.search(header):
        return "object-array", "an array of Python objects"
    return "nested-archive", "a NumPy array whose header is not as NumPy writes it"
