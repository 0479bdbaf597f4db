"""Layers and subclassed models that users write themselves (`harness.worker.custom`), and Lambda over a function."""

from __future__ import annotations

from hypothesis import strategies as st

from harness.architectures import inputs
from harness.architectures.rules import Arguments, LayerRule, Placement
from harness.architectures.spec import Spec
from harness.protocol.architecture import Name

_STEPS = (
    "Dense", "BatchNormalization", "LayerNormalization", "Dropout", "Activation", "Conv1D", "Conv2D", "LSTM", "GRU",
    "TimeDistributed",
)  # fmt: skip
KEPT = ("list", "dict", "attributes")
HELD = ("dict", "list of lists", "dict of lists")
_FUNCTIONS = ("activations.relu", "activations.tanh", "activations.softplus", "activations.elu")


def _scale(a: Arguments, x: Spec) -> Placement:
    if a.draw(st.booleans()):
        a.give("offset", a.draw(st.sampled_from((0.5, -1.0))))
    return Placement((x.but(image=False),))


def _gate(a: Arguments, x: Spec) -> Placement:
    units = a.give("units", a.draw(st.integers(1, 4)))
    a.optional("kept", st.sampled_from(HELD))
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


def _two_branches(a: Arguments, x: Spec) -> Placement:
    a.give("units", a.draw(st.integers(1, 4)))
    return Placement((x.but(shape=(*x.shape[:-1], 2), image=False, masked=False),))


def _steps(a: Arguments, x: Spec) -> Placement:
    layers, y = [], x
    for number in range(a.draw(st.integers(1, 3))):
        call, placement = a.inner(a.choose_rule(_STEPS, y), y, name=f"step_{number}")
        if y.static and not placement.outputs[0].static:
            # Keras follows the tensors through the steps, and knows of sizes that this layer by itself would not say.
            call, placement = a.inner(a.choose_rule(("ReLU",), y), y, name=f"step_{number}")
        layers.append(call)
        y = placement.outputs[0]
    a.give("layers", layers)
    a.optional("kept", st.sampled_from(KEPT[1:]))
    return Placement((y.but(image=False),))


def _dense_inside(a: Arguments, x: Spec) -> Placement:
    units = a.give("units", a.draw(st.integers(1, 4)))
    return Placement((x.but(shape=(*x.shape[:-1], units), image=False, masked=False),))


def _counted(a: Arguments, x: Spec) -> Placement:
    a.optional("momentum", st.sampled_from((0.5, 0.75)))
    return Placement((x.but(image=False, masked=False),))


def _unmasked(spec: Spec) -> bool:
    """What a model's own weights and sums make of a mask would be the model's affair."""
    return inputs.is_float()(spec) and not spec.masked


_MODEL = frozenset({"custom", "model"})
RULES = (
    LayerRule("custom.Scale", _scale, inputs.vectors, inputs.is_float(), tags=frozenset({"custom"})),
    LayerRule("custom.Gate", _gate, inputs.vectors, inputs.is_float(), tags=frozenset({"custom"})),
    LayerRule("custom.TwoBranches", _two_branches, inputs.vectors, _unmasked, tags=_MODEL),
    LayerRule("custom.Steps", _steps, inputs.any_floats, _unmasked, (), tags=_MODEL),
    LayerRule("custom.Late", _dense_inside, inputs.vectors, _unmasked, tags=_MODEL),
    LayerRule("custom.Twice", _dense_inside, inputs.vectors, _unmasked, tags=_MODEL),
    LayerRule("custom.Counted", _counted, inputs.vectors, _unmasked, tags=_MODEL),
    LayerRule("Lambda", _lambda, inputs.vectors, inputs.is_float()),
)
