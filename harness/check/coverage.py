"""Counts what a plan has drawn, which decides on what is still to be drawn and is reported as reach."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.architectures.topologies import TOPOLOGIES
from harness.architectures.vocabulary import Vocabulary
from harness.check.kinds import mentions
from harness.check.operations import operations_in
from harness.protocol.architecture import Architecture, Call, layer_calls


@dataclass
class Coverage:
    """What has been drawn: examples of each layer and thing, and the distinct values of each of its arguments."""

    vocabulary: Vocabulary
    layers: dict[str, int] = field(default_factory=dict)
    arguments: dict[str, dict[str, set[str]]] = field(default_factory=dict)
    objects: dict[str, int] = field(default_factory=dict)
    topologies: dict[str, int] = field(default_factory=dict)
    operations: dict[str, int] = field(default_factory=dict)

    def add(self, architecture: Architecture) -> None:
        """Counts one model."""
        for topology in TOPOLOGIES:
            if topology.seen(architecture):
                self.topologies[topology.name] = self.topologies.get(topology.name, 0) + 1
        for name in {call.name for call in layer_calls(architecture)}:
            self.layers[name] = self.layers.get(name, 0) + 1
        for name in set(operations_in(architecture)):
            self.operations[name] = self.operations.get(name, 0) + 1
        for node in architecture.nodes:
            if isinstance(node.layer, Call):  # the worker names every layer as its node
                self.arguments.setdefault(node.layer.name, {}).setdefault("name", set()).add(repr(node.name))
        for name, arguments in mentions(architecture, self.vocabulary):
            self.objects[name] = self.objects.get(name, 0) + 1
            given = self.arguments.setdefault(name, {})
            defaults = self.vocabulary.defaults.get(name, {})
            for argument, value in arguments.items():
                if argument in defaults and repr(value) == repr(defaults[argument]):
                    continue
                values = given.setdefault(argument, set())
                if len(values) < 50:
                    values.add(repr(value))

    def inputs(self, architecture: Architecture) -> None:
        """Counts the inputs of a model as the layers that they are."""
        for each in architecture.inputs:
            self.layers["layers.InputLayer"] = self.layers.get("layers.InputLayer", 0) + 1
            given = self.arguments.setdefault("layers.InputLayer", {})
            for argument, value in (
                ("shape", each.shape), ("dtype", each.dtype), ("batch_size", each.batch_size), ("name", each.name),
                ("optional", each.optional or None),
            ):  # fmt: skip
                if value is not None:
                    given.setdefault(argument, set()).add(repr(value))

    def reached(self, name: str, argument: str) -> bool:
        """Whether the argument was given at least once, and not its default."""
        return bool(self.arguments.get(name, {}).get(argument))
