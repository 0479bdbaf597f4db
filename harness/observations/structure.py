"""Structure: class, name, inputs, outputs, and every layer by path and class.

A model that comes back must be made of the same layers in the same order, whatever its weights are. It breaks where
a nested model is rebuilt flat, a name is made anew, or a layer loses a part of itself (keras#19383).
"""

from __future__ import annotations

from typing import Any

from harness.worker import dialect
from harness.worker.subject import Subject


def observe(subject: Subject) -> Any:
    """Class, name, inputs and outputs (shape, dtype, and how they are nested), layers (path, class)."""
    model = subject.model
    return {
        "class": type(model).__name__,
        "name": model.name,
        "inputs": _tensors(getattr(model, "inputs", None)),
        "outputs": _tensors(getattr(model, "outputs", None)),
        "layers": {path: type(layer).__name__ for path, layer in subject.layers()},
        "order": [path for path, _ in subject.layers()],
        # A dict that came back as a list would be called as before and not say so (keras#20119).
        "takes": _nested(dialect.nesting(model, "inputs")),
        "gives": _nested(dialect.nesting(model, "outputs")),
    }


def _tensors(tensors: Any) -> Any:
    if tensors is None:
        return None
    return [
        [[None if axis is None else int(axis) for axis in each.shape], dialect.dtype_name(each.dtype)]
        for each in dialect.flat(tensors)
    ]


def _nested(structure: Any) -> Any:
    """Lists, tuples and dicts as they are nested, told apart; a tensor is a word."""
    if isinstance(structure, dict):
        return {name: _nested(each) for name, each in structure.items()}
    if isinstance(structure, (list, tuple)):
        kind = "tuple" if isinstance(structure, tuple) else "list"
        return {kind: [_nested(each) for each in structure]}
    return None if structure is None else "tensor"
