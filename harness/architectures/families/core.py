"""Dense, EinsumDense, Embedding, Activation, Identity, Masking and their like."""

from __future__ import annotations

from hypothesis import strategies as st

from harness.architectures import inputs
from harness.architectures.arguments import activation, activity, kernel_and_bias, variable
from harness.architectures.rules import Arguments, LayerRule, Placement
from harness.architectures.spec import Spec


def _lora(a: Arguments, constraint: str) -> None:
    """A low-rank adapter from the start; Keras refuses it beside a constraint, so one of the two goes."""
    if constraint in a.values:
        if not a.has("lora_rank") or not a.draw(st.booleans()):
            return
        del a.values[constraint]
    if a.optional("lora_rank", st.integers(1, 2)) is not None:
        a.optional("lora_alpha", st.sampled_from((0.5, 4.0)))


def _dense(a: Arguments, x: Spec) -> Placement:
    units = a.required("units", st.integers(1, 5))
    activation(a)
    kernel_and_bias(a, rank=2)
    _lora(a, "kernel_constraint")
    return Placement((x.but(shape=(*x.shape[:-1], units), image=False),))


def _same(a: Arguments, x: Spec) -> Placement:
    return Placement((x,))


def _embedding(a: Arguments, x: Spec) -> Placement:
    assert x.limit is not None
    a.required("input_dim", st.integers(x.limit, x.limit + 3))
    width = a.required("output_dim", st.integers(1, 5))
    variable(a, "embeddings", rank=2)
    activity(a)
    masked = a.optional("mask_zero", st.just(True), default=False)
    _lora(a, "embeddings_constraint")
    return Placement((Spec((*x.shape, width), masked=masked, fixed_batch=x.fixed_batch),))


def _is_index(spec: Spec) -> bool:
    return spec.kind == "int" and spec.limit is not None and 1 <= spec.rank <= 2 and not spec.sparse


RULES = (
    LayerRule("Dense", _dense, inputs.vectors, inputs.is_float()),
    LayerRule("Identity", _same, inputs.vectors, lambda spec: not spec.sparse),
    LayerRule("Embedding", _embedding, lambda: inputs.indices().map(lambda s: s.but(masked=True)), _is_index),
)
