"""Makes the data that models are fed with, from a seed and a description; NumPy alone."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

from harness.protocol.architecture import Architecture, Data, Input, Values


def make(shape: tuple[int, ...], dtype: str, values: Values, seed: int) -> np.ndarray:
    """An array of this shape whose values are as `values` says; the same seed gives the same array."""
    random = np.random.default_rng(seed)
    if values.kind == "word":
        return np.array(values.words, dtype=object)[random.integers(0, len(values.words), shape)]
    if values.kind == "boolean":
        made = random.integers(0, 2, shape).astype(bool)
    elif values.kind == "integer":
        made = random.integers(int(values.low), int(values.high), shape)
    elif values.kind == "image":
        made = random.integers(int(values.low), int(values.high) + 1, shape)
    elif values.kind == "uniform":
        made = random.uniform(values.low, values.high, shape)
    elif values.kind == "sign":
        made = 2 * random.integers(0, 2, shape) - 1
    elif values.kind == "one_hot":
        made = np.eye(shape[-1])[random.integers(0, shape[-1], shape[:-1])]
    elif values.kind == "simplex":
        made = random.dirichlet(np.ones(shape[-1]), shape[:-1])
    else:
        made = random.standard_normal(shape)
    made = np.asarray(made)
    if values.masked and made.ndim >= 2 and made.shape[1] > 1:
        for sample in range(made.shape[0]):
            made[sample, made.shape[1] - sample % made.shape[1] :] = values.mask_value
    return made.astype(np.float32 if dtype in ("bfloat16", "float16") else dtype)


def for_input(each: Input, batch: int, seed: int) -> Any:
    """The data of one input: `batch` samples, or None for an optional one that is not given."""
    if not each.given:
        return None
    sizes = iter(each.sizes)
    shape = tuple(next(sizes, 4) if axis is None else axis for axis in each.shape)
    return make((each.batch_size or batch, *shape), each.dtype, each.values, seed + zlib.crc32(each.name.encode()))


def for_model(architecture: Architecture, seed: int) -> Any:
    """The data of all inputs, in the structure in which the model takes them."""
    arrays = [for_input(each, architecture.batch, seed) for each in architecture.inputs]
    if architecture.input_structure == "dict":
        return {each.name: array for each, array in zip(architecture.inputs, arrays)}
    if len(arrays) == 1:
        return arrays[0]
    return tuple(arrays) if architecture.input_structure == "tuple" else arrays


def of(data: Data) -> np.ndarray:
    """The array that a Data describes."""
    return make(data.shape, data.dtype, data.values, data.seed)
