"""A model under observation, with the data that it is fed and the arrays that were seen of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.protocol.architecture import Architecture, names_in
from harness.worker import dialect
from harness.worker.arrays import Arrays
from harness.worker.build import build


@dataclass
class Subject:
    """What an observation looks at. `inputs` and `targets` are tensors in the structures that the model takes.

    A model of the user's own has an architecture that knows its inputs and no nodes: `make` builds its like.
    """

    model: Any
    architecture: Architecture
    inputs: Any
    targets: Any
    arrays: Arrays
    initial: list[tuple[str, Any]] = field(default_factory=list)  # `weights` as the initializers made them
    shared: dict[str, Any] = field(default_factory=dict)  # what several routes use, such as a rebuilt model
    files: Path | None = None  # of the original, where what is saved of it lies for several routes
    untrained: dict[str, Any] | None = None  # what its first training steps raised: it goes on as it was before them
    make: Callable[[], Any] | None = None  # the user's own code, where no architecture says what the model is made of

    @property
    def names(self) -> set[str]:
        """The names that the architecture gives."""
        if "names" not in self.shared:
            self.shared["names"] = set(names_in(self.architecture))
        names: set[str] = self.shared["names"]
        return names

    def places(self) -> dict[int, str]:
        """Where each variable of the model is, by the identity of the variable."""
        return dialect.places(self.model, self.names)

    def weights(self) -> list[tuple[str, Any]]:
        """The place and the value (a NumPy array) of each weight, in the order of the model."""
        places = self.places()
        return [(places[id(each)], dialect.array(each)) for each in dialect.weights_of(self.model)]

    def layers(self) -> list[tuple[str, Any]]:
        """Every layer by its path, from the outside in."""
        return [("/".join(path), layer) for path, layer in dialect.layers_of(self.model, self.names)]

    def of(self, model: Any) -> Subject:
        """The same data, another model."""
        return replace(self, model=model, files=None)

    def again(self) -> Any:
        """A model that the same code has built anew."""
        return self.make() if self.make is not None else build(self.architecture).model

    def run_as_compiled(self) -> None:
        """Lets the model run as the architecture says, eagerly or as a graph.

        Not every format promises to keep this, and the same numbers come of the same kernels alone.
        """
        if dialect.MAJOR == 2:
            self.model.run_eagerly = True  # what a graph draws depends on the number of its operations
            self.model.train_function = self.model.test_function = None  # the graphs of earlier steps
        elif self.architecture.compile is not None:
            for setting in ("run_eagerly", "jit_compile"):
                if setting in self.architecture.compile.arguments:
                    setattr(self.model, setting, self.architecture.compile.arguments[setting])

    @property
    def compiled(self) -> bool:
        """Whether the architecture says how it is trained."""
        return self.architecture.compile is not None
