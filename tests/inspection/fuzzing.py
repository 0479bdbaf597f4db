"""Changes good and bad files at random, in their bytes and in their structure, and inspects what comes of it.

    python tests/inspection/fuzzing.py [--count N] [--seed N] [FILE...]

Prints how many were inspected, with which verdicts, and the slowest. A fault is an exception in `Report.error`, a
marker that a payload made, more than five seconds, or something that an inspection has no business with.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import resource
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from harness.inspection import Limits, Report, inspect
from harness.inspection.hdf5_process import Reader
from tests.inspection import building as b

ODD: list[Any] = [None, True, -1, 0, 1e308, 10**30, "", "x" * 5000, "\x1b[2J", "\ud800", [], {}, [[]], float("nan"),
                  {"class_name": "Dense", "config": {}}, {"class_name": 1, "config": 2}, {"class_name": "__lambda__"},
                  {"class_name": "function", "config": "eval", "module": "builtins"}, ["a", 0, 0], ["a", 0, 0, {}],
                  {"class_name": "__keras_tensor__", "config": {"keras_history": ["dense", 0, 0]}}]  # fmt: skip
NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF)


def change_bytes(data: bytes, draw: random.Random, other: bytes) -> bytes:
    """One to eight changes."""
    made = bytearray(data)
    for _ in range(draw.choice((1, 1, 2, 4, 8))):
        at = draw.randrange(len(made) + 1) if made else 0
        kind = draw.randrange(7)
        if kind == 0 and made:
            made[at - 1] ^= 1 << draw.randrange(8)
        elif kind == 1:
            size = draw.choice((1, 2, 4, 8))
            number = draw.choice(NUMBERS) & (1 << 8 * size) - 1
            made[at : at + size] = number.to_bytes(size, draw.choice(("little", "big")))
        elif kind == 2:
            del made[at : at + draw.choice((1, 8, 100, 5000))]
        elif kind == 3:
            made[at:at] = draw.randbytes(draw.choice((1, 8, 100)))
        elif kind == 4:
            start = draw.randrange(len(other) or 1)
            made[at : at + 64] = other[start : start + draw.choice((16, 64, 1024))]
        elif kind == 5:
            made[at : at + 32] = made[: draw.randrange(64)]
        else:
            del made[at:]
    return bytes(made)


def change_json(value: Any, draw: random.Random) -> Any:
    """A value, key or element somewhere in it is replaced, left out or copied elsewhere."""
    places: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting:
        each = waiting.pop()
        keys = list(each) if isinstance(each, dict) else range(len(each)) if isinstance(each, list) else ()
        for key in keys:
            places.append((each, key))
            waiting.append(each[key])
    for _ in range(draw.choice((1, 1, 2, 5))):
        if not places:
            return draw.choice(ODD)
        owner, key = draw.choice(places)
        other, source = draw.choice(places)
        try:
            kind = draw.randrange(4)
            if kind == 0:
                owner[key] = draw.choice(ODD)
            elif kind == 1:
                owner[key] = json.loads(json.dumps(other[source]))
            elif kind == 2:
                del owner[key]
            else:
                owner["module" if isinstance(owner, dict) else key] = draw.choice(("os", "keras", "builtins", 7))
        except (KeyError, IndexError, TypeError, RecursionError, ValueError):
            continue
    return value


def change(data: bytes, draw: random.Random, other: bytes) -> bytes:
    """Bytes of the whole, or of an entry of the zip, or the JSON of its config."""
    if not data.startswith(b"PK") or draw.random() < 0.4:
        if data[:1] == b"{" and draw.random() < 0.7:
            return _json(data, draw)
        return change_bytes(data, draw, other)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            parts = {name: file.read(name) for name in file.namelist() if file.getinfo(name).file_size < 1 << 20}
    except Exception:  # what was changed before may be damaged in any way; only `inspect` must know what to say of it
        return change_bytes(data, draw, other)
    if not parts:
        return data
    name = draw.choice(list(parts))
    if name.endswith(".json") and draw.random() < 0.8:
        parts[name] = _json(parts[name], draw)
    else:
        parts[name] = change_bytes(parts[name], draw, other)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", draw.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as file:
        for each, content in parts.items():
            file.writestr(each, content)
    return stream.getvalue()


def _json(data: bytes, draw: random.Random) -> bytes:
    try:
        return json.dumps(change_json(json.loads(data), draw)).encode("utf-8", "surrogatepass")
    except (ValueError, RecursionError):
        return data


def seeds(folder: Path) -> list[bytes]:
    """The files that are changed where none are given."""
    from tests.inspection import bad_files, good_files

    made: list[bytes] = []
    for number, case in enumerate((*good_files.CASES, *bad_files.CASES)):
        place = folder / str(number)
        place.mkdir()
        path = case.make(place)
        if path.is_file() and 0 < path.stat().st_size < 200_000:
            made.append(path.read_bytes())
    return made


def fuzz(
    files: Sequence[bytes], count: int, seed: int, folder: Path, *, say: Callable[[str], None] = print
) -> tuple[Counter[str], list[str], float]:
    """The verdicts, the faults, and the longest time."""
    draw = random.Random(seed)
    verdicts: Counter[str] = Counter()
    faults: list[str] = []
    slowest = 0.0
    reader = Reader(Limits())
    reader.start()
    path = folder / "fuzzed.keras"
    started = time.monotonic()
    for number in range(count):
        data = change(draw.choice(files), draw, draw.choice(files))
        path.write_bytes(data)
        report = inspect(path, reader=reader)
        verdicts[report.verdict] += 1
        slowest = max(slowest, report.seconds)
        if report.seconds > 2:
            say(f"{report.seconds:.1f} s for {sorted({each.rule for each in report.findings})}")
        fault = fault_of(report)
        if fault:
            kept = folder / f"fault-{seed}-{number}.keras"
            kept.write_bytes(data)
            faults.append(f"{kept}: {fault}")
            say(faults[-1])
        if number % 5000 == 4999:
            say(f"{number + 1} in {time.monotonic() - started:.0f} s, {dict(verdicts)}")
    reader.stop()
    return verdicts, faults, slowest


def fault_of(report: Report) -> str:
    """What is wrong with an inspection, whatever was inspected; empty where nothing is."""
    if report.error:
        return report.error
    computed = report.clock.limit - report.clock.left()  # what the machine does beside it is not the file's fault
    if computed > 5 or report.seconds > 30:
        return f"{computed:.1f} s of computing, {report.seconds:.1f} s in all"
    if Path(b.MARKER).exists():
        os.remove(b.MARKER)
        return "a payload ran"
    try:
        json.dumps(report.to_json()).encode("utf-8", "surrogatepass")
    except ValueError as error:
        return f"the report cannot be written: {error}"
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        files = [path.read_bytes() for path in options.files] or seeds(Path(place))
        started = time.monotonic()
        keep = Path(tempfile.mkdtemp(prefix="fuzzing-"))
        verdicts, faults, slowest = fuzz(files, options.count, options.seed, keep)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    took = time.monotonic() - started
    print(f"{sum(verdicts.values())} changed files of {len(files)} in {took:.0f} s: {dict(verdicts)}")
    print(f"{len(faults)} faults; slowest {slowest:.2f} s; at most {peak} MB, the child {child} MB")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
