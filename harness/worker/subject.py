"""A model under observation, with the data that it is fed and the arrays that were seen of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from harness.protocol.architecture import Architecture
from harness.worker.arrays import Arrays


@dataclass
class Subject:
    """What an observation looks at. `inputs` and `targets` are tensors in the structures that the model takes."""

    model: Any
    architecture: Architecture
    inputs: Any
    targets: Any
    arrays: Arrays
    initial: list[Any] = field(default_factory=list)  # the weights as the initializers made them, NumPy arrays
    shared: dict[str, Any] = field(default_factory=dict)  # what several routes use: a rebuilt model, a saved file

    def of(self, model: Any) -> Subject:
        """The same data, another model."""
        return Subject(model, self.architecture, self.inputs, self.targets, self.arrays, self.initial, self.shared)

    @property
    def compiled(self) -> bool:
        """Whether the architecture says how it is trained."""
        return self.architecture.compile is not None
