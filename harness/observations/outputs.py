"""Outputs: what the model computes for one batch in inference mode, and what each layer inside it computes.

Within one TensorFlow the same weights in the same layers give the same bits: compared bitwise. The inner outputs tell
which layer was the first to differ.
"""

from __future__ import annotations

from typing import Any

from harness.worker import dialect, states
from harness.worker.subject import Subject


def observe(subject: Subject) -> Any:
    """The outputs, and for each call of a layer its name, class and outputs, in the order of the calls."""
    inner: list[dict[str, Any]] = []
    # Operations that a layer runs inside of its call are made anew at each call and have no lasting name.
    lasting = dialect.lasting(subject.model)
    named = dialect.called_by_name(subject.model)

    def record(layer: Any, outputs: Any) -> None:
        if id(layer) not in lasting:
            return
        inner.append(
            {
                "layer": layer.name if id(layer) in named and layer.name in subject.names else type(layer).__name__,
                "class": type(layer).__name__,
                "outputs": [subject.arrays.add(each) for each in dialect.flat(outputs) if _is_tensor(each)],
            }
        )

    states.reset_states(subject.model)
    with dialect.recorded_calls(record):
        outputs = subject.model(subject.inputs, training=False)
    return {"inner": inner, "outputs": _named(subject, outputs)}


def _named(subject: Subject, outputs: Any) -> Any:
    return [subject.arrays.add(each) for each in dialect.flat(outputs) if _is_tensor(each)]


def _is_tensor(value: Any) -> bool:
    return hasattr(value, "dtype")
