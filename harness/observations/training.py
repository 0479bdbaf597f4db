"""Next training steps: two steps on one batch from a known state of the random generators.

The proof that nothing was lost that training needs: optimizer state, compile settings, regularizers, flags, dropout.
It changes the model, so it comes last.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.observations.losses import _flat_logs
from harness.worker import dialect, states
from harness.worker.subject import Subject

STEPS = 2


def observe(subject: Subject) -> Any:
    """Loss and metrics of each step, and the weights after the last."""
    model = subject.model
    if getattr(model, "optimizer", None) is None:
        return None
    subject.run_as_compiled()
    states.rewind(model, subject.architecture.seed + 1)
    model.reset_metrics()
    logs = []
    places = subject.places()
    for _ in range(STEPS):
        step = model.train_on_batch(subject.inputs, subject.targets, return_dict=True)
        logs.append({name: subject.arrays.add(np.asarray(value, dtype="float32")) for name, value in _flat_logs(step)})
    return {
        "logs": logs,
        "weights": [
            {"path": places[id(each)], "value": subject.arrays.add(each)} for each in dialect.weights_of(model)
        ],
    }
