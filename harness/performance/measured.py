"""What one process measured of one benchmark, and why it could not."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CPU = "CPU"
TIME, MEMORY, DEVICE_MEMORY, BYTES = "time", "memory", "device memory", "bytes"
TESTED = (TIME, MEMORY, DEVICE_MEMORY)  # these vary from process to process; the size of a file does not


@dataclass(frozen=True, order=True)
class Benchmark:
    """One operation with one model on one device; `file` is that of a model of the user's."""

    workload: str
    operation: str
    device: str = CPU
    file: str | None = None

    @property
    def name(self) -> str:
        """What reports and the history call it."""
        place = "" if self.device == CPU else f" on {self.device}"
        return f"{self.workload} / {self.operation}{place}"


@dataclass(frozen=True)
class Sample:
    """`seconds` are those of each round, of one call each; memory and file in bytes."""

    seconds: tuple[float, ...]
    memory: int
    device_memory: int | None = None
    bytes: int | None = None
    switches: int = 0  # times that the system took the processor away
    inner: int = 1
    disturbed: float = 0.0  # processors that others used meanwhile

    @property
    def time(self) -> float:
        """The median of the rounds: one that was held up does not move it."""
        return statistics.median(self.seconds)

    def value(self, measure: str) -> float | None:
        """The value of a measure by its name."""
        found = {
            TIME: self.time, MEMORY: self.memory, DEVICE_MEMORY: self.device_memory, BYTES: self.bytes,
        }[measure]  # fmt: skip
        return None if found is None else float(found)

    @classmethod
    def from_reply(cls, reply: Mapping[str, Any], disturbed: float) -> Sample:
        """Of what a worker has said."""
        return cls(
            tuple(each / 1e9 for each in reply["rounds"]),
            reply["peak"],
            reply.get("device_peak") or None,  # a GPU on which nothing was: of 0 there is no ratio
            reply.get("bytes") or None,
            reply.get("switches", 0),
            reply.get("inner", 1),
            disturbed,
        )


@dataclass(frozen=True)
class Failure:
    """Why a benchmark could not be measured: a `reason` of few words (``raised``, ``hung``), and the `detail`."""

    reason: str
    detail: str

    @property
    def told(self) -> str:
        """For people, in a line."""
        return " ".join(f"{self.reason}: {self.detail}".split())[:300]
