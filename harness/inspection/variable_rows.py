"""The weights of a layer that has no layer inside of it, computed from its config: a function for each kind."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import prod
from typing import Any, NamedTuple


class Free(NamedTuple):
    """A dimension that the config does not tell: so many times the size of what flows in, along this axis of it."""

    axis: str
    times: int = 1
    over: int = 1


Dim = int | Free | None
Shape = tuple[Dim, ...]
Config = dict[str, Any]


class Variable(NamedTuple):
    """A weight: where it is kept below the layer, and its shape; None where that depends on more than the config."""

    inside: str
    shape: Shape | None
    name: str = ""  # where it is not called by its number
    whole: bool = False  # of whole numbers, whatever the policy is
    of_keras_2: bool = False  # kept by that alone
    again: bool = False  # kept at this place a second time
    trained: bool = True
    policy: str | None = None  # where it is not that of the layer which was asked
    size: int | None = None  # how many numbers it holds, where its shape depends on more than the config
    left_out: bool = False  # by Keras 3.14 and 3.15, which save GPTQ and AWQ without zero points
    either: tuple[Shape, ...] = ()  # what releases make of it, where they differ and `shape` is None


Variables = list[Variable]
EQUATION = r"(\.\.\.)?(?P<into>[a-zA-Z]+)(\.\.\.)?,(?P<kernel>[a-zA-Z]+)->(\.\.\.)?(?P<out>[a-zA-Z]+)(\.\.\.)?"


class Odd(ValueError):
    """An argument that no layer of that class could have."""


def without_free(shape: Shape) -> tuple[int | None, ...]:
    """A shape without what is told by the size of what flows in."""
    return tuple(size if type(size) is int else None for size in shape)


def whole(value: Any) -> int:
    """A size."""
    if type(value) is float and value.is_integer():
        return int(value)
    if type(value) is not int or value < 0:
        raise Odd(f"{value!r} is no size")
    return value


def some(value: Any) -> int:
    """A number of what there must be one of at least: units, filters."""
    if not whole(value):
        raise Odd(f"{value!r}, where there must be one")
    return whole(value)


def sizes(value: Any, rank: int) -> tuple[int, ...]:
    """A kernel's size, one for all axes or one each."""
    if isinstance(value, list):
        if len(value) != rank:
            raise Odd(f"{value!r} is no size of {rank} axes")
        return tuple(whole(each) for each in value)
    return (whole(value),) * rank


def along(shape: Any, axis: int = -1, of: str = "") -> Dim:
    """The size of what flows in along an axis."""
    if isinstance(shape, list):
        if not -len(shape) <= axis < len(shape):
            return None
        if type(shape[axis]) is int:
            return int(shape[axis])
    return Free(f"{of}{axis}")


def _channels(config: Config, shape: Any) -> Dim:
    return along(shape, 1 if config.get("data_format") == "channels_first" else -1)


def times(one: Dim, other: int) -> Dim:
    """So many times as large."""
    if isinstance(one, Free):
        return one._replace(times=one.times * other)
    return None if one is None else one * other


def _divided(one: Dim, other: int) -> Dim:
    if isinstance(one, Free):
        return one._replace(over=one.over * other)
    return None if one is None else one // other


def _of(*shapes: Shape | None) -> Variables:
    return [Variable("", shape) for shape in shapes]


def _kept(*shapes: Shape | None) -> Variables:
    """Weights that are not trained."""
    return [Variable("", shape, trained=False) for shape in shapes]


def bias(config: Config, *shape: Dim) -> Variables:
    """One more, unless the layer is told to have none."""
    return _of(shape) if config.get("use_bias", True) else []


def dense(config: Config, shape: Any) -> Variables:
    units = whole(config["units"])  # Keras 2 makes a Dense of none
    return [*_of((along(shape), units)), *bias(config, units)]


def convolution(rank: int) -> Callable[[Config, Any], Variables]:
    def found(config: Config, shape: Any) -> Variables:
        filters, groups = some(config["filters"]), whole(config.get("groups", 1)) or 1
        kernel = (*sizes(config["kernel_size"], rank), _divided(_channels(config, shape), groups), filters)
        return [*_of(kernel), *bias(config, filters)]

    return found


def transposed(rank: int) -> Callable[[Config, Any], Variables]:
    def found(config: Config, shape: Any) -> Variables:
        filters = some(config["filters"])
        return [*_of((*sizes(config["kernel_size"], rank), filters, _channels(config, shape))), *bias(config, filters)]

    return found


def depthwise(rank: int) -> Callable[[Config, Any], Variables]:
    def found(config: Config, shape: Any) -> Variables:
        into, by = _channels(config, shape), whole(config.get("depth_multiplier", 1))
        return [*_of((*sizes(config["kernel_size"], rank), into, by)), *bias(config, times(into, by))]

    return found


def separable(rank: int) -> Callable[[Config, Any], Variables]:
    def found(config: Config, shape: Any) -> Variables:
        into, by = _channels(config, shape), whole(config.get("depth_multiplier", 1))
        filters = some(config["filters"])
        pointwise = (*(1,) * rank, times(into, by), filters)
        return [*_of((*sizes(config["kernel_size"], rank), into, by), pointwise), *bias(config, filters)]

    return found


def local(rank: int) -> Callable[[Config, Any], Variables]:
    """A kernel of its own for each place that comes out; the third way of computing keeps what is not zero of it."""

    def found(config: Config, shape: Any) -> Variables:
        filters, kernel = some(config["filters"]), sizes(config["kernel_size"], rank)
        first, way = config.get("data_format") == "channels_first", config.get("implementation", 1)
        space = (shape[2:] if first else shape[1:-1]) if isinstance(shape, list) else []
        if len(space) != rank or not all(type(each) is int for each in space):
            return _of(None, *([None] if config.get("use_bias", True) else []))
        into, steps = _channels(config, shape), tuple(map(some, sizes(config.get("strides", 1), rank)))
        beyond = [0 if config.get("padding") == "same" else window - 1 for window in kernel]
        after = tuple(-(-(each - less) // step) for each, less, step in zip(space, beyond, steps, strict=True))
        own: Shape
        if way == 1:
            own = (prod(after), times(into, prod(kernel)), filters)
        elif way == 2:
            own = (into, *space, filters, *after) if first else (*space, into, *after, filters)
        else:
            pairs = zip(space, after, kernel, steps, beyond, strict=True)
            own = (times(into, filters * prod(_connections(*each) for each in pairs)),)
        return [*_of(own), *bias(config, *after, filters)]

    return found


def _connections(size: int, after: int, window: int, step: int, beyond: int) -> int:
    """How many places that go in are connected to one that comes out, for all of them: fewer at the edges."""
    count = after * window
    if not beyond and after:
        before = window // 2
        for missing in (before, (after - 1) * step + window - before - size):
            many = min(after, -(-missing // step)) if missing > 0 else 0
            count -= many * missing - step * many * (many - 1) // 2
    return count


def convolution_lstm(rank: int) -> Callable[[Config, Any], Variables]:
    def found(config: Config, shape: Any) -> Variables:
        filters, kernel = some(config["filters"]), sizes(config["kernel_size"], rank)
        into = along(shape, 2 if config.get("data_format") == "channels_first" else -1)
        made = [*_of((*kernel, into, 4 * filters), (*kernel, filters, 4 * filters)), *bias(config, 4 * filters)]
        return [each._replace(inside="cell") for each in made]

    return found


def embedding(config: Config, _: Any) -> Variables:
    return _of((whole(config["input_dim"]), whole(config["output_dim"])))


def reversible(config: Config, _: Any) -> Variables:
    size, width = whole(config["input_dim"]), whole(config["output_dim"])
    return _of((size, width), *([] if config.get("tie_weights", True) else [(width, size)]))


def einsum(config: Config, shape: Any) -> Variables | None:
    """The letters of the kernel have the sizes that they have in what comes out, or in what goes in."""
    equation, given, axes = config.get("equation"), config.get("output_shape"), config.get("bias_axes")
    found = re.fullmatch(EQUATION, equation) if isinstance(equation, str) else None
    if not isinstance(equation, str) or found is None or not isinstance(axes, str | None):
        return None
    into, kernel, out = found["into"], found["kernel"], found["out"]
    left, right = equation.startswith("..."), "...," in equation
    more = len(shape) - len(into) if isinstance(shape, list) else int(left or right)
    given = given if isinstance(given, list) else [given]
    held: dict[str, Dim] = {each: along(shape, at - len(into) if left else at) for at, each in enumerate(into)}
    for at, each in enumerate(out, 0 if left and more else -1):  # the batch is not among the sizes that are given
        if 0 <= at < len(given) and type(given[at]) is int:
            held[each] = given[at]
    if not held.keys() | set(out) >= set(kernel) or not set(out) >= set(axes or ""):
        return None
    made = _of(tuple(held.get(each) for each in kernel))
    if axes:
        first = min(map(out.index, axes))
        own = tuple(held.get(each) if each in axes else 1 for each in out[first:])
        known = isinstance(shape, list) or not right
        made += _of((*own, *(1,) * (more if right else 0)) if known else None)
    return made


def _axes(config: Config, shape: Any, default: Any = -1) -> Shape:
    axis = config.get("axis", default)
    return tuple(
        along(shape, each) if type(each) is int else None for each in (axis if isinstance(axis, list) else [axis])
    )


def batch(config: Config, shape: Any) -> Variables:
    axis, known = config.get("axis", -1), isinstance(shape, list)
    deeper = 1 if config.get("virtual_batch_size") else 0  # batches in batches: one axis more
    size: Shape | None = _axes(config, shape)
    if deeper or (isinstance(axis, list) and len(axis) != 1):  # of Keras 2
        rank = len(shape) + deeper if known and shape else 0
        axes = {each % rank for each in axis if type(each) is int} if rank and isinstance(axis, list) else set()
        size = tuple(along(shape, at - deeper) if at in axes else 1 for at in range(rank)) if axes else None
    trained = bool(config.get("scale", True)) + bool(config.get("center", True))
    return [*_of(*[size] * trained), *_kept(*[size] * (5 if config.get("renorm") else 2))]


def layer_norm(config: Config, shape: Any) -> Variables:
    rms = bool(config.get("rms_scaling"))
    scaled = rms or bool(config.get("scale", True))
    return _of(*[_axes(config, shape)] * (scaled + (not rms and bool(config.get("center", True)))))


def layer_scale(config: Config, _: Any) -> Variables:
    """Of ConvNeXt."""
    return _of((whole(config["projection_dim"]),))


def group_norm(config: Config, shape: Any) -> Variables:
    return _of(*[_axes(config, shape)] * (bool(config.get("scale", True)) + bool(config.get("center", True))))


def rms_norm(config: Config, shape: Any) -> Variables:
    return _of(_axes(config, shape))


def normalization(config: Config, shape: Any) -> Variables:
    """What was adapted, unless it is given; and of how many samples."""
    if config.get("mean") is not None:
        return []
    axis = config.get("axis", -1)
    listed = axis if isinstance(axis, list) else [] if axis is None else [axis]
    if isinstance(shape, list):  # the axes as they come, however they are listed
        listed = sorted(each % max(1, len(shape)) if type(each) is int else 0 for each in listed)
    size = _axes({"axis": listed}, shape) if isinstance(shape, list) or len(listed) < 2 else (None,) * len(listed)
    return [*_kept(size, size), Variable("", (), whole=True, trained=False)]


def prelu(config: Config, shape: Any) -> Variables:
    listed = config.get("shared_axes") or []
    if not isinstance(shape, list) or not isinstance(listed, list):
        return _of(None)
    shared = {each for each in listed if type(each) is int}
    return _of(tuple(1 if at in shared else along(shape, at) for at in range(1, len(shape))))


def recurrent(gates: int, below: str) -> Callable[[Config, Any], Variables]:
    def found(config: Config, shape: Any) -> Variables:
        units = some(config["units"])
        made = _of((along(shape), gates * units), (units, gates * units))
        if config.get("use_bias", True):
            twice = gates == 3 and config.get("reset_after", True)
            made += _of((2, gates * units) if twice else (gates * units,))
        return [each._replace(inside=below) for each in made]

    return found


def scores(config: Config, _: Any) -> Variables:
    """Of a dot-product attention: a scale, and one for what is concatenated."""
    return _of(*[()] * (bool(config.get("use_scale")) + (config.get("score_mode") == "concat")))


def additive(config: Config, shape: Any) -> Variables:
    if not config.get("use_scale", True):
        return []
    several = isinstance(shape, list) and len(shape) > 1 and all(isinstance(each, list) for each in shape)
    query, value = (along(each) for each in shape[:2]) if several else (None, None)
    # Keras 3 goes by the first, Keras 2 by the second; that one writes its policy as a word.
    return _of((query if query == value or isinstance(config.get("dtype"), dict) else None,))


def attention(config: Config, shape: Any) -> Variables:
    query, value, key = attended(shape)
    if config.get("query_shape") is not None:  # as Keras 2 writes them
        query, value, key = (config.get(f"{each}_shape") for each in ("query", "value", "key"))
    heads, size = whole(config["num_heads"]), whole(config["key_dim"])
    deep = whole(config["value_dim"]) if config.get("value_dim") is not None else size
    asked = config.get("output_shape")
    out: Shape = (along(query, of="query"),) if asked in (None, []) else _listed(asked)
    widths = (("query_dense", along(query, of="query"), heads, size),
              ("key_dense", along(key or value, of="key"), heads, size),
              ("value_dense", along(value, of="value"), heads, deep))  # fmt: skip
    gate = ("gate_dense", along(query, of="query"), heads, deep) if config.get("use_gate") else None
    return _attending(config, [*widths, *([gate] if gate else [])], (heads, deep), out)


def grouped(config: Config, shape: Any) -> Variables:
    query, value, key = attended(shape)
    size, heads, shared = (whole(config[each]) for each in ("head_dim", "num_query_heads", "num_key_value_heads"))
    into = along(query, of="query")
    widths = (("query_dense", into, heads, size), ("key_dense", along(key or value, of="key"), shared, size),
              ("value_dense", along(value, of="value"), shared, size))  # fmt: skip
    gate = ("gate_dense", into, heads, size) if config.get("use_gate") else None
    return _attending(config, [*widths, *([gate] if gate else [])], (heads, size), (into,))


def _attending(config: Config, widths: Any, last: tuple[int, int], out: Shape) -> Variables:
    made: Variables = []
    for name, into, heads, size in widths:
        made += [each._replace(inside=name) for each in (*_of((into, heads, size)), *bias(config, heads, size))]
    after = [*_of((*last, *out)), *bias(config, *out)]
    return [*made, *(each._replace(inside="output_dense") for each in after)]


def _listed(value: Any) -> Shape:
    return tuple(each if type(each) is int else None for each in (value if isinstance(value, list) else [value]))


def attended(shape: Any) -> tuple[Any, Any, Any]:
    """The shapes of the query, the value and the key that an attention was built on."""
    if not isinstance(shape, dict):
        return shape, shape, None
    return shape.get("query_shape"), shape.get("value_shape"), shape.get("key_shape")


def spectrogram(config: Config, _: Any) -> Variables:
    """Its real and its imaginary kernel, or the one that is asked for; they are made, and kept, like weights."""
    return _of(*[(whole(config["frame_length"]), 1, frequencies(config))]
               * (1 if config.get("mode") in ("real", "imag") else 2))  # fmt: skip


def frequencies(config: Config) -> int:
    """How many of them there are in a frame, which is filled up to a power of two where nothing else is said."""
    length = config.get("fft_length")
    if not length:
        length = 1 << max(0, some(config["frame_length"]) - 1).bit_length()
    return whole(length) // 2 + 1


def bins(config: Config, _: Any) -> Variables:
    """What Keras 2 keeps while it learns where the bins end."""
    return [] if config.get("bin_boundaries") else [Variable("", (2, None), of_keras_2=True, trained=False)]


def words(config: Config, _: Any) -> Variables:
    """How rare each word is, where that is asked for."""
    if config.get("output_mode") not in ("tf_idf", "tf-idf"):
        return []
    many = config.get("max_tokens" if config.get("pad_to_max_tokens") else "vocabulary_size")
    return [Variable("", (many if type(many) is int else None,), name="idf_weights", trained=False)]


def texts(config: Config, shape: Any) -> Variables:
    """The same, also kept by the lookup inside."""
    found = words(config, shape)
    return [*found, *(each._replace(inside="_lookup_layer", again=True) for each in found)]
