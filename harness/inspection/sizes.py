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
ONE_WAY = frozenset({"ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "GRU", "LSTM", "RNN", "SimpleRNN"})
LOOKUPS = frozenset({"IntegerLookup", "StringLookup", "TextVectorization"})
# What comes out of them is known, and not only that it is no more.
EXACT = frozenset(
    {
        "Activation", "ActivityRegularization", "Add", "AlphaDropout", "BatchNormalization", "Dense", "Dropout", "ELU",
        "Embedding", "Flatten", "GaussianDropout", "GaussianNoise", "InputLayer", "LayerNormalization", "LeakyReLU",
        "Masking", "Multiply", "Normalization", "PReLU", "Permute", "ReLU", "RepeatVector", "Rescaling", "Softmax",
        "Subtract", "UnitNormalization",
    }
)  # fmt: skip
# What comes of arguments that no layer has: `references` reports them, here they count nothing.
MADE_UP = (Odd, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def total(config: Config, clock: Clock) -> int:
    """The parameters of a model's config."""
    return _model(config, [None], clock, 0)[0]


def _layers(config: Config) -> list[Any] | None:
    """Of a model; None where it is none. The oldest releases write a Sequential as the list alone."""
    inner = config.get("config")
    listed = inner.get("layers") if isinstance(inner, dict) else inner
    return listed if isinstance(listed, list) else None


def _model(config: Config, given: Shape, clock: Clock, depth: int) -> tuple[int, Shape]:
    """Of a model the parameters, and what comes out of it where this goes in."""
    count, flows, sure = 0, dict[str, Shape](), set[str]()
    last, known = given, False
    for layer, taken in _in_order(_layers(config) or [], clock) if depth <= 50 else ():
        clock.tick()
        names = [key for key in taken if key in flows]
        if names:
            last = _merged(layer, [flows[key] for key in names])
            # A layer that is called more than once has the widest of its shapes here, which is not that of each call.
            known = sure.issuperset(names) and len(layer["inbound_nodes"]) == 1
        more, last, known = _through(layer, last, known, clock, depth)
        count += more
        name = _name(layer)
        if isinstance(name, str):
            flows[name] = last
            (sure.add if known else sure.discard)(name)
    inner = config.get("config")
    ends = graph.sources(inner.get("output_layers")) if isinstance(inner, dict) else ()
    found = [flows[key] for key, _ in ends if key in flows]
    return count, max(found, key=_size) if found else last


def _name(layer: Config) -> Any:
    inner = layer["config"]
    return layer.get("name", inner.get("name") if isinstance(inner, dict) else None)


def _in_order(listed: list[Any], clock: Clock) -> list[tuple[Config, list[str]]]:
    """The layers, each after those whose output it takes, as Keras calls them; with the names of those."""
    layers: list[tuple[Config, list[str]]] = []
    by_name: dict[Any, int] = {}
    for each in listed:
        clock.tick()
        if isinstance(each, dict) and isinstance(each.get("config"), dict | list):
            by_name.setdefault(_name(each) if isinstance(_name(each), str) else None, len(layers))
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


def _through(layer: Config, given: Shape, known: bool, clock: Clock, depth: int) -> tuple[int, Shape, bool]:
    """A layer's parameters, what comes out of it, and whether that is known to be so and no less."""
    own = _own(layer)
    if own is not None:
        given, known = own, True
    if _layers(layer) is not None:
        return *_model(layer, given, clock, depth + 1), False
    built = variables.input_shape(layer)
    if _is_shape(built):
        # Keras 2 builds on what comes, whatever stands here, where no module is named, which Keras 3 would not write.
        given = max(built, given, key=_size) if known or "module" not in layer else built
    given = given[:AXES]
    known = known and str(layer.get("class_name")) in EXACT
    return _parameters(layer, given, clock, depth), _after(layer, given, clock)[:AXES], known


def _own(layer: Config) -> Shape | None:
    """What a layer takes by its own config: the first of a model tells it, in Keras 2."""
    config = layer.get("config")
    if not isinstance(config, dict):
        return None
    shape = config.get("batch_input_shape", config.get("batch_shape"))
    return shape[:AXES] if isinstance(shape, list) and _is_shape(shape) else None


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
    if _layers(layer) is not None:
        return _model(layer, _own(layer) or given, clock, depth + 1)[0]
    shape = given if len(given) > 1 else None
    try:
        asked = variables.of(layer, shape)
        if asked is None:
            asked = variables.plainly(layer, shape)
        count = _least(layer, given, clock, depth) if asked is None else sum(_product(each) for _, each in asked)
        return count + _state(layer, given, clock)
    except MADE_UP:
        return 0


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
        return 2 * _product(_after({**layer, "config": {**config, "return_sequences": False}}, given, clock))
    cells = cell["config"]["cells"] if cell.get("class_name") == "StackedRNNCells" else [cell]
    return sum(2 * _product([given[0], _at(_after(each, [given[0], _at(given, -1)], clock), -1)]) for each in cells)


def _product(shape: Any) -> int:
    count = 1
    for each in shape:
        count = min(MOST, count * (UNKNOWN if each is None else each))
    return count


def _least(layer: Config, given: Shape, clock: Clock, depth: int) -> int:
    """Of a layer whose weights are not computed: what its arguments name, and the layers that stand in them."""
    config, name = layer["config"], variables.built_in(layer)
    timed = name == "TimeDistributed"  # what it wraps is called on each of the second axis
    count = _inside(config, given, clock, depth, timed=timed) if depth < DEEPEST else 0
    if name is None:
        return count
    last = _at(given, -1)
    if name in ("BatchNormalization", "SyncBatchNormalization", "Normalization"):
        axes = config.get("axis", -1)
        axes = axes if isinstance(axes, list) else [] if axes is None else [axes]
        each = _product(_at(given, axis) for axis in axes)
        return count + 1 + (2 if name == "Normalization" else 7 if config.get("renorm") else 4) * each
    if name == "STFTSpectrogram":
        return count + _frequencies(config) * variables.whole(config["frame_length"])
    if name.startswith("LocallyConnected"):
        return count + _local(name, config, given)
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


def _frequencies(config: Config) -> int:
    """In two kernels, or one where only half of each number is asked for."""
    length = config.get("fft_length")
    size = variables.whole(config["frame_length"] if length is None else length) // 2 + 1
    return size * (1 if config.get("mode") in ("real", "imag") else 2)


def _local(name: str, config: Config, given: Shape) -> int:
    """A kernel of its own for each place that comes out; in one way of computing, for each that goes in as well."""
    after = _spatial(name, config, given)
    first = config.get("data_format") == "channels_first"
    rank, filters, channels = len(given) - 2, variables.whole(config["filters"]), _at(given, 1 if first else -1)
    places, whence = (_product(shape[2:] if first else shape[1:-1]) for shape in (after, given))
    kernel = whence if config.get("implementation") == 2 else _product(variables.sizes(config["kernel_size"], rank))
    return places * filters * (kernel * channels + bool(config.get("use_bias", True)))


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
                flow = _after(inner, flow, clock)
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


def _after(layer: Any, given: Shape, clock: Clock) -> Shape:
    """What comes out; what goes in, where the class is not known."""
    clock.tick()
    if not isinstance(layer, dict):
        return given
    given = _own(layer) or given
    listed = _layers(layer)
    if listed is not None:
        for inner in listed:
            given = _after(inner, given, clock)
        return given
    if not isinstance(layer.get("config"), dict):
        return given
    try:
        return _known(str(layer.get("class_name")), layer["config"], given, clock)[:AXES]
    except MADE_UP:
        return given


def _known(name: str, config: Config, given: Shape, clock: Clock) -> Shape:
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
    if name in LOOKUPS:
        return _looked_up(name, config, given)
    if name == "STFTSpectrogram":
        return [*_spatial("1D", {"strides": config.get("frame_step") or 1, "filters": 1}, given)[:-1],
                _frequencies(config) * _at(given, -1)]  # fmt: skip
    if name in ("Resizing", "CenterCrop", "RandomCrop"):
        return _picture(config, given, [variables.whole(config["height"]), variables.whole(config["width"])])
    if name in ("SimpleRNNCell", "GRUCell", "LSTMCell"):
        return [given[0], variables.whole(config["units"])]
    if name in ("LSTM", "GRU", "SimpleRNN", "RNN", "CuDNNLSTM", "CuDNNGRU"):
        cell = config.get("cell")
        last = _at(_after(cell, [given[0], _at(given, -1)], clock), -1) if isinstance(cell, dict) else variables.whole(
            config["units"])  # fmt: skip
        return [*given[:2], last] if config.get("return_sequences") else [given[0], last]
    if name == "StackedRNNCells":
        for cell in config["cells"]:
            given = _after(cell, given, clock)
        return given
    if name == "Bidirectional":
        made = _after(config["layer"], given, clock)
        return [*made[:-1], 2 * _at(made, -1)]
    if name == "TimeDistributed":
        return [*given[:2], *_after(config["layer"], [given[0], *given[2:]], clock)[1:]]
    if name == "SpectralNormalization":
        return _after(config["layer"], given, clock)
    if name.startswith("Global"):
        return [given[0], _at(given, 1 if config.get("data_format") == "channels_first" else -1)]
    if name.startswith("ConvLSTM"):
        made = _spatial(name, config, [given[0], *given[2:]])
        return [*given[:2], *made[1:]] if config.get("return_sequences") else made
    if re.search("Conv|LocallyConnected|Pooling|UpSampling|ZeroPadding|Cropping", name):
        return _spatial(name, config, given)
    return given


def _encoded(config: Config, given: Shape, tokens: str) -> Shape:
    """One number becomes as many as there are tokens, where they are not told by their number."""
    if config.get("output_mode", "multi_hot" if tokens == "num_tokens" else "int") == "int":
        return given
    size = variables.whole(config[tokens])
    kept = len(given) if config.get("output_mode") == "one_hot" and _at(given, -1) != 1 else max(1, len(given) - 1)
    return [*given[:kept], size]


def _looked_up(name: str, config: Config, given: Shape) -> Shape:
    """As many numbers as there are words, or may be."""
    words = config.get("vocabulary")
    held = len(words) + 2 if isinstance(words, list) else config.get("vocabulary_size") or UNKNOWN
    size = config.get("max_tokens") if config.get("pad_to_max_tokens") else None
    length = config.get("output_sequence_length")
    if name == "TextVectorization" and config.get("output_mode", "int") == "int":
        return max([*given[:1], length if type(length) is int else UNKNOWN], given, key=_size)
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
    windows = variables.sizes(config.get("kernel_size") or config.get("pool_size") or 1, rank)
    apart = variables.sizes(config.get("dilation_rate") or 1, rank)
    inside = "UpSampling" not in name and str(config.get("padding", "valid")).lower() == "valid"
    for at, (step, window) in enumerate(zip(steps, windows, strict=True)):
        if type(space[at]) is not int:
            continue
        beyond = (window - 1) * apart[at] if inside else 0  # the places of a window that stick out
        if grows:
            space[at] = min(MOST, space[at] * step + max(0, beyond + 1 - step if inside else 0))
        else:
            space[at] = -(-max(1, space[at] - beyond) // step)
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
