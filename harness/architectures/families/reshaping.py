"""Layers that move, repeat, crop, pad and enlarge: Reshape, Permute, Cropping2D, UpSampling3D."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st

from harness.architectures import inputs
from harness.architectures.families.convolution import among, data_format, dtype, each, grids, takes
from harness.architectures.rules import Arguments, LayerRule, Placement
from harness.architectures.shapes import spatial, with_channels
from harness.architectures.spec import Spec

Pair = tuple[int, int]
Amount = int | tuple[int, ...] | tuple[Pair, ...]


def _moved(x: Spec, shape: tuple[int | None, ...]) -> Placement:
    return Placement((x.but(shape=shape, masked=False),))


def _respaced(x: Spec, axes: tuple[int | None, ...], layout: str) -> Placement:
    channels = x.shape[-1] if layout == "channels_last" else x.shape[0]
    return _moved(x, with_channels(axes, channels, layout))


def _flatten(a: Arguments, x: Spec) -> Placement:
    a.optional("data_format", st.sampled_from(("channels_first", "channels_last")))
    return _moved(x, (x.size,) if x.static else (None,))


def _reshape(a: Arguments, x: Spec) -> Placement:
    rest = x.but(shape=tuple(axis for axis in x.shape if axis is not None)).size
    target: list[int] = []
    for _ in range(a.draw(st.integers(0, 3))):
        target.append(a.draw(st.sampled_from([n for n in range(1, rest + 1) if rest % n == 0])))
        rest //= target[-1]
    # What is left over stands somewhere between, as a number or to be found by Keras.
    place = a.draw(st.integers(0, len(target)))
    found = not x.static or a.draw(st.booleans())
    a.give("target_shape", (*target[:place], -1 if found else rest, *target[place:]))
    return _moved(x, (*target[:place], rest if x.static else None, *target[place:]))


def _permute(a: Arguments, x: Spec) -> Placement:
    dims = a.draw(st.permutations(range(1, x.rank + 1)))
    a.give("dims", tuple(dims))
    return _moved(x, tuple(x.shape[dim - 1] for dim in dims))


def _repeat_vector(a: Arguments, x: Spec) -> Placement:
    return _moved(x, (a.required("n", st.integers(1, 4)), *x.shape))


def _amounts(rank: int, most: tuple[tuple[int, int], ...]) -> st.SearchStrategy[Amount]:
    """How much to take off or add at both ends of each axis, in all the ways of saying it.

    `most` is for each axis the most at one end and the most in all.
    """
    symmetric = tuple(tuple(range(min(one, total // 2) + 1)) for one, total in most)
    pairs = [
        st.sampled_from([(i, j) for i in range(one + 1) for j in range(one + 1) if i + j <= total])
        for one, total in most
    ]
    if rank == 1:  # a tuple of two is already one for each end
        return st.one_of(st.sampled_from(symmetric[0]), pairs[0])
    return st.one_of(among(symmetric), st.tuples(*pairs))


def _ends(amount: Amount, rank: int) -> tuple[int, ...]:
    """What an amount comes to on each axis, both ends together."""
    if isinstance(amount, int):
        return (2 * amount,) * rank
    if rank == 1:
        return (sum(amount),)  # type: ignore[arg-type]
    return tuple(2 * one if isinstance(one, int) else sum(one) for one in amount)


def _cropping(rank: int) -> LayerRule:
    def place(a: Arguments, x: Spec) -> Placement:
        layout = data_format(a, x) if a.has("data_format") else "channels_last"
        axes = tuple(axis or 1 for axis in spatial(x.shape, layout))
        amounts = _amounts(rank, tuple((2, axis - 1) for axis in axes))
        default = 0 if rank == 2 else 1
        if min(axes) > 2 * default:
            amount = a.optional("cropping", amounts, default=default)
        else:
            amount = a.required("cropping", amounts)
        cut = tuple(axis - ends for axis, ends in zip(axes, _ends(amount, rank), strict=True))
        return _respaced(x, cut, layout)

    return LayerRule(f"Cropping{rank}D", place, lambda: inputs.grids(rank), _numbers(rank, static=True))


def _zero_padding(rank: int) -> LayerRule:
    def place(a: Arguments, x: Spec) -> Placement:
        layout = data_format(a, x) if a.has("data_format") else "channels_last"
        amount = a.optional("padding", _amounts(rank, ((2, 4),) * rank), default=1)
        added = zip(spatial(x.shape, layout), _ends(amount, rank), strict=True)
        return _respaced(x, tuple(None if axis is None else axis + ends for axis, ends in added), layout)

    return LayerRule(f"ZeroPadding{rank}D", place, lambda: grids(rank), _numbers(rank, most=300))


def _up_sampling(rank: int) -> LayerRule:
    def place(a: Arguments, x: Spec) -> Placement:
        layout = data_format(a, x) if a.has("data_format") else "channels_last"
        sizes = st.sampled_from((1, 3)) if rank == 1 else among(((1, 2, 3),) * rank, default=2)
        size = each(a.optional("size", sizes, default=2), rank)
        methods = ["bilinear", "bicubic", "lanczos3", "lanczos5"]
        if a.major == 2:
            # Not "area": TensorFlow has no gradient of it.
            methods += ["gaussian", "mitchellcubic"]
        method = a.optional("interpolation", st.sampled_from(methods), default="nearest")
        dtype(a, pinned=() if method in ("nearest", "bilinear", "bicubic") else ("float32",))
        axes = spatial(x.shape, layout)
        if a.major == 2 and rank == 2 and None in axes:
            axes = (None, None)  # Keras 2 loses both if it does not know one
        scaled = zip(axes, size, strict=True)
        out = x.but(image=x.image and method in ("nearest", "bilinear"))
        return _respaced(out, tuple(None if axis is None else axis * factor for axis, factor in scaled), layout)

    accepts = takes(2, most=300) if rank == 2 else _numbers(rank, most=300)
    return LayerRule(f"UpSampling{rank}D", place, lambda: grids(rank), accepts, common=("trainable",))


def _numbers(rank: int, *, static: bool = False, most: int = 2000) -> Callable[[Spec], bool]:
    """A predicate as `takes`, of integers too."""
    accepts = takes(rank, static=static, most=most)
    return lambda spec: spec.kind in ("float", "int") and accepts(spec.but(kind="float"))


def _anything(spec: Spec) -> bool:
    return not spec.sparse and spec.rank >= 1


def _fresh() -> st.SearchStrategy[Spec]:
    return st.one_of(grids(1), grids(2), inputs.images(), inputs.indices(rank=2))


RULES = (
    LayerRule("Flatten", _flatten, _fresh, _anything),
    LayerRule("Reshape", _reshape, _fresh, _anything),
    LayerRule("Permute", _permute, _fresh, _anything),
    LayerRule(
        "RepeatVector",
        _repeat_vector,
        inputs.vectors,
        lambda spec: _anything(spec) and spec.rank == 1 and spec.static,
    ),
    *(make(rank) for make in (_cropping, _zero_padding, _up_sampling) for rank in (1, 2, 3)),
)
