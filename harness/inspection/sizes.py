"""How many parameters a config asks for, where it does not say what its layers were built on: a rough upper path.

Configs without `build_config` (Keras 2, JSON written by hand) leave open what flows into a layer. Here the shapes are
carried from layer to layer, so that two layers of a million units are a million times a million. A class that is not
known passes on what it is given. Good enough to know a bomb; the comparison with the weights does not use it.
"""

from __future__ import annotations

from typing import Any

from harness.inspection import graph, variables
from harness.inspection.variables import Odd

Config = dict[str, Any]
Shape = list[Any]
UNKNOWN = 1  # a dimension that nobody tells counts as little as can be
MOST = 10**30  # more than any limit; numbers that grow from layer to layer take time
MERGING = frozenset({"Concatenate"})


def total(config: Config, depth: int = 0) -> int:
    """The parameters of a model's config."""
    inner = config.get("config")
    listed = inner.get("layers") if isinstance(inner, dict) else None
    if not isinstance(inner, dict) or not isinstance(listed, list) or depth > 50:
        return 0
    count, flows = 0, dict[str, Shape]()
    last: Shape = [None]
    for layer in listed:
        if not isinstance(layer, dict) or not isinstance(layer.get("config"), dict):
            continue
        name = layer.get("name", layer["config"].get("name"))
        sources = [flows[key] for key, _ in graph.sources(layer.get("inbound_nodes")) if key in flows]
        given = _merged(layer, sources) if sources else last
        found = variables.input_shape(layer)
        given = found if _is_shape(found) else given
        count += _parameters(layer, given, depth)
        last = _after(layer, given)
        if isinstance(name, str):
            flows[name] = last
    return count


def _is_shape(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(each is None or type(each) is int for each in value)


def _merged(layer: Config, shapes: list[Shape]) -> Shape:
    widest = max(shapes, key=lambda shape: (len(shape), _size(shape)))
    if str(layer.get("class_name")) in MERGING and all(shapes):
        return [*widest[:-1], sum(_at(shape, -1) for shape in shapes)]
    return widest


def _size(shape: Shape) -> int:
    count = 1
    for each in shape[1:]:
        count = min(MOST, count * (each if type(each) is int and each > 0 else UNKNOWN))
    return count


def _at(shape: Shape, axis: int) -> int:
    return shape[axis] if shape and type(shape[axis]) is int else UNKNOWN


def _parameters(layer: Config, given: Shape, depth: int) -> int:
    if isinstance(layer["config"].get("layers"), list):
        return total(layer, depth + 1)
    try:
        asked = variables.of(layer, given if len(given) > 1 else None)
    except Odd:
        return 0
    count = 0
    for _, shape in asked or []:
        one = 1
        for each in shape:
            one *= UNKNOWN if each is None else each
        count += one
    return count


def _after(layer: Config, given: Shape) -> Shape:
    """What comes out; what goes in, where the class is not known."""
    config, name = layer.get("config"), layer.get("class_name")
    if not isinstance(config, dict):
        return given
    first = config.get("batch_input_shape", config.get("batch_shape"))
    if isinstance(first, list) and _is_shape(first):
        given = list(first)
    if isinstance(config.get("layers"), list):
        return _last_of(config["layers"], given)
    try:
        return _known(str(name), config, given)
    except (Odd, KeyError, TypeError, IndexError, ValueError, ZeroDivisionError):
        return given


def _last_of(layers: list[Any], given: Shape) -> Shape:
    for layer in layers:
        if isinstance(layer, dict) and isinstance(layer.get("config"), dict) and not layer["config"].get("layers"):
            given = _after(layer, given)
    return given


def _known(name: str, config: Config, given: Shape) -> Shape:
    if name == "Dense":
        return [*given[:-1], variables.whole(config["units"])]
    if name == "Flatten":
        return [given[0], _size(given)]
    if name == "Reshape":
        return [given[0], *(each if each != -1 else UNKNOWN for each in config["target_shape"])]
    if name == "Embedding":
        return [*given, variables.whole(config["output_dim"])]
    if name in ("LSTM", "GRU", "SimpleRNN"):
        units = variables.whole(config["units"])
        return [*given[:2], units] if config.get("return_sequences") else [given[0], units]
    if name == "Bidirectional":
        made = _after(config["layer"], given)
        return [*made[:-1], 2 * _at(made, -1)]
    if name.startswith("Global"):
        return [given[0], _at(given, -1)]
    if "Conv" in name or "Pooling" in name:
        return _spatial(name, config, given)
    return given


def _spatial(name: str, config: Config, given: Shape) -> Shape:
    rank = int(name[name.index("D") - 1])
    if len(given) != rank + 2:
        return given
    first = config.get("data_format") == "channels_first"
    strides = config.get("strides") or config.get("pool_size") or 1
    steps = variables.sizes(strides, rank)
    space = list(given[2:] if first else given[1:-1])
    for at, step in enumerate(steps):
        if type(space[at]) is int:
            space[at] = min(MOST, space[at] * step) if "Transpose" in name else -(-space[at] // step)
    channels = _at(given, 1 if first else -1)
    if "filters" in config:
        channels = variables.whole(config["filters"])
    elif "Depthwise" in name:
        channels *= variables.whole(config.get("depth_multiplier", 1))
    return [given[0], channels, *space] if first else [given[0], *space, channels]
