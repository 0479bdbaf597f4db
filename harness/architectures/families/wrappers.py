"""Layers around layers: Bidirectional, TimeDistributed, SpectralNormalization and Pipeline."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from harness.architectures import inputs
from harness.architectures.families.recurrent import is_sequence, shared_dtype
from harness.architectures.rules import Arguments, LayerRule, Placement
from harness.architectures.spec import Spec
from harness.protocol.architecture import Call, Data

_GATED = ("SimpleRNN", "LSTM", "GRU")
_RECURRENT = (*_GATED, "RNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")
_SHARED = ("return_sequences", "return_state", "stateful", "time_major")  # forward and backward must agree
_LOOP = (
    "return_sequences", "return_state", "go_backwards", "stateful", "unroll", "activation", "seed",
    "time_major",
)  # fmt: skip
_NORMALIZED = (
    "Dense", "EinsumDense", "Embedding", "Conv1D", "Conv2D", "Conv3D", "Conv1DTranspose",
    "Conv2DTranspose", "Conv3DTranspose",
)  # fmt: skip
_PLAIN = ("Dense", "Activation", "ReLU", "LeakyReLU", "ELU", "Identity")
_STEPS = (
    *_PLAIN, "PReLU", "Softmax", "Dropout", "GaussianNoise", "BatchNormalization", "LayerNormalization",
    "UnitNormalization", "Flatten", "Reshape", "Permute", "RepeatVector", "Conv1D", "Conv2D",
    "DepthwiseConv2D", "SeparableConv1D", "Conv2DTranspose", "MaxPooling1D", "AveragePooling2D",
    "GlobalAveragePooling1D", "GlobalMaxPooling2D", "UpSampling1D", "UpSampling2D", "ZeroPadding1D",
    "ZeroPadding2D", "Cropping1D", "Embedding", "SimpleRNN", "LSTM", "GRU", "Bidirectional",
    "EinsumDense", "Rescaling", "SpatialDropout1D", "ActivityRegularization",
)  # fmt: skip
_PIPED = (
    *_PLAIN, "Dropout", "GaussianNoise", "GaussianDropout", "BatchNormalization", "LayerNormalization",
    "Conv2D", "Rescaling", "Resizing", "CenterCrop", "RandomFlip", "RandomRotation", "RandomZoom",
    "RandomTranslation", "RandomContrast", "RandomBrightness", "RandomCrop", "AutoContrast",
    "Equalization", "Solarization", "RandomGrayscale", "RandomInvert", "RandomHue", "RandomSaturation",
    "RandomPosterization", "RandomSharpness", "RandomShear", "RandomErasing", "RandomGaussianBlur",
    "RandomColorJitter", "RandomColorDegeneration", "Flatten", "MaxPooling2D", "SimpleRNN", "LSTM",
)  # fmt: skip


def _named(a: Arguments, name: str) -> str | None:
    """The name of an inner layer, or None where it names itself."""
    return a.draw(st.sampled_from((None, name)))


def _without(call: Call, *arguments: str) -> Call:
    return Call(call.name, {key: value for key, value in call.arguments.items() if key not in arguments})


def _in_dtype(dtype: str | None, value: Any) -> Any:
    """The layer, and the cells inside it, in this dtype or in none of their own: only one dtype adds up."""
    if isinstance(value, Call):
        kept = _without(value, "dtype").arguments
        own = {"dtype": dtype} if dtype and value.name.startswith("layers.") else {}
        return Call(value.name, {**{key: _in_dtype(dtype, item) for key, item in kept.items()}, **own})
    return [_in_dtype(dtype, item) for item in value] if isinstance(value, list) else value


def _bidirectional(a: Arguments, x: Spec) -> Placement:
    rule = a.choose_rule(_RECURRENT, x)
    # Inside another wrapper it gives its one output, and no states.
    wanted = set() if a.plain else a.draw(st.sets(st.sampled_from(_LOOP), max_size=3))
    forward, inner = a.inner(rule, x, name=_named(a, "inner"), wanted=frozenset(wanted))
    # RNN makes a stack of a list of cells in the global dtype; convolutions lack kernels of some dtypes.
    # Keras 2 leaves states in the dtype in which they come.
    cast = a.major > 2 or not (inner.named or forward.arguments.get("stateful"))
    dtype = shared_dtype(a) if rule.name in _GATED and cast else None
    forward, outputs = _in_dtype(dtype, forward), inner.outputs
    given = forward.arguments
    if a.major > 2 and given.get("stateful") and given.get("return_state"):
        # Keras 3 multiplies a generator by two there.
        forward, outputs = _without(forward, "return_state"), outputs[:1]
    backward = None
    if a.chance("backward_layer"):
        backward = a.give("backward_layer", _in_dtype(dtype, _backward(a, x, rule, forward)))
    if rule.name in _GATED and a.chance("weights"):
        a.give("weights", _weights(forward, x) + _weights(backward or forward, x))
    if a.major > 2 and backward is None:
        forward = _without(forward, "go_backwards")  # Keras 3 does not turn it round for the backward layer
    a.give("layer", forward)
    merge = a.optional("merge_mode", st.sampled_from(("sum", "mul", "ave", None)), default="concat")
    first, states = outputs[0], outputs[1:]
    if merge == "concat":
        last = first.shape[-1]
        assert last is not None
        first = first.but(shape=(*first.shape[:-1], 2 * last))
    named: dict[str, Any] = {}
    state = inner.named.get("initial_state")
    if state is not None and (backward is None or backward.name == forward.name):
        each = (state,) if isinstance(state, Spec) else state
        named["initial_state"] = (*each, *each)
    return Placement((*((first,) * (1 if merge else 2)), *states, *states), named=named)


def _backward(a: Arguments, x: Spec, rule: LayerRule, forward: Call) -> Call:
    """A backward layer with arguments of its own; those that decide on shapes are the forward layer's."""
    given = forward.arguments
    values = dict(_without(forward, "name", "go_backwards").arguments)
    if rule.name in _GATED:
        if not {"return_state", "time_major"} & given.keys():
            rule = a.choose_rule(_GATED, x)
        drawn, _ = a.inner(rule, x, wanted=frozenset({"activation", "use_bias"}))
        own = _without(drawn, *_SHARED, "units", "go_backwards", "unroll")
        values = {**own.arguments, **{key: given[key] for key in ("units", *_SHARED) if key in given}}
    if not given.get("go_backwards"):
        values["go_backwards"] = True
    name = _named(a, "backward")
    return Call(rule.public, {**values, **({"name": name} if name else {})})


def _weights(layer: Call, x: Spec) -> list[Data]:
    """Arrays for a kernel, a recurrent kernel and a bias."""
    units, features = layer.arguments["units"], x.shape[-1]
    assert features is not None
    gates = {"layers.SimpleRNN": 1, "layers.GRU": 3, "layers.LSTM": 4}[layer.name]
    shapes: list[tuple[int, ...]] = [(features, gates * units), (units, gates * units)]
    if layer.arguments.get("use_bias", True):
        twice = layer.name == "layers.GRU" and layer.arguments.get("reset_after", True)
        shapes.append((2, gates * units) if twice else (gates * units,))
    return [Data(shape, seed=number) for number, shape in enumerate(shapes)]


def _single(a: Arguments, names: tuple[str, ...], x: Spec, name: str) -> tuple[Call, Spec]:
    """A plain layer with one input and one output."""
    call, placement = a.inner(a.choose_rule(names, x), x, name=_named(a, name))
    assert len(placement.outputs) == 1
    assert not placement.others
    assert not placement.methods
    return call, placement.outputs[0]


def _time_distributed(a: Arguments, x: Spec) -> Placement:
    dtype = shared_dtype(a)
    # With a mask, a layer that takes one would be given what is left of it for one step.
    names = _PLAIN if x.masked or x.shape[0] is None else _STEPS
    call, step = _single(a, names, x.but(shape=x.shape[1:], masked=False, fixed_batch=False), "inner")
    if dtype is not None:
        call = Call(call.name, {**call.arguments, "dtype": dtype})
    a.give("layer", call)
    return Placement((step.but(shape=(x.shape[0], *step.shape), masked=x.masked, fixed_batch=x.fixed_batch),))


def _spectral(a: Arguments, x: Spec) -> Placement:
    call, output = _single(a, _NORMALIZED, x, "inner")
    a.give("layer", call)
    a.optional("power_iterations", st.integers(2, 3))
    if a.major > 2 and x.kind == "int":
        # Keras 3 casts what comes out to the dtype of what went in: embeddings become integers.
        output = output.but(kind="int", differentiable=False)
    return Placement((output,))


def _pipeline(a: Arguments, x: Spec) -> Placement:
    layers, y = [], x
    for number in range(a.draw(st.integers(1, 3))):
        call, y = _single(a, _PIPED, y, f"step_{number}")
        layers.append(call)
        if y.sparse or y.kind != "float":  # such an image is one that no further layer takes
            break
    a.give("layers", layers)
    return Placement((y.but(masked=x.masked or y.masked),))


def _bidirectional_fresh() -> st.SearchStrategy[Spec]:
    return st.one_of(inputs.short_sequences(), inputs.short_sequences(), inputs.frames(1), inputs.frames(2))


def _takes_sequences(spec: Spec) -> bool:
    return any(is_sequence(spec, rank=rank) for rank in (2, 3, 4, 5))


def _distributed_fresh() -> st.SearchStrategy[Spec]:
    return st.one_of(
        inputs.sequences(unknown=True),
        inputs.grids(2),
        inputs.grids(3),
        inputs.indices(rank=2),
        inputs.indices(rank=3),
    )


def _over_time(spec: Spec) -> bool:
    """Something for every step; of integers only what an Embedding takes."""
    if spec.kind == "int":
        return spec.static and not spec.sparse and spec.limit is not None and 2 <= spec.rank <= 3
    return spec.rank >= 2 and spec.kind == "float" and not spec.sparse and spec.but(shape=spec.shape[1:]).static


def _normalizable(spec: Spec) -> bool:
    if spec.kind == "int":
        return spec.static and not spec.sparse and spec.limit is not None and 1 <= spec.rank <= 2
    return inputs.is_float()(spec)


def _normalizable_fresh() -> st.SearchStrategy[Spec]:
    return st.one_of(inputs.vectors(), inputs.grids(1), inputs.grids(2), inputs.grids(3), inputs.indices())


def _piped_fresh() -> st.SearchStrategy[Spec]:
    return st.one_of(inputs.images(), inputs.vectors(), inputs.grids(2))


_COMMON = ("trainable",)
RULES = (
    LayerRule(
        "Bidirectional", _bidirectional, _bidirectional_fresh, _takes_sequences, _COMMON,
        tags=frozenset({"wrapper", "random", "mask"}),
    ),
    LayerRule(
        "TimeDistributed", _time_distributed, _distributed_fresh, _over_time, _COMMON,
        tags=frozenset({"wrapper", "random"}),
    ),
    LayerRule(
        "SpectralNormalization", _spectral, _normalizable_fresh, _normalizable, tags=frozenset({"wrapper"})
    ),
    LayerRule(
        "Pipeline", _pipeline, _piped_fresh, inputs.is_float(), (),
        tags=frozenset({"wrapper", "random", "preprocessing"}),
    ),
)  # fmt: skip
