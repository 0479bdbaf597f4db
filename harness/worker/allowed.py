"""What an architecture may ask of a worker: it may be a stranger's, out of the report of a check.

It names Keras's own classes and functions, as they stand in the rooms that models are drawn from, a few operators and
the custom classes of this package; nothing below those, and nothing beside them. A layer is told only to adapt, to
build, to quantize and to enable low-rank adapters. No file is read that the worker has not written. How large a model
is, is no matter of this file: a worker is held to limits of time and memory from outside.
"""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Mapping
from typing import Any

from harness.protocol.architecture import Call, Exported
from harness.worker import dialect

OPERATORS = {
    f"operator.{name}": getattr(operator, name)
    for name in (
        "add",
        "sub",
        "mul",
        "truediv",
        "floordiv",
        "mod",
        "pow",
        "neg",
        "abs",
        "matmul",
        "getitem",
        "lt",
        "le",
        "gt",
        "ge",
        "eq",
        "ne",
        "and_",
        "or_",
        "xor",
        "invert",
    )
}
METHODS = frozenset({"build", *dialect.METHODS})
HELPERS = frozenset({"get", "serialize", "deserialize"})  # of every room: they make whatever a config names
BUILDERS = "applications"  # a room whose functions fetch weights, unless `build` calls them
CONFIG = "class_name"  # a mapping that has it is taken for a config, and Keras looks up by itself what it names


class Refused(LookupError):
    """An architecture asks for what it may not: no fault of the Keras under test, and no finding is made of it."""


def lookup(name: str) -> Any:
    """What a name stands for; raises Refused for one that no architecture may hold, LookupError where there is none."""
    if name in OPERATORS:
        return OPERATORS[name]
    room, _, own = name.rpartition(".")
    if room == "custom":
        from harness.worker.custom import PUBLIC

        if own in PUBLIC:
            return PUBLIC[own]
        raise Refused(f"no custom class is called {own!r}")
    if room == BUILDERS or own in HELPERS:
        raise Refused(f"keras.{name} is not for an architecture to call")
    return _public(room, own)


def builder(name: str) -> Any:
    """The function of `keras.applications` that `build` calls without weights; raises as `lookup` does."""
    return _public(BUILDERS, name)


def _public(room: str, own: str) -> Any:
    if room not in dialect.ROOMS or not own.isidentifier() or own.startswith("_"):
        raise Refused(f"keras.{room}.{own} is no name in one of the modules that models are made of")
    return dialect.resolve(f"{room}.{own}")


def function(name: str) -> Any:
    """What is handed on by its name, to be called by Keras: an operation, a loss; raises Refused for a layer.

    A layer is made by a Call, whose arguments are looked at; what somebody else makes of its class is not.
    """
    if name.startswith(("layers.", "custom.")):
        raise Refused(f"{name} is a layer, and can only be made by the architecture itself")
    return lookup(name)


def arguments(call: Call, decoded: Mapping[str, Any]) -> Mapping[str, Any]:
    """The decoded arguments of a call; raises Refused where they name a file that the worker has not written."""
    path = call.arguments.get("filepath")
    if path is not None and not isinstance(path, Exported):
        raise Refused(f"{call.name} takes only a SavedModel that the worker has exported itself")
    if isinstance(decoded.get("vocabulary"), str):
        raise Refused(f"{call.name} takes a list of words: a string would be the path of a file")
    return decoded


def method(layer: Any, name: str) -> Any:
    """The method of a layer; raises Refused for one that no architecture may call."""
    if name not in METHODS:
        raise Refused(f"{name!r} is not for an architecture to call; {', '.join(sorted(METHODS))} are")
    return getattr(layer, name)


def no_configs(value: Any) -> None:
    """Raises Refused where an architecture holds, at any depth, what Keras would take for the config of a thing."""
    if isinstance(value, Mapping):
        if CONFIG in value:
            raise Refused(f"a mapping with the key {CONFIG!r}: Keras would make of it what it names, whatever it is")
        for key, item in value.items():
            no_configs(key)
            no_configs(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            no_configs(item)
    elif dataclasses.is_dataclass(value):
        for each in dataclasses.fields(value):
            no_configs(getattr(value, each.name))
