"""Convolutions: plain, transposed, depthwise and separable, in one to three dimensions."""

from __future__ import annotations

from hypothesis import strategies as st

from harness.architectures import inputs
from harness.architectures.arguments import activation, kernel_and_bias, variable
from harness.architectures.rules import Arguments, LayerRule, Placement
from harness.architectures.shapes import spatial, window, with_channels
from harness.architectures.spec import Spec


def one_or_each(rank: int, values: st.SearchStrategy[int]) -> st.SearchStrategy[int | tuple[int, ...]]:
    """One number for all axes, or a tuple with one for each."""
    return st.one_of(values, st.tuples(*([values] * rank)))


def each(value: int | tuple[int, ...], rank: int) -> tuple[int, ...]:
    """One number for each axis."""
    return (value,) * rank if isinstance(value, int) else tuple(value)


def _geometry(a: Arguments, rank: int, *, paddings: tuple[str, ...]) -> tuple[tuple[int, ...], tuple[int, ...], str, tuple[int, ...]]:
    """Draws kernel size, strides, padding and dilation; Keras refuses strides and dilation both above one."""
    size = each(a.required("kernel_size", one_or_each(rank, st.integers(1, 3))), rank)
    padding = a.optional("padding", st.sampled_from(paddings), default="valid")
    strides = each(a.optional("strides", one_or_each(rank, st.integers(1, 2)), default=1), rank)
    dilation = (1,) * rank
    # A kernel of 3 dilated by 2 reaches over 5 steps, and inputs may be 4 long.
    if max(strides) == 1 and (padding != "valid" or max(size) < 3):
        dilation = each(a.optional("dilation_rate", one_or_each(rank, st.just(2)), default=1), rank)
    return size, strides, padding, dilation


def _convolution(rank: int) -> LayerRule:
    def place(a: Arguments, x: Spec) -> Placement:
        channels = x.shape[-1]
        assert channels is not None
        groups = 1
        if channels > 1 and channels % 2 == 0:
            groups = a.optional("groups", st.just(2), default=1)
        filters = a.required("filters", st.integers(1, 3).map(lambda count: count * groups))
        paddings = ("same", "causal") if rank == 1 else ("same",)
        size, strides, padding, dilation = _geometry(a, rank, paddings=paddings)
        a.optional("data_format", st.just("channels_last"))
        activation(a)
        kernel_and_bias(a, rank=rank + 2)
        axes = [
            window(*parts) for parts in zip(spatial(x.shape, "channels_last"), size, strides, (padding,) * rank, dilation, strict=True)
        ]
        return Placement((Spec(with_channels(axes, filters, "channels_last"), fixed_batch=x.fixed_batch),))

    return LayerRule(
        f"Conv{rank}D", place, lambda: inputs.grids(rank), inputs.is_float(rank=rank + 1, minimum=4)
    )


RULES = (*map(_convolution, (1, 2, 3)),)
