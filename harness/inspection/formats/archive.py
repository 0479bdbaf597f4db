"""The zip of a `.keras` file, read without extracting: the directory, the names, the checksums, within the budget."""

from __future__ import annotations

import io
import stat
import struct
import unicodedata
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO

from harness.inspection.formats import assets
from harness.inspection.limits import Limits
from harness.inspection.plain import open_plain, opener
from harness.inspection.report import Report

BLOCK = 1 << 22
BROKEN = (zipfile.BadZipFile, OSError, ValueError, EOFError, RuntimeError, NotImplementedError, zlib.error,
          struct.error, OverflowError)  # fmt: skip
LOCAL = struct.Struct("<4s5H3I2H")
ENCRYPTED = 0x1
END_SIZE, LOCATOR, LARGE_END = 22, struct.Struct("<4sLQL"), struct.Struct("<4sQ")
LARGE_SIZE = 56  # of the second end that a large zip has, as everybody writes it


def _renamed(extra: bytes) -> bool:
    """Does an extra field hold another name, in Unicode?"""
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        if kind == 0x7075:
            return True
        at += 4 + size
    return False


def _folded(path: PurePosixPath) -> str:
    """What is one name to a system that takes upper and lower case, or two ways to write é, or a last dot, as one."""
    folded = unicodedata.normalize("NFD", unicodedata.normalize("NFD", str(path)).casefold())
    return "/".join(part.rstrip(". ") for part in folded.split("/"))


def _two_ends(path: Path) -> bool:
    """Has a large zip an end that its locator does not lead to?

    Python takes the one right before the locator, and from 3.14 on the one that the locator leads to.
    """
    with open_plain(path) as file:
        size = file.seek(0, io.SEEK_END)
        start = max(0, size - END_SIZE - (1 << 16) - LOCATOR.size)
        file.seek(start)
        tail = file.read()
        plain = tail.startswith(b"PK\5\6", len(tail) - END_SIZE) and tail.endswith(b"\0\0")
        at = len(tail) - END_SIZE if plain else tail.rfind(b"PK\5\6")
        if at < LOCATOR.size or not tail.startswith(b"PK\6\7", at - LOCATOR.size):
            return False
        _, _, leads_to, _ = LOCATOR.unpack_from(tail, at - LOCATOR.size)
        before = start + at - LOCATOR.size - LARGE_SIZE
        if before < 0 or leads_to != before:
            return True
        file.seek(before)
        return file.read(LARGE_END.size) != LARGE_END.pack(b"PK\6\6", LARGE_SIZE - LARGE_END.size)


class Large(Exception):
    """A directory of so many bytes."""


class Bounded(io.FileIO):
    """A zip of which no more is read at once than `most`, for as long as that says something."""

    most: int | None = None

    def __init__(self, path: Path) -> None:
        super().__init__(path, opener=opener)

    def read(self, size: int | None = -1, /) -> bytes:
        if self.most is not None and size is not None and size > self.most:
            raise Large(size)
        return super().read(-1 if size is None else size) or b""


def directory(file: Bounded, report: Report, where: str, limits: Limits) -> zipfile.ZipFile | None:
    """A zip whose directory was read; None where it cannot be, or is too large, which is noted."""
    file.most = limits.zip_directory
    try:
        return zipfile.ZipFile(file)
    except Large as large:
        report.add("zip-bomb", where, f"a directory of {large.args[0]:,} bytes; the limit is "
                   f"{limits.zip_directory:,}")  # fmt: skip
    except BROKEN as error:
        report.add("zip-broken", where, f"the zip's directory cannot be read: {error}")
    finally:
        file.most = None
    return None


class Archive:
    """An open zip whose entries were all looked at; `entries` are those that may be read."""

    def __init__(self, path: Path, report: Report, limits: Limits) -> None:
        self.path, self.report, self.limits = path, report, limits
        self.entries: dict[str, zipfile.ZipInfo] = {}
        self.names: set[str] = set()  # of all entries, those that may not be read too
        self._starts: dict[str, int] = {}  # where the bytes of each that may be read begin
        self._bytes: Bounded | None = None
        self._file: zipfile.ZipFile | None = None

    def open(self) -> bool:
        """Reads the directory; False where there is no use in going on."""
        self._bytes = Bounded(self.path)
        self._file = directory(self._bytes, self.report, "", self.limits)
        if self._file is None:
            return False
        infos = self._file.infolist()
        self.names = {info.filename for info in infos}
        if len(infos) > self.limits.zip_entries:
            self.report.add("zip-bomb", "", f"{len(infos):,} entries; the limit is {self.limits.zip_entries:,}")
            return False
        self._names(infos)
        if _two_ends(self.path):
            self.report.add("zip-ambiguous", "", "a second end, which some releases of Python take")
            return False
        total = sum(info.file_size for info in infos)
        if total > self.limits.zip_total:
            self.report.add("zip-bomb", "", f"unpacks to {total:,} bytes; the limit is {self.limits.zip_total:,}")
            return False
        size = self.path.stat().st_size
        most = max(self.limits.zip_total_floor, size * self.limits.zip_total_ratio)
        if total > most:
            self.report.add("zip-bomb", "", f"{size:,} bytes unpack to {total:,} in all; the limit is {int(most):,}")
            return False
        spans: list[tuple[int, int, str]] = []
        for info in infos:
            self.report.clock.tick()
            if self._fits(info) and self._agrees(info, spans):
                self.entries[info.filename] = info
        spans.sort()
        for (_, end, name), (begin, _, other) in zip(spans, spans[1:], strict=False):
            if begin < end:
                self.report.add("zip-ambiguous", other, f"lies inside {name}")
                return False
        return True

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        if self._bytes is not None:
            self._bytes.close()

    def _names(self, infos: list[zipfile.ZipInfo]) -> None:
        seen: dict[str, str] = {}
        for info in infos:
            name = getattr(info, "orig_filename", info.filename)
            path = PurePosixPath(name.replace("\\", "/"))
            if path.is_absolute() or ".." in path.parts or (len(name) > 1 and name[1] == ":"):
                self.report.add("zip-path", name, "leaves the folder that it is extracted to")
            if _renamed(info.extra):
                self.report.add("zip-ambiguous", name, "has a second name, which some readers take")
            if "\0" in name:
                self.report.add("zip-ambiguous", name, "a name with a zero byte")
            folded = _folded(path)
            if folded in seen:
                self.report.add("zip-ambiguous", name, f"the same name as {seen[folded]!r}, to some readers")
            seen.setdefault(folded, name)
            mode = info.external_attr >> 16
            if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
                kind = "a symbolic link" if stat.S_ISLNK(mode) else "a device, pipe or socket"
                self.report.add("zip-special", name, kind)

    def _fits(self, info: zipfile.ZipInfo) -> bool:
        if info.flag_bits & ENCRYPTED:
            self.report.add("zip-encrypted", info.filename, "encrypted")
            return False
        ratio = info.file_size / max(1, info.compress_size)
        if info.file_size > self.limits.zip_ratio_floor and ratio > self.limits.zip_ratio:
            self.report.add("zip-bomb", info.filename, f"{info.compress_size:,} bytes unpack to {info.file_size:,}, "
                            f"{ratio:,.0f} to 1; the limit is {self.limits.zip_ratio:g}")  # fmt: skip
            return False
        return True

    def _agrees(self, info: zipfile.ZipInfo, spans: list[tuple[int, int, str]]) -> bool:
        """The entry's own header says what the directory says of it."""
        try:
            with open_plain(self.path) as file:
                file.seek(info.header_offset)
                fields = LOCAL.unpack(file.read(LOCAL.size))
                name = file.read(fields[9])
        except (OSError, ValueError, struct.error) as error:
            self.report.add("zip-broken", info.filename, f"its header cannot be read: {error}")
            return False
        if fields[0] != b"PK\x03\x04":
            self.report.add("zip-broken", info.filename, "no header where the directory says")
            return False
        encoding = "utf-8" if fields[2] & 0x800 else "cp437"
        if name.decode(encoding, "replace") != getattr(info, "orig_filename", info.filename):
            self.report.add("zip-ambiguous", info.filename, f"its header calls it {name.decode(encoding, 'replace')!r}")
            return False
        if fields[3] != info.compress_type:
            self.report.add("zip-ambiguous", info.filename, "its header names another compression")
            return False
        sized = not fields[2] & 0x8 and 0xFFFFFFFF not in (fields[7], fields[8])
        if sized and (fields[7], fields[8]) != (info.compress_size, info.file_size):
            self.report.add("zip-ambiguous", info.filename, "its header says another size than the directory")
            return False
        start = self._starts[info.filename] = info.header_offset + LOCAL.size + fields[9] + fields[10]
        spans.append((info.header_offset, start + info.compress_size, info.filename))
        return True

    def stored_at(self, name: str) -> int | None:
        """Where the bytes of an entry that is not compressed begin."""
        info = self.entries[name]
        if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
            return None
        return self._starts[name]

    def read(
        self, name: str, into: IO[bytes] | None = None, *, keep: bool = True, foreign: bool = True, own: bytes = b""
    ) -> bytes | None:
        """An entry's bytes, never more than its directory says, its checksum compared; None where that fails."""
        info, parts, size, tail = self.entries[name], [], 0, b""
        assert self._file is not None
        try:
            with self._file.open(info) as file:
                while block := file.read(min(BLOCK, info.file_size - size + 1)):
                    self.report.clock.check()
                    size += len(block)
                    if size > info.file_size:
                        self.report.add("zip-bomb", name, f"unpacks to more than the {info.file_size:,} bytes it says")
                        return None
                    tail = (tail + block if len(block) < assets.TAIL else block)[-assets.TAIL :]
                    if into is not None:
                        into.write(block)
                    elif keep:
                        parts.append(block)
        except zipfile.BadZipFile as error:
            self.report.add("zip-crc" if "CRC" in str(error) else "zip-broken", name, str(error))
            return None
        except (OSError, ValueError, EOFError, zlib.error, RuntimeError, NotImplementedError, MemoryError,
                struct.error) as error:  # fmt: skip
            self.report.add("zip-broken", name, f"{type(error).__name__}: {error}")
            return None
        if size != info.file_size:  # the checksum was compared when the last byte was read
            self.report.add("zip-crc", name, "its size is another than the directory says")
            return None
        if foreign:
            with self._file.open(info) as file:
                found = assets.stranger(file, tail, size, own)
            if found is not None:
                self.report.add(found[0], name, found[1])
        return b"".join(parts)
