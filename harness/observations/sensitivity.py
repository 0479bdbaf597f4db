"""Sensitivity: how far the outputs move when every input and weight moves by one unit in its last place.

Two releases may add the same numbers up in another order, and every sum is rounded: the error that this makes is of the
size that the same model shows when all that goes into it is rounded the other way. So a tolerance for the outputs of
another release is read off the model itself, not guessed (`harness.gate.tolerance`). It changes the weights for a
moment and puts them back.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from harness.observations import loss
from harness.observations.repeats import outputs
from harness.worker import dialect
from harness.worker.dialect import tf
from harness.worker.subject import Subject

TRIALS = 3


def observe(subject: Subject) -> Any:
    """For each output, the largest step of any number in it over some trials; None where it holds no floats.

    `settled` is false where an output that holds no floats became another one: it hangs on the last bit. `loss` is the
    largest step of the loss, None where there is none.
    """
    before = outputs(subject, subject.inputs)
    largest: list[float | None] = [0.0 if each.dtype.kind == "f" else None for each in before]
    settled = [True] * len(before)
    value = loss.of(subject, subject.inputs) if loss.has_one(subject) else None
    of_loss = 0.0
    for inputs in moved(subject):
        if value is not None:
            of_loss = max(of_loss, abs(float(loss.of(subject, inputs)) - float(value)))
        for number, (one, other) in enumerate(zip(before, outputs(subject, inputs))):
            step = largest[number]
            if step is None or one.shape != other.shape:
                settled[number] &= one.shape == other.shape and bool(np.all(one == other))
            else:
                finite = np.isfinite(one) & np.isfinite(other)
                apart = np.abs(one.astype("float64") - other.astype("float64"))[finite]
                largest[number] = max(step, float(apart.max(initial=0.0)))
    return {"steps": largest, "settled": settled, "loss": None if value is None else of_loss}


def moved(subject: Subject) -> Iterator[Any]:
    """For each trial the inputs moved, and while it lasts all weights; afterwards these are what they were."""
    kept = [(each, dialect.array(each)) for each in dialect.weights_of(subject.model)]
    random = np.random.default_rng(0)
    try:
        for _ in range(TRIALS):
            for variable, value in kept:
                other = _moved(value, random)
                if other is not None:
                    variable.assign(other)
            yield tf.nest.map_structure(lambda each: _tensor(each, random), subject.inputs)
    finally:
        for variable, value in kept:
            if value.dtype.kind == "f" or value.dtype.name == "bfloat16":
                variable.assign(value)


def _tensor(each: Any, random: np.random.Generator) -> Any:
    if each is None or "float" not in dialect.dtype_name(each.dtype):
        return each
    return tf.cast(tf.convert_to_tensor(_moved(dialect.array(each), random)), each.dtype)


def _moved(value: np.ndarray, random: np.random.Generator) -> np.ndarray | None:
    """Every number one unit in the last place further up, further down or where it was; None of what is not float."""
    if value.dtype.kind != "f" or not value.size:
        return None
    towards = random.choice(np.array([-np.inf, np.inf], dtype=value.dtype), value.shape)
    there = np.nextafter(value, towards)
    return np.where(np.isfinite(there) & (random.random(value.shape) < 0.75), there, value).astype(value.dtype)
