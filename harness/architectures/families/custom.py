"""Layers that users write themselves (`harness.worker.custom`), and Lambda over a public function."""

from __future__ import annotations

from hypothesis import strategies as st

from harness.architectures import inputs
from harness.architectures.rules import Arguments, LayerRule, Placement
from harness.architectures.spec import Spec
from harness.protocol.architecture import Name

_FUNCTIONS = ("activations.relu", "activations.tanh", "activations.softplus", "activations.elu")


def _scale(a: Arguments, x: Spec) -> Placement:
    if a.draw(st.booleans()):
        a.give("offset", a.draw(st.sampled_from((0.5, -1.0))))
    return Placement((x.but(image=False),))


def _gate(a: Arguments, x: Spec) -> Placement:
    units = a.give("units", a.draw(st.integers(1, 4)))
    return Placement((x.but(shape=(*x.shape[:-1], units), image=False),))


def _lambda(a: Arguments, x: Spec) -> Placement:
    function = a.required("function", st.sampled_from(_FUNCTIONS))
    a.give("function", Name(function))
    a.optional("output_shape", st.just(x.shape))
    # Only these of the functions have an argument beside the tensor.
    if function == "activations.relu":
        a.optional(
            "arguments",
            st.sampled_from(({"negative_slope": 0.5}, {"max_value": 1.0}))
            if a.major >= 3
            else st.just({"max_value": 1.0}),
        )
    return Placement((x.but(image=False, masked=False),))


RULES = (
    LayerRule("custom.Scale", _scale, inputs.vectors, inputs.is_float(), tags=frozenset({"custom"})),
    LayerRule("custom.Gate", _gate, inputs.vectors, inputs.is_float(), tags=frozenset({"custom"})),
    LayerRule("Lambda", _lambda, inputs.vectors, inputs.is_float()),
)
