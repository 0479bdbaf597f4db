"""Optimizer state: the step count and every slot, bitwise.

Momentum lost in a file is training that restarts without a word. A model that has not been trained has an optimizer
without slots; loading may build it, and then every slot must be what building makes of it.
"""

from __future__ import annotations

from typing import Any

from harness.worker import dialect
from harness.worker.subject import Subject


def observe(subject: Subject) -> Any:
    """Iterations, and shape, dtype and value of each optimizer variable, in order."""
    optimizer = getattr(subject.model, "optimizer", None)
    if optimizer is None:
        return None
    variables = optimizer.variables
    variables = variables() if callable(variables) else variables
    return {
        "iterations": int(dialect.array(_iterations(optimizer))),
        # In order, without their paths: those repeat the paths of the weights, which scopes make differ.
        "variables": [subject.arrays.add(each) for each in variables],
    }


def _iterations(optimizer: Any) -> Any:
    """Batches, where several make a step: gradients that wait for the rest of them are a state to lose, too."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    waits = getattr(inner, "gradient_accumulation_steps", None) and hasattr(inner, "_iterations")
    return inner._iterations if waits else optimizer.iterations
