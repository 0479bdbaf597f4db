"""How many calls a config asks for: of a model that is called twice in one that is called twice, four.

Keras calls what is inside of a model for each of its calls, on loading and again on each prediction. So thirty models,
one in the other, are a few kilobytes and a thousand million calls.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from harness.inspection import variables
from harness.inspection.clock import Clock
from harness.inspection.shapes import MOST, Config, layers_in

DEEPEST = 200  # as JSON is
# Operations that make so many tensors as an argument says, each of which Keras goes through by itself.
PIECES = {"ArraySplit": "indices_or_sections", "Split": "indices_or_sections", "Unstack": "num"}


class Calls(NamedTuple):
    """Of one layer: how many one call of it asks for, and how many it takes to make it."""

    one: int
    made: int


def total(config: Config, clock: Clock) -> int:
    """How many calls it takes until the model is there."""
    return _calls(config, clock, 0).made


def _calls(layer: Config, clock: Clock, depth: int) -> Calls:
    clock.tick()
    listed = layers_in(layer)
    if depth > DEEPEST:
        return Calls(1, 0)
    if listed is None:
        return _held(layer, clock, depth)
    one = made = 0
    for inner in listed:
        if isinstance(inner, dict):
            found = _calls(inner, clock, depth + 1)
            nodes = inner.get("inbound_nodes")
            one += found.one * max(1, len(nodes) if isinstance(nodes, list) else 1)
            made += found.made
    return Calls(min(MOST, one), min(MOST, made + one))


def _held(layer: Config, clock: Clock, depth: int) -> Calls:
    """Of a layer that is no model: what stands in its arguments is called with it."""
    config = layer.get("config")
    if not isinstance(config, dict):
        return Calls(1, 0)
    name = variables.built_in(layer)
    pieces: Any = config.get(PIECES.get(name or "", ""))
    one, made = max(1, pieces) if type(pieces) is int else 1, 0
    for value in config.values():
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict) and "class_name" in inner and isinstance(inner.get("config"), dict | list):
                found = _calls(inner, clock, depth + 1)
                one += found.one
                made += found.made
    return Calls(min(MOST, one), min(MOST, made))
