"""Attention layers that were quantized, of which the weights tell and the config does not.

`quantize` changes the dense layers inside of a MultiHeadAttention or GroupQueryAttention, each by itself;
`get_config` of the attention tells its own policy, which is what it was. So Keras writes a file that it cannot read:
it makes the layers as they were at first, and finds other weights. Such a file is whole, and is told from one that is
not by the weights: those of each dense layer must be what some mode of quantization makes of the ones that are asked
for, or just these.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import ceil, prod
from typing import Any

from harness.inspection.variable_rows import Variables, without_free

DENSE = frozenset({"query_dense", "key_dense", "value_dense", "gate_dense", "output_dense"})
NAMES = {
    "query": "query_dense", "key": "key_dense", "value": "value_dense", "gate": "gate_dense",
    "attention_output": "output_dense",
}  # fmt: skip
NUMBER = re.compile("[0-9]{1,9}")
SMALL = ("int8", "uint8")
HISTORIES = 3  # that float8 keeps: of the inputs, the kernel and the gradient, each with a scale

Entry = dict[str, Any]
Sized = tuple[int | None, ...]


def modes(asked: Variables, held: dict[str, Sequence[Entry]]) -> list[str]:
    """How the dense layers of an attention were quantized; empty where none was, or one holds something else.

    `held` are the weights of each dense layer as Keras writes them: kernel, bias, and what else there is.
    """
    wanted: dict[str, list[Sized]] = {}
    for each in asked:
        if each.shape is None:
            return []
        wanted.setdefault(each.inside, []).append(without_free(each.shape))
    if not wanted.keys() <= DENSE or held.keys() != wanted.keys():
        return []
    found = [_mode(inside, shapes, held[inside]) for inside, shapes in wanted.items()]
    return [] if None in found else sorted({each for each in found if each})


def by_number(held: dict[str, Entry]) -> dict[str, Sequence[Entry]]:
    """The weights of each dense layer of `held`, whose keys are `query_dense/vars/0` and the like."""
    numbered: dict[str, dict[int, Entry]] = {}
    for path, entry in held.items():
        inside, _, number = path.partition("/vars/")
        numbered.setdefault(inside, {})[int(number) if NUMBER.fullmatch(number) else -1] = entry
    return {inside: [entries[each] for each in sorted(entries)] for inside, entries in numbered.items()}


def by_name(held: Sequence[Entry]) -> dict[str, Sequence[Entry]]:
    """The same of an HDF5 file of a whole model, whose paths end in `query/kernel` and the like."""
    first = {"kernel": 0, "bias": 1}
    named: dict[str, list[tuple[int, Entry]]] = {}
    for entry in held:
        inside, _, name = entry["path"].rpartition("/")
        inside = inside.rpartition("/")[2]
        named.setdefault(NAMES.get(inside, inside), []).append((first.get(name, 2), entry))
    return {inside: [entry for _, entry in sorted(found, key=lambda each: each[0])] for inside, found in named.items()}


def _mode(inside: str, wanted: Sequence[Sized], held: Sequence[Entry]) -> str | None:
    """How one dense layer was quantized, "" where it was not; None where it holds something else."""
    shapes = [tuple(entry["shape"]) for entry in held]
    if len(shapes) < len(wanted) or not all(map(_fits, wanted[1:], shapes[1:])):
        return None
    packed = held[0].get("dtype") in SMALL
    more = shapes[len(wanted) :]
    kernel = _kernel(inside, wanted[0], shapes[0], more)
    rows, columns = (prod(kernel[:-1]), kernel[-1]) if inside == "output_dense" else (kernel[0], prod(kernel[1:]))
    if not packed and shapes[0] == kernel:
        return "" if not more else "float8" if _are_histories(more) else None
    if not packed or not more or not columns or prod(more[0]) % columns:
        return None
    if shapes[0] == kernel:
        return "int8" if len(more) == 1 and prod(more[0]) == columns else None
    # Two values in a byte; releases differ in the axis along which they lie.
    halves: list[tuple[int, ...]] = [(rows, ceil(columns / 2))]
    halves += [(*kernel[:at], ceil(size / 2), *kernel[at + 1 :]) for at, size in enumerate(kernel)]
    grouped = more[1:] in ([], [more[0], (rows,)])
    return "int4" if shapes[0] in halves and grouped else None


def _kernel(inside: str, wanted: Sized, held: tuple[int, ...], more: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """The shape that is asked for, with what the config does not tell as the file has it."""
    if _fits(wanted, held):
        return held
    if inside == "output_dense":
        unknown = more[0][-1] if more and more[0] else 0  # a scale for each column, the last axis of all scales
    else:
        unknown = held[0] if held else 0
    return tuple(unknown if size is None else size for size in wanted)


def _fits(wanted: Sized, held: tuple[int, ...]) -> bool:
    return len(wanted) == len(held) and all(one in (None, other) for one, other in zip(wanted, held, strict=True))


def _are_histories(shapes: Sequence[tuple[int, ...]]) -> bool:
    scales, histories = shapes[::2], shapes[1::2]
    return len(shapes) == 2 * HISTORIES and set(scales) == {()} and len(set(histories)) == 1 and len(histories[0]) == 1
