"""Optimizer state: the step count and every slot, bitwise.

Momentum lost in a file is training that restarts without a word. A model that has not been trained has an optimizer
without slots; loading may build it, and then every slot must be what building makes of it.
"""

from __future__ import annotations

from typing import Any

from harness.worker import dialect
from harness.worker.subject import Subject


def observe(subject: Subject) -> Any:
    """Iterations, batches whose gradients still wait to be applied, and each optimizer variable, in order.

    Of a variable its shape, dtype and value.
    """
    optimizer = getattr(subject.model, "optimizer", None)
    if optimizer is None:
        return None
    variables = optimizer.variables
    variables = variables() if callable(variables) else variables
    return {
        "iterations": int(dialect.array(optimizer.iterations)),
        "accumulated": _accumulated(optimizer),
        # In order, without their paths: those repeat the paths of the weights, which scopes make differ.
        "variables": [subject.arrays.add(each) for each in variables],
    }


def _accumulated(optimizer: Any) -> int:
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    every = getattr(inner, "gradient_accumulation_steps", None)
    return int(dialect.array(inner._iterations)) % every if every else 0
