"""What `bench` was asked for."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.dispatch.worker import GIB, Limits
from harness.performance.sequential import Plan

QUICK_EFFORT: dict[str, Any] = {"seconds": 0.1, "least": 3, "most": 15, "patience": 0.5}
FULL_EFFORT: dict[str, Any] = {"seconds": 0.5, "least": 5, "most": 40, "patience": 5.0}
LOOKS = (5, 8, 12, 20)
QUICK_PAIRS = 12
QUICK_LIMIT = 420.0  # seconds after which no more pairs are begun


def plan(quick: bool, pairs: int | None, margin: float) -> Plan:
    """When to look: as planned, up to the most pairs, which are looked at in any case.

    >>> plan(False, 10, 0.05).looks
    (5, 8, 10)
    """
    most = pairs or (QUICK_PAIRS if quick else LOOKS[-1])
    return Plan(looks=(*(each for each in LOOKS if each < most), most), margin=margin)


def cores() -> tuple[int, ...]:
    """The numbers of the processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))


@dataclass(frozen=True)
class Options:
    """Which benchmarks, where, and with how much effort; nothing named means all of the set (quick: part of it)."""

    quick: bool = False
    device: str = "cpu"
    workloads: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    models: tuple[Path, ...] = ()
    custom_objects: tuple[str, ...] = ()
    imports: tuple[Path, ...] = ()
    inputs: Path | None = None
    unsafe: bool = False  # load models that hold code
    processes: int = 3  # of each environment that is measured alone
    plan: Plan = field(default_factory=Plan)
    time_limit: float | None = None  # seconds after which no more pairs are begun, those before being looked at
    seed: int = 0
    cores: tuple[int, ...] = field(default_factory=cores)
    hung_after: float = 300.0
    modules: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)  # run in the processes of a side, to plant
    limits: Limits = field(default_factory=lambda: Limits(memory=8 * GIB, between=8 * GIB))

    @property
    def effort(self) -> dict[str, Any]:
        """As a worker is told."""
        return QUICK_EFFORT if self.quick else FULL_EFFORT

    @property
    def variables(self) -> dict[str, str]:
        """What every measuring process is told by its environment: the same threads on the same processors."""
        count = str(len(self.cores))
        return {
            "HARNESS_SERVER": "harness.workloads.serve",
            "HARNESS_THREADS": count,
            "HARNESS_CORES": ",".join(map(str, self.cores)),
            "OMP_NUM_THREADS": count,
            # A GPU that is not asked for is not started: that takes seconds, and memory of it.
            **({"CUDA_VISIBLE_DEVICES": "-1"} if self.device == "cpu" else {}),
        }

    def to_json(self) -> dict[str, Any]:
        """As a report states it."""
        return {
            "quick": self.quick, "device": self.device, "seed": self.seed, "threads": len(self.cores),
            "cores": list(self.cores), "effort": self.effort, "looks": list(self.plan.looks),
            "alpha": self.plan.alpha, "margin": self.plan.margin,
        }  # fmt: skip
