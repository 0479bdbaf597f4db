"""Layers that augment images: geometry, colour, blending; without an effect unless training.

They are called on the plain image tensor. Labels, boxes and masks, which they also take in a dict beside the
images, change no argument and leave nothing behind in a file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import strategies as st

from harness.architectures.arguments import seeds
from harness.architectures.inputs import is_float
from harness.architectures.policies import DTYPES
from harness.architectures.rules import Arguments, LayerRule, Placement
from harness.architectures.spec import Spec

Strategies = Mapping[str, st.SearchStrategy[Any]]


def _between(low: float, high: float) -> st.SearchStrategy[Any]:
    """A number from 0 to `high`, or a pair in order within the bounds: as a tuple or as a list."""
    numbers = st.sampled_from(sorted({low, low / 2, high / 4, high / 2, high}))
    pairs = st.tuples(numbers, numbers).map(sorted)
    return st.one_of(st.sampled_from((high / 4, high / 2, high)), pairs.map(tuple), pairs)


_parts = _between(0.0, 1.0)
_shifts = _between(-0.5, 0.5)
_signed = _between(-1.0, 1.0)
_ranges: st.SearchStrategy[Any] = st.sampled_from(((0, 1), [0.0, 1.0], (0.0, 200.0), [0, 128]))
_interpolation = st.just("nearest")
_fill_mode = st.sampled_from(("constant", "wrap", "nearest"))
_fill_value = st.sampled_from((1.0, 64.0, 255.0))
_filled: Strategies = {"fill_mode": _fill_mode, "interpolation": _interpolation, "fill_value": _fill_value}
_ranged: Strategies = {"value_range": _ranges}


@st.composite
def _images(draw: st.DrawFn, *, channels_first: bool) -> Spec:
    height, width = draw(st.integers(6, 9)), draw(st.integers(6, 9))
    if channels_first and draw(st.booleans()):
        return Spec((3, height, width), image=True)
    return Spec((height, width, 3), image=True)


def _is_image(spec: Spec) -> bool:
    return spec.kind == "float" and spec.image and spec.rank == 3 and spec.static and not spec.sparse


def _is_colour(spec: Spec) -> bool:
    return _is_image(spec) and spec.shape[-1] == 3


def _is_colour_of_any_format(spec: Spec) -> bool:
    return _is_image(spec) and 3 in (spec.shape[0], spec.shape[-1])


def _is_map(spec: Spec) -> bool:
    """Floats of height, width and channels, whatever their values."""
    return spec.kind == "float" and spec.rank == 3 and spec.static and not spec.sparse


def data_format(a: Arguments, x: Spec, *, channels: int | None = None) -> str:
    """Draws where the channels stand; where there must be so many of them, only a place that has them."""
    places = [("channels_first", x.shape[0]), ("channels_last", x.shape[-1])]
    fitting = [place for place, count in places if channels in (None, count)]
    if "channels_last" not in fitting:
        return a.give("data_format", "channels_first")
    return str(a.optional("data_format", st.sampled_from(fitting), default="channels_last"))


def some_dtype(a: Arguments, dtypes: tuple[str, ...]) -> None:
    """A dtype policy of its own, now and then: what `graph.common` does, of fewer."""
    if dtypes and a.has("dtype") and a.draw(st.integers(0, 11)) == 11:
        a.give("dtype", a.draw(st.sampled_from(dtypes)))


def _layer(
    name: str,
    required: Strategies,
    optional: Strategies,
    *,
    colour: bool = False,
    formats: bool = True,
    maps: bool = False,
    strays: bool = False,
    dtypes: tuple[str, ...] = DTYPES,
    tags: tuple[str, ...] = ("random",),
) -> LayerRule:
    """The rule of a layer that keeps the shape.

    `colour`: it wants three channels; `formats`: it has `data_format`; `maps`: it takes any values; `strays`:
    values leave the range of an image where `value_range` is not that of the input; `dtypes`: those in which
    it can be trained, gradients and graphs included.
    """

    def place(a: Arguments, x: Spec) -> Placement:
        for argument, values in required.items():
            a.required(argument, values)
        a.several(optional)
        a.optional("seed", seeds)
        if formats:
            data_format(a, x, channels=3 if colour else None)
        some_dtype(a, dtypes)
        image = x.image and not (strays and "value_range" in a.values)
        through = x.differentiable and "opaque" not in tags
        return Placement((x.but(image=image, masked=False, differentiable=through),))

    accepts = _is_map if maps else _is_image
    if colour:
        accepts = _is_colour_of_any_format if formats else _is_colour
    return _rule(name, place, accepts, formats=formats, tags=tags)


def _rule(
    name: str,
    place: Callable[[Arguments, Spec], Placement],
    accepts: Callable[[Spec], bool],
    *,
    formats: bool = True,
    tags: tuple[str, ...] = ("random",),
) -> LayerRule:
    return LayerRule(
        name,
        place,
        lambda: _images(channels_first=formats),
        accepts,
        common=("trainable",),
        tags=frozenset({"preprocessing", *tags}),
    )


def _crop(a: Arguments, x: Spec) -> Placement:
    first = data_format(a, x) == "channels_first"
    sides = x.shape[1:] if first else x.shape[:-1]
    # Keras 3 crops in training alone, against what it says of itself and of its output shape. So the crop has the
    # size of the image, or no other layer takes it, for which `sparse` stands.
    astray = a.major >= 3 and a.draw(st.booleans())
    if a.major >= 3 and not astray:
        height, width = a.give("height", sides[0]), a.give("width", sides[1])
    else:
        height, width = a.required("height", st.integers(2, 6)), a.required("width", st.integers(2, 6))
    a.optional("seed", seeds)
    some_dtype(a, DTYPES)
    shape = (x.shape[0], height, width) if first else (height, width, x.shape[2])
    return Placement((x.but(shape=shape, masked=False, sparse=astray),))


def _stretch(axis: int) -> LayerRule:
    """RandomHeight (axis 0) and RandomWidth (axis 1) of Keras 2: the length becomes unknown."""

    def place(a: Arguments, x: Spec) -> Placement:
        a.required("factor", st.sampled_from((0.5, (-0.3, 0.2), (0.2, 0.3), [0.0, 0.4])))
        methods = ["nearest", "bicubic", "lanczos3", "lanczos5", "gaussian", "mitchellcubic"]
        if x.image:
            # It has no gradient at all: an error, where something trainable precedes.
            methods.append("area")
        method = a.optional("interpolation", st.sampled_from(methods), default="bilinear")
        a.optional("seed", seeds)
        some_dtype(a, DTYPES)
        shape = tuple(None if place == axis else length for place, length in enumerate(x.shape))
        # A cubic window overshoots what it interpolates.
        image = x.image and method in ("bilinear", "nearest", "area", "gaussian")
        return Placement((x.but(shape=shape, image=image, masked=False),))

    return _rule(("RandomHeight", "RandomWidth")[axis], place, _is_map, formats=False)


def _contrast(a: Arguments, x: Spec) -> Placement:
    # Two zeros, which `_parts` may hold, Keras 2 refuses.
    a.required("factor", st.sampled_from((0.25, 1.0, (0.0, 0.5), [0.25, 0.25], [0.5, 1.0])))
    a.optional("value_range", _ranges)
    a.optional("seed", seeds)
    # The operation that Keras 2 calls knows float32 alone on a CPU.
    some_dtype(a, DTYPES if a.major >= 3 else ())
    return Placement((x.but(masked=False),))


def _jitter(a: Arguments, x: Spec) -> Placement:
    a.optional("value_range", _ranges)
    a.several({"brightness_factor": _signed, "contrast_factor": _parts})
    a.several({"saturation_factor": _parts, "hue_factor": _parts})
    a.optional("seed", seeds)
    coloured = not {"saturation_factor", "hue_factor"}.isdisjoint(a.values)
    # The layers inside are not told of the format, and two of them fail where the last axis is not a colour.
    formats = ("channels_last",) if coloured else ("channels_first", "channels_last")
    a.optional("data_format", st.sampled_from(formats))
    some_dtype(a, DTYPES)
    image = x.image and not (coloured and "value_range" in a.values)
    return Placement((x.but(image=image, masked=False, differentiable=x.differentiable and not coloured),))


def _clahe(a: Arguments, x: Spec) -> Placement:
    a.optional("value_range", _ranges)
    a.optional("clip_limit", st.sampled_from((1.0, 2.5)))
    form = data_format(a, x)
    sides = x.shape[1:] if form == "channels_first" else x.shape[:-1]
    # An image is padded up to whole tiles by reflection, which must not be as long as the image.
    tiles = [[count for count in (8, 4, 3, 2, 1) if -side % count < side] for side in sides if side]
    grids = st.tuples(*map(st.sampled_from, tiles))
    if all(8 in counts for counts in tiles):
        a.optional("tile_grid_size", st.one_of(grids, grids.map(list)))
    else:
        a.required("tile_grid_size", grids)
    some_dtype(a, DTYPES)
    return Placement((x.but(masked=False, differentiable=False),))


# What the gradient of the projective transform has a kernel for.
_WARPED = ("float64", "float16", "mixed_float16")
# What `arange` makes in a graph; the other half precision fails there.
_RANGED = ("float64", "bfloat16", "mixed_bfloat16")
_sides: Strategies = {"height_factor": _shifts, "width_factor": _shifts}
_mixed: Strategies = {**_ranged, "factor": _parts, "interpolation": _interpolation}
_perspective: Strategies = {
    "factor": _parts,
    "scale": st.sampled_from((0.1, 0.5)),
    "interpolation": _interpolation,
    "fill_value": _fill_value,
}
_blur: Strategies = {
    "factor": _parts,
    "kernel_size": st.sampled_from((5, (3, 5), [5, 3])),
    "sigma": _parts,
    **_ranged,
}
_chains: Strategies = {
    **_mixed,
    "num_chains": st.sampled_from((2, 4)),
    "chain_depth": st.sampled_from((1, 5)),
    "alpha": st.sampled_from((0.5, 2.0)),
    "all_ops": st.just(False),
}
_OPAQUE = ("random", "opaque")

RULES = (
    _rule("RandomCrop", _crop, is_float(rank=3, minimum=3)),
    _stretch(0),
    _stretch(1),
    _layer("RandomFlip", {}, {"mode": st.sampled_from(("horizontal", "vertical"))}, maps=True),
    _layer("RandomRotation", {"factor": _shifts}, _filled, maps=True, dtypes=_WARPED),
    _layer("RandomTranslation", _sides, _filled, maps=True, dtypes=_WARPED),
    _layer(
        "RandomZoom",
        {"height_factor": _shifts},
        {"width_factor": _shifts, **_filled},
        maps=True,
        dtypes=_WARPED,
    ),
    _layer("RandomShear", {}, {"x_factor": _parts, "y_factor": _parts, **_filled}, maps=True, dtypes=_WARPED),
    _layer("RandomPerspective", {}, _perspective, maps=True, dtypes=_WARPED),
    _layer(
        "RandomElasticTransform",
        {},
        {**_filled, "factor": _parts, "scale": _parts, **_ranged},
        dtypes=_RANGED,
    ),
    _layer(
        "RandomErasing",
        {},
        {"factor": _parts, "scale": _parts, "fill_value": _fill_value, **_ranged},
        dtypes=_RANGED,
    ),
    _layer("RandomBrightness", {"factor": _signed}, _ranged, formats=False),
    _rule("RandomContrast", _contrast, _is_image, formats=False),
    _layer("RandomGaussianBlur", {}, _blur, dtypes=_RANGED),
    _layer("RandomGrayscale", {}, {"factor": st.sampled_from((0.0, 0.25, 1.0))}, colour=True),
    _layer("RandomHue", {"factor": _parts}, _ranged, colour=True, tags=_OPAQUE),
    _layer("RandomSaturation", {"factor": _parts}, _ranged, colour=True, strays=True, tags=_OPAQUE),
    _layer("RandomSharpness", {"factor": _parts}, _ranged),
    _layer("RandomPosterization", {"factor": st.sampled_from((1, 4, 8, (2, 6), [1, 3]))}, _ranged, tags=_OPAQUE),
    _layer("RandomInvert", {}, {"factor": _parts, **_ranged}, strays=True),
    _layer("RandomColorDegeneration", {"factor": _parts}, _ranged, colour=True),
    _rule("RandomColorJitter", _jitter, _is_colour, formats=False, tags=_OPAQUE),
    _layer("AutoContrast", {}, _ranged, formats=False, tags=()),
    # Its symbolic output is its very input tensor, which no graph can hold: it is drawn within a Pipeline.
    _layer("Equalization", {}, {**_ranged, "bins": st.sampled_from((16, 64))}, tags=("opaque", "piped")),
    _rule("ContrastLimitedAdaptiveHistogramEqualization", _clahe, _is_image, tags=("opaque",)),
    _layer("Solarization", {}, {"addition_factor": _parts, "threshold_factor": _parts, **_ranged}, formats=False),
    _layer("AugMix", {}, _chains, colour=True, dtypes=_WARPED),
    _layer("RandAugment", {}, {**_mixed, "num_ops": st.sampled_from((1, 3))}, colour=True, dtypes=_WARPED),
    _layer("CutMix", {}, {"factor": _parts}, dtypes=("float64",)),
    _layer("Mosaic", {}, {"offset": st.sampled_from((0.5, 0, (0.0, 1.0), [0.3, 0.3]))}),
    _layer("MixUp", {}, {"alpha": st.sampled_from((0.5, 1.0))}),
    _layer(
        "MaxNumBoundingBoxes",
        {"max_number": st.integers(1, 4)},
        {"fill_value": st.sampled_from((0, -2))},
        formats=False,
        tags=(),
    ),
)
