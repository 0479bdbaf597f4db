"""Activations as layers: Activation with every function, and those with arguments or weights of their own."""

from __future__ import annotations

from hypothesis import strategies as st

from harness.architectures import inputs
from harness.architectures.arguments import variable
from harness.architectures.objects import ACTIVATIONS
from harness.architectures.rules import Arguments, LayerRule, Placement
from harness.architectures.spec import Spec
from harness.protocol.architecture import Name

# glu halves an axis, but the Activation layer declares the shape of its input; threshold wants arguments that
# Activation cannot give.
_NOT_IN_A_LAYER = frozenset({"glu", "threshold"})
_slopes = st.sampled_from((0.1, 0.5, 0.0))
_is_any_float = inputs.is_float(static=False)


def _activation(a: Arguments, x: Spec) -> Placement:
    names = [
        name
        for name in ACTIVATIONS
        if name not in _NOT_IN_A_LAYER
        and a.vocabulary.has(f"activations.{name}")
        and f"activations.{name}" not in a.vocabulary.aliases  # a config holds the other name
        and not (name == "exponential" and x.image)  # the exponential of 255 is infinite
    ]
    wanted = a.take("activation", [f"activations.{name}" for name in names])
    name = wanted[0].partition(".")[2] if wanted else a.draw(st.sampled_from(names))
    a.required("activation", st.sampled_from((name, Name(f"activations.{name}"))))
    return Placement((x.but(image=False),))


def _relu(a: Arguments, x: Spec) -> Placement:
    a.several(
        {
            "max_value": st.sampled_from((1.0, 6.0, 0.5)),
            "negative_slope": st.sampled_from((0.1, 0.5)),
            "threshold": st.sampled_from((0.25, 1.0)),
        }
    )
    return Placement((x.but(image=x.image and not a.values),))


def _leaky_relu(a: Arguments, x: Spec) -> Placement:
    a.optional("alpha", _slopes)  # of Keras 2
    a.optional("negative_slope", _slopes)
    return Placement((x,))


def _elu(a: Arguments, x: Spec) -> Placement:
    a.optional("alpha", st.sampled_from((0.5, 2.0)))
    return Placement((x,))


def _thresholded_relu(a: Arguments, x: Spec) -> Placement:
    a.optional("theta", st.sampled_from((0.5, 0.0)))
    return Placement((x,))


def _prelu(a: Arguments, x: Spec) -> Placement:
    variable(a, "alpha", rank=x.rank)
    unknown = frozenset(number for number, axis in enumerate(x.shape, 1) if axis is None)
    if unknown:
        # A weight cannot have an axis of unknown length.
        a.give("shared_axes", sorted(unknown))
    else:
        axes = st.integers(1, x.rank)
        a.optional("shared_axes", st.one_of(axes, st.lists(axes, min_size=1, unique=True)))
    return Placement((x.but(image=False),))


def _softmax(a: Arguments, x: Spec) -> Placement:
    axes = st.sampled_from([*range(1, x.rank + 1), *range(-x.rank, -1)])
    several = st.lists(st.integers(1, x.rank), min_size=1, unique=True)
    a.optional("axis", st.one_of(axes, several, several.map(tuple)))
    return Placement((x.but(image=False),))


def _is_unmasked(spec: Spec) -> bool:
    # Softmax takes the mask of a sequence for one over its last axis.
    return _is_any_float(spec) and not spec.masked


RULES = (
    LayerRule("Activation", _activation, inputs.any_floats, _is_any_float),
    LayerRule("ReLU", _relu, inputs.any_floats, _is_any_float),
    LayerRule("LeakyReLU", _leaky_relu, inputs.any_floats, _is_any_float),
    LayerRule("ELU", _elu, inputs.any_floats, _is_any_float),
    LayerRule("ThresholdedReLU", _thresholded_relu, inputs.any_floats, _is_any_float),
    LayerRule("PReLU", _prelu, inputs.any_floats, _is_any_float),
    LayerRule("Softmax", _softmax, inputs.any_floats, _is_unmasked),
)
