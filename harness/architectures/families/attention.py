"""Attention: of dot products and of sums, with one head and with several."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from harness.architectures import inputs
from harness.architectures.arguments import kernel_and_bias, rates, seeds
from harness.architectures.families.core import own_dtype, unlisted
from harness.architectures.rules import Arguments, LayerRule, Placement
from harness.architectures.spec import Spec

_RANDOM = frozenset({"random"})
_true = st.just(True)
_small = st.integers(1, 3)
_widths = st.one_of(_small, st.tuples(_small), st.tuples(_small, _small))


def _keywords(a: Arguments, **values: Any) -> dict[str, Any]:
    """Each of these call keywords in one of three draws."""
    return {key: value for key, value in values.items() if a.draw(st.integers(0, 2)) == 2}


def _length(a: Arguments, x: Spec) -> int | None:
    """How many steps are attended to: as many as ask, mostly."""
    return a.draw(st.one_of(st.just(x.shape[0]), st.integers(2, 6)))


def _attention(a: Arguments, x: Spec) -> Placement:
    """Attention takes a list of query, value and perhaps key."""
    if a.name.endswith("AdditiveAttention"):
        a.optional("use_scale", st.just(False))
    else:
        a.optional("use_scale", _true)
        a.optional("score_mode", st.just("concat"))
    if a.major >= 3:
        a.optional("dropout", rates)
        if a.has("seed"):
            a.optional("seed", seeds)
        else:
            unlisted(a, "seed", seeds)
    else:
        unlisted(a, "dropout", rates)
        unlisted(a, "causal", _true)
    queries, width = x.shape
    steps = _length(a, x)
    keyed = a.draw(st.booleans())
    # A key has the width of the query, which frees the value from having it; but AdditiveAttention of Keras 2
    # scales by as many numbers as the value has.
    free = keyed and not (a.major == 2 and a.name.endswith("AdditiveAttention"))
    value = Spec((steps, a.draw(st.integers(1, 4)) if free else width))
    others = (value, Spec((steps, width))) if keyed else (value,)
    keywords = _keywords(a, return_attention_scores=True, use_causal_mask=True)
    outputs = [x.but(shape=(queries, value.shape[-1]), image=False)]
    if "return_attention_scores" in keywords:
        outputs.append(x.but(shape=(queries, steps), image=False, masked=False))
    return Placement(tuple(outputs), others, as_list=True, keywords=keywords)


_GROUPED = ("GroupQueryAttention", "GroupedQueryAttention")  # one class: the second is its own name, public since 3.16


def _heads(a: Arguments) -> None:
    """What the two attentions of several heads share."""
    a.optional("dropout", rates)
    a.several(
        {
            "sliding_window": st.integers(1, 3),
            # True is not there on TensorFlow.
            "flash_attention": st.just(False),
            "use_gate": _true,
            "seed": seeds,
        }
    )
    kernel_and_bias(a, rank=3)
    own_dtype(a)


def _calls(
    a: Arguments, x: Spec, outputs: tuple[int | None, ...], heads: int, value: Spec, key: Spec | None
) -> Placement:
    """Query, value and key as arguments, with a mask or the scores of attention now and then."""
    queries, steps = x.shape[0], value.shape[0]
    keywords = _keywords(a, use_causal_mask=True)
    named = {}
    if a.draw(st.integers(0, 2)) == 2:
        named["attention_mask"] = Spec((queries, steps), "bool", differentiable=False)
    made = [x.but(shape=outputs, image=False)]
    # MultiHeadAttention of Keras 3 declares the shape that scores have where query and value are as long.
    if a.major == 2 or a.name.rpartition(".")[2] in _GROUPED or queries == steps:
        keywords |= _keywords(a, return_attention_scores=True)
    if "return_attention_scores" in keywords:
        # The softmax inside leaves the mask that it was given on the scores.
        made.append(x.but(shape=(heads, queries, steps), image=False, masked=True))
    others = (value,) if key is None else (value, key)
    return Placement(tuple(made), others, keywords=keywords, named=named)


def _multi_head_attention(a: Arguments, x: Spec) -> Placement:
    heads = a.required("num_heads", st.integers(1, 3))
    a.required("key_dim", st.integers(1, 4))
    a.optional("value_dim", st.integers(1, 4))
    width = a.optional("output_shape", _widths)
    last = x.shape[-1:] if width is None else (width,) if isinstance(width, int) else width
    axes = [1, (1,), -2] if x.rank == 2 else [1, 2, (1, 2), (2,), [1], -2]
    # Keras 2 counts from behind the axis of the heads, which it adds.
    a.optional("attention_axes", st.sampled_from(axes if a.major >= 3 else axes[:-1]))
    _heads(a)
    shape = (*x.shape[:-1], *last)
    if x.rank == 2:
        steps = _length(a, x)
        value = Spec((steps, a.draw(st.integers(1, 4))))
        key = Spec((steps, a.draw(st.integers(1, 4)))) if a.draw(st.booleans()) else None
        return _calls(a, x, shape, heads, value, key)
    # Masks are made for the first axis alone, so neither a window nor a causal mask goes with more of them.
    a.values.pop("sliding_window", None)
    others = (x.but(image=False),) * a.draw(st.integers(1, 2))
    return Placement((x.but(shape=shape, image=False),), others)


def _group_query_attention(a: Arguments, x: Spec) -> Placement:
    a.required("head_dim", st.integers(1, 4))
    groups = a.required("num_key_value_heads", st.integers(1, 2))
    heads = a.required("num_query_heads", st.integers(1, 2).map(lambda repeats: groups * repeats))
    _heads(a)
    steps = _length(a, x)
    value = Spec((steps, x.shape[-1]))
    key = Spec((steps, a.draw(st.integers(1, 4)))) if a.draw(st.booleans()) else None
    return _calls(a, x, x.shape, heads, value, key)


_is_sequence = inputs.is_float(rank=2, static=True)


def _accepts(spec: Spec) -> bool:
    return _is_sequence(spec) or (inputs.is_float(rank=3)(spec) and not spec.masked)


_ATTENTION = LayerRule("Attention", _attention, inputs.sequences, _is_sequence, tags=_RANDOM)
RULES = (
    _ATTENTION,
    replace(_ATTENTION, name="AdditiveAttention"),
    LayerRule(
        "MultiHeadAttention",
        _multi_head_attention,
        lambda: st.one_of(inputs.sequences(), inputs.grids(2)),
        _accepts,
        common=("trainable",),
        tags=_RANDOM,
    ),
    *(replace(_ATTENTION, name=name, place=_group_query_attention, common=("trainable",)) for name in _GROUPED),
)
