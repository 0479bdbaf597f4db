"""Loss: what the model's loss is on the batch in inference mode.

A regularizer, a weight of a loss or a reduction that a file has lost changes this number and, it may be, nothing else
that is seen. How far it may be another one in another release is read off the model (see `sensitivity`).
"""

from __future__ import annotations

from typing import Any

from harness.worker import dialect, states
from harness.worker.subject import Subject


def observe(subject: Subject) -> Any:
    """The number; None for a model that is not compiled."""
    return subject.arrays.add(of(subject, subject.inputs)) if has_one(subject) else None


def has_one(subject: Subject) -> bool:
    """Whether there is something to compute a loss of."""
    return subject.compiled and subject.targets is not None and getattr(subject.model, "optimizer", None) is not None


def of(subject: Subject, inputs: Any) -> Any:
    """The loss for these inputs, and all regularization terms, as an array of no axes."""
    states.reset_states(subject.model)
    outputs = subject.model(inputs, training=False)
    return dialect.array(subject.model.compute_loss(inputs, subject.targets, outputs)).astype("float32")
