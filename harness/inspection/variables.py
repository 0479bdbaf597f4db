"""The weights that a layer must have, computed from its config: a row per class, for the common layers.

A weight is (path below the layer, shape); a dimension that the config does not tell is None. A class without a row is
not computed, and the report says so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.inspection import exports

Shape = tuple[int | None, ...]
Variables = list[tuple[str, Shape]]
Config = dict[str, Any]

NONE = frozenset(
    """InputLayer Flatten Reshape Permute RepeatVector Activation ReLU Softmax LeakyReLU ELU ThresholdedReLU Add
    Subtract Multiply Average Maximum Minimum Concatenate Dot Dropout SpatialDropout1D SpatialDropout2D SpatialDropout3D
    GaussianDropout GaussianNoise AlphaDropout MaxPooling1D MaxPooling2D MaxPooling3D AveragePooling1D AveragePooling2D
    AveragePooling3D GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D GlobalAveragePooling1D
    GlobalAveragePooling2D GlobalAveragePooling3D
    ZeroPadding1D ZeroPadding2D ZeroPadding3D Cropping1D Cropping2D
    Cropping3D UpSampling1D UpSampling2D UpSampling3D Masking ActivityRegularization Lambda Rescaling Resizing
    CenterCrop Identity UnitNormalization TFOpLambda SlicingOpLambda ClassMethod InstanceMethod
    InstanceProperty""".split()
)  # fmt: skip


# Not computed, and never without a weight.
WITH_WEIGHTS = frozenset(
    """ConvLSTM1D ConvLSTM2D ConvLSTM3D EinsumDense GroupQueryAttention LocallyConnected1D LocallyConnected2D
    ReversibleEmbedding""".split()
)

RECURRENT = ("GRU", "LSTM", "SimpleRNN")


class Odd(ValueError):
    """An argument that no layer of that class could have."""


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


def _last(shape: Any, axis: int = -1) -> int | None:
    try:
        found = shape[axis]
    except (TypeError, IndexError, KeyError):
        return None
    return found if type(found) is int else None


def _channels(config: Config, shape: Any) -> int | None:
    return _last(shape, 1 if config.get("data_format") == "channels_first" else -1)


def _bias(config: Config, *shape: int | None) -> Variables:
    return [("", shape)] if config.get("use_bias", True) else []


def _times(one: int | None, other: int) -> int | None:
    return None if one is None else one * other


def _dense(config: Config, shape: Any) -> Variables:
    units = whole(config["units"])  # Keras 2 makes a Dense of none
    return [("", (_last(shape), units)), *_bias(config, units)]


def _convolution(rank: int) -> Callable[[Config, Any], Variables]:
    def found(config: Config, shape: Any) -> Variables:
        filters, groups = some(config["filters"]), whole(config.get("groups", 1)) or 1
        into = _channels(config, shape)
        kernel = (*sizes(config["kernel_size"], rank), None if into is None else into // groups, filters)
        return [("", kernel), *_bias(config, filters)]

    return found


def _transposed(rank: int) -> Callable[[Config, Any], Variables]:
    def found(config: Config, shape: Any) -> Variables:
        filters = some(config["filters"])
        return [("", (*sizes(config["kernel_size"], rank), filters, _channels(config, shape))), *_bias(config, filters)]

    return found


def _depthwise(rank: int) -> Callable[[Config, Any], Variables]:
    def found(config: Config, shape: Any) -> Variables:
        into, by = _channels(config, shape), whole(config.get("depth_multiplier", 1))
        return [("", (*sizes(config["kernel_size"], rank), into, by)), *_bias(config, _times(into, by))]

    return found


def _separable(rank: int) -> Callable[[Config, Any], Variables]:
    def found(config: Config, shape: Any) -> Variables:
        into, by = _channels(config, shape), whole(config.get("depth_multiplier", 1))
        filters = some(config["filters"])
        pointwise = (*(1,) * rank, _times(into, by), filters)
        return [("", (*sizes(config["kernel_size"], rank), into, by)), ("", pointwise), *_bias(config, filters)]

    return found


def _embedding(config: Config, _: Any) -> Variables:
    return [("", (whole(config["input_dim"]), whole(config["output_dim"])))]


def _axes(config: Config, shape: Any, default: int = -1) -> Shape:
    axis = config.get("axis", default)
    return tuple(
        _last(shape, each) if type(each) is int else None for each in (axis if isinstance(axis, list) else [axis])
    )


def _batch(config: Config, shape: Any) -> Variables | None:
    axis = config.get("axis")
    if config.get("renorm") or config.get("virtual_batch_size") or (isinstance(axis, list) and len(axis) != 1):
        return None
    size = _axes(config, shape)
    return [("", size)] * (bool(config.get("scale", True)) + bool(config.get("center", True)) + 2)


def _layer_norm(config: Config, shape: Any) -> Variables:
    rms = bool(config.get("rms_scaling"))
    scaled = rms or bool(config.get("scale", True))
    return [("", _axes(config, shape))] * (scaled + (not rms and bool(config.get("center", True))))


def _group_norm(config: Config, shape: Any) -> Variables:
    return [("", _axes(config, shape))] * (bool(config.get("scale", True)) + bool(config.get("center", True)))


def _rms(config: Config, shape: Any) -> Variables:
    return [("", _axes(config, shape))]


def _prelu(config: Config, shape: Any) -> Variables | None:
    listed = config.get("shared_axes") or []
    if not isinstance(shape, list) or not isinstance(listed, list):
        return None
    shared = {each for each in listed if type(each) is int}
    return [("", tuple(1 if at in shared else _last(shape, at) for at in range(1, len(shape))))]


def _recurrent(gates: int, below: str) -> Callable[[Config, Any], Variables]:
    def found(config: Config, shape: Any) -> Variables:
        units = some(config["units"])
        made: Variables = [(below, (_last(shape), gates * units)), (below, (units, gates * units))]
        if config.get("use_bias", True):
            twice = gates == 3 and config.get("reset_after", True)
            made.append((below, (2, gates * units) if twice else (gates * units,)))
        return made

    return found


def _attention(config: Config, shape: Any) -> Variables | None:
    if config.get("use_gate") or config.get("output_shape") not in (None, []):
        return None
    query, value, key = _attended(shape)
    if config.get("query_shape") is not None:  # as Keras 2 writes them
        query, value, key = (config.get(f"{each}_shape") for each in ("query", "value", "key"))
    heads, size = whole(config["num_heads"]), whole(config["key_dim"])
    deep = whole(config["value_dim"]) if config.get("value_dim") is not None else size
    biased = config.get("use_bias", True)
    made: Variables = []
    for name, into, each in (("query_dense", query, size), ("key_dense", key or value, size),
                             ("value_dense", value, deep)):  # fmt: skip
        made.append((name, (_last(into), heads, each)))
        made.extend([(name, (heads, each))] if biased else [])
    made.append(("output_dense", (heads, deep, _last(query))))
    return [*made, *([("output_dense", (_last(query),))] if biased else [])]


def _grouped(config: Config, shape: Any) -> Variables | None:
    if config.get("use_gate"):
        return None
    query, value, key = _attended(shape)
    size, heads, shared = (whole(config[each]) for each in ("head_dim", "num_query_heads", "num_key_value_heads"))
    made: Variables = []
    for name, into, count in (("query_dense", query, heads), ("key_dense", key or value, shared),
                              ("value_dense", value, shared)):  # fmt: skip
        made += [(name, (_last(into), count, size)), *((name, each) for _, each in _bias(config, count, size))]
    into = _last(query)
    return [*made, ("output_dense", (heads, size, into)), *(("output_dense", each) for _, each in _bias(config, into))]


def _attended(shape: Any) -> tuple[Any, Any, Any]:
    """The shapes of the query, the value and the key that an attention was built on."""
    if not isinstance(shape, dict):
        return shape, shape, None
    return shape.get("query_shape"), shape.get("value_shape"), shape.get("key_shape")


def _distributed(config: Config, shape: Any) -> Variables | None:
    inner = config.get("layer")
    below = [shape[0], *shape[2:]] if isinstance(shape, list) and len(shape) > 2 else None
    found = of(inner, below) if isinstance(inner, dict) else None
    return None if found is None else [(f"layer/{path}".rstrip("/"), size) for path, size in found]


def _bidirectional(config: Config, shape: Any) -> Variables | None:
    forward, backward = config.get("layer"), config.get("backward_layer") or config.get("layer")
    made: Variables = []
    for name, inner in (("forward_layer", forward), ("backward_layer", backward)):
        # Not what wraps a layer itself: twenty of them, one in the other, would have a million.
        found = of(inner, shape) if isinstance(inner, dict) and inner.get("class_name") in RECURRENT else None
        if found is None:
            return None
        made += [(f"{name}/{path}".rstrip("/"), size) for path, size in found]
    return made


ROWS: dict[str, Callable[[Config, Any], Variables | None]] = {
    "BatchNormalization": _batch,
    "Bidirectional": _bidirectional,
    "Conv1D": _convolution(1),
    "Conv1DTranspose": _transposed(1),
    "Conv2D": _convolution(2),
    "Conv2DTranspose": _transposed(2),
    "Conv3D": _convolution(3),
    "Conv3DTranspose": _transposed(3),
    "Dense": _dense,
    "DepthwiseConv1D": _depthwise(1),
    "DepthwiseConv2D": _depthwise(2),
    "Embedding": _embedding,
    "GRU": _recurrent(3, "cell"),
    "GRUCell": _recurrent(3, ""),
    "GroupNormalization": _group_norm,
    "GroupQueryAttention": _grouped,
    "LSTM": _recurrent(4, "cell"),
    "LSTMCell": _recurrent(4, ""),
    "LayerNormalization": _layer_norm,
    "MultiHeadAttention": _attention,
    "PReLU": _prelu,
    "RMSNormalization": _rms,
    "SeparableConv1D": _separable(1),
    "SeparableConv2D": _separable(2),
    "SimpleRNN": _recurrent(1, "cell"),
    "SimpleRNNCell": _recurrent(1, ""),
    "TimeDistributed": _distributed,
}


def input_shape(layer: Config) -> Any:
    """What the layer was built on, where its config says so."""
    build = layer.get("build_config")
    if not isinstance(build, dict):
        return None
    shapes = build.get("shapes_dict")
    if isinstance(shapes, dict):  # of one shape either way of writing is read
        return shapes["input_shape"] if shapes.keys() == {"input_shape"} else shapes
    return build.get("input_shape")


def policy(config: Config) -> str | None:
    """The name of the layer's dtype policy, or how it is quantized."""
    found = config.get("dtype")
    if isinstance(found, dict):
        inner = found.get("config")
        found = inner.get("name", inner.get("mode")) if isinstance(inner, dict) else None  # a mode of quantization
    return found if isinstance(found, str) else None


def _mapped(config: Config) -> bool:
    """Has each layer inside a policy of its own? How it is quantized stands there."""
    found = config.get("dtype")
    inner = found.get("config") if isinstance(found, dict) else None
    return isinstance(inner, dict) and bool(inner.get("policy_map"))


def built_in(layer: Config) -> str | None:
    """The class of Keras that a config names; None where Keras looks for one of the author's, of whatever name."""
    name, config = layer.get("class_name"), layer.get("config")
    if not isinstance(name, str):
        return None
    if "module" in layer:
        module = layer["module"]
        return name if isinstance(module, str) and module.split(".", 1)[0] == "keras" else None
    return None if exports.strange(name, config) else name


def _activated_by_weights(config: Config) -> bool:
    """May a layer with weights of its own be an activation? They are saved below the layer, once it was called."""
    for argument in ("activation", "recurrent_activation"):
        given = config.get(argument)
        if isinstance(given, dict) and given.get("class_name") != "function" and built_in(given) not in NONE:
            return True
    return False


def of(layer: Config, shape: Any = None) -> Variables | None:
    """The weights of a layer, in the order that Keras saves them; None where they are not computed. Raises Odd."""
    name, config = built_in(layer), layer.get("config")
    if name is None or not isinstance(config, dict):
        return None
    if _activated_by_weights(config):
        return None
    if name in NONE:
        return []
    if config.get("quantization_config") is not None or config.get("lora_rank") or _mapped(config):
        return None
    if any(word in (policy(config) or "") for word in ("int8", "int4", "float8", "quantized")):
        return None
    return plainly(layer, shape)


def has_some(layer: Config) -> bool:
    """Has a layer whose weights are not computed one at least, whatever its arguments are, once it is built?"""
    name, config = built_in(layer), layer.get("config")
    if name is None or not isinstance(config, dict):
        return False
    if name == "Normalization":
        return config.get("mean") is None
    if name in ("BatchNormalization", "GroupNormalization", "LayerNormalization"):
        return bool(config.get("scale", True) or config.get("center", True) or name == "BatchNormalization")
    return name in WITH_WEIGHTS or (name in ROWS and name not in ("Bidirectional", "TimeDistributed"))


def plainly(layer: Config, shape: Any = None) -> Variables | None:
    """The same, as if the layer were not quantized and had no adapter."""
    name, config = built_in(layer), layer.get("config")
    row = ROWS.get(name or "")
    if row is None or not isinstance(config, dict):
        return None
    try:
        return row(config, shape if shape is not None else input_shape(layer))
    except KeyError as error:
        raise Odd(f"{name} without {error.args[0]}") from None
