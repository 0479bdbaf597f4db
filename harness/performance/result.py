"""What was measured, and what is said of it; the reports and the history are made from this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.performance.measured import Benchmark, Failure, Sample
from harness.performance.options import Options
from harness.performance.sequential import Decisions

if TYPE_CHECKING:
    from harness.performance.verdicts import Alarm

INTERRUPTED = "interrupted"
ALONE, BASELINE, CANDIDATE = "measured", "baseline", "candidate"


@dataclass
class Result:
    """`samples` has, by side and benchmark, one for each process; `failures` why there is none."""

    options: Options
    machine: dict[str, Any] = field(default_factory=dict)
    environments: dict[str, dict[str, Any]] = field(default_factory=dict)
    benchmarks: list[Benchmark] = field(default_factory=list)
    samples: dict[str, dict[Benchmark, list[Sample]]] = field(default_factory=dict)
    failures: dict[str, dict[Benchmark, Failure]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    measured: int = 0  # measurements, repeated ones among them
    repeated: int = 0  # because somebody else used the machine
    repeating: float = 0.0  # seconds that went into that
    disturbed: int = 0  # and kept all the same, for it did not get better
    processes: int = 0
    seconds: float = 0.0
    stopped: str | None = None
    exit_code: int = 130  # where it was stopped
    unremembered: str = ""  # why it is in no history
    decisions: Decisions | None = None
    off: dict[int, float] = field(default_factory=dict)  # pairs of which one process was slow as a whole, and how much
    stays: dict[str, float] = field(default_factory=dict)  # of the log ratios of a measure, from one pair to the next
    alarms: tuple[Alarm, ...] = ()

    def of(self, side: str, benchmark: Benchmark) -> list[Sample]:
        """The samples of a benchmark on one side, a process each."""
        return self.samples.get(side, {}).get(benchmark, [])

    def values(self, side: str, benchmark: Benchmark, measure: str) -> list[float]:
        """The values of one measure, a process each."""
        found = (each.value(measure) for each in self.of(side, benchmark))
        return [each for each in found if each is not None]

    def take(self, benchmark: Benchmark, found: Mapping[str, Sample | Failure]) -> None:
        """Keeps what was found of a benchmark, by side: samples of all, or why there is none of some."""
        whole = all(isinstance(each, Sample) for each in found.values())
        for side, each in found.items():
            if isinstance(each, Failure):
                self.failures.setdefault(side, {})[benchmark] = each
            elif whole:  # half of a pair is none
                self.samples.setdefault(side, {}).setdefault(benchmark, []).append(each)

    @property
    def compares(self) -> bool:
        """Whether it is of two environments."""
        return ALONE not in self.environments and bool(self.environments)

    @property
    def verdict(self) -> str:
        """``pass``, ``fail`` or ``error`` of one environment: all that can be said is whether it was measured."""
        if self.problems or self.stopped or not any(self.samples.values()):
            return "error"
        return "fail" if any(self.failures.values()) else "pass"
