"""Regularization: dropout in all its forms, noise, and the penalty on activities.

All of them return their input unchanged but in training, whatever its shape.
"""

from __future__ import annotations

from hypothesis import strategies as st

from harness.architectures import inputs
from harness.architectures.arguments import seeds
from harness.architectures.rules import Arguments, LayerRule, Placement
from harness.architectures.spec import Spec

_RANDOM = frozenset({"random"})
# At 0.0 Keras 3 makes no seed generator, so the layer has no state to save.
_rates = st.sampled_from((0.5, 0.25, 0.1, 0.0))
_is_any_float = inputs.is_float(static=False)


def _same(x: Spec) -> Placement:
    # Dropout scales what it keeps, and noise goes below zero.
    return Placement((x.but(image=False),))


def _noise_shapes(a: Arguments, x: Spec) -> st.SearchStrategy[tuple[int | None, ...]]:
    """Shapes that broadcast to the input's, batch axis included; None stands for the length of that axis."""
    # AlphaDropout of Keras 2 hands the shape to TensorFlow as it is, so it may hold no None.
    unknown: tuple[int | None, ...] = () if a.major == 2 and a.name.endswith("AlphaDropout") else (None,)
    axes = [st.sampled_from((1, *unknown))]
    axes += [st.sampled_from((1, *unknown, *(() if axis is None else (axis,)))) for axis in x.shape]
    return st.tuples(*axes)


def _dropout(a: Arguments, x: Spec) -> Placement:
    a.required("rate", _rates)
    a.optional("noise_shape", _noise_shapes(a, x))
    a.optional("seed", seeds)
    return _same(x)


def _spatial_dropout(a: Arguments, x: Spec) -> Placement:
    a.required("rate", _rates)
    a.several({"data_format": st.sampled_from(("channels_first", "channels_last")), "seed": seeds})
    return _same(x)


def _gaussian_dropout(a: Arguments, x: Spec) -> Placement:
    a.required("rate", _rates)
    a.optional("seed", seeds)
    return _same(x)


def _gaussian_noise(a: Arguments, x: Spec) -> Placement:
    a.required("stddev", st.sampled_from((0.5, 1.0, 0.1, 0.0)))
    a.optional("seed", seeds)
    return _same(x)


def _activity_regularization(a: Arguments, x: Spec) -> Placement:
    a.several({"l1": st.sampled_from((0.01, 0.5)), "l2": st.sampled_from((0.01, 0.5))})
    return Placement((x,))


def _spatial(rank: int) -> LayerRule:
    return LayerRule(
        f"SpatialDropout{rank}D",
        _spatial_dropout,
        lambda: inputs.grids(rank),
        inputs.is_float(rank=rank + 1, static=False),
        tags=_RANDOM,
    )


RULES = (
    LayerRule("Dropout", _dropout, inputs.any_floats, _is_any_float, tags=_RANDOM),
    LayerRule("AlphaDropout", _dropout, inputs.any_floats, _is_any_float, tags=_RANDOM),
    *map(_spatial, (1, 2, 3)),
    LayerRule("GaussianDropout", _gaussian_dropout, inputs.any_floats, _is_any_float, tags=_RANDOM),
    LayerRule("GaussianNoise", _gaussian_noise, inputs.any_floats, _is_any_float, tags=_RANDOM),
    LayerRule("ActivityRegularization", _activity_regularization, inputs.any_floats, _is_any_float),
)
