"""The history: a line of JSON for each measured environment, in a folder that can be committed.

A file for each machine, so that those of two machines meet without a conflict. Lines are only ever appended, in one
write under a lock; what was cut off by a kill stays a line of its own, which is told and skipped. Every line says the
version of its schema. Readers keep on reading all versions: `_UPGRADES` has what makes of a line one of the next.
"""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import json
import os
import re
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from platformdirs import user_data_path

from harness.performance.measured import BYTES, DEVICE_MEMORY, MEMORY, TIME
from harness.performance.result import Result

SCHEMA_VERSION = 1
NEEDED = ("time", "side", "environment", "machine", "benchmarks")
Line = dict[str, Any]
LARGEST = sys.float_info.max
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")  # of a machine: its file is called so
_UPGRADES: dict[int, Callable[[Line], Line]] = {}


def default_folder() -> Path:
    """Where it is kept unless a folder is named."""
    return user_data_path("keras-harness") / "history"


@dataclass(frozen=True)
class Damaged:
    """A line that could not be read: where, and why; `number` is 0 where the whole file could not be."""

    path: Path
    number: int
    why: str

    @property
    def told(self) -> str:
        """For people, in a line."""
        if not self.number:
            return f"{self.path} cannot be read and is left out: {self.why}"
        return f"{self.path}:{self.number} is damaged and left out: {self.why}"


@dataclass
class History:
    """What was read, in the order of the files and of their lines."""

    lines: list[Line] = field(default_factory=list)
    damaged: list[Damaged] = field(default_factory=list)


def read(folder: Path) -> History:
    """All that is kept in a folder; empty where there is none."""
    history = History()
    for path in sorted(folder.glob("*.jsonl")):
        try:
            whole = path.read_bytes()
        except OSError as error:
            history.damaged.append(Damaged(path, 0, error.strerror or str(error)))
            continue
        for number, raw in enumerate(whole.split(b"\n"), start=1):
            if not raw.strip():
                continue
            try:
                history.lines.append(_line(raw))
            except ValueError as error:
                history.damaged.append(Damaged(path, number, str(error)))
    return history


def _line(raw: bytes) -> Line:
    """A line of any version, as one of this; raises ValueError."""
    try:
        line: Line = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"no JSON ({error})") from error
    if not isinstance(line, dict) or type(line.get("schema_version")) is not int:
        raise ValueError("no schema_version")
    while line["schema_version"] < SCHEMA_VERSION:
        if line["schema_version"] not in _UPGRADES:
            raise ValueError(f"schema version {line['schema_version']} never was")
        line = _UPGRADES[line["schema_version"]](line)
    if line["schema_version"] > SCHEMA_VERSION:
        raise ValueError(f"schema version {line['schema_version']} is of a newer keras-harness than this one")
    missing = [key for key in NEEDED if key not in line]
    if missing:
        raise ValueError(f"it lacks {', '.join(missing)}")
    return held(line)


def held(line: Line) -> Line:
    """The line; raises ValueError where it is not what readers count on: one that was mended by hand, or merged."""
    for key, kind in (("time", str), ("side", str), ("environment", dict), ("machine", dict), ("benchmarks", dict)):
        if not isinstance(line[key], kind):
            raise ValueError(f"its {key} is {_short(line[key])}")
    try:
        instant(line["time"])
    except ValueError as error:
        raise ValueError(f"its time is {_short(line['time'])}") from error
    if not isinstance(line["machine"].get("id"), str):
        raise ValueError("it says no machine")
    if not isinstance(line.get("commit"), str | None):
        raise ValueError(f"its commit is {_short(line['commit'])}")
    for name, values in line["benchmarks"].items():
        if not isinstance(values, dict):
            raise ValueError(f"{_short(name)} has no values but {_short(values)}")
        for measure, value in values.items():
            if not is_number(value):
                raise ValueError(f"the {measure} of {_short(name)} is {_short(value)}")
    return line


def instant(text: str) -> float:
    """Seconds since 1970 of a time in ISO 8601; one without a zone is in UTC. Raises ValueError.

    >>> instant("1970-01-01T01:00:00+01:00"), instant("1970-01-01T00:00:01"), instant("1970-01-02")
    (0.0, 1.0, 86400.0)
    """
    when = datetime.datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith("Z") else text)
    when = when if when.tzinfo else when.replace(tzinfo=datetime.timezone.utc)
    return (when - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)).total_seconds()


def is_number(value: object) -> bool:
    """Whether a value of JSON is a number that can be counted with.

    >>> is_number(0.5), is_number(True), is_number(float("nan"))
    (True, False, False)
    """
    return isinstance(value, int | float) and not isinstance(value, bool) and -LARGEST <= value <= LARGEST


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


def append(folder: Path, lines: Iterable[Mapping[str, Any]]) -> list[Path]:
    """Adds lines at the end of the files of their machines; returns those. Raises OSError where that cannot be done,
    and ValueError for a machine whose id is no name of a file: it must not be another place.

    Lines of one machine go into one write: with another writer beside, or a kill in the middle, the lines before stay
    whole, and no line of one run is mixed into another's.
    """
    by_file: dict[Path, list[str]] = {}
    for line in lines:
        if not _NAME.fullmatch(line["machine"]["id"]):
            raise ValueError(f"a machine cannot be called {_short(line['machine']['id'])}")
        text = json.dumps({"schema_version": SCHEMA_VERSION, **line}, separators=(",", ":"), sort_keys=True)
        by_file.setdefault(folder / f"{line['machine']['id']}.jsonl", []).append(text)
    folder.mkdir(parents=True, exist_ok=True)
    for path, texts in by_file.items():
        file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            size = os.fstat(file).st_size
            cut_off = size > 0 and os.pread(file, 1, size - 1) != b"\n"
            data = ("\n" * cut_off + "\n".join(texts) + "\n").encode()
            while data:
                data = data[os.write(file, data) :]
            os.fsync(file)
        finally:
            os.close(file)
    return list(by_file)


def lines_of(result: Result, commit: str | None = None) -> list[Line]:
    """The lines of a result, one for each environment of which something was measured."""
    now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    found = []
    for side, about in result.environments.items():
        benchmarks = {
            benchmark.name: {
                measure: statistics.median(values)
                for measure in (TIME, MEMORY, DEVICE_MEMORY, BYTES)
                for values in [result.values(side, benchmark, measure)]
                if values
            }
            for benchmark in result.benchmarks
            if result.of(side, benchmark)
        }
        if not benchmarks:
            continue
        kept = ("python", "tensorflow", "keras", "module", "packages", "asked", "id", "gpus", "threads", "clock", "set")
        found.append(
            {
                "time": now,
                "side": side,
                "environment": {key: about[key] for key in kept if key in about},
                "machine": result.machine,
                "commit": commit,
                "quick": result.options.quick,
                "processes": max(len(result.of(side, each)) for each in result.benchmarks),
                "benchmarks": benchmarks,
            }
        )
    return found


def commit_here(folder: Path) -> str | None:
    """The commit that is checked out in a folder; None where there is none."""
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(
            ["git", "-C", str(folder), "rev-parse", "HEAD"], capture_output=True, text=True, timeout=10, check=True
        )
        return done.stdout.strip() or None
    return None
