"""How many parameters a config asks for, where it does not say what its layers were built on: a rough upper path.

Configs without `build_config` (Keras 2, JSON written by hand) leave open what flows into a layer. Here the shapes are
carried from layer to layer, so that two layers of a million units are a million times a million. A class that is not
known passes on what it is given, and has at least what its arguments and the layers in them ask for. Good enough to
know a bomb; the comparison with the weights does not use it.
"""

from __future__ import annotations

import re
from typing import Any

from harness.inspection import graph, variables
from harness.inspection.clock import Clock
from harness.inspection.variables import Odd

Config = dict[str, Any]
Shape = list[Any]
UNKNOWN = 1  # a dimension that nobody tells counts as little as can be
MOST = 10**30  # more than any limit; numbers that grow from layer to layer take time
AXES = 254  # the most that TensorFlow has; a shape that grows with each layer takes memory
MERGING = frozenset({"Concatenate"})
DEEPEST = 100  # layers in layers; the JSON of a config is not deeper
RECURRENT = re.compile("LSTM|GRU|RNN")
# What comes of arguments that no layer has: `references` reports them, here they count nothing.
MADE_UP = (Odd, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def total(config: Config, clock: Clock, depth: int = 0) -> int:
    """The parameters of a model's config."""
    inner = config.get("config")
    listed = inner.get("layers") if isinstance(inner, dict) else None
    if not isinstance(inner, dict) or not isinstance(listed, list) or depth > 50:
        return 0
    count, flows = 0, dict[str, Shape]()
    last: Shape = [None]
    for layer in listed:
        clock.tick()
        if not isinstance(layer, dict) or not isinstance(layer.get("config"), dict):
            continue
        name = layer.get("name", layer["config"].get("name"))
        sources = [flows[key] for key, _ in graph.sources(layer.get("inbound_nodes")) if key in flows]
        given = _merged(layer, sources) if sources else last
        found = variables.input_shape(layer)
        given = found[:AXES] if _is_shape(found) else given
        count += _parameters(layer, given, clock, depth)
        last = _after(layer, given)[:AXES]
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


def _parameters(layer: Config, given: Shape, clock: Clock, depth: int) -> int:
    if isinstance(layer["config"].get("layers"), list):
        return total(layer, clock, depth + 1)
    shape = given if len(given) > 1 else None
    try:
        asked = variables.of(layer, shape)
        if asked is None:
            asked = variables.plainly(layer, shape)
        return _least(layer, given, clock, depth) if asked is None else sum(_product(each) for _, each in asked)
    except MADE_UP:
        return 0


def _product(shape: Any) -> int:
    count = 1
    for each in shape:
        count = min(MOST, count * (UNKNOWN if each is None else each))
    return count


def _least(layer: Config, given: Shape, clock: Clock, depth: int) -> int:
    """Of a layer whose weights are not computed: what its arguments name, and the layers that stand in them."""
    config, name = layer["config"], variables.built_in(layer)
    count = _inside(config, given, clock, depth) if depth < DEEPEST else 0
    if name is None:
        return count
    last = _at(given, -1)
    if name == "EinsumDense":
        return count + _einsum(config, given)
    if "num_query_heads" in config:
        heads = 2 * variables.whole(config["num_query_heads"]) + 2 * variables.whole(config["num_key_value_heads"])
        return count + heads * variables.whole(config["head_dim"]) * last
    if "num_heads" in config:
        return count + 3 * variables.whole(config["num_heads"]) * variables.whole(config["key_dim"]) * last
    if "filters" in config:
        filters, kernel = variables.whole(config["filters"]), config["kernel_size"]
        kernel = _product(variables.sizes(kernel, len(kernel) if isinstance(kernel, list) else 1))
        channels = _at(given, 2 if config.get("data_format") == "channels_first" and "LSTM" in name else -1)
        return count + kernel * filters * (4 * (channels + filters) if "LSTM" in name else channels)
    if "units" in config:
        units = variables.whole(config["units"])
        return count + units * (last + (units if RECURRENT.search(name) else 0))
    if "input_dim" in config and "output_dim" in config:
        return count + variables.whole(config["input_dim"]) * variables.whole(config["output_dim"])
    return count


def _inside(config: Config, given: Shape, clock: Clock, depth: int) -> int:
    """The layers in a layer's arguments: a list of them works one after the other, as far as is known."""
    count = 0
    for value in config.values():
        flow = given
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict) and isinstance(inner.get("config"), dict) and "class_name" in inner:
                count += _parameters(inner, flow, clock, depth + 1)
                flow = _after(inner, flow)
    return count


def _einsum(config: Config, given: Shape) -> int:
    """`ab,bc->ac`: the kernel's letters, as far as the input and the output tell their size."""
    left, _, out = config["equation"].partition("->")
    into, _, kernel = left.partition(",")
    known = dict[str, Any]()
    for letters, shape in ((into, given), (out, _einsum_shape(config, given))):
        pairs = zip(reversed(letters), reversed(shape), strict=False) if "..." in letters[:3] else zip(
            letters, shape, strict=False)  # fmt: skip
        known.update((letter, size) for letter, size in pairs if letter.isalpha())
    return _product(known.get(letter) if type(known.get(letter)) is int else None for letter in kernel)


def _einsum_shape(config: Config, given: Shape) -> Shape:
    shape = config["output_shape"]
    return [given[0], *(shape if isinstance(shape, list) else [variables.whole(shape)])]


def _after(layer: Any, given: Shape) -> Shape:
    """What comes out; what goes in, where the class is not known."""
    config, name = (layer.get("config"), layer.get("class_name")) if isinstance(layer, dict) else (None, None)
    if not isinstance(config, dict):
        return given
    first = config.get("batch_input_shape", config.get("batch_shape"))
    if isinstance(first, list) and _is_shape(first):
        given = list(first)
    if isinstance(config.get("layers"), list):
        return _last_of(config["layers"], given)
    try:
        return _known(str(name), config, given)[:AXES]
    except MADE_UP:
        return given


def _last_of(layers: list[Any], given: Shape) -> Shape:
    for layer in layers:
        if isinstance(layer, dict) and isinstance(layer.get("config"), dict) and not layer["config"].get("layers"):
            given = _after(layer, given)
    return given


def _known(name: str, config: Config, given: Shape) -> Shape:
    if name == "Dense":
        return [*given[:-1], variables.whole(config["units"])]
    if name == "EinsumDense":
        return _einsum_shape(config, given)
    if name == "Flatten":
        return [given[0], _size(given)]
    if name == "Reshape":
        return [given[0], *(each if each != -1 else UNKNOWN for each in config["target_shape"])]
    if name == "Permute":
        return [given[0], *(given[each] for each in config["dims"])]
    if name == "RepeatVector":
        return [given[0], variables.whole(config["n"]), _at(given, -1)]
    if name == "Embedding":
        return [*given, variables.whole(config["output_dim"])]
    if name in ("CategoryEncoding", "Hashing", "HashedCrossing", "Discretization"):
        return _encoded(config, given, "num_tokens" if name == "CategoryEncoding" else "num_bins")
    if name in ("Resizing", "CenterCrop", "RandomCrop"):
        return _picture(config, given, [variables.whole(config["height"]), variables.whole(config["width"])])
    if name in ("SimpleRNNCell", "GRUCell", "LSTMCell"):
        return [given[0], variables.whole(config["units"])]
    if name in ("LSTM", "GRU", "SimpleRNN", "RNN", "CuDNNLSTM", "CuDNNGRU"):
        cell = config.get("cell")
        last = _at(_after(cell, [given[0], _at(given, -1)]), -1) if isinstance(cell, dict) else variables.whole(
            config["units"])  # fmt: skip
        return [*given[:2], last] if config.get("return_sequences") else [given[0], last]
    if name == "StackedRNNCells":
        for cell in config["cells"]:
            given = _after(cell, given)
        return given
    if name == "Bidirectional":
        made = _after(config["layer"], given)
        return [*made[:-1], 2 * _at(made, -1)]
    if name == "TimeDistributed":
        return [*given[:2], *_after(config["layer"], [given[0], *given[2:]])[1:]]
    if name == "SpectralNormalization":
        return _after(config["layer"], given)
    if name.startswith("Global"):
        return [given[0], _at(given, -1)]
    if name.startswith("ConvLSTM"):
        made = _spatial(name, config, [given[0], *given[2:]])
        return [*given[:2], *made[1:]] if config.get("return_sequences") else made
    if re.search("Conv|Pooling|UpSampling|ZeroPadding|Cropping", name):
        return _spatial(name, config, given)
    return given


def _encoded(config: Config, given: Shape, tokens: str) -> Shape:
    """One number becomes as many as there are tokens, where they are not told by their number."""
    if config.get("output_mode", "multi_hot" if tokens == "num_tokens" else "int") == "int":
        return given
    size = variables.whole(config[tokens])
    kept = len(given) if config.get("output_mode") == "one_hot" and _at(given, -1) != 1 else max(1, len(given) - 1)
    return [*given[:kept], size]


def _picture(config: Config, given: Shape, space: Shape) -> Shape:
    """Its places are replaced, its channels kept."""
    if len(given) != len(space) + 2:
        return given
    if config.get("data_format") == "channels_first":
        return [*given[:2], *space]
    return [given[0], *space, given[-1]]


def _spatial(name: str, config: Config, given: Shape) -> Shape:
    found = re.search(r"(\d)D", name)
    rank = int(found.group(1)) if found else 0
    if len(given) != rank + 2:
        return given
    first = config.get("data_format") == "channels_first"
    space = list(given[2:] if first else given[1:-1])
    if "output_size" in config:
        return _picture(config, given, list(variables.sizes(config["output_size"], rank)))
    for key, sign in (("padding", 1), ("cropping", -1)):
        if name.startswith(("ZeroPadding", "Cropping")) and key in config:
            space = [each + sign * sum(edge) if type(each) is int else each
                     for each, edge in zip(space, _edges(config[key], rank), strict=True)]  # fmt: skip
            return _picture(config, given, space)
    grows = "Transpose" in name or "UpSampling" in name
    strides = config.get("size") or config.get("strides") or config.get("pool_size") or 1
    steps = variables.sizes(strides, rank)
    for at, step in enumerate(steps):
        if type(space[at]) is int:
            space[at] = min(MOST, space[at] * step) if grows else -(-space[at] // step)
    channels = _at(given, 1 if first else -1)
    if "filters" in config:
        channels = variables.whole(config["filters"])
    elif "Depthwise" in name:
        channels *= variables.whole(config.get("depth_multiplier", 1))
    return [given[0], channels, *space] if first else [given[0], *space, channels]


def _edges(value: Any, rank: int) -> list[tuple[int, ...]]:
    """What is put on, or taken off, at both ends of each axis."""
    if rank == 1 and isinstance(value, list):
        value = [value]
    if not isinstance(value, list):
        value = [value] * rank
    return [variables.sizes(each, 2) for each in value]
