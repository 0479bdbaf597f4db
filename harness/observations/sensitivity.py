"""Sensitivity: how far the outputs move when every input and weight moves by one unit in its last place.

Two releases may add the same numbers up in another order, and every sum is rounded: the error that this makes is of the
size that the same model shows when all that goes into it is rounded the other way. So a tolerance for the outputs of
another release is read off the model itself, not guessed (`harness.gate.across.tolerance`). It changes the weights for
a moment and puts them back.

A layer that computes in float16 and keeps its weights in float32 rounds these before anything is added up: a unit of
float32 is gone then. And its sums may be kept in float16: TensorFlow 2.15 does so, 2.21 does not (sums of bfloat16 are
kept in float32 by both). So where there is one, its own units are tried as well.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from harness.observations import loss
from harness.observations.repeats import outputs
from harness.worker import dialect
from harness.worker.dialect import tf
from harness.worker.subject import Subject

TRIALS = 3
COARSE = "float16"
LOOKED_UP = "embeddings"  # a table of which single rows are taken is no sum


def observe(subject: Subject) -> Any:
    """For each output, the largest step of any number in it over some trials; None where it holds no floats.

    `settled` is false where an output that holds no floats became another one: it hangs on the last bit. `loss` is the
    largest step of the loss, None where there is none. Where a layer computes in float16, `coarse` holds the steps by
    units of that, and how many `terms` the longest of its sums has.
    """
    before = outputs(subject, subject.inputs)
    value = loss.of(subject, subject.inputs) if loss.has_one(subject) else None
    steps = _steps(subject, before, value, moved(subject, _by_one))
    layers = [layer for _, layer in subject.layers() if _computed_in(layer) == COARSE]
    if not layers:
        return steps
    coarse = _steps(subject, before, value, moved(subject, _by_one_of_float16))
    settled = [one and other for one, other in zip(steps["settled"], coarse.pop("settled"))]
    terms = max((_terms(each) for layer in layers for each in dialect.weights_of(layer)), default=1)
    return {**steps, "settled": settled, "coarse": {**coarse, "terms": terms}}


def _steps(subject: Subject, before: list[np.ndarray], value: Any, trials: Iterator[Any]) -> dict[str, Any]:
    largest: list[float | None] = [0.0 if each.dtype.kind == "f" else None for each in before]
    settled = [True] * len(before)
    of_loss = 0.0
    for inputs in trials:
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


Move = Callable[[np.ndarray, str, np.random.Generator], "np.ndarray | None"]  # a value, and what it is computed in


def moved(subject: Subject, move: Move) -> Iterator[Any]:
    """For each trial the inputs moved, and while it lasts all weights; afterwards these are what they were."""
    kept = [(each, dialect.array(each)) for each in dialect.weights_of(subject.model)]
    # From the outside in: what is left is the layer that a weight is of.
    dtypes = {id(each): _computed_in(layer) for _, layer in subject.layers() for each in dialect.weights_of(layer)}
    own = _computed_in(subject.model)
    random = np.random.default_rng(0)
    try:
        for _ in range(TRIALS):
            for variable, value in kept:
                other = move(value, dtypes.get(id(variable), own), random)
                if other is not None:
                    variable.assign(other)
            yield tf.nest.map_structure(lambda each: _tensor(each, own, move, random), subject.inputs)
    finally:
        for variable, value in kept:
            if value.dtype.kind == "f" or value.dtype.name == "bfloat16":
                variable.assign(value)


def _computed_in(layer: Any) -> str:
    return dialect.dtype_name(getattr(layer, "compute_dtype", None))


def _terms(weight: Any) -> int:
    """How many products are added up for each number that comes of a weight."""
    looked_up = dialect.path_of(weight).endswith(LOOKED_UP)
    return 1 if looked_up else math.prod(int(size) for size in weight.shape[:-1])


def _tensor(each: Any, dtype: str, move: Move, random: np.random.Generator) -> Any:
    if each is None or "float" not in dialect.dtype_name(each.dtype):
        return each
    other = move(dialect.array(each), dtype, random)
    return each if other is None else tf.cast(tf.convert_to_tensor(other), each.dtype)


def _by_one(value: np.ndarray, dtype: str, random: np.random.Generator) -> np.ndarray | None:
    """Every number one unit in the last place further up, further down or where it was; None of what is not float."""
    if value.dtype.kind != "f" or not value.size:
        return None
    towards = random.choice(np.array([-np.inf, np.inf], dtype=value.dtype), value.shape)
    there = np.nextafter(value, towards)
    finite = np.isfinite(value) & np.isfinite(there)  # next to infinity is the largest number, which is no unit away
    return np.where(finite & (random.random(value.shape) < 0.75), there, value).astype(value.dtype)


def _by_one_of_float16(value: np.ndarray, dtype: str, random: np.random.Generator) -> np.ndarray | None:
    """The same by a unit of float16, of what is computed in that."""
    if dtype != COARSE or value.dtype.kind != "f":
        return _by_one(value, dtype, random)
    there = _by_one(value.astype(COARSE), dtype, random)
    return None if there is None else np.where(np.isfinite(there), there, value).astype(value.dtype)
