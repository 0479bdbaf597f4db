"""A model of the user's as a workload: its file is loaded, its inputs are made up as for the gate, or given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from harness.worker import dialect
from harness.worker.taken import custom_objects, inputs_of, load
from harness.workloads.workload import IO, MAKING, RUNNING, TRAINING, Workload


def workload(request: dict[str, Any]) -> Workload:
    """The workload of a file. A model that came without a compiled loss is not trained."""
    path = Path(request["file"])
    objects = custom_objects(request.get("import", ()), request.get("custom_objects", ()))
    model = load(path, objects)
    compiled = bool(getattr(model, "optimizer", None)) and bool(getattr(model, "compiled", True))
    described = hasattr(model, "get_config") and hasattr(type(model), "from_config")
    inputs = dialect.tf.nest.map_structure(dialect.array, inputs_of(model, request.get("inputs")))
    outputs = dialect.tf.nest.map_structure(dialect.array, model(inputs, training=False))
    return Workload(
        request["workload"],
        str(path),
        lambda: load(path, objects),
        lambda: (inputs, dialect.tf.nest.map_structure(np.zeros_like, outputs)),
        operations=(
            *IO, *(MAKING if described else ()), *RUNNING, *(TRAINING[:1] if compiled else ()),
        ),
        compiled=True,
        objects=objects,
    )  # fmt: skip
