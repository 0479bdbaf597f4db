"""Spares costly routes the models that bring nothing new to them.

A journey with training in it takes longer than all other routes together, and a folder holds the files of the zip over
again. Every layer, topology and (where it is traced) operation goes along each of them; an argument at one more value
does not. Another process takes up what brings a layer that it has not seen, and every second model beside.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.architectures.topologies import Topology
from harness.check.operations import operations_in
from harness.check.sender import PROCESS
from harness.protocol.architecture import Architecture, layer_calls

COSTLY = {"transfer": False, "export": True, "keras_folder": False}  # whether an operation is news there
SPARED = "all in it had been sent before"


class Thrift:
    """Remembers what was sent along each costly route."""

    def __init__(self, topologies: list[Topology], *, costly: Mapping[str, bool] = COSTLY) -> None:
        self._topologies = topologies
        self._costly = costly  # none, where a profile spares nothing but the other process
        self._sent: dict[str, set[str]] = {route: set() for route in (*costly, PROCESS)}
        self._models = 0

    def table(self, architecture: Architecture, table: Mapping[str, Mapping[str, str]]) -> dict[str, Mapping[str, str]]:
        """The table without the costly routes to which this model would bring nothing new."""
        layers = {call.name for call in layer_calls(architecture)}
        self._models += 1
        spared = layers <= self._sent[PROCESS] and self._models % 2 == 1
        self._sent[PROCESS] |= layers
        kept = {route: row for route, row in table.items() if not (spared and route.endswith(PROCESS))}
        plain = layers | {each.name for each in self._topologies if each.seen(architecture)}
        for route, operations in self._costly.items():
            if route not in table:
                continue
            brought = plain | (set(operations_in(architecture)) if operations else set())
            if brought <= self._sent[route]:
                del kept[route]
            self._sent[route] |= brought
        return kept
