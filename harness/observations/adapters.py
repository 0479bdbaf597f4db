"""Adapters: the two factors of each low-rank adapter (LoRA), which can be trained on only if not both are zero.

A file holds kernel and adapter merged, so the factors themselves may come back as new; that they are both zero, and no
gradient can ever reach them again, may not (the first factor is drawn at random when the adapter is made).
"""

from __future__ import annotations

from typing import Any

from harness.worker import dialect
from harness.worker.subject import Subject


def observe(subject: Subject) -> Any:
    """For each layer with an adapter, whether its factors can still be trained."""
    factors: dict[str, bool] = {}
    places = subject.places()
    for each in dialect.weights_of(subject.model):
        if dialect.is_adapter(each):
            layer = places[id(each)].rpartition("/")[0]
            factors[layer] = factors.get(layer, False) or bool(dialect.array(each).any())
    return {layer: "trainable" if alive else "both factors are zero" for layer, alive in factors.items()}
