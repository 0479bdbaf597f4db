"""What comes out of a layer where this goes in: shapes carried on, as far as a config tells them.

A class that is not known passes on what it is given. Good enough to know a bomb, and for nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from harness.inspection import variable_rows
from harness.inspection.clock import Clock
from harness.inspection.variable_rows import Dim, Odd

Config = dict[str, Any]
Shape = list[Any]
UNKNOWN = 1  # a dimension that nobody tells counts as little as can be
MOST = 10**30  # more than any limit; numbers that grow from layer to layer take time
AXES = 254  # the most that TensorFlow has; a shape that grows with each layer takes memory
LOOKUPS = frozenset({"IntegerLookup", "StringLookup", "TextVectorization"})
# What comes of arguments that no layer has: `references` reports them, here they count nothing.
MADE_UP = (Odd, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def comes_out(layer: Any, given: Shape, clock: Clock) -> Shape:
    """What comes out; what goes in, where the class is not known."""
    clock.tick()
    if not isinstance(layer, dict):
        return given
    given = own_input(layer) or given
    listed = layers_in(layer)
    if listed is not None:
        for inner in listed:
            given = comes_out(inner, given, clock)
        return given
    if not isinstance(layer.get("config"), dict):
        return given
    try:
        return _known(str(layer.get("class_name")), layer["config"], given, clock)[:AXES]
    except MADE_UP:
        return given


def layers_in(config: Config) -> list[Any] | None:
    """The layers of a model; None where it is none. The oldest releases write a Sequential as the list alone."""
    inner = config.get("config")
    listed = inner.get("layers") if isinstance(inner, dict) else inner
    return listed if isinstance(listed, list) else None


def own_input(layer: Config) -> Shape | None:
    """What a layer takes by its own config: the first of a model tells it, in Keras 2."""
    config = layer.get("config")
    if not isinstance(config, dict):
        return None
    shape = config.get("batch_input_shape", config.get("batch_shape"))
    return shape[:AXES] if isinstance(shape, list) and is_shape(shape) else None


def is_shape(value: Any) -> bool:
    """Sizes, each a number or none."""
    return isinstance(value, list) and bool(value) and all(each is None or type(each) is int for each in value)


def size_of(shape: Shape) -> int:
    """How many numbers a sample of this shape holds."""
    count = 1
    for each in shape[1:]:
        count = min(MOST, count * (each if type(each) is int and each > 0 else UNKNOWN))
    return count


def along(shape: Shape, axis: int) -> int:
    """The size along an axis, one where nobody tells it."""
    return shape[axis] if shape and type(shape[axis]) is int else UNKNOWN


def units_of(cell: Any, given: Shape, clock: Clock) -> int:
    """How many numbers come out of a recurrent cell, at each step of what goes in."""
    return along(comes_out(cell, [given[0], along(given, -1)], clock), -1)


def _known(name: str, config: Config, given: Shape, clock: Clock) -> Shape:
    if name == "Dense":
        return [*given[:-1], variable_rows.whole(config["units"])]
    if name == "EinsumDense":
        return einsum_shape(config, given)
    if name == "Flatten":
        return [given[0], size_of(given)]
    if name == "Reshape":
        return [given[0], *(each if each != -1 else UNKNOWN for each in config["target_shape"])]
    if name == "Permute":
        return [given[0], *(given[each] for each in config["dims"])]
    if name == "RepeatVector":
        return [given[0], variable_rows.whole(config["n"]), along(given, -1)]
    if name == "Embedding":
        return [*given, variable_rows.whole(config["output_dim"])]
    if name in ("CategoryEncoding", "Hashing", "HashedCrossing", "Discretization"):
        return _encoded(config, given, "num_tokens" if name == "CategoryEncoding" else "num_bins")
    if name in LOOKUPS:
        return _looked_up(name, config, given)
    if name == "STFTSpectrogram":
        frames = spatial("1D", {"strides": config.get("frame_step") or 1, "filters": 1}, given)[:-1]
        parts = 2 if config.get("mode") == "stft" else 1  # of each number its real and its imaginary one
        return [*frames, parts * variable_rows.frequencies(config) * along(given, -1)]
    if name in ("Resizing", "CenterCrop", "RandomCrop"):
        return _picture(config, given, [variable_rows.whole(config["height"]), variable_rows.whole(config["width"])])
    if name in ("SimpleRNNCell", "GRUCell", "LSTMCell"):
        return [given[0], variable_rows.whole(config["units"])]
    if name in ("LSTM", "GRU", "SimpleRNN", "RNN", "CuDNNLSTM", "CuDNNGRU"):
        cell = config.get("cell")
        last = units_of(cell, given, clock) if isinstance(cell, dict) else variable_rows.whole(config["units"])
        return [*given[:2], last] if config.get("return_sequences") else [given[0], last]
    if name == "StackedRNNCells":
        for cell in config["cells"]:
            given = comes_out(cell, given, clock)
        return given
    if name == "Bidirectional":
        made = comes_out(config["layer"], given, clock)
        return [*made[:-1], 2 * along(made, -1)]
    if name == "TimeDistributed":
        return [*given[:2], *comes_out(config["layer"], [given[0], *given[2:]], clock)[1:]]
    if name == "SpectralNormalization":
        return comes_out(config["layer"], given, clock)
    if name.startswith("Global"):
        return [given[0], along(given, 1 if config.get("data_format") == "channels_first" else -1)]
    if name.startswith("ConvLSTM"):
        made = spatial(name, config, [given[0], *given[2:]])
        return [*given[:2], *made[1:]] if config.get("return_sequences") else made
    if re.search("Conv|LocallyConnected|Pooling|UpSampling|ZeroPadding|Cropping", name):
        return spatial(name, config, given)
    return given


def _encoded(config: Config, given: Shape, tokens: str) -> Shape:
    """One number becomes as many as there are tokens, where they are not told by their number."""
    if config.get("output_mode", "multi_hot" if tokens == "num_tokens" else "int") == "int":
        return given
    size = variable_rows.whole(config[tokens])
    kept = len(given) if config.get("output_mode") == "one_hot" and along(given, -1) != 1 else max(1, len(given) - 1)
    return [*given[:kept], size]


def _looked_up(name: str, config: Config, given: Shape) -> Shape:
    """As many numbers as there are words, or may be."""
    words = config.get("vocabulary")
    held = len(words) + 2 if isinstance(words, list) else config.get("vocabulary_size") or UNKNOWN
    size = config.get("max_tokens") if config.get("pad_to_max_tokens") else None
    length = config.get("output_sequence_length")
    if name == "TextVectorization" and config.get("output_mode", "int") == "int":
        return max([*given[:1], length if type(length) is int else UNKNOWN], given, key=size_of)
    mode = "one_hot" if config.get("output_mode") == "one_hot" and name != "TextVectorization" else "multi_hot"
    asked = {"output_mode": "int" if config.get("output_mode", "int") == "int" else mode, "size": size or held}
    return _encoded(asked, given, "size")


def _picture(config: Config, given: Shape, space: Shape) -> Shape:
    """Its places are replaced, its channels kept."""
    if len(given) != len(space) + 2:
        return given
    if config.get("data_format") == "channels_first":
        return [*given[:2], *space]
    return [given[0], *space, given[-1]]


def spatial(name: str, config: Config, given: Shape) -> Shape:
    """What comes out of what works on places: windows, steps, and what is put on or taken off at the edges."""
    found = re.search(r"(\d)D", name)
    rank = int(found.group(1)) if found else 0
    if len(given) != rank + 2:
        return given
    first = config.get("data_format") == "channels_first"
    space = list(given[2:] if first else given[1:-1])
    if "output_size" in config:
        return _picture(config, given, list(variable_rows.sizes(config["output_size"], rank)))
    for key, sign in (("padding", 1), ("cropping", -1)):
        if name.startswith(("ZeroPadding", "Cropping")) and key in config:
            space = [each + sign * sum(edge) if type(each) is int else each
                     for each, edge in zip(space, _edges(config[key], rank), strict=True)]  # fmt: skip
            return _picture(config, given, space)
    grows = "Transpose" in name or "UpSampling" in name
    strides = config.get("size") or config.get("strides") or config.get("pool_size") or 1
    steps = variable_rows.sizes(strides, rank)
    windows = variable_rows.sizes(config.get("kernel_size") or config.get("pool_size") or 1, rank)
    apart = variable_rows.sizes(config.get("dilation_rate") or 1, rank)
    inside = "UpSampling" not in name and str(config.get("padding", "valid")).lower() == "valid"
    for at, (step, window) in enumerate(zip(steps, windows, strict=True)):
        if type(space[at]) is not int:
            continue
        beyond = (window - 1) * apart[at] if inside else 0  # the places of a window that stick out
        if grows:
            space[at] = min(MOST, space[at] * step + max(0, beyond + 1 - step if inside else 0))
        else:
            space[at] = -(-max(1, space[at] - beyond) // step)
    channels = along(given, 1 if first else -1)
    if "filters" in config:
        channels = variable_rows.whole(config["filters"])
    elif "Depthwise" in name:
        channels *= variable_rows.whole(config.get("depth_multiplier", 1))
    return [given[0], channels, *space] if first else [given[0], *space, channels]


def _edges(value: Any, rank: int) -> list[tuple[int, ...]]:
    """What is put on, or taken off, at both ends of each axis."""
    if rank == 1 and isinstance(value, list):
        value = [value]
    if not isinstance(value, list):
        value = [value] * rank
    return [variable_rows.sizes(each, 2) for each in value]


def einsum_shape(config: Config, given: Shape) -> Shape:
    """What comes out of an EinsumDense."""
    shape = config["output_shape"]
    return [given[0], *(shape if isinstance(shape, list) else [variable_rows.whole(shape)])]


def product(shape: Iterable[Dim]) -> int:
    """How many numbers a shape holds, those that nobody tells as one."""
    count = 1
    for each in shape:
        count = min(MOST, count * (each if type(each) is int else UNKNOWN))
    return count
