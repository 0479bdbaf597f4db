"""Arithmetic of shapes that several layers share."""

from __future__ import annotations

from collections.abc import Sequence


def window(length: int | None, size: int, stride: int, padding: str, dilation: int = 1) -> int | None:
    """Length of an axis after a sliding window: what convolutions and pooling make of it."""
    if length is None:
        return None
    if padding in ("same", "causal"):
        return -(-length // stride)
    return (length - (size - 1) * dilation - 1) // stride + 1


def transposed(
    length: int | None, size: int, stride: int, padding: str, output_padding: int | None, dilation: int = 1
) -> int | None:
    """Length of an axis after a transposed convolution."""
    if length is None:
        return None
    reach = (size - 1) * dilation + 1
    if output_padding is None:
        return length * stride if padding == "same" else length * stride + max(reach - stride, 0)
    pad = reach // 2 if padding == "same" else 0
    return (length - 1) * stride + reach - 2 * pad + output_padding


def broadcast(*shapes: Sequence[int | None]) -> tuple[int | None, ...]:
    """The shape that arrays of these shapes broadcast to; raises ValueError where they do not."""
    rank = max(map(len, shapes))
    padded = [(1,) * (rank - len(shape)) + tuple(shape) for shape in shapes]
    result: list[int | None] = []
    for axes in zip(*padded, strict=True):
        lengths = {axis for axis in axes if axis != 1}
        if len(lengths) > 1:
            raise ValueError(f"{shapes} do not broadcast")
        result.append(lengths.pop() if lengths else 1)
    return tuple(result)


def spatial(shape: Sequence[int | None], data_format: str) -> tuple[int | None, ...]:
    """The axes between batch and channels (`shape` is without the batch axis)."""
    return tuple(shape[1:]) if data_format == "channels_first" else tuple(shape[:-1])


def with_channels(axes: Sequence[int | None], channels: int | None, data_format: str) -> tuple[int | None, ...]:
    """Spatial axes and channels put together in the order of `data_format`."""
    return (channels, *axes) if data_format == "channels_first" else (*axes, channels)
