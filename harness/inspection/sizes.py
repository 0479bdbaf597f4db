"""How many parameters a config asks for, where it does not say what its layers were built on: a rough upper path.

Configs without `build_config` (Keras 2, JSON written by hand) leave open what flows into a layer. Here the shapes are
carried from layer to layer, so that two layers of a million units are a million times a million. A class that is not
known passes on what it is given, and has at least what its arguments and the layers in them ask for. Good enough to
know a bomb; the comparison with the weights does not use it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from harness.inspection import graph, variable_rows, variables
from harness.inspection.clock import Clock
from harness.inspection.shapes import (
    AXES,
    MADE_UP,
    UNKNOWN,
    Config,
    Shape,
    along,
    comes_out,
    einsum_shape,
    is_shape,
    layers_in,
    own_input,
    product,
    size_of,
    units_of,
)

MERGING = frozenset({"Concatenate"})
DEEPEST = 100  # layers in layers; the JSON of a config is not deeper
RECURRENT = re.compile("LSTM|GRU|RNN")
STEP, FEW_STEPS = 4000, 1000  # how many parameters a step that is unrolled is held for, and how many are for nothing
ONE_WAY = frozenset({"ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "GRU", "LSTM", "RNN", "SimpleRNN"})
# What comes out of them is known, and not only that it is no more.
EXACT = frozenset(
    {
        "Activation", "ActivityRegularization", "Add", "AlphaDropout", "BatchNormalization", "Dense", "Dropout", "ELU",
        "Embedding", "Flatten", "GaussianDropout", "GaussianNoise", "InputLayer", "LayerNormalization", "LeakyReLU",
        "Masking", "Multiply", "Normalization", "PReLU", "Permute", "ReLU", "RepeatVector", "Rescaling", "Softmax",
        "Subtract", "UnitNormalization",
    }
)  # fmt: skip
# The width of what they are called on is that of their kernel: the last, or, where there are channels, theirs.
OF_WIDTH = {"Dense": False} | dict.fromkeys(("GRU", "LSTM", "SimpleRNN"), False) | dict.fromkeys(
    ("Conv1D", "Conv1DTranspose", "Conv2D", "Conv2DTranspose", "Conv3D", "Conv3DTranspose", "DepthwiseConv1D",
     "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D"), True)  # fmt: skip


class Seen:
    """What a walk through a model has found beside its parameters."""

    def __init__(self) -> None:
        self.mismatched: list[str] = []  # where something else flows into a layer than it was built on
        self.inputs: dict[
            int, Shape
        ] = {}  # what flows into a layer, where that is known, by the identity of its config


def total(config: Config, clock: Clock, seen: Seen | None = None) -> int:
    """The parameters of a model's config."""
    return _model(config, [None], clock, 0, seen)[0]


def alone(layer: Config, given: Shape, clock: Clock) -> int:
    """The parameters of one layer, or of one model, that is built on this."""
    return _parameters(layer, given[:AXES], clock, 0)


def _model(config: Config, given: Shape, clock: Clock, depth: int, seen: Seen | None = None) -> tuple[int, Shape]:
    """Of a model the parameters, and what comes out of it where this goes in."""
    count, flows, sure = 0, dict[str, Shape](), set[str]()
    spread = set[str]()  # what may come wider of them, since what they add up differs in shape
    last, known, wider = given, False, False
    for layer, taken in in_order(layers_in(config) or [], clock) if depth <= 50 else ():
        clock.tick()
        names = [key for key in taken if key in flows]
        if names:
            last = _merged(layer, [flows[key] for key in names])
            # A layer that is called more than once has the widest of its shapes here, which is not that of each call.
            known = sure.issuperset(names) and len(layer["inbound_nodes"]) == 1
            wider = not spread.isdisjoint(names) or any(flows[key] != last for key in names)
        own = own_input(layer)
        if own is not None:
            wider = False
            if seen is not None:
                seen.inputs[id(layer)] = own
        elif seen is not None and known and not wider:
            seen.mismatched += _mismatch(layer, last)
            seen.inputs[id(layer)] = last
        more, last, known = _through(layer, last, known, clock, depth, seen)
        count += more
        name = name_of(layer)
        if isinstance(name, str):
            flows[name] = last
            (sure.add if known else sure.discard)(name)
            (spread.add if wider else spread.discard)(name)
    inner = config.get("config")
    ends = graph.sources(inner.get("output_layers")) if isinstance(inner, dict) else ()
    found = [flows[key] for key, _ in ends if key in flows]
    return count, max(found, key=size_of) if found else last


def name_of(layer: Config) -> Any:
    inner = layer["config"]
    return layer.get("name", inner.get("name") if isinstance(inner, dict) else None)


def in_order(listed: list[Any], clock: Clock) -> list[tuple[Config, list[str]]]:
    """The layers, each after those whose output it takes, as Keras calls them; with the names of those."""
    layers: list[tuple[Config, list[str]]] = []
    by_name: dict[Any, int] = {}
    for each in listed:
        clock.tick()
        if isinstance(each, dict) and isinstance(each.get("config"), dict | list):
            by_name.setdefault(name_of(each) if isinstance(name_of(each), str) else None, len(layers))
            layers.append((each, [key for key, _ in graph.sources(each.get("inbound_nodes"))]))
    before = [{by_name[key] for key in names if key in by_name} - {at} for at, (_, names) in enumerate(layers)]
    after: dict[int, list[int]] = {}
    for at, found in enumerate(before):
        for source in found:
            after.setdefault(source, []).append(at)
    left = [len(found) for found in before]
    order = [at for at, count in enumerate(left) if not count]
    for source in order:  # it grows
        for at in after.get(source, ()):
            left[at] -= 1
            if not left[at]:
                order.append(at)
    done = set(order)  # those of a cycle are left: a layer may be called on what comes of its own output
    return [layers[at] for at in [*order, *(at for at in range(len(layers)) if at not in done)]]


def _mismatch(layer: Config, given: Shape) -> Iterator[str]:
    """Is what flows in wide as what the layer was built on? Its kernel fits nothing else."""
    built, name = variables.input_shape(layer), variables.built_in(layer)
    if name not in OF_WIDTH or not is_shape(built) or "module" not in layer:  # Keras 2 builds on what comes
        return
    config = layer["config"]
    if not isinstance(config, dict):
        return
    first = OF_WIDTH[name] and config.get("data_format") == "channels_first"
    if OF_WIDTH[name] and len(given) != len(built):
        return
    wanted, found = (shape[1 if first and len(shape) > 1 else -1] for shape in (built, given))
    if type(wanted) is type(found) is int and wanted != found:
        yield f"{name_of(layer)} was built on {wanted} channels, and is given {found}"


def _through(
    layer: Config, given: Shape, known: bool, clock: Clock, depth: int, seen: Seen | None = None
) -> tuple[int, Shape, bool]:
    """A layer's parameters, what comes out of it, and whether that is known to be so and no less."""
    own = own_input(layer)
    if own is not None:
        given, known = own, True
    if layers_in(layer) is not None:
        return *_model(layer, given, clock, depth + 1, seen), False
    built = variables.input_shape(layer)
    if is_shape(built):
        # Keras 2 builds on what comes, whatever stands here, where no module is named, which Keras 3 would not write.
        given = max(built, given, key=size_of) if known or "module" not in layer else built
    given = given[:AXES]
    known = known and variables.built_in(layer) in EXACT
    return _parameters(layer, given, clock, depth), comes_out(layer, given, clock)[:AXES], known


def _merged(layer: Config, shapes: list[Shape]) -> Shape:
    widest = max(shapes, key=lambda shape: (len(shape), size_of(shape)))
    if str(layer.get("class_name")) in MERGING and all(shapes):
        return [*widest[:-1], sum(along(shape, -1) for shape in shapes)]
    return widest


def _parameters(layer: Config, given: Shape, clock: Clock, depth: int) -> int:
    if layers_in(layer) is not None:
        return _model(layer, own_input(layer) or given, clock, depth + 1)[0]
    if not isinstance(layer.get("config"), dict):
        return 0
    shape = given if len(given) > 1 else None
    try:
        asked = variables.plainly(layer, shape)  # quantized ones have no more, and their shapes are known in part
        if asked is None:
            asked = variables.of(layer, shape)
        if asked is None:
            count = _least(layer, given, clock, depth)
        else:
            count = sum(product(each.shape or ()) for each in asked if not each.again)
        return count + _adapter(layer["config"], asked, given) + _steps(layer, given) + _state(layer, given, clock)
    except MADE_UP:
        return 0


def _adapter(config: Config, asked: Any, given: Shape) -> int:
    """LoRA: two kernels of so many columns beside the layer's own."""
    rank = config.get("lora_rank")
    if rank is None:
        return 0
    kernel = asked[0].shape if asked else (along(given, -1), UNKNOWN)
    return variable_rows.whole(rank) * sum(each if type(each) is int else UNKNOWN for each in kernel or ())


def _steps(layer: Config, given: Shape) -> int:
    """Keras 2 writes a graph for each step that it unrolls, when the layer is called first, which is on loading."""
    config, name = layer["config"], str(layer.get("class_name"))
    if name == "Bidirectional" and isinstance(config.get("layer"), dict):
        inner = config["layer"]
        return 2 * _steps(inner, given) if inner.get("class_name") in ONE_WAY else 0
    if not config.get("unroll") or not RECURRENT.search(name) or len(given) < 3:
        return 0
    return STEP * max(0, along(given, 1) - FEW_STEPS)


def _state(layer: Config, given: Shape, clock: Clock) -> int:
    """What a stateful layer keeps for each of a batch."""
    config, name = layer["config"], str(layer.get("class_name"))
    if name == "Bidirectional" and isinstance(config.get("layer"), dict):
        inner = config["layer"]
        return 2 * _state(inner, given, clock) if inner.get("class_name") in ONE_WAY else 0
    if not config.get("stateful") or not RECURRENT.search(name):
        return 0
    cell = config.get("cell")
    if not isinstance(cell, dict):
        return 2 * product(comes_out({**layer, "config": {**config, "return_sequences": False}}, given, clock))
    cells = cell["config"]["cells"] if cell.get("class_name") == "StackedRNNCells" else [cell]
    return sum(2 * product([given[0], units_of(each, given, clock)]) for each in cells)


def _least(layer: Config, given: Shape, clock: Clock, depth: int) -> int:
    """Of a layer whose weights are not computed: what its arguments name, and the layers that stand in them."""
    config, name = layer["config"], variables.built_in(layer)
    timed = name == "TimeDistributed"  # what it wraps is called on each of the second axis
    count = _inside(config, given, clock, depth, timed=timed) if depth < DEEPEST else 0
    if name is None:
        return count
    last = along(given, -1)
    if name in ("BatchNormalization", "SyncBatchNormalization", "Normalization"):
        axes = config.get("axis", -1)
        axes = axes if isinstance(axes, list) else [] if axes is None else [axes]
        each = product(along(given, axis) for axis in axes)
        return count + 1 + (2 if name == "Normalization" else 7 if config.get("renorm") else 4) * each
    if name == "EinsumDense":
        return count + _einsum(config, given)
    if "filters" in config:
        filters, kernel = variable_rows.whole(config["filters"]), config["kernel_size"]
        kernel = product(variable_rows.sizes(kernel, len(kernel) if isinstance(kernel, list) else 1))
        channels = along(given, 2 if config.get("data_format") == "channels_first" and "LSTM" in name else -1)
        return count + kernel * filters * (4 * (channels + filters) if "LSTM" in name else channels)
    if "units" in config:
        units = variable_rows.whole(config["units"])
        return count + units * (last + (units if RECURRENT.search(name) else 0))
    if "input_dim" in config and "output_dim" in config:
        return count + variable_rows.whole(config["input_dim"]) * variable_rows.whole(config["output_dim"])
    return count


def _inside(config: Config, given: Shape, clock: Clock, depth: int, *, timed: bool) -> int:
    """The layers in a layer's arguments: a list of them works one after the other, as far as is known."""
    count = 0
    if timed and len(given) > 2:
        given = [given[0], *given[2:]]
    for value in config.values():
        flow = given
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict) and isinstance(inner.get("config"), dict | list) and "class_name" in inner:
                count += _parameters(inner, flow, clock, depth + 1)
                flow = comes_out(inner, flow, clock)
    return count


def _einsum(config: Config, given: Shape) -> int:
    """`ab,bc->ac`: the kernel's letters, as far as the input and the output tell their size."""
    left, _, out = config["equation"].partition("->")
    into, _, kernel = left.partition(",")
    known = dict[str, Any]()
    for letters, shape in ((into, given), (out, einsum_shape(config, given))):
        pairs = zip(reversed(letters), reversed(shape), strict=False) if "..." in letters[:3] else zip(
            letters, shape, strict=False)  # fmt: skip
        known.update((letter, size) for letter, size in pairs if letter.isalpha())
    return product(known.get(letter) if type(known.get(letter)) is int else None for letter in kernel)
