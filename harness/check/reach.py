"""What the harness reaches of one Keras: layers and arguments drawn, what is left out and why, what is unknown.

The same of the models of `keras.applications`, with the profiles that run each.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.architectures import applications
from harness.architectures.drawing import draws
from harness.architectures.exclusions import reason, reason_for
from harness.architectures.graph import Goal
from harness.architectures.models import architectures
from harness.architectures.rules import LayerRule
from harness.architectures.topologies import TOPOLOGIES
from harness.architectures.vocabulary import Vocabulary
from harness.check.coverage import Coverage
from harness.check.kinds import KINDS
from harness.check.operations import operations_reached
from harness.check.plan import Plan
from harness.check.profiles import PROFILES
from harness.expectations.table import parse

DRAWS = 4  # of each layer with few arguments, and as many with all that can be given together


def reach(vocabulary: Vocabulary, rules: Mapping[str, LayerRule], routes: list[str]) -> dict[str, Any]:
    """Draws every layer, and counts what came: the figures are seen, not stated.

    An argument counts as drawn when it took more than one value, its default among them.
    """
    coverage = Coverage(vocabulary)
    for name, rule in rules.items():
        if not vocabulary.has(rule.public):
            continue
        everything = frozenset(vocabulary.arguments.get(rule.public, ()))
        for wanted in (frozenset(), everything):
            strategy = architectures(vocabulary=vocabulary, rules=rules, goals=[Goal(name, wanted)], plain=True)
            for drawn in draws(strategy, DRAWS, seed_value=0):
                coverage.add(drawn)
                coverage.inputs(drawn)
    for drawn in Plan(vocabulary, rules, PROFILES["ci"]).of_wishes():
        coverage.add(drawn)
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
        "topologies": reach_of_topologies(vocabulary, rules),
        "keras": ".".join(map(str, vocabulary.version)),
        "layers": layers,
        "kinds": reach_of_kinds(coverage),
        **applications_reached(vocabulary),
        "operations": operations_reached(vocabulary, rules),
        "routes": [route for route in parse() if route.removesuffix("_process") in routes],
    }


def applications_reached(vocabulary: Vocabulary) -> dict[str, Any]:
    """The models of `keras.applications` with the profiles that run them, and those that the table does not know."""
    return {
        "applications": {
            name: [profile.name for profile in PROFILES.values() if name in profile.applications]
            for name in applications.known(vocabulary)
        },
        "applications not reached": applications.unknown(vocabulary),
    }


def reach_of_kinds(coverage: Coverage) -> dict[str, Any]:
    """By kind of thing (`harness.check.kinds`): what is public, what of it was drawn, what not, and why."""
    found: dict[str, Any] = {}
    for kind in KINDS:
        public = kind.public(coverage.vocabulary)
        drawn = [name for name in sorted(public) if coverage.objects.get(name)]
        arguments = {(name, argument) for name in drawn for argument in public[name]}
        given = {(name, argument) for name, argument in arguments if coverage.reached(name, argument)}
        missing = sorted(arguments - given)
        rest = [name for name in sorted(public) if name not in drawn]
        found[kind.name] = {
            "public": len(public),
            "drawn": len(drawn),
            "arguments": len(arguments),
            "arguments drawn": len(given),
            "left out": {name: why for name in rest if (why := reason_for(name))}
            | {f"{name}: {argument}": why for name, argument in missing if (why := reason_for(name, argument))},
            "not reached": [name for name in rest if not reason_for(name)],
            "arguments not reached": [
                f"{name}: {argument}" for name, argument in missing if not reason_for(name, argument)
            ],
        }
    return found


def reach_of_topologies(vocabulary: Vocabulary, rules: Mapping[str, LayerRule]) -> dict[str, Any]:
    """How many of some draws of each topology have it, and why this Keras has none."""
    here = {name: rule for name, rule in rules.items() if vocabulary.has(rule.public)}
    found: dict[str, Any] = {}
    for each in TOPOLOGIES:
        excluded = None if each.there(vocabulary) else each.why
        strategy = architectures(vocabulary=vocabulary, rules=here, goals=(), topologies=(each,))
        drawn = [] if excluded else draws(strategy, DRAWS, seed_value=0)
        found[each.name] = {"examples": sum(map(each.seen, drawn)), "excluded": excluded}
    return found


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
        "topologies": len(found["topologies"]),
        "topologies drawn": sum(bool(each["examples"]) for each in found["topologies"].values()),
        "arguments drawn": sum(len(each["arguments"]) for each in layers),
    }
