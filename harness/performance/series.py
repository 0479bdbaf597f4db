"""The lines of a history as series: one benchmark, on one machine, measured with the same threads, in order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.performance.history import instant
from harness.performance.measured import TIME


@dataclass(frozen=True)
class Point:
    """One run: when, of which releases, what came out."""

    time: str
    tensorflow: str
    keras: str
    value: float
    commit: str | None = None
    quick: bool = False

    @property
    def release(self) -> str:
        """The releases, for people."""
        named = " ".join(each for each in (self.tensorflow and f"TensorFlow {self.tensorflow}",
                                           self.keras and f"Keras {self.keras}") if each)  # fmt: skip
        return named or (f"commit {self.commit[:8]}" if self.commit else "")

    @property
    def instant(self) -> float:
        """For sorting: the same second is another text in another time zone."""
        return instant(self.time)

    @property
    def day(self) -> str:
        """The date."""
        return self.time[:10]


@dataclass
class Series:
    """`machine` is what the runs say of theirs; all of them come from it. `gpu` is the name of the one it ran on.

    `apart` is what it differs in from another series of that benchmark on that machine, for people.
    """

    benchmark: str
    measure: str
    machine: Mapping[str, Any]
    points: list[Point] = field(default_factory=list)
    gpu: str = ""
    threads: int | None = None
    set: int | None = None
    source: str = ""
    apart: str = ""

    @property
    def name(self) -> str:
        """The benchmark, for people."""
        return f"{self.benchmark} ({self.apart})" if self.apart else self.benchmark

    @property
    def values(self) -> list[float]:
        """The values in order."""
        return [point.value for point in self.points]


def order_of(release: str) -> tuple[Any, ...]:
    """What releases are sorted by; a nightly or a candidate comes before its release, a build of one after it.

    >>> sorted(["2.21.0", "2.9.0", "2.21.0rc10", "2.21.0rc2", "2.21.0+cu12", "2.21.0-dev20250101"], key=order_of)
    ['2.9.0', '2.21.0-dev20250101', '2.21.0rc2', '2.21.0rc10', '2.21.0', '2.21.0+cu12']
    """
    numbers = re.match(r"[0-9]+(\.[0-9]+)*", release)
    if numbers is None:
        return ((), 0, _natural(release))
    rest = release[numbers.end() :].lstrip(".-")
    place = 0 if rest and not rest.startswith("+") else 1
    return (tuple(map(_number, numbers[0].split("."))), place, _natural(rest))


def _natural(text: str) -> tuple[Any, ...]:
    """For sorting: numbers inside of it count as such."""
    parts = re.split(r"([0-9]+)", text)
    return tuple((word, _number(digits)) for word, digits in zip(parts[::2], [*parts[1::2], ""], strict=True))


def _number(digits: str) -> tuple[int, str]:
    """For sorting, as long as it may be: Python makes no number of thousands of digits."""
    digits = digits.lstrip("0")
    return len(digits), digits


def series(lines: Iterable[Mapping[str, Any]], *, measure: str = TIME, by: str = "release") -> list[Series]:
    """All series of a history, by name of the benchmark; `by` orders their points: ``release`` or ``date``.

    Two runs are in one series only if their machine is the same, its GPU where it ran on one, the number of threads,
    and the version of the set. A baseline that was measured for a comparison is an old release measured again: by date
    it is left out. A line that is there twice (two branches were merged) is one run.
    """
    found: dict[tuple[str, ...], Series] = {}
    there: set[tuple[object, ...]] = set()
    for line in lines:
        if by == "date" and line["side"] == "baseline":
            continue
        about = line["environment"]
        for name, values in line["benchmarks"].items():
            if values.get(measure, 0) <= 0:
                continue
            gpu = _gpu(name, about)
            kind = (about.get("threads"), about.get("set"), str(about.get("source", "")))
            place = (name, line["machine"]["id"], *map(str, kind), gpu)
            one = found.setdefault(place, Series(name, measure, line["machine"], [], gpu, *kind))
            point = Point(
                line["time"], str(about.get("tensorflow", "")), str(about.get("keras", "")), float(values[measure]),
                line.get("commit"), bool(line.get("quick")),
            )  # fmt: skip
            if (place, line["side"], point) not in there:
                there.add((place, line["side"], point))
                one.points.append(point)
    for one in found.values():
        if by == "release":
            one.points.sort(key=lambda point: (order_of(point.tensorflow), order_of(point.keras), point.instant))
        else:
            one.points.sort(key=lambda point: point.instant)
    every = [found[place] for place in sorted(found)]
    _tell_apart(every)
    return every


def _tell_apart(every: list[Series]) -> None:
    """Names what series differ in that are called alike."""
    alike: dict[tuple[str, str, str], list[Series]] = {}
    for one in every:
        alike.setdefault((one.benchmark, one.machine["id"], one.gpu), []).append(one)
    for several in alike.values():
        for key in ("threads", "set", "source"):
            if len({str(getattr(one, key)) for one in several}) > 1:
                for one in several:
                    one.apart = ", ".join(each for each in (one.apart, _word(one, key)) if each)


def _word(one: Series, key: str) -> str:
    if key == "source":
        return one.source or "bench"
    value = getattr(one, key)
    return "" if value is None else f"{value} threads" if key == "threads" else f"set {value}"


def _gpu(benchmark: str, about: Mapping[str, Any]) -> str:
    """The name of the GPU that a benchmark ran on: the same processor may have another one today.

    >>> _gpu("one / predict on GPU:0", {"gpus": {"GPU:0": "NVIDIA T4"}}), _gpu("one / predict", {})
    ('NVIDIA T4', '')
    """
    gpus = about.get("gpus")
    return str(gpus.get(benchmark.rpartition(" on ")[2], "")) if isinstance(gpus, Mapping) else ""
