"""The weights that a layer must have, computed from its config: a row per class.

A class without a row is not computed, and the report says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from harness.inspection import exports, group_names, quantized
from harness.inspection import variable_rows as rows
from harness.inspection.shapes import is_shape
from harness.inspection.variable_rows import Config, Odd, Variable, Variables

# Without weights, and one tensor comes of most.
SINGLY = frozenset(
    """InputLayer Flatten Reshape Permute RepeatVector Activation ReLU Softmax LeakyReLU ELU ThresholdedReLU Add
    Subtract Multiply Average Maximum Minimum Concatenate Dot Dropout SpatialDropout1D SpatialDropout2D SpatialDropout3D
    GaussianDropout GaussianNoise AlphaDropout MaxPooling1D MaxPooling2D MaxPooling3D AveragePooling1D AveragePooling2D
    AveragePooling3D GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D GlobalAveragePooling1D
    GlobalAveragePooling2D GlobalAveragePooling3D
    ZeroPadding1D ZeroPadding2D ZeroPadding3D Cropping1D Cropping2D
    Cropping3D UpSampling1D UpSampling2D UpSampling3D Masking ActivityRegularization Lambda Rescaling Resizing
    CenterCrop Identity UnitNormalization TFOpLambda SlicingOpLambda ClassMethod InstanceMethod
    InstanceProperty AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D AdaptiveMaxPooling1D
    AdaptiveMaxPooling2D AdaptiveMaxPooling3D CategoryEncoding CustomScaleLayer Hashing HashedCrossing
    MelSpectrogram""".split()
)  # fmt: skip
# What comes of these are pictures alone, or a dictionary of them with their boxes and labels.
PICTURES = frozenset(
    """AugMix AutoContrast ContrastLimitedAdaptiveHistogramEqualization CutMix Equalization MaxNumBoundingBoxes MixUp
    RandAugment RandomBrightness RandomColorDegeneration RandomColorJitter RandomContrast RandomCrop
    RandomElasticTransform RandomErasing RandomFlip RandomGaussianBlur RandomGrayscale RandomHeight RandomHue
    RandomInvert RandomPerspective RandomPosterization RandomRotation RandomSaturation RandomSharpness RandomShear
    RandomTranslation RandomWidth RandomZoom Solarization""".split()
)
NONE = SINGLY | PICTURES


CELLS = frozenset({"GRUCell", "LSTMCell", "SimpleRNNCell"})
ONE_WAY = frozenset({"ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "GRU", "LSTM", "RNN", "SimpleRNN"})


def _below(name: str, inner: Any, shape: Any) -> Variables | None:
    """The weights of a layer that is kept below another."""
    found = of(inner, shape) if isinstance(inner, dict) else None
    if found is None:
        return None
    own = policy(inner["config"])
    return [each._replace(inside=f"{name}/{each.inside}".rstrip("/"), policy=each.policy or own) for each in found]


def _distributed(config: Config, shape: Any) -> Variables | None:
    inner = config.get("layer")
    below = [shape[0], *shape[2:]] if isinstance(shape, list) and len(shape) > 2 else None
    return _below("layer", inner, below)


def _bidirectional(config: Config, shape: Any) -> Variables | None:
    forward, backward = config.get("layer"), config.get("backward_layer") or config.get("layer")
    made: Variables = []
    for name, inner in (("forward_layer", forward), ("backward_layer", backward)):
        # Not what wraps a layer itself: twenty of them, one in the other, would have a million.
        way = isinstance(inner, dict) and built_in(inner) in ONE_WAY
        found = _below(name, inner, shape) if way else None
        if found is None:
            return None
        made += found
    return made


def _rnn(config: Config, shape: Any) -> Variables | None:
    if isinstance(shape, dict):
        shape = shape.get("sequences_shape", shape.get("sequence_shape"))
    elif isinstance(shape, list) and shape and isinstance(shape[0], list):  # of what comes in, and of each state
        shape = shape[0]
    cell = config.get("cell")
    if not isinstance(cell, dict) or built_in(cell) not in CELLS | {"StackedRNNCells"}:
        return None
    return _below("cell", cell, shape)


def _stacked(config: Config, shape: Any) -> Variables | None:
    """Each cell is called on what came out of the one before, which is as wide as its state."""
    cells, made = config.get("cells"), list[Variable]()
    used: Counter[str] = Counter()
    for cell in cells if isinstance(cells, list) else ():
        name = built_in(cell) if isinstance(cell, dict) else None
        found = _below(f"cells/{group_names.numbered(name, used)}", cell, shape) if name in CELLS else None
        if found is None:
            return None
        made += found
        shape = [None, rows.whole(cell["config"]["units"])]
    return made


def _pipeline(config: Config, shape: Any) -> Variables | None:
    listed, made = config.get("layers"), list[Variable]()
    used: Counter[str] = Counter()
    for at, layer in enumerate(listed if isinstance(listed, list) else ()):
        name = built_in(layer) if isinstance(layer, dict) else None
        # Not another of its kind, which could be nested without end.
        if name is None or name == "Pipeline":
            return None
        place = f"layers/{group_names.numbered(name, used)}"
        found = _below(place, layer, input_shape(layer) or (None if at else shape))
        if found is None:
            return None
        for each in found:
            free = [one._replace(axis=f"{at} {one.axis}") if isinstance(one, rows.Free) else one
                    for one in each.shape or ()]  # fmt: skip
            made.append(each if each.shape is None else each._replace(shape=tuple(free)))
    return made


def _spectral(config: Config, shape: Any) -> Variables | None:
    """The kernel of what is wrapped, which is kept at both places, and how it lies."""
    inner = config.get("layer")
    name = built_in(inner) if isinstance(inner, dict) else None
    found = _below("layer", inner, shape) if name not in (None, *AROUND) else None
    if not found:
        return None
    kernel = found[0].shape
    lies = Variable("", None if kernel is None else (1, *kernel[-1:]), trained=False)
    return [*found, Variable("", kernel, again=True), lies]


# Of these the weights are those of the layers inside.
AROUND = frozenset({"Bidirectional", "Pipeline", "RNN", "SpectralNormalization", "StackedRNNCells", "TimeDistributed"})
ROWS: dict[str, Callable[[Config, Any], Variables | None]] = {
    "AdditiveAttention": rows.additive,
    "Attention": rows.scores,
    "BatchNormalization": rows.batch,
    "Bidirectional": _bidirectional,
    "Conv1D": rows.convolution(1),
    "Conv1DTranspose": rows.transposed(1),
    "Conv2D": rows.convolution(2),
    "Conv2DTranspose": rows.transposed(2),
    "Conv3D": rows.convolution(3),
    "Conv3DTranspose": rows.transposed(3),
    "ConvLSTM1D": rows.convolution_lstm(1),
    "ConvLSTM2D": rows.convolution_lstm(2),
    "ConvLSTM3D": rows.convolution_lstm(3),
    "Dense": rows.dense,
    "DepthwiseConv1D": rows.depthwise(1),
    "DepthwiseConv2D": rows.depthwise(2),
    "Discretization": rows.bins,
    "EinsumDense": rows.einsum,
    "Embedding": rows.embedding,
    "GRU": rows.recurrent(3, "cell"),
    "GRUCell": rows.recurrent(3, ""),
    "GroupNormalization": rows.group_norm,
    "GroupQueryAttention": rows.grouped,
    "GroupedQueryAttention": rows.grouped,
    "IntegerLookup": rows.words,
    "LSTM": rows.recurrent(4, "cell"),
    "LSTMCell": rows.recurrent(4, ""),
    "LayerNormalization": rows.layer_norm,
    "LayerScale": rows.layer_scale,
    "LocallyConnected1D": rows.local(1),
    "LocallyConnected2D": rows.local(2),
    "MultiHeadAttention": rows.attention,
    "Normalization": rows.normalization,
    "PReLU": rows.prelu,
    "Pipeline": _pipeline,
    "RMSNormalization": rows.rms_norm,
    "RNN": _rnn,
    "ReversibleEmbedding": rows.reversible,
    "STFTSpectrogram": rows.spectrogram,
    "SeparableConv1D": rows.separable(1),
    "SeparableConv2D": rows.separable(2),
    "SimpleRNN": rows.recurrent(1, "cell"),
    "SimpleRNNCell": rows.recurrent(1, ""),
    "SpectralNormalization": _spectral,
    "StackedRNNCells": _stacked,
    "StringLookup": rows.words,
    "TextVectorization": rows.texts,
    "TimeDistributed": _distributed,
}
# Whether these have weights at all depends on their arguments, or on what they hold.
MAYBE = (AROUND - {"SpectralNormalization"}) | {
    "AdditiveAttention", "Attention", "BatchNormalization", "Discretization", "GroupNormalization", "IntegerLookup",
    "LayerNormalization", "Normalization", "StringLookup", "TextVectorization",
}  # fmt: skip


def input_shape(layer: Config) -> Any:
    """What the layer was built on, where its config says so."""
    build = layer.get("build_config")
    if not isinstance(build, dict):
        return None
    shapes = build.get("shapes_dict")
    if isinstance(shapes, dict):  # of one shape either way of writing is read
        return shapes["input_shape"] if shapes.keys() == {"input_shape"} else shapes
    return build.get("input_shape")


def called_on(layer: Config) -> Any:
    """The shapes of what an attention is called on, where they stand beside its call, as Keras 3 writes them."""
    name, nodes = built_in(layer), layer.get("inbound_nodes")
    node = nodes[0] if isinstance(nodes, list) and nodes else None
    args, keywords = (node.get("args"), node.get("kwargs")) if isinstance(node, dict) else (None, None)
    if not isinstance(args, list) or not isinstance(keywords, dict):
        return None
    if name == "AdditiveAttention":  # all in one list
        shapes = [_tensor_shape(each) for each in args[0]] if args and isinstance(args[0], list) else [None]
        return shapes if None not in shapes else None
    if name not in quantized.ATTENTIONS:
        return None
    found = {**dict(zip(("query", "value", "key"), args, strict=False)), **keywords}
    told = {f"{each}_shape": _tensor_shape(found[each]) for each in ("query", "value", "key") if found.get(each)}
    return told or None


def _tensor_shape(tensor: Any) -> list[Any] | None:
    inner = tensor.get("config") if isinstance(tensor, dict) else None
    shape = inner.get("shape") if isinstance(inner, dict) else None
    return shape if is_shape(shape) else None


def policy(config: Config) -> str | None:
    """The name of the layer's dtype policy, or how it is quantized."""
    found = config.get("dtype")
    if isinstance(found, dict):
        inner = found.get("config")
        found = inner.get("name", inner.get("mode")) if isinstance(inner, dict) else None  # a mode of quantization
    return found if isinstance(found, str) else None


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
    if name in NONE or exports.bare(name) == {"operation"}:
        return []
    how = quantized.mode(config)
    if how is None:
        return None
    made = plainly(layer, shape)
    if made is None or not how:
        return made
    return quantized.changed(name, config, made, how)


def adapters(layer: Config, shape: Any = None) -> Variables:
    """The two kernels of LoRA, which are among the weights of a layer and not in its own file."""
    rank = layer["config"].get("lora_rank")
    plain = plainly(layer, shape) if type(rank) is int else None
    if not plain or plain[0].shape is None:
        return []
    kernel = plain[0].shape
    return [Variable("", (*kernel[:-1], rank)), Variable("", (rank, *kernel[-1:]))]


def has_some(layer: Config) -> bool:
    """Has a layer whose weights are not computed one at least, whatever its arguments are, once it is built?"""
    name, config = built_in(layer), layer.get("config")
    if name is None or not isinstance(config, dict):
        return False
    if name == "Normalization":
        return config.get("mean") is None
    if name in ("BatchNormalization", "GroupNormalization", "LayerNormalization"):
        return bool(config.get("scale", True) or config.get("center", True) or name == "BatchNormalization")
    return name in ROWS and name not in MAYBE


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
