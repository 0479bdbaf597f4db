"""What one Keras offers: its public names and their constructor arguments, as its worker reported them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

COMMON = ("name", "dtype", "trainable", "activity_regularizer", "autocast")  # what ``**`` stands for


# Compared by identity: there is one for each worker, and strategies are cached by it.
@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The Keras that architectures are drawn for.

    `arguments` maps public names (``layers.Conv2D``) to the names of their constructor arguments (of functions:
    an empty tuple; ``**`` for those of the base layer), `version` is Keras's own, as a tuple of integers.
    `aliases` maps further public names of a thing to the one that it is counted by. `common` is true of what several
    Kerases have in common: an argument that no signature lists may be there in one of them alone.
    """

    version: tuple[int, ...]
    arguments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    layers: tuple[str, ...] = ()  # every public layer class, by one name
    aliases: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # of arguments, where they are plain
    modes: tuple[str, ...] = ()  # ways to quantize a layer
    common: bool = False

    def __repr__(self) -> str:
        """Short, as that of a rule is."""
        return f"Vocabulary({'.'.join(map(str, self.version))})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))

    @property
    def major(self) -> int:
        """2 or 3: which of the two Kerases."""
        return self.version[0]

    def has(self, name: str, argument: str | None = None) -> bool:
        """Whether the public name exists, and takes that argument."""
        if name.startswith("custom."):
            return True  # these are ours, and the same for every Keras
        if name not in self.arguments:
            return False
        taken = self.arguments[name]
        return argument is None or argument in taken or ("**" in taken and argument in COMMON)

    @classmethod
    def from_report(cls, report: Mapping[str, Any]) -> Vocabulary:
        """From what a worker says of itself on start."""
        version = tuple(int(part) for part in str(report["keras"]).split(".")[:3] if part.isdigit())
        names = {name: tuple(arguments) for name, arguments in report["names"].items()}
        return cls(
            version,
            names,
            tuple(report["layers"]),
            report.get("aliases", {}),
            report.get("defaults", {}),
            tuple(report.get("modes", ())),
        )
