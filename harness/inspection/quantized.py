"""The weights of a layer that was quantized: those that it would have, changed, and scales beside them.

Releases differ in the axis along which two values of four bits lie in a byte: either may be.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from harness.inspection.shapes import product
from harness.inspection.variable_rows import Config, Dim, Free, Shape, Variable, Variables, whole, without_free

Axes = frozenset[int]
FIRST = frozenset((0,))

POLICIES = frozenset(
    {"AWQDTypePolicy", "GPTQDTypePolicy", "Int4DTypePolicy", "QuantizedDTypePolicy", "QuantizedFloat8DTypePolicy"}
)
MODE = re.compile("(int8|int4|float8|gptq|awq)(?![0-9])")
ATTENTIONS = frozenset({"GroupQueryAttention", "GroupedQueryAttention", "MultiHeadAttention"})
FULL = frozenset({"Dense", "EinsumDense", "Embedding", "ReversibleEmbedding"})  # what `quantize` changes
HISTORIES = 3  # that float8 keeps: of the inputs, the kernel and the gradient, each with a scale


def mode(config: Config) -> str | None:
    """How a layer is quantized; "" where it is not, None where that is not told plainly."""
    return _mode(config.get("dtype"))


def _mode(policy: Any) -> str | None:
    if isinstance(policy, str):
        return "" if "_from_" not in policy else _word(policy)
    if not isinstance(policy, dict):
        return ""
    inner, name = policy.get("config"), policy.get("class_name")
    if not isinstance(inner, dict):
        return None
    if name == "DTypePolicyMap":  # of the layer itself, and of all in it
        listed = inner.get("policy_map")
        every = [inner.get("default_policy"), *(listed.values() if isinstance(listed, dict) else ())]
        return "" if all(_mode(each) == "" for each in every) else None
    if isinstance(name, str) and name in POLICIES:
        return _word(_name(policy))
    return ""


def _word(text: str) -> str | None:
    found = MODE.match(text)
    return found[1] if found else None


def changed(name: str, config: Config, plain: Variables, how: str) -> Variables | None:
    """What a layer has that would have these weights, were it not quantized so."""
    if name in ATTENTIONS:
        # Each dense layer inside of it has the policy of the attention.
        parts = [list(part) for _, part in groupby(plain, key=lambda each: each.inside)]
        found = [_dense(part, _attending(part[0]), config, how) for part in parts]
        return [each._replace(inside=part[0].inside) for part, made in zip(parts, found, strict=True) for each in made]
    if name not in FULL or not plain:
        return None
    if name.endswith("Embedding"):
        return _tables(plain, how, _block(config))
    return _dense(plain, _reduced(name, config), config, how, flat=name == "Dense")


def _attending(kernel: Variable) -> Axes:
    return frozenset((0, 1)) if kernel.inside == "output_dense" else FIRST


def _reduced(name: str, config: Config) -> Axes:
    """The axes of a kernel over which is summed up."""
    if name == "Dense":
        return FIRST
    left, _, out = str(config.get("equation")).partition("->")
    kept = set(out)
    return frozenset(at for at, each in enumerate(left.partition(",")[2].replace(".", "")) if each not in kept)


def _dense(plain: Variables, reduced: Axes, config: Config, how: str, *, flat: bool = False) -> Variables:
    """Of a kernel, seen as rows that are summed up and columns that come of them, and what else there is.

    Of a `flat` one there is a list of scales; those of an EinsumDense lie as what comes out of it does.
    """
    kernel, rest = plain[0].shape, plain[1:]
    if how == "float8":
        return [*plain, *[Variable("", ()), Variable("", (_length(config),))] * HISTORIES]
    if how in ("gptq", "awq"):
        return [*rest, *_calibrated(kernel, reduced, config, how)]
    rows, columns = _taken_apart(kernel, reduced)
    scale = Variable("", (columns,)) if flat else Variable("", None, size=columns)
    if how == "int8":
        return [_packed(kernel), *rest, scale]
    by_columns = (rows, _half(columns))
    if size := _block(config):
        groups = (_groups(rows, size), columns)
        return [_packed(by_columns), *rest, Variable("", groups), _packed(groups), Variable("", (rows,))]
    # Since Keras 3.14 by its columns; before that in the shape that it would have, with one axis half as long.
    halved = min(reduced, default=0)
    by_axis = tuple(_half(size) if at == halved else size for at, size in enumerate(without_free(kernel or ())))
    packed = Variable("", None, whole=True, either=(by_columns, by_axis) if kernel else ())
    return [packed, *rest, scale]


def _calibrated(kernel: Shape | None, reduced: Axes, config: Config, how: str) -> Variables:
    """Of GPTQ and AWQ, after the bias: the columns of the kernel in bytes, and what belongs to each group of inputs."""
    # Taken apart whatever is summed up: behind the first axis, or where the largest size is.
    if kernel and len(kernel) == 2:
        reduced = FIRST
    elif kernel and len(kernel) == 3:
        sizes = [size for size in kernel if type(size) is int]
        reduced = FIRST if sizes and max(sizes) == sizes[0] else frozenset((0, 1))
        kernel = kernel if len(sizes) == 3 else None
    rows, columns = _taken_apart(kernel, reduced)
    found = re.match("(?:gptq|awq)/([0-9]{1,2})/(-1|[0-9]{1,9})(?![0-9])", _name(config.get("dtype")))
    bits, size = (int(found[1]), int(found[2])) if found else (None, None)
    packed = (None if bits is None else _half(columns) if bits == 4 else columns, rows)
    groups = (columns, _groups(rows, size))
    # By how much each input was multiplied, for AWQ, and of which group it is.
    each = [Variable("", (rows,))] * (1 if how == "gptq" else 2)
    return [_packed(packed), Variable("", groups), _packed(groups)._replace(left_out=True), *each]


def _taken_apart(kernel: Shape | None, reduced: Axes) -> tuple[int | None, int | None]:
    """How many inputs of a kernel are summed up, and how many sums there are; None for what is not known."""
    if kernel is None:
        return None, None
    return (
        _product([size for at, size in enumerate(kernel) if at in reduced]),
        _product([size for at, size in enumerate(kernel) if at not in reduced]),
    )


def _product(sizes: Sequence[Dim]) -> int | None:
    return product(sizes) if all(type(size) is int for size in sizes) else None


def _groups(rows: int | None, size: int | None) -> int | None:
    """How many groups of so many inputs there are; one of all for -1."""
    if size == -1:
        return 1
    return None if rows is None or not size else -(-rows // size)


def _tables(plain: Variables, how: str, block: int | None) -> Variables | None:
    """Of an embedding each word has a scale; of one that is reversible in both of its tables."""
    made: Variables = []
    words, width = plain[0].shape or (None, None)
    for at, each in enumerate(plain):
        rows, columns = each.shape or (None, None)
        packed = _packed((_half(rows), columns) if at else (rows, _half(columns)))
        if how == "int8":
            made += [_packed(each.shape), Variable("", (words,))]
        elif how == "int4" and block:
            many = _groups(without_free((width,))[0], block)
            groups = (many, words) if at else (words, many)
            made += [packed, Variable("", groups)]
            made += [Variable("", groups)] if at else [_packed(groups), Variable("", (width,))]
        elif how == "int4":
            made += [packed, Variable("", (words,))]
        else:
            return None
    return made


def _half(size: Any) -> int | None:
    return -(-size // 2) if type(size) is int else None


def _block(config: Config) -> int | None:
    """How many inputs share a scale, in int4; None where all do."""
    own = config.get("quantization_config")
    inner = own.get("config") if isinstance(own, dict) else None
    if isinstance(inner, dict) and "block_size" in inner:
        size = inner["block_size"]
    else:
        found = re.match("int4/([0-9]{1,9})(?![0-9])", _name(config.get("dtype")))
        size = int(found[1]) if found else None
    return size if type(size) is int and size > 0 else None


def _length(config: Config) -> Dim:
    """Of what float8 remembers."""
    policy = config.get("dtype")
    inner = policy.get("config") if isinstance(policy, dict) else None
    told = inner.get("amax_history_length") if isinstance(inner, dict) else None
    return Free("history") if told is None else whole(told)


def _name(policy: Any) -> str:
    """What a policy is called, or its mode."""
    inner = policy.get("config") if isinstance(policy, dict) else None
    return str(inner.get("mode", inner.get("name"))) if isinstance(inner, dict) else str(policy)


def _packed(shape: Shape | None) -> Variable:
    return Variable("", None if shape is None else without_free(shape), whole=True)
