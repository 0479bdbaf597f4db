"""Losses: the regularization terms after a call, and what evaluation says of loss and metrics.

A regularizer that a file does not hold changes neither config nor outputs of a layer that ignores it, but the loss.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.worker import states
from harness.worker.subject import Subject


def observe(subject: Subject) -> Any:
    """Regularization terms, and loss and metrics on the batch (where the model is compiled)."""
    model = subject.model
    if not subject.compiled or getattr(model, "optimizer", None) is None:
        model(subject.inputs, training=False)
        return {"regularization": [subject.arrays.add(each) for each in model.losses]}
    subject.run_as_compiled()
    states.rewind(model, subject.architecture.seed)
    model.reset_metrics()
    logs = model.test_on_batch(subject.inputs, subject.targets, return_dict=True)
    return {
        "evaluation": {
            name: subject.arrays.add(np.asarray(value, dtype="float32")) for name, value in _flat_logs(logs)
        },
    }


def _flat_logs(logs: Any, prefix: str = "") -> list[tuple[str, Any]]:
    flat: list[tuple[str, Any]] = []
    for name, value in logs.items():
        if isinstance(value, dict):
            flat += _flat_logs(value, f"{prefix}{name}/")
        else:
            flat.append((f"{prefix}{name}", value))
    return flat
