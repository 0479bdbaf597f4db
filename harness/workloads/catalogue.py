"""The fixed set: what is measured, by name. A change to a model or its data is a new version of the set."""

from __future__ import annotations

from harness.workloads.extremes import EXTREMES
from harness.workloads.images import IMAGES
from harness.workloads.sequences import SEQUENCES
from harness.workloads.tabular import MLP
from harness.workloads.workload import NAMES, Workload

_MADE = {each.name: each for each in (MLP, *SEQUENCES, *IMAGES, *EXTREMES)}
WORKLOADS: dict[str, Workload] = {name: _MADE[name] for name in NAMES}
