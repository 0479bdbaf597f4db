"""Makes the data that models are fed with, from a seed and a description; NumPy alone."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
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


def for_model(architecture: Architecture, seed: int, given: Mapping[int, np.ndarray] = {}) -> Any:
    """The data of all inputs, in the structure in which the model takes them; `given` takes its place, by number."""
    arrays = [
        given[number] if number in given else for_input(each, architecture.batch, seed)
        for number, each in enumerate(architecture.inputs)
    ]
    if architecture.input_structure == "dict":
        return {each.name: array for each, array in zip(architecture.inputs, arrays)}
    if len(arrays) == 1:
        return arrays[0]
    return tuple(arrays) if architecture.input_structure == "tuple" else arrays


def of(data: Data) -> np.ndarray:
    """The array that a Data describes."""
    return make(data.shape, data.dtype, data.values, data.seed)


@dataclass(frozen=True)
class Given:
    """Data that was made elsewhere: the inputs by number, and the targets in their order."""

    inputs: Mapping[int, np.ndarray] = field(default_factory=dict)
    targets: tuple[np.ndarray, ...] = ()

    @classmethod
    def read(cls, path: Path) -> Given:
        """What `keep` has left there; raises ValueError for another file."""
        with np.load(path, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays.files}
        inputs = {int(name.partition(" ")[2]): _words(each) for name, each in found.items() if name[:5] == "input"}
        return cls(inputs, tuple(each for name, each in found.items() if name[:6] == "target"))

    def in_place(self, targets: Any) -> Any:
        """A structure of targets with these arrays in it; as it is where there are none."""
        return _replaced(targets, iter(self.targets)) if self.targets else targets


def keep(path: Path, architecture: Architecture) -> None:
    """Writes all data of a model into a `.npz`: ``input N`` and ``target N``; an input that is None is left out."""
    inputs = (for_input(each, architecture.batch, architecture.seed) for each in architecture.inputs)
    arrays = {f"input {number}": each for number, each in enumerate(inputs) if each is not None}
    targets = _described(architecture.compile.targets) if architecture.compile else ()
    arrays.update({f"target {number}": of(each) for number, each in enumerate(targets)})
    np.savez(path, **{name: each.astype("U") if each.dtype.kind == "O" else each for name, each in arrays.items()})


def _words(array: np.ndarray) -> np.ndarray:
    return array.astype(object) if array.dtype.kind == "U" else array


def _described(targets: Any) -> Iterator[Data]:
    if isinstance(targets, Data):
        yield targets
    elif isinstance(targets, (list, tuple, Mapping)):
        for each in targets.values() if isinstance(targets, Mapping) else targets:
            yield from _described(each)


def _replaced(targets: Any, arrays: Iterator[np.ndarray]) -> Any:
    if isinstance(targets, Data):
        return next(arrays)
    if isinstance(targets, (list, tuple)):
        return type(targets)(_replaced(each, arrays) for each in targets)
    if isinstance(targets, Mapping):
        return {key: _replaced(each, arrays) for key, each in targets.items()}
    return targets
