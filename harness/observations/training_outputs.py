"""Training outputs: what the model computes in training mode when its random generators start from one state.

Dropout, noise and augmentation are silent in inference, so a rate or a factor that got lost shows only here.
"""

from __future__ import annotations

from typing import Any

from harness.worker import dialect, states
from harness.worker.subject import Subject


def observe(subject: Subject) -> Any:
    """The outputs of a call in training mode."""
    states.rewind(subject.model, subject.architecture.seed)
    outputs = subject.model(subject.inputs, training=True)
    return [subject.arrays.add(each) for each in dialect.flat(outputs) if hasattr(each, "dtype")]
