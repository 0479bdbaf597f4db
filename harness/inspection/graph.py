"""The graph of a functional model, as its config tells it: connected, without cycles, every name there and once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from harness.inspection import variables
from harness.inspection.limits import Limits
from harness.inspection.references import Path, path_text
from harness.inspection.report import Report

MODELS = frozenset({"Functional", "Model", "Sequential"})
CONSTANT = "_CONSTANT_VALUE"  # in the place of a layer's name, where Keras 2 calls something on a constant first
# Of these one tensor comes, whatever they are called on.
SINGLE = (variables.SINGLY | variables.ROWS.keys()) - variables.AROUND - {
    "Activation", "AdditiveAttention", "Attention", "ClassMethod", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "GRU",
    "GRUCell", "GroupQueryAttention", "GroupedQueryAttention", "Identity", "InstanceMethod", "InstanceProperty", "LSTM",
    "LSTMCell", "Lambda", "MultiHeadAttention", "SimpleRNN", "SimpleRNNCell", "SlicingOpLambda", "TFOpLambda",
}  # fmt: skip
Key = tuple[str, int]


def look(report: Report, config: Any, limits: Limits, where: str = "") -> None:
    """Every model in the config, nested ones too."""
    waiting: list[Iterator[tuple[Any, Path]]] = [iter([(config, ())])]
    nodes = 0
    while waiting:
        report.clock.tick()
        found = next(waiting[-1], None)
        if found is None:
            waiting.pop()
            continue
        value, place = found
        waiting.append(_below(value, place))
        inner = value.get("config") if isinstance(value, dict) else None
        if isinstance(inner, dict) and isinstance(inner.get("layers"), list):
            report.clock.check()
            path = f"{where}{path_text(place)}"
            if "input_layers" in inner or "output_layers" in inner:
                nodes += _functional(report, inner, f"{path}.config", limits)
                if nodes > limits.nodes:
                    report.add("model-bomb", path, f"more than {limits.nodes:,} nodes")
                    return
            elif value.get("class_name") == "Sequential":
                _sequential(report, inner, f"{path}.config")


def _below(value: Any, place: Path) -> Iterator[tuple[Any, Path]]:
    for key, each in enumerate(value) if isinstance(value, list) else value.items():
        if type(each) is dict or type(each) is list:
            yield each, (*place, key)


def _names(report: Report, layers: list[Any], path: str) -> dict[str, dict[str, Any]] | None:
    found: dict[str, dict[str, Any]] = {}
    for at, layer in enumerate(layers):
        inner = layer.get("config") if isinstance(layer, dict) else None
        if not isinstance(layer, dict) or not isinstance(layer.get("class_name"), str):
            report.add("config-shape", f"{path}.layers[{at}]", "no layer: class_name is missing")
            return None
        name = layer.get("name", inner.get("name") if isinstance(inner, dict) else None)
        if not isinstance(name, str):
            if name is not None:
                report.add("config-shape", f"{path}.layers[{at}]", "a layer whose name is no string")
            continue
        if name in found:
            report.add("name-twice", f"{path}.layers[{at}]", name)
        found[name] = layer
    return found


def _sequential(report: Report, config: dict[str, Any], path: str) -> None:
    _names(report, config["layers"], path)


def _functional(report: Report, config: dict[str, Any], path: str, limits: Limits) -> int:
    layers = _names(report, config["layers"], path)
    if layers is None:
        return 0
    before: dict[Key, list[Key]] = {}
    for name, layer in layers.items():
        report.clock.tick()
        inbound = layer.get("inbound_nodes")
        if inbound is None or not isinstance(inbound, list):
            report.add("config-shape", path, f"{name}: inbound_nodes is missing or no list")
            return 0
        if any(_half_called(node) for node in inbound):
            report.add("config-shape", path, f"{name}: a call without args or kwargs")
        if not inbound and layer["class_name"] != "InputLayer" and not _stands_alone(layer):
            report.add("graph-broken", path, f"{name} is called on nothing")
        for at, node in enumerate(inbound):
            before[name, at] = list(sources(node))
            # A call on constants alone is no node of a graph: read back, it is computed then and there.
            if not before[name, at]:
                report.add("graph-broken", path, f"{name} (node {at}) is called on nothing that flows")
            _one_of(report, layers, node, f"{name} (node {at})", path)
        if not inbound:
            before[name, 0] = []
        if len(before) > limits.nodes:
            return len(before)
    first, first_at_ends = _first(layers, before, config.get("output_layers"))
    for (name, at), taken in list(before.items()):
        known = [_known(source, before, first) for source in taken]
        for source, key in zip(taken, known, strict=True):
            if key is None:
                what = "is not there" if source[0] not in layers else f"has no node {source[1]}"
                report.add("graph-broken", path, f"{name} (node {at}) takes the output of {source[0]}, which {what}")
        before[name, at] = [key for key in known if key is not None]
    _ends(report, layers, config, path, before, first_at_ends)
    cycle = _cycle(before)
    if cycle is not None:
        report.add("graph-broken", path, f"{cycle[0]} is its own input: a cycle")
    return len(before)


def _half_called(node: Any) -> bool:
    """Is it a call as Keras 3 writes it, without one of the two? Keras 2 writes a dict of inputs by the dict's keys."""
    return isinstance(node, dict) and not {"args", "kwargs"} <= node.keys() and not _of_keras_2(node)


def _of_keras_2(value: Any) -> bool:
    """Dicts and lists of `[layer, node, tensor, arguments]`; a constant has its value in the tensor's place."""
    if isinstance(value, dict):
        return bool(value) and all(map(_of_keras_2, value.values()))
    if not isinstance(value, list) or not value:
        return False
    return (len(value) == 4 and isinstance(value[0], str) and isinstance(value[3], dict)) or all(
        map(_of_keras_2, value)
    )


def _one_of(report: Report, layers: dict[str, dict[str, Any]], node: Any, who: str, path: str) -> None:
    """Takes a call the second tensor of a layer that has one? Of a layer of the author's nobody knows."""
    for name, _, tensor in _histories(node):
        if tensor and name in layers and variables.built_in(layers[name]) in SINGLE:
            report.add("graph-broken", path, f"{who} takes tensor {tensor} of {name}, of which one comes")


def _stands_alone(layer: dict[str, Any]) -> bool:
    """Keras 2 keeps layers in a model that nothing flows through: those that were only added to it."""
    return layer["class_name"] in ("AddLoss", "AddMetric") or layer["class_name"] in MODELS


def _first(layers: dict[str, Any], before: dict[Key, list[Key]], ends: Any) -> tuple[dict[str, int], dict[str, int]]:
    """The number that the first node of a nested model goes by, where it is not 0: for layers, and at the ends.

    Such a model may have had a node of its own before it was called here, which is counted and not written. The last
    node is always taken by something, so that one number too many says that all are counted from 1. Keras 3 counts a
    functional model from 0 where its output is taken by a layer, and from 1 in `output_layers`, of the same file.
    """
    count = Counter(name for name, _ in before)
    taken, last = {source for each in before.values() for source in each}, set(sources(ends))
    nested = [
        name for name, layer in layers.items() if layer["class_name"] in MODELS or variables.built_in(layer) is None
    ]
    over = {name for name in nested if (name, count[name]) in taken}
    over_at_ends = {name for name in nested if (name, count[name]) in last}
    inside = over | {name for name in over_at_ends if (name, 0) not in taken}
    return dict.fromkeys(inside, 1), dict.fromkeys(over | over_at_ends, 1)


def _known(source: Key, before: dict[Key, list[Key]], first: dict[str, int]) -> Key | None:
    key = (source[0], source[1] - first.get(source[0], 0))
    return key if key in before else None


def sources(node: Any) -> Iterator[Key]:
    """The (layer, node) pairs that a node takes, as either Keras writes them."""
    return ((name, at) for name, at, _ in _histories(node))


def _histories(node: Any) -> Iterator[tuple[str, int, int]]:
    waiting = [node]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if value.get("class_name") == "__keras_tensor__":
                inner = value.get("config")
                if isinstance(inner, dict) and _is_history(inner.get("keras_history")):
                    yield tuple(inner["keras_history"][:3])
                continue
            waiting.extend(value.values())
        elif _is_history(value):
            yield value[0], value[1], value[2]
            waiting.extend(value[3:])
        elif isinstance(value, list):
            waiting.extend(value)


def _is_history(value: Any) -> bool:
    """`[layer, node, tensor]`, and in Keras 2 the call's other arguments after it."""
    return (
        isinstance(value, list)
        and len(value) in (3, 4)
        and isinstance(value[0], str)
        and type(value[1]) is int
        and type(value[2]) is int
        and value[:2] != [CONSTANT, -1]
        and (len(value) == 3 or isinstance(value[3], dict))
    )


def _ends(
    report: Report, layers: dict[str, dict[str, Any]], config: dict[str, Any], path: str,
    before: dict[Key, list[Key]], first: dict[str, int],
) -> None:  # fmt: skip
    ends: dict[str, list[Key]] = {}
    for what in ("input_layers", "output_layers"):
        ends[what] = list(sources(config.get(what)))
        _one_of(report, layers, config.get(what), what, path)
        if not ends[what]:
            report.add("graph-broken", path, f"{what} names nothing")
        for key in ends[what]:
            if _known(key, before, first) is None:
                report.add("graph-broken", path, f"{what} names {key[0]} (node {key[1]}), which is not there")
    reached: set[Key] = set()
    waiting: list[Key | None] = [_known(key, before, first) for key in ends["output_layers"]]
    while waiting:
        node = waiting.pop()
        if node is None or node in reached:
            continue
        reached.add(node)
        waiting.extend(before[node])
    inputs = {key[0] for key in ends["input_layers"]}
    for name in sorted({name for name, _ in reached} - inputs):
        if layers[name]["class_name"] == "InputLayer":
            report.add("graph-broken", path, f"the input {name} leads to an output and is not in input_layers")


def _cycle(before: dict[Key, list[Key]]) -> Key | None:
    """A node of a cycle, or None: nodes without what comes before them are taken away until none is left."""
    left = {key: len(set(taken)) for key, taken in before.items()}
    after: dict[Key, list[Key]] = {}
    for key, taken in before.items():
        for source in set(taken):
            after.setdefault(source, []).append(key)
    free = [key for key, count in left.items() if not count]
    while free:
        for key in after.get(free.pop(), ()):
            left[key] -= 1
            if not left[key]:
                free.append(key)
    return next((key for key, count in left.items() if count), None)
