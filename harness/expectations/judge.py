"""Holds what was observed against the table, and makes findings of what did not survive."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from harness.expectations.compare import LIMIT, TOLERANCES, Difference, differences, short, tolerance
from harness.expectations.finding import NO_LAYERS, Finding, layer_classes, place_of
from harness.expectations.frozen import of_each_layer, still_trained, uppermost
from harness.expectations.given import given
from harness.expectations.raised import error_finding, raised, with_consequences
from harness.protocol.architecture import Architecture, references

# What follows from what: where a weight is lost outputs differ too, and one cause should be told once. The later
# observations of a route are held back as consequences of an earlier one that broke.
ORDER = (
    "structure",
    "config",
    "fresh",
    "tracked",
    "weights",
    "adapters",
    "flags",
    "compile",
    "optimizer",
    "summary",
    "outputs",
    "training outputs",
    "losses",
    "training",
    "frozen",
    "moved",
    "extracted",
    "exported",
    "others restored",
    "refused",
    "original",
)
_EXPLAINED_BY = {
    "summary": {"structure", "flags", "weights", "optimizer", "compile", "config"},
    "outputs": {"config", "weights", "structure", "tracked"},
    "training outputs": {"config", "weights", "structure", "outputs"},
    "losses": {"flags", "config", "weights", "structure", "outputs", "training outputs", "compile"},
    "training": {
        "config",
        "weights",
        "structure",
        "outputs",
        "training outputs",
        "losses",
        "compile",
        "optimizer",
        "flags",
        "adapters",
    },
    "optimizer": {"compile", "flags"},
    "fresh": {"config", "structure"},
    "weights": {"structure", "tracked"},
    "flags": {"structure"},
    "config": {"layers"},  # each layer is compared with another one
}
# What is seen of a route that changed the original in this, though another may be to blame: what is sent afterwards is
# no longer what was observed. (Configs are not among them: saving to `.h5` takes a compile setting out of them in Keras
# 3.15, a module in Keras 2, and nothing follows from either.)
_SENT = {"structure", "weights", "flags", "optimizer"}
# Observations that are made of the original when all routes are done (LAST of `harness.observations.catalogue`).
_LAST = {"training"}
# Parts of an observation that stand for another reason than the whole of it.
_PARTS = {
    **{f"original/{name}": {name} for name in _SENT},
    "structure/takes": {"nesting"},  # the same tensors, in a list that was a tuple: nothing follows
    "structure/gives": {"nesting"},
    "structure/order": {"structure", "layers"},
    "structure/layers": {"structure", "layers"},
}


def judge(
    architecture: Architecture,
    reply: Mapping[str, Any],
    blobs: Mapping[str, bytes],
    table: Mapping[str, Mapping[str, str]],
    classes: Mapping[str, str] | None = None,
) -> list[Finding]:
    """The findings of one example, in the order of the table; one for each cause that can be told apart.

    `classes` says the class of each layer by its name, where the architecture does not.
    """
    classes = {**layer_classes(architecture), **(classes or {})}
    state = reply.get("before", {}).get("optimizer")
    trained = isinstance(state, dict) and bool(state.get("iterations"))
    close = {relation: tolerance(relation, architecture) for relation in TOLERANCES}
    if "error" in reply["build"]:
        return [error_finding("build", "build", reply["build"]["error"], architecture)]
    findings = [
        *_shapes(architecture, reply["build"]["shapes"], classes),
        *given(architecture, reply["before"]),
        *still_trained(architecture, reply["before"], classes),
        *raised(architecture, reply),
    ]
    originals = dict(_originals(architecture, reply, blobs, classes))
    told_there: dict[str, list[str]] = {}
    for number, (route, answer) in enumerate(reply["routes"].items()):
        if "error" in answer:
            findings.append(error_finding(route, "travel", answer["error"], architecture))
        sent_before = list(reply["routes"])[:number]
        broken: dict[str, Finding] = {}
        held_back: dict[str, list[str]] = {}
        passed_on: dict[str, str] = {}  # what was held back and may itself be a reason: by its name, for what it was
        for observation in ORDER:
            relation = table[route].get(observation)
            if relation is None or observation == "original" or observation not in answer.get("after", {}):
                continue
            before = answer["before"].get(observation, reply["before"].get(observation))
            after = answer["after"][observation]
            changed_by = (
                each
                for each, finding in originals.items()
                if (each in sent_before or observation in _LAST)
                and (_explains(finding, observation) or observation in _PARTS.get(_part(finding), ()))
            )
            for difference in _held_against(relation, observation, before, after, blobs, trained, close):
                earlier = (each for each in broken if _explains(broken[each], observation))
                through = (passed_on[each] for each in passed_on if each in _EXPLAINED_BY.get(observation, ()))
                reason = next(chain(earlier, through), None)
                if reason is not None:
                    held_back.setdefault(reason, []).append(f"{route}/{observation}")
                    if not _is_reordered(difference):
                        passed_on[observation] = reason
                    break
                if changer := next(changed_by, None):
                    told_there.setdefault(changer, []).append(f"{route}/{observation}")
                    break
                if observation == "config":
                    difference = _by_layer(difference)
                finding = difference_finding(route, observation, difference, architecture, classes)
                if finding.signature not in {each.signature for each in findings if each.routes == (route,)}:
                    findings.append(finding)
                broken.setdefault(observation, finding)
        for reason, consequences in held_back.items():
            index = findings.index(broken[reason])
            findings[index] = with_consequences(findings[index], consequences)
        if route in originals:
            findings.append(originals[route])
    for route, consequences in told_there.items():
        index = findings.index(originals[route])
        findings[index] = with_consequences(originals[route], consequences)
    return findings


def _originals(
    architecture: Architecture, reply: Mapping[str, Any], blobs: Mapping[str, bytes], classes: Mapping[str, str]
) -> Iterator[tuple[str, Finding]]:
    """What each route has changed of the model that was sent: the first difference, which is the cause of the rest."""
    for route, answer in reply["routes"].items():
        before, after = (answer.get(when, {}).get("original", {}) for when in ("before", "after"))
        for observation in before:
            difference = next(differences(before[observation], after[observation], blobs, (observation,)), None)
            if difference is not None:
                if observation == "config":
                    difference = _by_layer(difference)
                finding = difference_finding(route, "original", difference, architecture, classes)
                yield route, replace(finding, raised="error" in answer)
                break


def _explains(earlier: Finding, observation: str) -> bool:
    """Whether what broke earlier on the route is enough of a reason that this observation differs."""
    return bool(_PARTS.get(_part(earlier), {earlier.observation}) & _EXPLAINED_BY.get(observation, set()))


def _is_reordered(difference: Difference) -> bool:
    """It is another order of the same, of which nothing follows; of trainable weights the names alone are there."""
    return difference.kind == "order" or (difference.where[:1] == ("trainable weights",) and difference.kind == "value")


def _part(finding: Finding) -> str:
    """The first word of where it is, as `_PARTS` has it."""
    return "/".join((finding.observation, *finding.path[:1]))


def _held_against(
    relation: str,
    observation: str,
    before: Any,
    after: Any,
    blobs: Mapping[str, bytes],
    trained: bool,
    close: Mapping[str, Mapping[str, float] | None],
) -> Iterator[Difference]:
    if isinstance(after, dict) and "$error" in after:
        if not (isinstance(before, dict) and "$error" in before):
            yield Difference((), "error", None, after["$error"])
        return
    if relation == "no":
        if after not in (None, {"compiled": False}):
            yield Difference((), "surplus", None, after)
        return
    if observation == "summary" and (relation == "=l" or (relation == "=s" and not trained)):
        before, after = _layers_alone(before), _layers_alone(after)
    if observation == "config":
        # Shapes that a layer was built with are no setting; `adapt` builds with the batches that it was fed.
        # So is the size of a vocabulary that was adapted; outputs tell whether it is there.
        # A shared_object_id tells which objects of one config are the same, by a number of the process that wrote it.
        keys = ("build_config", "vocabulary_size", "shared_object_id")
        before, after = _without(before, keys), _without(after, keys)
    if relation == "=h":
        before, after = _optimizer_alone(before), _optimizer_alone(after)
    if relation == "=n":
        before, after = _without(before, _WIRING), _without(after, _WIRING)
    if observation == "optimizer" and relation == "=s" and not trained:
        # Loading may build the optimizer of a model that was never trained: its slots are then as new.
        before = {"iterations": (before or {}).get("iterations")}
        after = {"iterations": (after or {}).get("iterations")}
    found = differences(before, after, blobs, close=close.get(relation))
    if observation == "flags":
        found = uppermost(found, before, after)
    if observation == "frozen":
        found = of_each_layer(found)
    for number, difference in enumerate(found):
        if number >= LIMIT or (observation in _FIRST_ALONE and number):
            return
        yield difference


def _by_layer(difference: Difference) -> Difference:
    """A difference within the config of a layer: which argument it is, whatever lies below that.

    One argument that is lost shows in many places of a nested config.
    """
    where = difference.where
    configs = [number for number, part in enumerate(where[:-1]) if part == "config"]
    if configs and where[configs[-1] + 1] != "layers":
        where = where[: configs[-1] + 2]
    return replace(difference, where=where)


def _optimizer_alone(settings: Any) -> Any:
    return {key: settings.get(key) for key in ("compiled", "optimizer")} if isinstance(settings, dict) else settings


def _without(config: Any, keys: tuple[str, ...]) -> Any:
    """A nested config without these keys, wherever they stand."""
    if isinstance(config, dict):
        return {key: _without(item, keys) for key, item in config.items() if key not in keys}
    return [_without(item, keys) for item in config] if isinstance(config, list) else config


# The nodes of a graph: cloning numbers the calls of a shared layer anew.
_WIRING = ("inbound_nodes", "output_layers", "input_layers")


# Of these the first difference is the cause of all that follow: a layer passes on what it was given.
_FIRST_ALONE = frozenset({"outputs", "training outputs", "losses", "training", "summary", "compile", "structure"})


def _layers_alone(summary: list[str]) -> list[str]:
    return [line for line in summary if not re.match(r"\s*(Total|Trainable|Non-trainable|Optimizer) params", line)]


def difference_finding(
    route: str,
    observation: str,
    difference: Difference,
    architecture: Architecture,
    classes: Mapping[str, str],
) -> Finding:
    """What differs after a route, as a finding."""
    if difference.kind == "error":
        return error_finding(route, observation, difference.actual, architecture)
    where = difference.where
    if observation == "outputs" and where[:1] == ("outputs",):
        where = ("outputs",)
    place = place_of(where, classes)
    # What changed places is of many layers; the place is what they have in common.
    of_all = difference.expected if difference.kind in ("order", "moved") else ()
    layers = tuple(
        dict.fromkeys(
            classes[piece]
            for part in (*where, *of_all)
            for piece in part.rpartition(": outputs of ")[2].split("/")  # of a layer that was taken out
            if piece in classes and classes[piece] not in NO_LAYERS
        )
    )
    return Finding(
        observation,
        difference.kind,
        place,
        (route,),
        _title(observation, difference, place),
        "/".join(where),
        short(difference.expected),
        short(difference.actual),
        difference.size,
        layers=layers,
        architecture=architecture,
        path=where,
    )


def _title(observation: str, difference: Difference, place: tuple[str, ...]) -> str:
    what = {
        "value": "is another one",
        "shape": "has another shape",
        "dtype": "has another dtype",
        "missing": "is missing",
        "surplus": "is there and was not",
        "length": "has another number of entries",
        "type": "is of another type",
        "order": "has its entries in another order",
        "moved": "has values of other entries",
    }[difference.kind]
    if observation == "tracked" and difference.kind == "value":
        what = "lacks some of its layers"
    seen = "the model that was sent" if observation == "original" else observation
    return f"{seen}: {' / '.join(place) or 'all of it'} {what}"


def _shapes(architecture: Architecture, shapes: Mapping[str, Any], classes: Mapping[str, str]) -> list[Finding]:
    """Where the rule of a layer and Keras disagree on an output shape.

    What is fed by such a layer is given another shape than its rule was told of.
    """
    findings = []
    behind: set[str] = set()
    for node in architecture.nodes:
        expected = node.shapes
        seen = shapes.get(node.name)
        if not behind.isdisjoint(ref.node for ref in references((node.inputs, node.keywords))):
            behind.add(node.name)
            continue
        if expected is None or not seen:
            continue
        actual = tuple(tuple(shape[1:]) for shape in seen)
        if len(expected) == len(actual) and not all(map(_agree, expected, actual)):
            name = classes[node.name]
            behind.add(node.name)
            findings.append(
                Finding(
                    "shape",
                    "value",
                    (name,),
                    ("build",),
                    f"shape: {name} gives another shape than its rule says",
                    node.name,
                    [list(each) for each in expected],
                    [list(each) for each in actual],
                    layers=(name,),
                    architecture=architecture,
                )
            )
    return findings


def _agree(expected: Sequence[int | None], actual: Sequence[int | None]) -> bool:
    """Whether two shapes may be of one tensor; an axis that Keras does not know contradicts nothing."""
    return len(expected) == len(actual) and all(b is None or a == b for a, b in zip(expected, actual, strict=True))
