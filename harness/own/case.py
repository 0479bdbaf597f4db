"""What is checked, as the user states it: a layer's class with its arguments, or a model, and what goes in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from harness.protocol.architecture import Input
from harness.worker import data

BATCH = 4  # samples, where shapes alone are given


@dataclass(frozen=True, eq=False)
class LayerCase:
    """A layer class, the arguments of its constructor and its inputs (see `check_layer`)."""

    layer: type
    arguments: Mapping[str, Any] | Callable[[], Mapping[str, Any]] = field(default_factory=dict)
    inputs: Any = None
    keywords: Mapping[str, Any] = field(default_factory=dict)
    custom_objects: Mapping[str, Any] | None = None
    expected_failures: Mapping[str, str] = field(default_factory=dict)
    seed: int = 5

    @property
    def name(self) -> str:
        """The call as it would be written."""
        given = self.arguments() if callable(self.arguments) else self.arguments
        return f"{self.layer.__name__}({', '.join(f'{key}={_short(value)}' for key, value in given.items())})"


@dataclass(frozen=True, eq=False)
class ModelCase:
    """A function that builds a model, or a model, and its inputs (see `check_model`)."""

    model: Callable[[], Any] | Any
    inputs: Any = None
    targets: Any = None
    custom_objects: Mapping[str, Any] | None = None
    expected_failures: Mapping[str, str] = field(default_factory=dict)
    seed: int = 5

    @property
    def name(self) -> str:
        """The function's name, or the model's."""
        return str(getattr(self.model, "__name__", None) or getattr(self.model, "name", self.model))


Case = LayerCase | ModelCase


@dataclass(frozen=True)
class Fed:
    """What a model is fed with: a description of each input, their arrays in the structure in which they go in.

    Where a layer takes further tensors by `keywords`, they follow those of its first argument (`head`) in one list.
    """

    inputs: tuple[Input, ...]
    arrays: Any
    structure: str  # "list", "tuple" or "dict", as in `Architecture.input_structure`
    keywords: tuple[str, ...] = ()
    head: Any = None

    def pack(self, tensors: list[Any]) -> Any:
        """One thing for each input, in the structure of the inputs."""
        return _packed(self.arrays, tensors)

    def call(self, layer: Any, inputs: Any) -> Any:
        """What the layer makes of inputs in that structure."""
        if not self.keywords:
            return layer(inputs)
        count = len(inputs) - len(self.keywords)
        return layer(_packed(self.head, inputs[:count]), **dict(zip(self.keywords, inputs[count:], strict=True)))


def _packed(like: Any, tensors: list[Any]) -> Any:
    if isinstance(like, dict):
        return dict(zip(like, tensors, strict=True))
    if isinstance(like, (list, tuple)):
        return type(like)(tensors)
    return tensors[0]


def _flat(arrays: Any) -> list[Any]:
    if isinstance(arrays, dict):
        return list(arrays.values())
    return list(arrays) if isinstance(arrays, (list, tuple)) else [arrays]


def fed(inputs: Any, seed: int, keywords: Mapping[str, Any] | None = None) -> Fed:
    """Reads `inputs`: a shape without the batch axis, an array of samples, or a list, tuple or dict of these.

    Raises TypeError for anything else, and says what it was given.
    """
    if keywords:
        head, more = fed(inputs, seed), fed(dict(keywords), seed)
        arrays = [*_flat(head.arrays), *more.arrays.values()]
        return Fed((*head.inputs, *more.inputs), arrays, "list", tuple(keywords), head.arrays)
    if _is_shape(inputs) or not isinstance(inputs, (list, tuple, dict)):
        each = _described("input", inputs)
        return Fed((each,), _data(each, inputs, seed), "list")
    if not inputs:
        raise TypeError("inputs is empty: give a shape without the batch axis, such as (8,), or an array of samples")
    if isinstance(inputs, dict):
        names = [str(name) for name in inputs]
        parts = list(inputs.values())
    else:
        names = [f"input_{number}" for number in range(len(inputs))]
        parts = list(inputs)
    described = tuple(_described(name, part) for name, part in zip(names, parts, strict=True))
    arrays = [_data(each, part, seed) for each, part in zip(described, parts, strict=True)]
    if isinstance(inputs, dict):
        return Fed(described, dict(zip(inputs, arrays, strict=True)), "dict")
    kind = "tuple" if isinstance(inputs, tuple) else "list"
    return Fed(described, tuple(arrays) if kind == "tuple" else arrays, kind)


def _is_shape(value: Any) -> bool:
    return isinstance(value, tuple) and all(each is None or isinstance(each, (int, np.integer)) for each in value)


def _described(name: str, value: Any) -> Input:
    if _is_shape(value):
        return Input(name, tuple(None if each is None else int(each) for each in value))
    if not (hasattr(value, "shape") and hasattr(value, "dtype")):
        raise TypeError(
            f"{name}: {value!r} is no shape without the batch axis, such as (8,), and no array of samples; several"
            " inputs go into a list, a tuple or a dict, as the layer's call takes them"
        )
    dtype = str(getattr(value.dtype, "name", value.dtype))
    if dtype == "object" or dtype.startswith("str"):
        dtype = "string"
    shape = tuple(value.shape)
    if len(shape) == 0 or shape[0] is None:
        raise TypeError(f"{name}: an array of samples is wanted, and its shape is {shape}")
    return Input(name, tuple(int(each) for each in shape[1:]), dtype)


def _data(each: Input, value: Any, seed: int) -> Any:
    return data.for_input(each, BATCH, seed) if _is_shape(value) else value


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
