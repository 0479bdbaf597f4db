"""Base arguments: every Keras layer takes `name`, `trainable` and `dtype`, keeps them, and says them in its config.

A layer that takes no ``**kwargs``, or does not hand them to ``super().__init__``, comes back under another name, in
another dtype, or trainable where it was frozen.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from harness.own.diagnoses.diagnosis import NotChecked
from harness.own.making import Made, anew
from harness.own.parts import Part, parts, reread
from harness.own.report import Failure, essence
from harness.worker import dialect
from harness.worker.dialect import keras

CHECK = "base_arguments"
GIVEN = {"name": "a_name_of_its_own", "trainable": False, "dtype": "float64"}


def diagnose(built: Made) -> Iterator[Failure]:
    """Failures of every class of one's own, an argument at a time."""
    # A metric of Keras 2 is a layer, too, and has no such arguments.
    layers = [
        each
        for each in parts(built)
        if issubclass(each.cls, keras.layers.Layer) and not issubclass(each.cls, keras.metrics.Metric)
    ]
    found = [each for each in layers if each.known and not _holds_layers(each.given)]
    if not found:
        raise NotChecked("it holds no class of one's own of which it is known what its constructor was given")
    for part in found:
        yield from _diagnosed(part)


def _holds_layers(given: dict[str, Any]) -> bool:
    """Whether another object of the class would share layers with the first."""
    return any(isinstance(each, keras.layers.Layer) for each in dialect.flat(list(given.values())))


def _given(part: Part) -> dict[str, Any]:
    """What is tried; a layer that computes in integers may well take no other dtype."""
    integers = "int" in str(getattr(part.object, "compute_dtype", None))
    return {**GIVEN, "dtype": "int64"} if integers else GIVEN


def _diagnosed(part: Part) -> Iterator[Failure]:
    name = part.cls.__name__
    given = _given(part)
    made: dict[str, Any] = {}
    for argument, value in given.items():
        if argument != "name" and dialect.MAJOR < 3 and issubclass(part.cls, keras.Model):
            continue  # a model of Keras 2 has no such setting in its config
        try:
            made[argument] = part.cls(**{**anew(part.given), argument: value})
        except Exception as error:
            taken = argument not in str(error)
            yield Failure(
                CHECK,
                f"{name}.__init__ does not take {argument!r}: {type(error).__name__}: {essence(error)}",
                part.place("__init__"),
                mend=f"let it work with {argument}={value!r}"
                if taken
                else "add **kwargs to __init__, and hand them on: super().__init__(**kwargs)",
            )
            continue
        if _seen(made[argument], argument) != value:
            yield Failure(
                CHECK,
                f"{name}.__init__ takes {argument!r} and does not keep it",
                part.place("__init__"),
                value,
                _seen(made[argument], argument),
                mend="hand it to the base class: super().__init__(**kwargs)",
            )
            del made[argument]
    for argument, layer in made.items():
        try:
            again = reread(layer)
        except Exception:
            continue  # told by `arguments`
        if _seen(again, argument) != given[argument]:
            yield Failure(
                CHECK,
                f"{name} comes out of its config without its {argument!r}",
                part.place("get_config"),
                given[argument],
                _seen(again, argument),
                mend=_mend(part, argument),
            )


def _mend(part: Part, argument: str) -> str:
    """What mends a config without a base argument; Keras's own get_config goes by the very name ``kwargs``."""
    parameters = inspect.signature(part.cls.__init__).parameters.values()
    catches = [each.name for each in parameters if each.kind is each.VAR_KEYWORD]
    if (argument == "name" or dialect.MAJOR < 3) and catches not in ([], ["kwargs"]) and not part.writes("get_config"):
        return (
            f"write **kwargs for **{catches[0]} in __init__: the get_config() of Keras leaves out what they hold"
            " unless they are called so; or define get_config()"
        )
    return "let get_config() begin with super().get_config(), and __init__ with super().__init__(**kwargs)"


def _seen(layer: Any, argument: str) -> Any:
    if argument != "dtype":
        return getattr(layer, argument)
    policy = layer.dtype_policy
    return str(getattr(policy, "name", policy))
