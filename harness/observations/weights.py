"""Weights: path, shape, dtype and value of each, in order.

Values are compared bitwise. Order matters: `set_weights` and the older formats know weights by their place alone.
Files have lost weights (keras#19923), swapped those of two layers with one name (keras#18830), or put them into the
wrong one of two equal layers.
"""

from __future__ import annotations

from typing import Any

from harness.worker import dialect
from harness.worker.subject import Subject


def observe(subject: Subject) -> Any:
    """One entry for each weight, in the order of ``model.weights``.

    A file holds the kernel of a layer with a low-rank adapter merged with the adapter (so Keras documents it), so the
    kernel is shown merged here too; the adapter has an observation of its own.
    """
    places = subject.places()
    adapted = {id(variable): merged for variable, merged in dialect.adapted_kernels(subject.model)}
    return [
        {
            "path": places[id(each)],
            "dtype": dialect.dtype_name(each.dtype),
            "value": subject.arrays.add(adapted.get(id(each), each)),
        }
        for each in dialect.weights_of(subject.model)
        if not dialect.is_adapter(each)
    ]
