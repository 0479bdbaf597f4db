"""Spares costly routes the models that bring nothing new to them.

A journey with training in it takes longer than all other routes together. Every layer, topology and (where it is
traced) operation goes along each of them; an argument at one more value does not. Another process takes up what brings
a layer that it has not seen, and every second model beside.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.architectures.topologies import Topology
from harness.check.operations import operations_in
from harness.check.sender import PROCESS
from harness.protocol.architecture import Architecture, layer_calls

COSTLY = {"transfer": False, "export": True}  # whether an operation is news there
SPARED = "all in it had been sent before"


class Thrift:
    """Remembers what was sent along each costly route."""

    def __init__(self, topologies: list[Topology]) -> None:
        self._topologies = topologies
        self._sent: dict[str, set[str]] = {route: set() for route in (*COSTLY, PROCESS)}
        self._models = 0

    def another(
        self, architecture: Architecture, table: Mapping[str, Mapping[str, str]]
    ) -> dict[str, Mapping[str, str]]:
        """The table without another process, where that has seen such layers and the model before this one."""
        self._models += 1
        brought = {call.name for call in layer_calls(architecture)} - self._sent[PROCESS]
        self._sent[PROCESS] |= brought
        taken = brought or self._models % 2 == 0
        return {route: row for route, row in table.items() if taken or not route.endswith(PROCESS)}

    def table(self, architecture: Architecture, table: Mapping[str, Mapping[str, str]]) -> dict[str, Mapping[str, str]]:
        """The table without the costly routes to which this model would bring nothing new."""
        plain = {call.name for call in layer_calls(architecture)}
        plain |= {each.name for each in self._topologies if each.seen(architecture)}
        kept = dict(table)
        for route, operations in COSTLY.items():
            if route not in table:
                continue
            brought = plain | (set(operations_in(architecture)) if operations else set())
            if brought <= self._sent[route]:
                del kept[route]
            self._sent[route] |= brought
        return kept
