"""What the harness reaches of one Keras: layers and arguments drawn, what is left out and why, what is unknown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.architectures.drawing import draws
from harness.architectures.exclusions import reason
from harness.architectures.graph import Goal
from harness.architectures.models import architectures
from harness.architectures.rules import LayerRule
from harness.architectures.vocabulary import Vocabulary
from harness.check.plan import Coverage
from harness.expectations.table import parse

DRAWS = 4  # of each layer with few arguments, and as many with all that can be given together


def reach(vocabulary: Vocabulary, rules: Mapping[str, LayerRule], routes: list[str]) -> dict[str, Any]:
    """Draws every layer, and counts what came: the figures are seen, not stated.

    An argument counts as drawn when it took more than one value, its default among them.
    """
    coverage = Coverage()
    for name, rule in rules.items():
        if not vocabulary.has(rule.public):
            continue
        everything = frozenset(vocabulary.arguments.get(rule.public, ()))
        for wanted in (frozenset(), everything):
            strategy = architectures(vocabulary=vocabulary, rules=rules, goals=[Goal(name, wanted)], plain=True)
            for drawn in draws(strategy, DRAWS, seed_value=0):
                coverage.add(drawn)
                coverage.inputs(drawn)
    layers: dict[str, Any] = {}
    for public in vocabulary.layers:
        name = public.partition(".")[2]
        drawn_arguments, left_out, unknown = {}, {}, []
        for argument in vocabulary.arguments.get(public, ()):
            if argument == "**":
                continue
            values = len(coverage.arguments.get(public, {}).get(argument, ()))
            if values:
                # A value that was given is never the default where there is one; without a default two are wanted.
                drawn_arguments[argument] = values
            elif reason(name, argument):
                left_out[argument] = reason(name, argument)
            else:
                unknown.append(argument)
        layers[name] = {
            "examples": coverage.layers.get(public, 0),
            "excluded": reason(name) if not coverage.layers.get(public) else None,
            "arguments": drawn_arguments,
            "arguments left out": left_out,
            "arguments not reached": unknown,
        }
    return {
        "keras": ".".join(map(str, vocabulary.version)),
        "layers": layers,
        "routes": [route for route in parse() if route.removesuffix("_process") in routes],
    }


def totals(found: Mapping[str, Any]) -> dict[str, int]:
    """Counts over everything: layers and arguments, all and drawn."""
    layers = found["layers"].values()
    return {
        "layers": len(layers),
        "layers drawn": sum(bool(each["examples"]) for each in layers),
        "arguments": sum(
            len(each["arguments"]) + len(each["arguments left out"]) + len(each["arguments not reached"])
            for each in layers
        ),
        "arguments drawn": sum(len(each["arguments"]) for each in layers),
    }
