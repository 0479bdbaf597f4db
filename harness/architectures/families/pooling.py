"""Pooling: over windows, over whole axes, and to a given size, of one to three dimensions."""

from __future__ import annotations

from hypothesis import strategies as st

from harness.architectures import inputs
from harness.architectures.families.convolution import (
    FIRST,
    LAST,
    among,
    data_format,
    dtype,
    each,
    grids,
    takes,
    up_to,
)
from harness.architectures.rules import Arguments, LayerRule, Placement
from harness.architectures.shapes import spatial, window, with_channels
from harness.architectures.spec import Spec

# TensorFlow has no CPU kernels for volumes of the other dtypes.
_OF_VOLUMES = ("float32", "bfloat16", "mixed_bfloat16")


def _out(x: Spec, axes: tuple[int | None, ...], layout: str) -> Placement:
    channels = x.shape[0 if layout == FIRST else -1]
    return Placement((x.but(shape=with_channels(axes, channels, layout), masked=False, dtype=None),))


def _pooling(kind: str, rank: int) -> LayerRule:
    def place(a: Arguments, x: Spec) -> Placement:
        pinned: tuple[str, ...] = _OF_VOLUMES if rank == 3 else ()
        if rank == 2 and a.major == 2:
            # Keras 2 leaves channels first to TensorFlow, which on a CPU has them in oneDNN alone, and has no
            # eager gradient of MaxPooling2D.
            formats = (LAST,) if kind == "Max" else (FIRST, LAST)
            layout = str(a.optional("data_format", st.sampled_from(formats), default=LAST))
            pinned = ("float32",) if layout == FIRST else ()
        else:
            layout = data_format(a, x)
        axes = spatial(x.shape, layout)
        padding = a.optional("padding", st.just("same"), default="valid")
        allowed = up_to(3, axes) if padding == "valid" else ((1, 2, 3),) * rank
        size: int | tuple[int, ...] = 2
        if kind == "Average" or not all(2 in each_axis for each_axis in allowed):
            size = a.required("pool_size", among(allowed))
        else:
            size = a.optional("pool_size", among(allowed, default=2), default=2)
        strides = each(a.optional("strides", among(((1, 2, 3),) * rank), default=size), rank)
        dtype(a, pinned=pinned)
        made = (window(*parts) for parts in zip(axes, each(size, rank), strides, (padding,) * rank, strict=True))
        return _out(x, tuple(made), layout)

    return LayerRule(f"{kind}Pooling{rank}D", place, lambda: grids(rank), takes(rank), common=("trainable",))


def _global(kind: str, rank: int) -> LayerRule:
    masks = kind == "Average" and rank == 1

    def place(a: Arguments, x: Spec) -> Placement:
        if masks and x.masked:
            # A mask is of the axis after the batch, which has to be the one that is averaged over.
            layout = str(a.optional("data_format", st.just(LAST), default=LAST))
        else:
            layout = data_format(a, x)
        keep = a.optional("keepdims", st.just(True), default=False)
        return _out(x, (1,) * rank if keep else (), layout)

    tags = frozenset({"mask"}) if masks else frozenset()
    return LayerRule(f"Global{kind}Pooling{rank}D", place, lambda: grids(rank), takes(rank), tags=tags)


def _adaptive(kind: str, rank: int) -> LayerRule:
    def place(a: Arguments, x: Spec) -> Placement:
        layout = data_format(a, x)
        # Down to one, Keras pools over more steps than there are: an error, or the end of the process.
        size = each(a.required("output_size", among(((2, 3, 4, 6),) * rank)), rank)
        dtype(a, pinned=_OF_VOLUMES if rank == 3 else ())
        return _out(x, size, layout)

    def accepts(spec: Spec) -> bool:
        # Channels may come to stand for an axis, so they need two as well.
        return takes(rank, static=True, minimum=2)(spec) and (spec.shape[-1] or 0) >= 2

    def fresh() -> st.SearchStrategy[Spec]:
        return inputs.grids(rank, channels=st.integers(2, 4))

    return LayerRule(f"Adaptive{kind}Pooling{rank}D", place, fresh, accepts, common=("trainable",))


RULES = tuple(
    make(kind, rank) for make in (_pooling, _global, _adaptive) for kind in ("Max", "Average") for rank in (1, 2, 3)
)
