"""What is checked here, and what must be said of it: the cases enter themselves, each from the file of its subject."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras

from harness.own import check_layer, check_model
from harness.own.report import Report

MAJOR = int(keras.__version__.split(".")[0])
register = keras.utils.register_keras_serializable(package="mine")


@dataclass(frozen=True)
class Wanted:
    """A check that must fail, with words of its title and of its mend; `others` fail of the same fault."""

    check: str
    title: str
    mend: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """A class of layers with its arguments and inputs, or what makes a model; nothing `wanted` means that it is sound.

    `majors` are the Kerases under which it is one.
    """

    what: Any
    arguments: Mapping[str, Any] | Callable[[], Mapping[str, Any]] = field(default_factory=dict)
    inputs: Any = None
    keywords: Mapping[str, Any] | None = None
    targets: Any = None
    majors: tuple[int, ...] = (2, 3)
    wanted: Wanted | None = None

    def report(self) -> Report:
        """What the harness says of it."""
        if isinstance(self.what, type) and not issubclass(self.what, keras.Model):
            return check_layer(
                self.what, self.arguments, inputs=self.inputs, keywords=self.keywords, raise_on_failure=False
            )
        return check_model(self.what, inputs=self.inputs, targets=self.targets, raise_on_failure=False)


CASES: dict[str, Case] = {}

Enter = Callable[[Any], Any]


def fault(
    check: str, title: str, mend: str, *, inputs: Any = (8,), majors: Any = (2, 3), others: Any = (), **arguments: Any
) -> Enter:
    """Enters a class whose fault a check must see, under its name and the check's."""

    def enter(cls: Any) -> Any:
        wanted = Wanted(check, title, mend, tuple(others))
        CASES[f"{cls.__name__}: {check}"] = Case(cls, arguments, inputs, majors=majors, wanted=wanted)
        return cls

    return enter


def healthy(
    inputs: Any, *, called: str = "", keywords: Any = None, anew: Callable[[], Any] | None = None, **arguments: Any
) -> Enter:
    """Enters a class in which nothing may be found; `anew` makes its arguments each time."""

    def enter(cls: Any) -> Any:
        CASES[called or cls.__name__] = Case(cls, anew or arguments, inputs, keywords)
        return cls

    return enter


class Scaled(keras.layers.Layer):
    """A kernel and a scale: what most of the faults are in."""

    def __init__(self, units: int, scale: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.scale = scale

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight(name="kernel", shape=(input_shape[-1], self.units))
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        return (inputs @ self.kernel) * self.scale

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units, "scale": self.scale}
