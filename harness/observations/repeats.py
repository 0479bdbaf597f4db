"""Repeats: whether each output is the same when the model is called again on the same inputs, in inference mode.

A layer that is told to train at every call (Monte-Carlo dropout) draws anew each time. No two releases draw the same
numbers, so nothing can be said of such an output but this: that it goes on to vary, or no longer does.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.worker import dialect, states
from harness.worker.subject import Subject

CALLS = 3


def observe(subject: Subject) -> Any:
    """For each output, whether all of some calls gave the same."""
    first, *others = [outputs(subject, subject.inputs) for _ in range(CALLS)]
    return [all(_same(one, each[number]) for each in others) for number, one in enumerate(first)]


def outputs(subject: Subject, inputs: Any) -> list[np.ndarray]:
    """The outputs as arrays, bfloat16 as float32."""
    states.reset_states(subject.model)
    called = subject.model(inputs, training=False)
    return [_wide(dialect.array(each)) for each in dialect.flat(called) if hasattr(each, "dtype")]


def _wide(array: np.ndarray) -> np.ndarray:
    return array.astype("float32") if array.dtype.name == "bfloat16" else array


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    return one.shape == other.shape and one.tobytes() == other.tobytes()
