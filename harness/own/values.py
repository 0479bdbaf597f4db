"""Values of arguments: copies, whether two are the same after one has been through JSON, which JSON cannot hold."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import PurePath
from typing import Any

import numpy as np

PLAIN = (bool, int, float, str)


@dataclass(frozen=True)
class Unserializable:
    """What a value is, and what to write instead, with ``{key}`` for the argument."""

    what: str
    mend: str


def unserializable(value: Any) -> Unserializable | None:
    """What in a config's value JSON cannot hold, as far as it is a fault; None where there is nothing."""
    if value is None or isinstance(value, (*PLAIN, np.generic, bytes)) or value is ...:
        return None
    if isinstance(value, dict):
        keys = [key for key in value if not isinstance(key, PLAIN) and key is not None]
        if keys:
            return Unserializable(
                f"a dict with the key {keys[0]!r}",
                'return "{key}": list(self.{key}.items()), and turn it back in __init__',
            )
        return next(filter(None, map(unserializable, value.values())), None)
    if isinstance(value, (list, tuple)):
        return next(filter(None, map(unserializable, value)), None)
    what = f"a {type(value).__name__}"
    if isinstance(value, (set, frozenset)):
        return Unserializable(what, 'return "{key}": sorted(self.{key})')
    if isinstance(value, np.ndarray):
        return Unserializable("a NumPy array", 'return "{key}": self.{key}.tolist()')
    if isinstance(value, Enum):
        return Unserializable(
            f"{value}, of an Enum",
            f'return "{{key}}": self.{{key}}.value, and turn it back in __init__: {type(value).__name__}({{key}})',
        )
    if isinstance(value, PurePath):
        return Unserializable("a path", 'return "{key}": str(self.{key}), and turn it back in __init__')
    if type(value).__name__ in ("DType", "dtype"):
        return Unserializable("a dtype", 'return "{key}": its name, such as "float32"')
    if hasattr(value, "numpy") and hasattr(value, "dtype"):
        return Unserializable(
            "a tensor or variable", "return the numbers that the layer was given, not the tensor made of them"
        )
    if any(each.__name__ == "Layer" for each in type(value).__mro__):
        return Unserializable(
            f"{what}, a layer",
            'return "{key}": keras.layers.serialize(self.{key}), and turn it back in from_config with'
            " keras.layers.deserialize",
        )
    if hasattr(value, "get_config"):
        return Unserializable(
            what,
            'return "{key}": keras.saving.serialize_keras_object(self.{key}), and turn it back in from_config (or in'
            " __init__) with keras.saving.deserialize_keras_object",
        )
    if getattr(value, "__name__", "") == "<lambda>":
        return Unserializable("a lambda", "give it a function with a name, and register that")
    if callable(value):
        return Unserializable(
            f"the function {getattr(value, '__name__', value)}",
            'return "{key}": keras.saving.serialize_keras_object(self.{key}) (keras.activations.serialize for an'
            " activation), and turn it back in __init__",
        )
    return Unserializable(what, "return numbers, strings, lists and dicts of them alone")


def copied(value: Any, made: Callable[[Any], Any] = lambda each: each) -> Any:
    """The value, with lists, tuples and dicts of its own, and in them what is `made` of the rest.

    >>> copied([1, {"a": (2,)}], str)
    ['1', {'a': ('2',)}]
    """
    if type(value) in (list, tuple):
        return type(value)(copied(each, made) for each in value)
    if type(value) is dict:
        return {key: copied(each, made) for key, each in value.items()}
    return made(value)


def differs(given: Any, back: Any) -> str:
    """Why what came back is not what was given; empty where it is the same, or cannot be told.

    An argument may be spelled out (3 as (3, 3), None as what stands for it) and an object be written as its config.

    >>> differs(3, (3, 3)), differs((1, 2), [1, 2]), differs(3, 4)
    ('', '', ': 4 instead of 3')
    """
    if given is None:
        return ""
    if back is None:
        return f": None instead of {brief(given)}"
    if isinstance(given, np.ndarray) or isinstance(back, np.ndarray):
        same = np.shape(given) == np.shape(back) and np.array_equal(np.asarray(given), np.asarray(back))
        return "" if same else f": {brief(back)} instead of {brief(given)}"
    if isinstance(given, (bool, np.bool_)) or isinstance(back, (bool, np.bool_)):
        plain = isinstance(given, (*PLAIN, np.generic)) and isinstance(back, (*PLAIN, np.generic))
        return f": {brief(back)} instead of {brief(given)}" if plain and given != back else ""
    if _is_number(given) and _is_number(back):
        if not math.isfinite(given):
            return "" if repr(float(given)) == repr(float(back)) else f": {brief(back)} instead of {brief(given)}"
        close = abs(given - back) <= 1e-6 * max(1.0, abs(given)) or given < 0 <= back
        return "" if close else f": {brief(back)} instead of {brief(given)}"
    if isinstance(given, str) and isinstance(back, str):
        return "" if given.lower() == back.lower() else f": {back!r} instead of {given!r}"
    if isinstance(given, (list, tuple)) and isinstance(back, (list, tuple)):
        if len(given) != len(back):
            return f": {len(back)} entries instead of {len(given)}"
        return next((why for one, other in zip(given, back, strict=True) if (why := differs(one, other))), "")
    if isinstance(given, dict) and isinstance(back, dict) and "class_name" not in given:
        back = {str(key): value for key, value in back.items()}
        if lacking := [key for key in given if str(key) not in back]:
            return f": without {lacking[0]!r}"
        return next((why for key, one in given.items() if (why := differs(one, back[str(key)]))), "")
    if _is_number(given) and isinstance(back, (list, tuple)):
        return next((why for each in back if (why := differs(given, each))), "")
    if _is_number(back) != _is_number(given):
        return f": {brief(back)} instead of {brief(given)}"
    return ""


def altered(given: Any, back: Any) -> bool:
    """Whether what came back is of another type or value at all, as far as the two can be compared.

    That is no fault: a constructor may well read both. Where a layer computes something else, it is the first suspect.

    >>> altered((1, 2), [1, 2]), altered("A", "a"), altered({1: 2}, {"1": 2}), altered([1, 2.5], [1, 2.5])
    (True, True, True, False)
    """
    for kind in (list, tuple):
        if isinstance(given, kind) and isinstance(back, kind):
            return len(given) != len(back) or any(map(altered, given, back))
    if isinstance(given, dict) and isinstance(back, dict):
        return set(given) != set(back) or any(altered(given[key], back[key]) for key in given)
    if isinstance(given, np.ndarray) and isinstance(back, np.ndarray):
        return not np.array_equal(given, back)
    if isinstance(given, np.generic):
        given = given.item()
    if isinstance(given, (*PLAIN, type(None))) and isinstance(back, (*PLAIN, type(None))):
        return type(given) is not type(back) or repr(given) != repr(back)
    return type(given) is not type(back)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def brief(value: Any) -> str:
    """The value in some sixty characters, in one line."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."
