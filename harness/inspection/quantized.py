"""The weights of a layer that was quantized: those that it would have, changed, and scales beside them.

Releases differ in the axis along which two values of four bits lie in a byte, and in the groups that share a scale: of
these the number and the dtype are known, and not the shape.
"""

from __future__ import annotations

import re
from math import prod
from typing import Any

from harness.inspection.variable_rows import Config, Free, Shape, Variable, Variables

POLICIES = frozenset(
    {"AWQDTypePolicy", "GPTQDTypePolicy", "Int4DTypePolicy", "QuantizedDTypePolicy", "QuantizedFloat8DTypePolicy"}
)
MODE = re.compile("(int8|int4|float8|gptq|awq)(?![0-9])")
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
        return _word(str(inner.get("mode", inner.get("name"))))
    return ""


def _word(text: str) -> str | None:
    found = MODE.match(text)
    return found[1] if found else None


def changed(name: str, config: Config, plain: Variables, how: str) -> Variables | None:
    """What a layer has that would have these weights, were it not quantized so."""
    if name not in FULL or not plain:
        return None
    if name.endswith("Embedding"):
        return _tables(plain, how, grouped=_grouped(config))
    kernel, rest = plain[0].shape, plain[1:]
    last = kernel[-1] if kernel and name == "Dense" else None
    if how == "float8":
        return [*plain, *[Variable("", ()), Variable("", (Free("history"),))] * HISTORIES]
    if how == "int8":
        scale = Variable("", None, size=_columns(config, kernel)) if last is None else Variable("", (last,))
        return [_packed(kernel), *rest, scale]
    if how == "int4":
        if not _grouped(config):
            return [
                _packed((None, None) if name == "Dense" else None),
                *rest,
                Variable("", None if last is None else (last,)),
            ]
        inputs = kernel[0] if kernel and name == "Dense" else None
        groups: Shape = (None, last)
        return [_packed((None, None)), *rest, Variable("", groups), _packed(groups), Variable("", (inputs,))]
    # By how much each input was multiplied, for AWQ, and of which group it is.
    each = [Variable("", (None,))] * (1 if how == "gptq" else 2)
    groups = (last, None)
    return [*rest, _packed((None, None)), Variable("", groups), _packed(groups), *each]


def _columns(config: Config, kernel: Shape | None) -> int | None:
    """How many numbers come of each place of an EinsumDense: the letters of its kernel that are in what comes out."""
    left, _, out = str(config.get("equation")).partition("->")
    letters = left.partition(",")[2]
    kept = [size for each, size in zip(letters, kernel or (), strict=False) if each in out]
    known = [size for size in kept if type(size) is int]
    return prod(known) if len(known) == len(kept) else None


def _tables(plain: Variables, how: str, *, grouped: bool) -> Variables | None:
    """Of an embedding each word has a scale; of one that is reversible in both of its tables."""
    made: Variables = []
    words, width = plain[0].shape or (None, None)
    for at, each in enumerate(plain):
        rows, columns = each.shape or (None, None)
        packed = _packed((_half(rows), columns) if at else (rows, _half(columns)))
        if how == "int8":
            made += [_packed(each.shape), Variable("", (words,))]
        elif how == "int4" and grouped:
            groups = (None, words) if at else (words, None)
            made += [packed, Variable("", groups)]
            made += [Variable("", groups)] if at else [_packed(groups), Variable("", (width,))]
        elif how == "int4":
            made += [packed, Variable("", (words,))]
        else:
            return None
    return made


def _half(size: Any) -> int | None:
    return -(-size // 2) if type(size) is int else None


def _grouped(config: Config) -> bool:
    """Do some of a kernel's inputs share a scale, in int4?"""
    own, policy = config.get("quantization_config"), config.get("dtype")
    inner = own.get("config") if isinstance(own, dict) else None
    if isinstance(inner, dict) and "block_size" in inner:
        size = inner["block_size"]
    else:
        named = policy.get("config") if isinstance(policy, dict) else None
        found = re.fullmatch("int4/([0-9]{1,9})", str(named.get("mode")) if isinstance(named, dict) else "")
        size = int(found[1]) if found else None
    return type(size) is int and size > 0


def _packed(shape: Shape | None) -> Variable:
    known = None if shape is None else tuple(None if isinstance(each, Free) else each for each in shape)
    return Variable("", known, whole=True)
