"""Is it a pickle? Of any protocol, those without a mark at their beginning too; read opcode by opcode, nothing is run.

Text can look like the first opcodes of a pickle: a word on a line of its own that begins with `c`, and one more, name a
function of a module. So it is followed as the unpickler would, with the height of its stack, and is a pickle where
something that it named is called, and either its module is known or all that follows to the end is a pickle, too.
"""

from __future__ import annotations

import re
from typing import IO

from harness.inspection import foreign

MARK = -1
MOST = 100_000  # opcodes; nothing but a pickle has as many, one after the other
LINE = 1 << 16
# The opcodes, what follows them, how many values they take (down to the mark, where it is MARK), and how many they
# leave. What follows: so many bytes ("4"), bytes after their number ("s4"), or lines. What an unpickler refuses that
# nothing was added to (numbers of classes, objects kept elsewhere) is left out.
OPCODES: dict[int, tuple[str, int, int]] = {
    code: (argument, takes, leaves)
    for codes, argument, takes, leaves in (
        (b"N\x88\x89])}\x8f\x97", "", 0, 1), (b"Kh", "1", 0, 1), (b"M", "2", 0, 1), (b"Jj", "4", 0, 1),
        (b"G", "8", 0, 1), (b"UC\x8c\x8a", "s1", 0, 1), (b"TBX\x8b", "s4", 0, 1), (b"\x8d\x8e\x96", "s8", 0, 1),
        (b"ILg", "integer", 0, 1), (b"F", "float", 0, 1), (b"S", "quoted", 0, 1), (b"V", "text", 0, 1),
        (b"c", "global", 0, 1), (b"p", "integer", 1, 1), (b"q", "1", 1, 1), (b"r", "4", 1, 1), (b"\x94\x98", "", 1, 1),
        (b"\x80", "1", 0, 0), (b"\x95", "8", 0, 0), (b"0", "", 1, 0), (b"1", "", MARK, 0), (b"2", "", 1, 2),
        (b"tld\x91", "", MARK, 1), (b"eu\x90", "", MARK, 0), (b"\x85", "", 1, 1), (b"\x86\x93ab", "", 2, 1),
        (b"\x87s\x92", "", 3, 1), (b"R\x81", "", 2, 1), (b"o", "", MARK, 1), (b"i", "global", MARK, 1),
    )
    for code in codes
}  # fmt: skip
CALLS = b"R\x81\x92boi"
STRINGS, NAMED_BY_STRINGS = b"SVTUX\x8c\x8d", b"\x93"
INTEGER = re.compile(rb"\s*[-+]?\d\w*\s*")
PACKAGES = foreign.PYTHON | foreign.PACKAGES | foreign.EXTENSIONS | {"keras"}


class _Not(Exception):
    """It is no pickle."""


def is_pickle(file: IO[bytes]) -> bool:
    """Would unpickling the file, from where it stands, call something?"""
    head = file.read(3)
    if len(head) == 3 and head[0] == 0x80 and 2 <= head[1] <= 5:
        _, takes, _ = OPCODES.get(head[2], ("", 0 if head[2:] == b"(" else MARK, 0))
        if not takes:
            return True  # of these, those that call nothing are not told from the others
    file.seek(0)
    try:
        return _follows(file)
    except _Not:
        return False


def _follows(file: IO[bytes]) -> bool:
    heights = [0]  # of the stack: below the first mark, and above each
    named = known = called = False
    strings = 0
    for _ in range(MOST):
        code = file.read(1)
        if code == b".":
            return called
        if code == b"(":
            heights.append(0)
            continue
        if not code or code[0] not in OPCODES:
            raise _Not
        argument, takes, leaves = OPCODES[code[0]]
        module = _argument(file, argument)
        if takes == MARK or (code == b"0" and not heights[-1]):  # a mark is taken away as a value is
            if len(heights) < 2:
                raise _Not
            heights.pop()
        elif heights[-1] < takes:
            raise _Not
        else:
            heights[-1] -= takes
        heights[-1] += leaves
        strings += code in STRINGS
        if code == NAMED_BY_STRINGS:
            if strings < 2:
                raise _Not
            named = known = True  # which string was the module's is not followed
        elif module is not None:
            named, known = True, known or module.partition(".")[0] in PACKAGES
        called = called or (named and code in CALLS)
        if called and known:
            return True
    return True


def _argument(file: IO[bytes], kind: str) -> str | None:
    """Reads over what follows an opcode; the module that it names, where it names one."""
    if kind.isdigit():
        _over(file, int(kind))
    elif kind[:1] == "s":
        _over(file, int.from_bytes(_exactly(file, int(kind[1:])), "little"))
    elif kind == "global":
        module, name = _line(file), _line(file)
        if not _is_name(module) or not _is_name(name):
            raise _Not
        return module.decode()
    elif kind:
        line = _line(file)
        if kind == "integer" and not INTEGER.fullmatch(line):
            raise _Not
        if kind == "quoted" and line[:1] not in (b"'", b'"'):
            raise _Not
        if kind == "float":
            try:
                float(line)
            except ValueError:
                raise _Not from None
    return None


def _is_name(line: bytes) -> bool:
    try:
        return all(part.isidentifier() for part in line.decode().split("."))
    except UnicodeDecodeError:
        return False


def _line(file: IO[bytes]) -> bytes:
    """The beginning of a line, which is read to its end."""
    line = piece = file.readline(LINE)
    while piece and not piece.endswith(b"\n"):
        piece = file.readline(LINE)
    if not piece:
        raise _Not
    return line.removesuffix(b"\n")


def _exactly(file: IO[bytes], count: int) -> bytes:
    data = file.read(count)
    if len(data) < count:
        raise _Not
    return data


def _over(file: IO[bytes], count: int) -> None:
    while count:
        count -= len(_exactly(file, min(count, 1 << 20)))
