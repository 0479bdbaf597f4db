"""Trainable flags: of every layer, and which weights are trainable, in order.

What was frozen must come back frozen, or the next training run destroys the base that it was meant to keep.
"""

from __future__ import annotations

from typing import Any

from harness.worker.subject import Subject


def observe(subject: Subject) -> Any:
    """`trainable` of the model and of each layer by path, and the paths of the trainable weights."""
    model = subject.model
    places = subject.places()
    return {
        "model": bool(model.trainable),
        "layers": {
            path: bool(layer.trainable)
            for path, layer in subject.layers()
            if type(layer).__name__ != "InputLayer"  # it has nothing to train
        },
        "trainable weights": [places[id(each)] for each in model.trainable_weights],
    }
