"""Values of an architecture as Python source: arguments, tensors, data."""

from __future__ import annotations

import builtins
import keyword
import math
import re
from collections.abc import Mapping
from typing import Any

from harness.protocol.architecture import Architecture, Call, Data, Exported, Name, Ref, Slice, Values

INFIX = {
    "add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%", "pow": "**", "matmul": "@",
    "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!=", "and_": "&", "or_": "|", "xor": "^",
}  # fmt: skip
PREFIX = {"neg": "-", "invert": "~"}
# What the rest of a script calls its own things.
_TAKEN = frozenset({
    "actual", "attempts", "code", "data", "error", "expected", "keras", "labels", "loaded", "make", "model", "np",
    "observe", "pickle", "random", "seen", "subprocess", "sys", "targets", "tf", "train", "transfer", "weight",
})  # fmt: skip


class Code(str):
    """Source that is written as it is."""

    __slots__ = ()


def quoted(text: str) -> str:
    """A string in double quotes where that takes no escapes.

    >>> quoted("a"), quoted('say "a"')
    ('"a"', '\\'say "a"\\'')
    """
    plain = repr(text)
    return f'"{plain[1:-1]}"' if plain[0] == "'" and '"' not in plain else plain


class Writer:
    """Collects the lines of a model; knows the variables that it has given names to."""

    def __init__(self, major: int) -> None:
        self.major = major
        self.lines: list[str] = []
        self._names: set[str] = set()

    def variable(self, wanted: str) -> str:
        """An identifier like `wanted` that nothing else is called by.

        >>> Writer(3).variable("with space"), Writer(3).variable("0digit")
        ('with_space', 'tensor_0digit')
        """
        name = re.sub(r"\W", "_", wanted)[:24]
        if not name.isidentifier():
            name = f"tensor_{name}"
        if keyword.iskeyword(name) or hasattr(builtins, name) or name in _TAKEN:
            name += "_"
        chosen, number = name, 2
        while chosen in self._names:
            chosen, number = f"{name}_{number}", number + 1
        self._names.add(chosen)
        return chosen

    def expression(self, value: Any, tensors: Mapping[Ref, str] | None = None) -> str:
        """Python source of a value; lines that it needs before it are added to the script."""

        def inner(item: Any) -> str:
            return self.expression(item, tensors)

        if isinstance(value, Code):
            return value
        if isinstance(value, Call):
            return f"{public(value.name)}({', '.join(f'{key}={inner(item)}' for key, item in value.arguments.items())})"
        if isinstance(value, Name):
            return public(value.name)
        if isinstance(value, Ref):
            assert tensors is not None
            return tensors[value]
        if isinstance(value, Data):
            return self.array(value.shape, value.dtype, value.values, value.seed)
        if isinstance(value, Architecture):
            from harness.expectations.scripts.building import building

            name = self.variable(f"{value.name}_model")
            building(self, value, name)
            return name
        if isinstance(value, Exported):
            folder = self.variable("exported")
            self.lines.append(f'{self.expression(value.architecture)}.export("{folder}")')
            return quoted(folder)
        if isinstance(value, Slice):
            return f"slice({value.start}, {value.stop}, {value.step})"
        if isinstance(value, tuple):
            return f"({', '.join(map(inner, value))}{',' if len(value) == 1 else ''})"
        if isinstance(value, list):
            return f"[{', '.join(map(inner, value))}]"
        if isinstance(value, Mapping):
            return "{" + ", ".join(f"{inner(key)}: {inner(item)}" for key, item in value.items()) + "}"
        if isinstance(value, str):
            return quoted(value)
        if isinstance(value, float) and not math.isfinite(value):
            return f'float("{value}")'
        return repr(value)

    def operation(self, name: str, arguments: list[Any], tensors: Mapping[Ref, str]) -> str:
        """An operator as people write it."""
        written = [self.expression(item, tensors) for item in arguments]
        short = name.rpartition(".")[2]
        if short in INFIX:
            return f"{written[0]} {INFIX[short]} {written[1]}"
        if short in PREFIX:
            return f"{PREFIX[short]}{written[0]}"
        if short == "getitem":
            keys = arguments[1] if isinstance(arguments[1], tuple) else (arguments[1],)
            return f"{written[0]}[{', '.join(self._key(key) for key in keys)}]"
        return f"{short}({', '.join(written)})"

    def _key(self, key: Any) -> str:
        if not isinstance(key, Slice):
            return self.expression(key)
        start, stop, step = ("" if each is None else str(each) for each in (key.start, key.stop, key.step))
        return f"{start}:{stop}" + (f":{step}" if step else "")

    def array(self, shape: tuple[int, ...], dtype: str, values: Values, seed: int) -> str:
        """An array as the harness makes it, from the same seed."""
        made = _made(shape, values, f"np.random.default_rng({seed})")
        if values.kind == "word":
            return made
        dtype = "float32" if dtype in ("bfloat16", "float16") else dtype
        if not (values.masked and len(shape) >= 2 and shape[1] > 1):
            return made if dtype == "float64" and _is_real(values) else f'{made}.astype("{dtype}")'
        name = self.variable("masked")
        self.lines += [
            f'{name} = {made}.astype("{dtype}")',
            f"for sample in range({shape[0]}):",
            f"    {name}[sample, {shape[1]} - sample % {shape[1]} :] = {values.mask_value}",
        ]
        return name


def _is_real(values: Values) -> bool:
    return values.kind in ("real", "uniform", "simplex", "one_hot")


def _made(shape: tuple[int, ...], values: Values, random: str) -> str:
    low, high = values.low, values.high
    if values.kind == "word":
        words = ", ".join(map(quoted, values.words))
        return f"np.array([{words}], dtype=object)[{random}.integers(0, {len(values.words)}, {shape})]"
    if values.kind == "boolean":
        return f"{random}.integers(0, 2, {shape})"
    if values.kind == "integer":
        return f"{random}.integers({int(low)}, {int(high)}, {shape})"
    if values.kind == "image":
        return f"{random}.integers({int(low)}, {int(high) + 1}, {shape})"
    if values.kind == "uniform":
        return f"{random}.uniform({low}, {high}, {shape})"
    if values.kind == "sign":
        return f"(2 * {random}.integers(0, 2, {shape}) - 1)"
    if values.kind == "one_hot":
        return f"np.eye({shape[-1]})[{random}.integers(0, {shape[-1]}, {shape[:-1]})]"
    if values.kind == "simplex":
        return f"{random}.dirichlet(np.ones({shape[-1]}), {shape[:-1]})"
    return f"{random}.standard_normal({shape})"


def public(name: str) -> str:
    """How a script spells a public name; a custom class is defined in the script itself.

    >>> public("layers.Dense"), public("custom.Scale")
    ('keras.layers.Dense', 'Scale')
    """
    if name.startswith("operator."):
        return name
    return name.removeprefix("custom.") if name.startswith("custom.") else f"keras.{name}"
