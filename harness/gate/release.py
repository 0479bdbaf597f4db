"""A release as the gate knows it: what its worker says of itself, with the worker where there is one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.architectures.vocabulary import Vocabulary
from harness.dispatch.pool import Pool

STATED = ("python", "tensorflow", "keras", "packages", "devices")


@dataclass
class Release:
    """A release under the name of its side; `about` is what its worker said on start, or had said when it recorded."""

    name: str
    about: dict[str, Any] = field(default_factory=dict)

    @property
    def vocabulary(self) -> Vocabulary:
        """What this release has."""
        return Vocabulary.from_report(self.about)

    @property
    def defaults(self) -> Mapping[str, Mapping[str, Any]]:
        """What arguments are where they are not given, by class and argument, as far as it is plain."""
        return {**self.about["defaults"], **self.about["layer_defaults"]}

    @property
    def environment(self) -> dict[str, Any]:
        """What is installed, as a report states it; `module` is what this Keras is imported as."""
        return {**{key: self.about[key] for key in STATED}, "module": self.module}

    @property
    def module(self) -> str:
        """``keras`` or ``tf_keras``; recordings of schema version 1 may leave it out."""
        return str(self.about.get("module", "keras"))


class Side(Release):
    """A release with its worker."""

    def __init__(self, name: str, pool: Pool, about: dict[str, Any] | None = None) -> None:
        super().__init__(name, about or {})
        self.pool = pool
