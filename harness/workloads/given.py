"""A model of the user's as a workload: its file is loaded, its inputs are made up as for the gate, or given."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice, product
from pathlib import Path
from typing import Any

import numpy as np

from harness.worker import dialect
from harness.worker.taken import custom_objects, inputs_of, load
from harness.workloads.workload import IO, MAKING, RUNNING, TRAINING, Workload

TRIES = 16  # of targets, for a model of several outputs


def workload(request: dict[str, Any]) -> Workload:
    """The workload of a file. A model that came without a compiled loss is not trained.

    Nor is one built: how its author does that is not in the file, and loading it has a row of its own.
    """
    path, unsafe = Path(request["file"]), bool(request.get("unsafe"))
    if unsafe:
        dialect.allow_code()
    objects = custom_objects(request.get("import", ()), request.get("custom_objects", ()))
    model = load(path, objects, unsafe=unsafe)
    compiled = bool(getattr(model, "optimizer", None)) and bool(getattr(model, "compiled", True))
    described = hasattr(model, "get_config") and hasattr(type(model), "from_config")
    inputs = dialect.tf.nest.map_structure(dialect.array, inputs_of(model, request.get("inputs")))
    outputs = dialect.tf.nest.map_structure(dialect.array, model(inputs, training=False))
    targets = _targets(model, lambda: load(path, objects, unsafe=unsafe), inputs, outputs) if compiled else None
    zeros = dialect.tf.nest.map_structure(np.zeros_like, outputs)
    return Workload(
        request["workload"],
        str(path),
        lambda: load(path, objects, unsafe=unsafe),
        lambda: (inputs, zeros if targets is None else targets),
        operations=(
            *IO, *(MAKING[1:] if described else ()), *RUNNING, *(TRAINING[:1] if compiled else ()),
        ),
        suits=targets is not None,
        compiled=True,
        objects=objects,
    )  # fmt: skip


def _targets(model: Any, anew: Callable[[], Any], inputs: Any, outputs: Any) -> Any:
    """Targets that the loss takes: like the outputs, or for some of them numbers of classes; None where none are found.

    A loss that was asked once and failed may keep something of that, so the next are asked of a model loaded `anew`.
    """
    nest = dialect.tf.nest
    flat = nest.flatten(outputs)
    if not hasattr(model, "compute_loss"):  # Keras before 2.9
        return nest.map_structure(np.zeros_like, outputs)
    for classes in islice(product((False, True), repeat=len(flat)), TRIES):
        made = nest.pack_sequence_as(
            outputs,
            [
                np.zeros(each.shape[:-1], dtype="int32") if numbered else np.zeros_like(each)
                for each, numbered in zip(flat, classes)
            ],
        )
        try:
            # Keras 2 takes no arrays here.
            model.compute_loss(inputs, nest.map_structure(dialect.tf.constant, made), model(inputs, training=False))
        except Exception:
            model = anew()
        else:
            return made
    return None
