"""Values of arguments: copies, whether two are the same after one has been through JSON, which JSON cannot hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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
        return next(filter(None, map(unserializable, value.values())), None)
    if isinstance(value, (list, tuple)):
        return next(filter(None, map(unserializable, value)), None)
    what = f"a {type(value).__name__}"
    if isinstance(value, (set, frozenset)):
        return Unserializable(what, 'return "{key}": sorted(self.{key})')
    if isinstance(value, np.ndarray):
        return Unserializable("a NumPy array", 'return "{key}": self.{key}.tolist()')
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
        return f": None instead of {_brief(given)}"
    if isinstance(given, np.ndarray) or isinstance(back, np.ndarray):
        same = np.shape(given) == np.shape(back) and np.array_equal(np.asarray(given), np.asarray(back))
        return "" if same else f": {_brief(back)} instead of {_brief(given)}"
    if isinstance(given, (bool, np.bool_)) or isinstance(back, (bool, np.bool_)):
        plain = isinstance(given, (*PLAIN, np.generic)) and isinstance(back, (*PLAIN, np.generic))
        return f": {_brief(back)} instead of {_brief(given)}" if plain and given != back else ""
    if _is_number(given) and _is_number(back):
        close = abs(given - back) <= 1e-6 * max(1.0, abs(given)) or given < 0 <= back
        return "" if close else f": {_brief(back)} instead of {_brief(given)}"
    if isinstance(given, str) and isinstance(back, str):
        return "" if given.lower() == back.lower() else f": {back!r} instead of {given!r}"
    if isinstance(given, (list, tuple)) and isinstance(back, (list, tuple)):
        if len(given) != len(back):
            return f": {len(back)} entries instead of {len(given)}"
        return next((why for one, other in zip(given, back, strict=True) if (why := differs(one, other))), "")
    if _is_number(given) and isinstance(back, (list, tuple)):
        return next((why for each in back if (why := differs(given, each))), "")
    if _is_number(back) != _is_number(given):
        return f": {_brief(back)} instead of {_brief(given)}"
    return ""


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
