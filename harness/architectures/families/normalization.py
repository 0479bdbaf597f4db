"""Normalization by the statistics of a batch, a sample, a group of channels or a vector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from harness.architectures import inputs
from harness.architectures.arguments import variable
from harness.architectures.families.core import own_dtype, unlisted
from harness.architectures.families.merging import place
from harness.architectures.rules import Arguments, LayerRule, Placement
from harness.architectures.spec import Spec
from harness.protocol.architecture import Call

_false = st.just(False)
_epsilons = st.sampled_from((1e-5, 0.01, 0.1))
_momenta = st.sampled_from((0.9, 0.5, 0.0))
_means = st.sampled_from(("ones", Call("initializers.RandomNormal", {"stddev": 0.5, "seed": 5})))
# A variance is not negative, so not every initializer will do.
_variances = st.sampled_from(
    (
        Call("initializers.Constant", {"value": 0.5}),
        Call("initializers.RandomUniform", {"minval": 0.5, "maxval": 1.5, "seed": 3}),
    )
)
_clippings = st.sampled_from(({"rmax": 3.0, "rmin": 0.3, "dmax": 5.0}, {"rmax": 1.5, "rmin": 0.5}, {"dmax": 1.0}))
_is_any_float = inputs.is_float(static=False)


def _scale_and_center(a: Arguments, rank: int) -> None:
    a.several({"epsilon": _epsilons, "center": _false, "scale": _false})
    variable(a, "beta", rank=rank)
    variable(a, "gamma", rank=rank)


def _from_front(x: Spec) -> list[int]:
    """The axes of known length, batch axis counted; the last one comes first."""
    return [number for number in range(x.rank, 0, -1) if x.shape[number - 1] is not None]


def _axes(x: Spec) -> list[int]:
    """The axes of known length, from both ends."""
    return [*_from_front(x), *(number - x.rank - 1 for number in _from_front(x))]


def _one_or_more(axes: Sequence[int]) -> st.SearchStrategy[Any]:
    """An axis, or a list or a tuple of different ones."""
    several = st.lists(st.sampled_from(axes), min_size=1, max_size=3, unique=True)
    return st.one_of(st.sampled_from(axes), several, several.map(tuple))


def _axis(a: Arguments, x: Spec, axes: st.SearchStrategy[Any]) -> Any:
    """Draws `axis`; it must be given where the last axis, its default, is of unknown length."""
    if x.shape[-1] is None:
        return a.required("axis", axes)
    return a.optional("axis", axes, default=-1)


def _batch_normalization(a: Arguments, x: Spec) -> Placement:
    # Under a mask Keras 3 squeezes the statistics, so that those of one channel fit no axis but the default.
    axes = [number for number in _axes(x) if not (x.masked and x.shape[place(number, x.rank)] == 1)]
    one = st.sampled_from(axes or [-1])
    several = st.lists(st.sampled_from(_from_front(x)), min_size=1, max_size=2, unique=True)
    axis = _axis(a, x, st.one_of(one, several) if a.major == 2 else one)
    a.optional("momentum", _momenta)
    _scale_and_center(a, 1)
    a.several({"moving_mean_initializer": _means, "moving_variance_initializer": _variances})
    if a.major == 2:
        places = [number % (x.rank + 1) for number in ([axis] if isinstance(axis, int) else axis)]
        _of_keras_2(a, x, places)
    else:
        _renormalization(a)
        a.optional("synchronized", st.just(True))
    # Fused normalization knows no double precision.
    own_dtype(a, without=("float64",) if a.get("fused") else ())
    return Placement((x.but(image=False),))


def _renormalization(a: Arguments) -> None:
    if a.optional("renorm", st.just(True), default=False):
        a.several({"renorm_clipping": _clippings, "renorm_momentum": _momenta})


def _of_keras_2(a: Arguments, x: Spec, axes: list[int]) -> None:
    """What Keras 2 takes beside the arguments that it lists; one of these ways excludes the others."""
    ways = ["plain", "synchronized", "not fused"]
    if axes == [x.rank] and x.rank in (3, 4) and not x.masked:
        ways.append("fused")
    if len(axes) == 1:
        ways.append("renorm")
    if not x.masked:
        ways.append("virtual batches")
    way = a.draw(st.sampled_from(ways[:1] if a.plain or a.vocabulary.common else ways))
    if "synchronized" in a.wanted:
        way = "synchronized"
    if way == "synchronized":
        a.give("synchronized", True)
    elif way == "renorm":
        a.give("renorm", True)
        unlisted(a, "renorm_clipping", _clippings)
        unlisted(a, "renorm_momentum", _momenta)
    elif way == "virtual batches":
        a.give("virtual_batch_size", 1)  # batches have to be a multiple of it, and are of several sizes
    elif not a.vocabulary.common and (way != "plain" or (x.rank in (3, 4) and axes == [1])):
        # Fused and with the channels first, it does not run on a CPU.
        a.give("fused", way == "fused")


def _layer_normalization(a: Arguments, x: Spec) -> Placement:
    _axis(a, x, _one_or_more(_from_front(x)))
    _scale_and_center(a, 1)
    if a.major >= 3:
        unlisted(a, "rms_scaling", st.just(True))
    return Placement((x.but(image=False),))


def _group_normalization(a: Arguments, x: Spec) -> Placement:
    axis = _axis(a, x, st.sampled_from(_axes(x)))
    channels = x.shape[place(axis, x.rank)]
    assert channels is not None
    divisors = [count for count in range(1, channels + 1) if channels % count == 0]
    a.required("groups", st.sampled_from([*divisors, -1]))
    _scale_and_center(a, 1)
    return Placement((x.but(image=False),))


def _rms_normalization(a: Arguments, x: Spec) -> Placement:
    # The scale is multiplied with the last axes whatever `axis` is, so it must be those.
    known = x.shape[: -x.rank - 1 : -1]
    count = next((number for number, axis in enumerate(known) if axis is None), x.rank)
    ends = [list(range(x.rank - number, x.rank + 1)) for number in range(min(count, 3))]
    from_behind = [[axis - x.rank - 1 for axis in end] for end in ends]
    a.optional("axis", st.sampled_from([x.rank, *ends, *map(tuple, ends), *from_behind]))
    a.optional("epsilon", _epsilons)
    return Placement((x.but(image=False, masked=False),))


def _unit_normalization(a: Arguments, x: Spec) -> Placement:
    a.optional("axis", _one_or_more([*range(1, x.rank + 1)]))
    # What keeps it from dividing by zero is itself zero in half precision.
    own_dtype(a, without=("float16", "mixed_float16"))
    return Placement((x.but(image=False),))


def _has_known_axis(spec: Spec) -> bool:
    return _is_any_float(spec) and any(axis is not None for axis in spec.shape)


def _accepts_batch(spec: Spec) -> bool:
    # Keras wants a mask with one axis less than the tensor.
    return _has_known_axis(spec) and (not spec.masked or spec.rank == 2)


def _accepts_group(spec: Spec) -> bool:
    # Keras 2 cannot spread the mask of a sequence over its features.
    return _has_known_axis(spec) and not spec.masked


def _last_axis_is_known(spec: Spec) -> bool:
    return _is_any_float(spec) and spec.shape[-1] is not None


RULES = (
    LayerRule(
        "BatchNormalization",
        _batch_normalization,
        inputs.any_floats,
        _accepts_batch,
        common=("trainable",),
        tags=frozenset({"stateful"}),
    ),
    LayerRule("LayerNormalization", _layer_normalization, inputs.any_floats, _has_known_axis),
    LayerRule("GroupNormalization", _group_normalization, inputs.any_floats, _accepts_group),
    LayerRule("RMSNormalization", _rms_normalization, inputs.any_floats, _last_axis_is_known),
    LayerRule("UnitNormalization", _unit_normalization, inputs.any_floats, _is_any_float, common=("trainable",)),
)
