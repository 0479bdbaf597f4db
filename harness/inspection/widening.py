"""What flows out of a layer that makes much of little: a vector repeated, a picture enlarged, numbers put around.

No weight tells of it, and it costs the file a number: it takes its memory on the first call. Counted is for one sample
what surely flows, as far as it is known: after a class that is not known it is begun anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from math import prod
from typing import Any

from harness.inspection import graph, sizes, variable_rows, variables
from harness.inspection.clock import Clock
from harness.inspection.shapes import (
    AXES,
    LOOKUPS,
    MADE_UP,
    MOST,
    Config,
    Shape,
    along,
    comes_out,
    layers_in,
    own_input,
    size_of,
)
from harness.inspection.variable_rows import whole

DEEPEST = 50
# Of these `shapes` knows what comes out, or no more than that.
KNOWN = sizes.EXACT | LOOKUPS | {
    "CategoryEncoding", "CenterCrop", "Discretization", "GRU", "HashedCrossing", "Hashing", "LSTM", "RandomCrop",
    "Reshape", "Resizing", "STFTSpectrogram", "SimpleRNN",
}  # fmt: skip
SPATIAL = re.compile(
    r"(?!Global|ConvLSTM)\w*(Conv|LocallyConnected|Pooling|UpSampling|ZeroPadding|Cropping)(?P<rank>\d)D(Transpose)?"
)
# Of several inputs the widest comes out at least.
JOINED = frozenset({"Add", "Average", "Concatenate", "Maximum", "Multiply", "Subtract"})
PICTURES = frozenset({"CenterCrop", "RandomCrop", "Resizing"})


def _tiled(config: Config, given: Shape) -> Shape:
    return [*given[:-1], along(given, -1) * _all(config.get("repeats"))]


def _repeated(config: Config, given: Shape) -> Shape:
    """A list says how often each is."""
    often = config.get("repeats")
    return [given[0], _sum(often)] if isinstance(often, list) else _tiled(config, given)


def _in_all(*keys: str) -> Callable[[Config, Shape], Shape]:
    """As much as some arguments say."""

    def found(config: Config, given: Shape) -> Shape:
        return [given[0], prod(_all(config.get(key)) for key in keys)]

    return found


def _padded(config: Config, given: Shape) -> Shape:
    edges = config["pad_width"]
    if not isinstance(edges, list) or not any(isinstance(each, list) for each in edges):
        edges = [edges]  # the same at every axis: one at least
    return [given[0], prod(1 + _sum(each) for each in edges)]


def _padded_picture(config: Config, given: Shape) -> Shape:
    high = max(_all(config.get("target_height")), 1 + _sum([config.get("top_padding"), config.get("bottom_padding")]))
    wide = max(_all(config.get("target_width")), 1 + _sum([config.get("left_padding"), config.get("right_padding")]))
    return [given[0], high, wide, 1]


def _diagonal(config: Config, given: Shape) -> Shape:
    beside = config.get("k", 0)
    return [given[0], (1 + abs(beside)) ** 2 if type(beside) is int else 1]


def _picture(config: Config, given: Shape) -> Shape:
    return [given[0], *variable_rows.sizes(config["size"], 2), 1]


# The operations of Keras that make more of what they are given.
OPERATIONS: dict[str, Callable[[Config, Shape], Shape]] = {
    **dict.fromkeys(("BroadcastTo", "Full", "Scatter"), _in_all("shape")),
    **dict.fromkeys(("Diag", "Diagflat"), _diagonal),
    **dict.fromkeys(("Linspace", "Logspace", "Geomspace"), _in_all("num")),
    **dict.fromkeys(("MultiHot", "OneHot"), _in_all("num_classes")),
    **dict.fromkeys(("IRFFT", "RFFT", "STFT"), _in_all("fft_length")),
    **dict.fromkeys(("SegmentMax", "SegmentSum"), _in_all("num_segments")),
    "Bincount": _in_all("minlength"),
    "ExtractPatches": _in_all("size"),
    "Histogram": _in_all("bins"),
    "ISTFT": _in_all("length"),
    "Pad": _padded,
    "PadImages": _padded_picture,
    "Repeat": _repeated,
    "Resize": _picture,
    "Tile": _tiled,
    "Vander": _in_all("N"),
}  # fmt: skip

# The same as functions, which a Lambda may call.
BY_FUNCTION = {re.sub("(?<=[a-z])(?=[A-Z])", "_", name).lower(): name for name in OPERATIONS}

# Functions of TensorFlow that Keras 2 keeps by name, as the operation that does the same: which argument, and its name
# here. They stand with the tensors that the function is called on.
FUNCTIONS = {
    "broadcast_to": ("BroadcastTo", "shape", "shape"),
    "linspace": ("Linspace", "num", "num"),
    "one_hot": ("OneHot", "depth", "num_classes"),
    "pad": ("Pad", "paddings", "pad_width"),
    "repeat": ("Repeat", "repeats", "repeats"),
    "resize": ("Resize", "size", "size"),
    "tile": ("Tile", "multiples", "repeats"),
}


def widest(config: Config, clock: Clock) -> tuple[int, str]:
    """How many numbers of one sample flow out of the layer that makes most of what it is given, and its name."""
    found = [(0, "")]
    _model(config, [None], clock, 0, found)
    return max(found)


def _model(config: Config, given: Shape, clock: Clock, depth: int, found: list[tuple[int, str]]) -> Shape:
    flows = dict[str, Shape]()
    last = given
    for layer, taken in sizes.in_order(layers_in(config) or [], clock) if depth <= DEEPEST else ():
        clock.tick()
        shapes = [flows[key] for key in taken if key in flows]
        if shapes:
            joined = len(shapes) == 1 or variables.built_in(layer) in JOINED
            last = max(shapes, key=size_of) if joined else [None, 1]
        before, last = last, _after(layer, last, clock, depth, found)
        name = sizes.name_of(layer)
        made_here = layers_in(layer) is None and layer.get("class_name") != "InputLayer"
        if made_here and size_of(last) > max(found[-1][0], size_of(before)):
            found[-1] = (size_of(last), str(name))
        if isinstance(name, str):
            flows[name] = last
    inner = config.get("config")
    ends = graph.sources(inner.get("output_layers")) if isinstance(inner, dict) else ()
    return max((flows[key] for key, _ in ends if key in flows), key=size_of, default=last)


def _after(layer: Config, given: Shape, clock: Clock, depth: int, found: list[tuple[int, str]]) -> Shape:
    """At least what comes out where at least this goes in."""
    given = own_input(layer) or given
    if layers_in(layer) is not None:
        return _model(layer, given, clock, depth + 1, found)
    name, config = variables.built_in(layer), layer.get("config")
    if name is None or not isinstance(config, dict) or depth > DEEPEST:
        return [None, 1]
    plain = {key: _plain(value) for key, value in config.items()}
    try:
        made = _known(name, plain, {**layer, "config": plain}, given, clock, depth, found)
    except MADE_UP:
        return [None, 1]
    return [min(MOST, each) if type(each) is int else None for each in made[:AXES]]


def _known(
    name: str, config: Config, layer: Config, given: Shape, clock: Clock, depth: int, found: list[tuple[int, str]]
) -> Shape:
    spatial = SPATIAL.fullmatch(name)
    if name in OPERATIONS:
        return OPERATIONS[name](config, given) if not config.get("sparse") else [None, 1]
    if name == "Lambda":
        function, arguments = config["function"]["config"], config.get("arguments") or {}
        return OPERATIONS[BY_FUNCTION[function]]({key: _plain(value) for key, value in arguments.items()}, given)
    if name == "TFOpLambda":
        return _called(str(config.get("function")), layer.get("inbound_nodes"), given, clock)
    if name in ("Bidirectional", "SpectralNormalization"):
        return _after(config["layer"], given, clock, depth + 1, found)
    if name == "TimeDistributed":
        inner = _after(
            config["layer"], [given[0], *given[2:]] if len(given) > 2 else [None, 1], clock, depth + 1, found
        )
        return [*given[:2], *inner[1:]]
    if spatial or name in PICTURES:
        rank = int(spatial["rank"]) if spatial else 2
        return comes_out(layer, given if len(given) == rank + 2 else [None] + [1] * (rank + 1), clock)
    if name in KNOWN and not config.get("sparse"):
        return comes_out(layer, given, clock)
    return [None, 1]


def _called(function: str, nodes: Any, given: Shape, clock: Clock) -> Shape:
    """What comes out of a function of TensorFlow, of the widest of its calls."""
    operation, argument, name = FUNCTIONS[function.rpartition(".")[2]]
    made: list[Shape] = [[None, 1]]
    waiting = [nodes]
    while waiting:
        clock.tick()
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, dict) and argument in value:
            made.append(OPERATIONS[operation]({name: _plain(value[argument])}, given))
    return max(made, key=size_of)


def _plain(value: Any) -> Any:
    """A list, where one is written as a tuple or an array."""
    kind = value.get("class_name") if isinstance(value, dict) else None
    if kind in ("__tuple__", "TensorShape"):
        return value.get("items")
    if kind in ("__numpy__", "__tensor__") and isinstance(value.get("config"), dict):
        return value["config"].get("value")
    return value


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _all(value: Any) -> int:
    """The product of what an argument says, an axis of which nothing is said as one."""
    return prod(max(1, whole(each)) for each in _listed(value) if each is not None)


def _sum(value: Any) -> int:
    """What is put on at both ends, one number standing for two."""
    if not isinstance(value, list):
        return 2 * whole(value)
    return sum(whole(each) for each in value if each is not None)
