"""Dense, EinsumDense, Embedding and its reversal, Identity and Masking; with adapters and quantization."""

from __future__ import annotations

from typing import Any, Optional

from hypothesis import strategies as st

from harness.architectures import inputs
from harness.architectures.arguments import activation, activity, kernel_and_bias, seeds, variable
from harness.architectures.policies import (
    CLASSES,
    DTYPES,
    MODE,
    QUANTIZED,
    is_orthogonal,
    is_quantizing,
    own_policy,
    quantizing,
)
from harness.architectures.rules import NOTHING, Arguments, LayerRule, Placement, Wanted, chance
from harness.architectures.spec import Spec
from harness.architectures.vocabulary import Vocabulary
from harness.protocol.architecture import Call, Data, Method

Shape = tuple[Optional[int], ...]


def unlisted(a: Arguments, argument: str, values: st.SearchStrategy[Any], default: Any = None) -> Any:
    """Draws an argument that a layer takes among its ``**kwargs``, so that no vocabulary lists it."""
    if a.plain or a.vocabulary.common or a.draw(st.integers(0, 3)) < 3:
        return default
    return a.required(argument, values)


def own_dtype(a: Arguments, *, without: tuple[str, ...] = ()) -> None:
    """A dtype policy, as every layer is given one, for a layer that does not take all of them."""
    if not a.plain:
        excluded = (*without, "bfloat16") if is_orthogonal(a.values) else without
        own_policy(a, [name for name in DTYPES if name not in excluded])


def _lora(a: Arguments, constraint: str) -> None:
    """A low-rank adapter from the start; Keras refuses it beside a constraint, so one of the two goes."""
    if f"{a.name}.enable_lora" in a.objects:  # once it is built, then, and Keras takes one
        return
    if constraint in a.values:
        if not a.has("lora_rank") or not a.draw(st.booleans()):
            return
        del a.values[constraint]
    if a.optional("lora_rank", st.integers(1, 2)) is not None:
        a.optional("lora_alpha", st.sampled_from((0.5, 4.0)))


_LIMITS = {"int8": (-127, 127), "int4": (-8, 7)}


_ABS_MAX = "quantizers.AbsMaxQuantizer"


def _configuration_of(mode: str) -> str:
    return f"quantizers.{mode.capitalize()}QuantizationConfig"


@st.composite
def _configurations(draw: st.DrawFn, mode: str, axis: int | None, wanted: Wanted = NOTHING) -> Call:
    """A configuration of this mode of quantization; weights are scaled along `axis` where it is given."""
    arguments: dict[str, Any] = {}
    asked = wanted.get(_configuration_of(mode), frozenset())
    quantizer = wanted.get(_ABS_MAX)
    if mode == "int4":
        whole = asked.intersection(("weight_quantizer", "activation_quantizer")) or quantizer is not None
        arguments["block_size"] = draw(st.sampled_from((None, -1) if whole else (2, None, -1, 64)))
    if mode != "float8" and (arguments.get("block_size") or -1) < 0:
        if axis is not None and ("weight_quantizer" in asked or quantizer is not None or draw(st.booleans())):
            limits: dict[str, Any] = {"axis": axis, "value_range": _LIMITS[mode]}
            if "epsilon" in (quantizer or ()) or draw(st.booleans()):
                limits["epsilon"] = 1e-5
            arguments["weight_quantizer"] = Call(_ABS_MAX, limits)
        if "activation_quantizer" in asked or draw(st.booleans()):
            arguments["activation_quantizer"] = draw(st.sampled_from((None, Call(_ABS_MAX, {"axis": -1}))))
    return Call(_configuration_of(mode), arguments)


def drawable(vocabulary: Vocabulary) -> dict[str, frozenset[str]]:
    """The objects that have to do with dtypes and quantization, with the arguments that are drawn of them."""
    given: dict[str, tuple[str, ...]] = {
        _ABS_MAX: ("axis", "value_range", "epsilon"),
        _configuration_of("int8"): ("weight_quantizer", "activation_quantizer"),
        _configuration_of("int4"): ("weight_quantizer", "activation_quantizer", "block_size"),
        _configuration_of("float8"): (),
        **dict.fromkeys(CLASSES, ("name", "default_policy", "policy_map")),
        **dict.fromkeys(QUANTIZED.values(), ("mode", "source_name", "amax_history_length")),
    }
    return {
        name: frozenset(argument for argument in arguments if vocabulary.has(name, argument))
        for name, arguments in given.items()
        if vocabulary.has(name)
    } | {f"{MODE}{mode}": frozenset() for mode in vocabulary.modes if mode in QUANTIZED}


def _quantized(
    a: Arguments, modes: tuple[str, ...], *, axis: int | None, constraint: str, beside_lora: bool = True
) -> tuple[Method, ...]:
    """An adapter and quantization once the layer is built, or a quantized dtype policy from the start.

    Draws the dtype too, since int8 and half precision exclude each other. `beside_lora` says whether integers
    go together with an adapter.
    """
    if a.plain or a.major < 3:
        own_dtype(a)
        return ()
    methods: list[Method] = []
    adapted = "lora_rank" in a.values
    asked = [mode for mode in modes if {f"{MODE}{mode}", QUANTIZED[mode], _configuration_of(mode)} & a.objects.keys()]
    adapter = f"{a.name}.enable_lora"
    if adapter in a.objects:
        a.values.pop(constraint, None)
    if not adapted and constraint not in a.values and (adapter in a.objects or (not asked and _one_in_ten(a))):
        adapted = True
        a.objects.pop(adapter, None)
        methods.append(Method("enable_lora", (a.draw(st.integers(1, 2)),)))
    told = [mode for mode in asked if _configuration_of(mode) in a.objects] or (
        ["int8"] if _ABS_MAX in a.objects else []
    )
    configured = None
    if a.chance("quantization_config") or (told and a.has("quantization_config")):
        configured = a.draw(st.sampled_from(told or asked or modes))
        a.give("quantization_config", a.draw(_configurations(configured, axis, dict(a.objects))))
        a.objects.pop(_configuration_of(configured), None)
        a.objects.pop(_ABS_MAX, None)
    if adapted:
        # A file holds kernel and adapter merged, and quantized anew: other integers, by Keras's design.
        modes = ()
    # A configuration by itself says nothing of whether the layer is quantized.
    asked = [mode for mode in asked if mode in modes]
    mode = a.draw(st.sampled_from(asked or modes)) if modes and (asked or configured or _one_in_ten(a)) else None
    a.objects.pop(f"{MODE}{mode}", None)
    as_object = mode is not None and (QUANTIZED[mode] in a.objects or a.draw(st.booleans()))
    if mode and not (as_object and QUANTIZED[mode] in a.objects) and a.draw(st.booleans()):
        by_name = st.just(Method("quantize", (mode,)))
        by_config = _configurations(mode, axis).map(lambda drawn: Method("quantize", (None, drawn)))
        methods.append(a.draw(st.one_of(by_name, by_config)))
    elif mode and configured in (None, mode):
        sources = ("float32", "mixed_bfloat16", "float64") + (() if is_orthogonal(a.values) else ("bfloat16",))
        source = a.draw(st.sampled_from(sources))
        a.give("dtype", quantizing(a, mode, source, as_object=as_object))
    own_dtype(a, without=("float16", "mixed_float16") if mode == "int8" else ())
    return tuple(methods)


def _one_in_ten(a: Arguments) -> bool:
    return a.draw(st.integers(0, 9)) == 9


def _dense(a: Arguments, x: Spec) -> Placement:
    units = a.required("units", st.integers(1, 5))
    activation(a)
    kernel_and_bias(a, rank=2)
    _lora(a, "kernel_constraint")
    methods = _quantized(a, ("int8", "int4", "float8"), axis=0, constraint="kernel_constraint")
    return Placement((x.but(shape=(*x.shape[:-1], units), image=False),), methods=methods)


def _ternary_dense(a: Arguments, x: Spec) -> Placement:
    units = a.required("units", st.integers(1, 5))
    a.optional("threshold", st.sampled_from((0.0, 0.1, 1)))
    activation(a)
    kernel_and_bias(a, rank=2)
    own_dtype(a)
    return Placement((x.but(shape=(*x.shape[:-1], units), image=False),))


# By the number of axes of the input, batch axis left out. An ellipsis on the left stands for one axis beside
# the batch at most: Keras puts two of them into the declared shape in the wrong order.
_EQUATIONS = {
    1: ("ab,bc->ac", "...x,xy->...y", "ab,bcd->acd", "ab,b->ab", "ab,cb->ac"),
    2: (
        "abc,cd->abd", "...x,xy->...y", "ab...,bc->ac...", "abc,bd->acd", "abc,bcd->ad", "abc,cde->abde",
        "abc,bcd->abd", "abc,cd->adb", "...ab,bc->...ac", "abc,c->abc",
    ),
    3: (
        "abcd,de->abce", "...cx,xy->...cy", "ab...,bc->ac...", "abcd,cde->abe", "abcd,bcde->ae",
        "abcd,def->abcef", "abc...,cd->abd...", "abcd,ce->abed",
    ),
}  # fmt: skip


def _einsum_dense(a: Arguments, x: Spec) -> Placement:
    equation = a.required("equation", st.sampled_from(_EQUATIONS[x.rank]))
    left, _, result = equation.partition("->")
    given, kernel = left.split(",")
    lengths, hidden = _lengths(given, x.shape)
    letters = [letter for letter in result.replace("...", "") if letter != "a" or given.startswith("...")]
    for letter in letters:
        if letter not in lengths:
            lengths[letter] = a.draw(st.integers(1, 4))
    activation(a)
    some = st.lists(st.sampled_from(letters), min_size=1, unique=True)
    in_order = some.map(lambda chosen: "".join(sorted(chosen, key=letters.index)))
    biased = a.optional("bias_axes", in_order, default="")
    # An axis that only passes through need not be said; Keras 3 then does not know it either.
    unsaid = [letter for letter in letters if letter not in kernel + biased and a.draw(st.booleans())]
    said = tuple(None if letter in unsaid else lengths[letter] for letter in letters)
    a.give("output_shape", said[0] if len(said) == 1 and said[0] and a.draw(st.booleans()) else said)
    variable(a, "kernel", rank=len(kernel))
    variable(a, "bias")
    activity(a)
    _lora(a, "kernel_constraint")
    a.optional("gptq_unpacked_column_size", st.integers(2, 8))
    methods = _quantized(
        a,
        # Keras cannot take apart an equation with an ellipsis.
        ("float8",) if "..." in equation else ("int8", "int4", "float8"),
        axis=None,
        constraint="kernel_constraint",
        beside_lora=len(kernel) > 1 and kernel[-1] == result[-1],
    )
    out = said if a.major >= 3 else tuple(lengths[letter] for letter in letters)
    before, after = (hidden, ()) if given.startswith("...") else ((), hidden)
    output = x.but(shape=(*before, *out, *after), image=False, masked=False)
    return Placement((output,), methods=methods)


def _lengths(given: str, shape: Shape) -> tuple[dict[str, int | None], Shape]:
    """The length of each letter but the batch's, and the axes that an ellipsis stands for."""
    if given.startswith("..."):
        letters = given[3:]
        hidden = len(shape) - len(letters)
        return dict(zip(letters, shape[hidden:], strict=True)), shape[:hidden]
    letters = given.replace("...", "")[1:]
    return dict(zip(letters, shape, strict=False)), shape[len(letters) :]


def _embedding(a: Arguments, x: Spec) -> Placement:
    assert x.limit is not None
    size = a.required("input_dim", st.integers(x.limit, x.limit + 3))
    width = a.required("output_dim", st.integers(1, 5))
    if not a.plain and chance(a.draw, 4):
        # As vectors are given that were learnt elsewhere.
        vectors = Data((size, width), seed=a.draw(seeds))
        a.give("embeddings_initializer", Call("initializers.Constant", {"value": vectors}))
    variable(a, "embeddings", rank=2)
    activity(a)
    masked = x.rank == 1 and a.optional("mask_zero", st.just(True), default=False)
    if a.major == 2 and x.static and x.rank == 1:
        a.optional("input_length", st.sampled_from((x.shape[0], x.shape)))
    # Keras 2 then returns a sparse tensor, which no regularizer takes.
    sparse = False
    if not masked and "activity_regularizer" not in a.values:
        sparse = a.optional("sparse", st.just(True), default=False)
    _lora(a, "embeddings_constraint")
    # A quantizer that is given would be applied to the reverse weights along the same axis, which is not theirs.
    axis = None if a.name.endswith("ReversibleEmbedding") else -1
    methods = _quantized(a, ("int8", "int4"), axis=axis, constraint="embeddings_constraint")
    if "lora_rank" not in a.values and not is_quantizing(a.get("dtype")):
        # Weights are set while the layer is made, when neither may be there.
        whole = Data((size, width), seed=a.draw(seeds))
        a.optional("weights", st.sampled_from((whole, [whole])))
    output = Spec((*x.shape, width), masked=bool(masked), sparse=sparse, fixed_batch=x.fixed_batch)
    return Placement((output,), methods=methods)


def _reversible_embedding(a: Arguments, x: Spec) -> Placement:
    if x.kind == "int":
        placement = _embedding(a, x)
    else:
        a.required("input_dim", st.integers(1, 6))
        a.give("output_dim", x.shape[-1])
        variable(a, "embeddings", rank=2)
        a.optional("mask_zero", st.just(True))
        shape = (*x.shape[:-1], a.values["input_dim"])
        methods = _quantized(a, ("int8", "int4"), axis=None, constraint="embeddings_constraint")
        placement = Placement((x.but(shape=shape, image=False),), keywords={"reverse": True}, methods=methods)
    a.several(
        {
            "tie_weights": st.just(False),
            "reverse_dtype": st.sampled_from(("float32", "bfloat16")),
            "logit_soft_cap": st.sampled_from((0.5, 5.0)),
        }
    )
    return placement


def _masking(a: Arguments, x: Spec) -> Placement:
    a.optional("mask_value", st.sampled_from((-1.0, 1.0, 0.5, 1)))
    return Placement((x.but(masked=True),))


def _same(a: Arguments, x: Spec) -> Placement:
    return Placement((x,))


def _is_index(spec: Spec) -> bool:
    return spec.kind == "int" and spec.limit is not None and 1 <= spec.rank <= 2 and not spec.sparse


def _has_features(spec: Spec) -> bool:
    return spec.kind == "float" and not spec.sparse and spec.rank >= 1 and spec.shape[-1] is not None


def _is_einsum(spec: Spec) -> bool:
    return _has_features(spec) and spec.static and spec.rank <= 3


def _is_sequence(spec: Spec) -> bool:
    # What follows expects the mask of a sequence, so tensors of more axes are not masked.
    return spec.kind == "float" and not spec.sparse and spec.rank == 2


def _indices() -> st.SearchStrategy[Spec]:
    return inputs.indices().map(lambda spec: spec.but(masked=True))


_PLAIN = ("trainable",)
RULES = (
    LayerRule("Dense", _dense, inputs.vectors, _has_features, common=_PLAIN),
    LayerRule("TernaryDense", _ternary_dense, inputs.vectors, _has_features, common=_PLAIN),
    LayerRule("EinsumDense", _einsum_dense, inputs.any_floats, _is_einsum, common=_PLAIN),
    LayerRule("Identity", _same, inputs.vectors, lambda spec: not spec.sparse),
    LayerRule("Masking", _masking, inputs.sequences, _is_sequence, tags=frozenset({"mask"})),
    LayerRule("Embedding", _embedding, _indices, _is_index, common=_PLAIN),
    LayerRule(
        "ReversibleEmbedding",
        _reversible_embedding,
        lambda: st.one_of(_indices(), inputs.sequences()),
        lambda spec: _is_index(spec) or _has_features(spec),
        common=_PLAIN,
    ),
)
