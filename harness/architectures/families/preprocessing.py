"""Layers that prepare data: scaling, resizing, cropping, spectrograms; all of `encoding` and `lookup`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from harness.architectures import inputs
from harness.architectures.families import encoding, lookup
from harness.architectures.families.augmentation import data_format, some_dtype
from harness.architectures.rules import Arguments, LayerRule, Placement
from harness.architectures.shapes import window
from harness.architectures.spec import Spec
from harness.protocol.architecture import Data, Method


def _nested(a: Arguments, shape: Sequence[int], values: st.SearchStrategy[float]) -> Any:
    """A number, or numbers in lists of this shape."""
    if not shape:
        return a.draw(values)
    return [_nested(a, shape[1:], values) for _ in range(shape[0])]


def _normalization(a: Arguments, x: Spec) -> Placement:
    known = [place + 1 for place, length in enumerate(x.shape) if length is not None]
    last = x.rank
    axes: list[Any] = [None, *known, *((first, last) for first in known if first < last and last in known)]
    kept: Any = -1
    if last not in known or a.chance("axis"):
        kept = a.required("axis", st.sampled_from(axes))
    places = () if kept is None else (last,) if kept == -1 else (kept,) if isinstance(kept, int) else kept
    lengths = tuple(x.shape[place - 1] or 0 for place in places)
    methods: tuple[Method, ...] = ()
    learns = a.adapts("mean", "variance")
    if not learns and (a.chance("mean") or "variance" in a.wanted):
        given: tuple[int, ...] = a.draw(st.sampled_from([(), lengths]))
        a.give("mean", _nested(a, given, st.sampled_from((-1.0, 0.0, 0.5, 2.0))))
        a.give("variance", _nested(a, given, st.sampled_from((0.25, 1.0, 4.0))))
    else:
        shape = (8, *(axis or 3 for axis in x.shape))
        data = Data(shape, x.input_dtype(), x.values(), a.draw(st.integers(0, 99)))
        methods = (a.adapted(data),)
    a.optional("invert", st.just(True))
    masked = x.masked and a.major >= 3
    out = x.but(kind="float", limit=None, image=False, masked=masked, dtype=None)
    return Placement((out,), methods=methods)


def _rescaling(a: Arguments, x: Spec) -> Placement:
    numbers = st.sampled_from((1 / 255, 1 / 127.5, 0.5, -2.0))
    channels = x.shape[-1]
    lists = [st.just(())] if channels is None else [st.just(()), st.just((channels,))]
    scale = a.give("scale", _nested(a, a.draw(st.one_of(lists)), numbers))
    offset = 0.0
    if a.chance("offset"):
        offset = a.give("offset", _nested(a, a.draw(st.one_of(lists)), st.sampled_from((-1.0, 0.5, 1.0))))
    ends = [
        factor * value + shift
        for factor in (scale if isinstance(scale, list) else [scale])
        for shift in (offset if isinstance(offset, list) else [offset])
        for value in (0, 255)
    ]
    image = x.image and min(ends) >= 0 and max(ends) <= 255
    out = x.but(kind="float", limit=None, image=image, masked=x.masked and a.major >= 3, dtype=None)
    return Placement((out,))


def _sized(a: Arguments, x: Spec, form: str) -> tuple[int | None, ...]:
    # From sides of 3, Keras 2 can cut out the aspect ratio of sides of 3 to 9, but not that of 2 to 9.
    height = a.required("height", st.integers(3, 9))
    width = a.required("width", st.integers(3, 9))
    return (x.shape[0], height, width) if form == "channels_first" else (height, width, x.shape[2])


def _resizing(a: Arguments, x: Spec) -> Placement:
    shape = _sized(a, x, data_format(a, x))
    methods = ["nearest", "bicubic", "lanczos3", "lanczos5"]
    if a.major < 3:
        methods += ["gaussian", "mitchellcubic"]
        if x.image:
            # It has no gradient at all: an error, where something trainable precedes.
            methods.append("area")
    method = a.optional("interpolation", st.sampled_from(methods), default="bilinear")
    fits = [fit for fit in ("crop_to_aspect_ratio", "pad_to_aspect_ratio") if a.chance(fit)]
    if not fits and (a.chance("fill_value") or "fill_mode" in a.wanted):
        fits = ["pad_to_aspect_ratio"]
    if fits:
        fit = a.draw(st.sampled_from(fits))
        a.give(fit, True)
        if fit == "pad_to_aspect_ratio":
            a.optional("fill_mode", st.just("constant"))
            a.optional("fill_value", st.sampled_from((1.0, 127.0)))
    a.optional("antialias", st.just(True))
    # A cubic window overshoots what it interpolates.
    image = x.image and method in ("bilinear", "nearest", "area", "gaussian")
    return Placement((x.but(shape=shape, image=image, masked=False),))


def _center_crop(a: Arguments, x: Spec) -> Placement:
    return Placement((x.but(shape=_sized(a, x, data_format(a, x)), masked=False),))


def _mel_spectrogram(a: Arguments, x: Spec) -> Placement:
    samples = x.shape[0]
    assert samples is not None
    # The signal is reflected at both ends, by half a window.
    sizes = [size for size in (4, 8, 16, 32) if size // 2 < samples]
    length = a.required("fft_length", st.sampled_from(sizes))
    # Keras counts a frame too many where a stride ends with the signal.
    strides = [stride for stride in (2, 3, 4, 5, 7, 8, 16) if (samples + 1) % stride]
    stride = a.required("sequence_stride", st.sampled_from(strides))
    a.optional("sequence_length", st.integers(2, length))
    bins = a.required("num_mel_bins", st.integers(2, 6))
    rate = a.optional("sampling_rate", st.sampled_from((8000, 22050)), default=16000)
    a.several(
        {
            "window": st.sampled_from(("hamming", None)),
            "min_freq": st.sampled_from((0.0, 125.0)),
            "max_freq": st.sampled_from((rate / 4, rate // 2 - 100)),
            "power_to_db": st.just(False),
            "top_db": st.sampled_from((20.0, 60.0)),
            "mag_exp": st.sampled_from((1.0, 1.5)),
            "min_power": st.sampled_from((1e-5, 1e-3)),
            "ref_power": st.sampled_from((0.5, 2.0)),
        }
    )
    # It fails in float64, which it says it takes.
    some_dtype(a, ("float16", "bfloat16", "mixed_float16", "mixed_bfloat16"))
    frames = 1 + samples // stride
    return Placement((Spec((bins, frames), differentiable=x.differentiable, fixed_batch=x.fixed_batch),))


def _stft_spectrogram(a: Arguments, x: Spec) -> Placement:
    first = a.optional("data_format", st.just("channels_last"), default="channels_last") == "channels_first"
    steps, channels = (x.shape[1], x.shape[0]) if first else (x.shape[0], x.shape[1])
    assert channels is not None
    padding = a.optional("padding", st.just("same"), default="valid")
    longest = 8 if padding == "same" or steps is None else min(steps, 8)
    length = a.required("frame_length", st.integers(4, longest))
    step = a.optional("frame_step", st.integers(1, length), default=length // 2)
    fft = a.optional("fft_length", st.sampled_from((8, 16)), default=8 if length > 4 else 4)
    mode = a.optional("mode", st.sampled_from(("magnitude", "psd", "real", "imag", "angle", "stft")), default="log")
    # Windows by name, the default one too, want SciPy, which Keras does not install.
    weights = st.sampled_from((0.25, 0.5, 1.0))
    a.required("window", st.lists(weights, min_size=length, max_size=length))
    a.optional("periodic", st.just(True))
    a.optional("scaling", st.sampled_from(("spectrum", None)))
    frames = window(steps, length, step, padding)
    frequencies = (fft // 2 + 1) * (2 if mode == "stft" else 1)
    shape: tuple[int | None, ...] = (frames, channels * frequencies)
    if a.optional("expand_dims", st.just(True), default=False):
        shape = (channels, frames, frequencies) if first else (frames, frequencies, channels)
    elif first:
        shape = (channels * frequencies, frames)
    return Placement((Spec(shape, differentiable=x.differentiable, fixed_batch=x.fixed_batch),))


def _is_number(spec: Spec) -> bool:
    return spec.kind in ("float", "int") and spec.rank >= 1 and not spec.sparse


def _normalizable(spec: Spec) -> bool:
    return _is_number(spec) and any(length is not None for length in spec.shape)


def _is_signal(spec: Spec) -> bool:
    return spec.kind == "float" and spec.rank == 1 and not spec.sparse and (spec.shape[0] or 0) >= 4


def _is_wave(spec: Spec) -> bool:
    return inputs.is_float(rank=2, minimum=4)(spec) and spec.static


def _pictures() -> st.SearchStrategy[Spec]:
    return st.one_of(inputs.images(), inputs.grids(2))


def _signals() -> st.SearchStrategy[Spec]:
    return st.integers(20, 40).map(lambda samples: Spec((samples,)))


def _waves() -> st.SearchStrategy[Spec]:
    return st.tuples(st.integers(8, 16), st.integers(1, 2)).map(Spec)


_TAGS = frozenset({"preprocessing"})

RULES = (
    LayerRule("Normalization", _normalization, inputs.any_floats, _normalizable, tags=_TAGS),
    LayerRule("Rescaling", _rescaling, inputs.images, _is_number, tags=_TAGS),
    LayerRule("Resizing", _resizing, _pictures, inputs.is_float(rank=3, minimum=3), tags=_TAGS),
    LayerRule("CenterCrop", _center_crop, _pictures, inputs.is_float(rank=3, minimum=3), tags=_TAGS),
    LayerRule("MelSpectrogram", _mel_spectrogram, _signals, _is_signal, common=("trainable",), tags=_TAGS),
    LayerRule(
        "STFTSpectrogram",
        _stft_spectrogram,
        _waves,
        _is_wave,
        common=("trainable",),
        tags=_TAGS | {"no bfloat16"},  # its call names the dtypes that it takes
    ),
    *encoding.RULES,
    *lookup.RULES,
)
