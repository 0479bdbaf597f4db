"""Optimizer slots by what they are of: momentum and the like, each under the path of its weight.

Releases list them in orders of their own and under names of their own; what both call alike can be held against each
other (`harness.gate`). Momentum that a file has lost, or gives to another weight, is training that goes another way.
"""

from __future__ import annotations

from typing import Any

from harness.worker import dialect
from harness.worker.subject import Subject


def observe(subject: Subject) -> Any:
    """By the name of the list in which the optimizer keeps them: path of the weight, and value. None without one."""
    optimizer = getattr(subject.model, "optimizer", None)
    if optimizer is None:
        return None
    places = subject.places()
    return {
        name: {places[id(weight)]: subject.arrays.add(slot) for weight, slot in slots}
        for name, slots in dialect.slots(optimizer, subject.model.trainable_weights).items()
    }
