"""Training argument: what behaves otherwise in training does so inside of the layer, too.

A layer that calls its Dropout or BatchNormalization with a fixed ``training=False`` trains without it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from harness.check.substance import RANDOM
from harness.own.diagnoses.diagnosis import NotChecked
from harness.own.making import Made
from harness.own.report import Failure
from harness.worker import dialect, states

CHECK = "training_argument"


def diagnose(built: Made) -> Iterator[Failure]:
    """A failure for each inner layer that gives in training what it gives in inference."""
    if not built.steady:
        raise NotChecked("it computes other numbers at each call, see the check `randomness`")
    model = built.subject.model
    sensitive = {id(each): each for each in model._flatten_layers() if _sensitive(each)}
    if not sensitive:
        raise NotChecked("nothing in it behaves otherwise in training")
    seen: dict[bool, dict[int, list[Any]]] = {}
    kept = [(each, dialect.array(each)) for each in model.variables if hasattr(each, "assign")]
    for training in (False, True):
        found: dict[int, list[Any]] = {}
        states.rewind(model, built.case.seed)

        def record(layer: Any, outputs: Any, found: dict[int, list[Any]] = found) -> None:
            if id(layer) in sensitive:
                found.setdefault(id(layer), [dialect.array(each) for each in dialect.flat(outputs)])

        with dialect.recorded_calls(record):
            model(built.subject.inputs, training=training)
        for variable, value in kept:
            variable.assign(value)
        seen[training] = found
    for key, layer in sensitive.items():
        before, after = seen[False].get(key), seen[True].get(key)
        if before is None or after is None:
            continue
        if all(map(np.array_equal, before, after)) and any(each.any() for each in before):
            name = type(built.layer or model).__name__
            yield Failure(
                CHECK,
                f"{type(layer).__name__} {layer.name!r} inside of {name} does in training what it does in inference",
                f"{name}.call",
                mend="let call take training=None, and hand it on: self.dropout(x, training=training)",
            )


def _sensitive(layer: Any) -> bool:
    kind = type(layer).__name__
    if kind == "BatchNormalization":
        return bool(layer.trainable)
    return bool(getattr(layer, RANDOM.get(kind, ""), 0))
