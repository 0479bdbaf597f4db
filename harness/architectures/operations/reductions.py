"""Operations along axes: sums and means, extrema and their places, sorting, running totals, transforms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from harness.architectures.operations.operation import (
    Applied,
    Operation,
    Place,
    Shape,
    X,
    an_axis,
    as_argument,
    floats,
    length_of,
    of_kind,
    out,
    replaced,
    rows,
)
from harness.architectures.rules import Draw
from harness.architectures.spec import Spec

LONG = floats(shortest=2, longest=5)
SINGLE = (("ops.cast", (X, "float32")),)  # TensorFlow transforms no floats of 16 bits


def _without(shape: Shape, axes: Sequence[int], keepdims: bool) -> Shape:
    if keepdims:
        return tuple(1 if axis in axes else length for axis, length in enumerate(shape))
    return tuple(length for axis, length in enumerate(shape) if axis not in axes)


def reduced(
    *, several: bool = True, kind: str | None = None, gradient: bool = True, keeps: bool = True, **strategies: Any
) -> Place:
    """One axis is reduced, or with `several` now and then two; at least one is left, if only as long as 1."""

    def place(draw: Draw, x: Spec) -> Applied:
        axes = [an_axis(draw, x)]
        if several and x.rank > 2 and draw(st.booleans()):
            axes = draw(st.sampled_from([[0, 1], [1, 2], [0, 2]]))
        keepdims = keeps and (x.rank == len(axes) or draw(st.booleans()))
        named = [as_argument(draw, axis, x.rank) for axis in axes]
        given: dict[str, Any] = {"axis": named[0] if len(named) == 1 else tuple(named)}
        given |= {key: draw(values) for key, values in strategies.items() if draw(st.booleans())}
        if keepdims:
            given["keepdims"] = True
        limit = length_of(x, axes[0]) if kind == "int" else None
        result = out(x, _without(x.shape, axes, keepdims), differentiable=x.differentiable and gradient, limit=limit)
        return Applied((X,), (result.but(kind=kind, differentiable=False) if kind else result,), given)

    return place


def along(*, kind: str | None = None, **strategies: st.SearchStrategy[Any]) -> Place:
    """An axis is named and keeps its length."""

    def place(draw: Draw, x: Spec) -> Applied:
        axis = an_axis(draw, x)
        given = {key: draw(values) for key, values in strategies.items() if draw(st.booleans())}
        changes: dict[str, Any] = {"kind": kind, "limit": length_of(x, axis)} if kind else {}
        return Applied((X,), (out(x, **changes),), {"axis": as_argument(draw, axis, x.rank), **given})

    return place


def _quantile(scale: float) -> Place:
    def place(draw: Draw, x: Spec) -> Applied:
        axis = an_axis(draw, x)
        shape = _without(x.shape, [axis], x.rank == 1)
        given: dict[str, Any] = {"axis": as_argument(draw, axis, x.rank)}
        if x.rank == 1:
            given["keepdims"] = True
        if draw(st.booleans()):
            given["method"] = draw(st.sampled_from(("lower", "nearest")))
        return Applied((X, scale * draw(st.sampled_from((0.5, 0.3)))), (out(x, shape, differentiable=False),), given)

    return place


def _norm(draw: Draw, x: Spec) -> Applied:
    placed = reduced(several=False)(draw, x)
    order = draw(st.sampled_from((None, 1, 2)))
    return Applied((X,), placed.outputs, {**placed.keywords, **({} if order is None else {"ord": order})})


def _moments(draw: Draw, x: Spec) -> Applied:
    axis = an_axis(draw, x)
    keepdims = x.rank == 1 or draw(st.booleans())
    given = {"axes": [axis + 1], **({"keepdims": True} if keepdims else {})}
    return Applied((X,), (out(x, _without(x.shape, [axis], keepdims)),) * 2, given)


def _top(draw: Draw, x: Spec) -> Applied:
    k = draw(st.integers(1, length_of(x, -1)))
    shape = replaced(x.shape, x.rank - 1, k)
    return Applied((X, k), (out(x, shape), out(x, shape, kind="int", limit=length_of(x, -1))))


def _diff(draw: Draw, x: Spec) -> Applied:
    axis = an_axis(draw, x, at_least=2)
    n = draw(st.integers(1, min(2, length_of(x, axis) - 1)))
    shape = replaced(x.shape, axis, length_of(x, axis) - n)
    return Applied((X,), (out(x, shape),), {"n": n, "axis": as_argument(draw, axis, x.rank)})


def _trapezoid(draw: Draw, x: Spec) -> Applied:
    # Along another axis than the last it raises in Keras 3.15: it asks for the length of a number.
    return Applied((X,), (out(x, x.shape[:-1]),), {"dx": draw(st.sampled_from((0.5, 2.0)))})


def _weighted(draw: Draw, x: Spec) -> Applied:
    axis = an_axis(draw, x)
    given: dict[str, Any] = {"axis": as_argument(draw, axis, x.rank)}
    return Applied((X,), (out(x, replaced(x.shape, axis)),), given)


def _complex(draw: Draw, x: Spec) -> Applied:
    """A pair of tensors of one dtype, real and imaginary part, and such a pair comes out."""
    return Applied(((X, out(x, dtype="float32")),), (out(x),) * 2)


def _real_transform(draw: Draw, x: Spec) -> Applied:
    length = length_of(x, -1)
    given = {}
    if draw(st.booleans()):
        length = draw(st.sampled_from((4, 8)))
        given["fft_length"] = length
    return Applied((X,), (out(x, replaced(x.shape, x.rank - 1, length // 2 + 1)),) * 2, given)


def _back_transform(draw: Draw, x: Spec) -> Applied:
    shape = replaced(x.shape, x.rank - 1, 2 * (length_of(x, -1) - 1))
    return Applied(((X, out(x, dtype="float32")),), (out(x, shape),))


def _short_time(draw: Draw, x: Spec) -> Applied:
    length = length_of(x, -1)
    frames = 1 + length // 2
    shape = (*x.shape[:-1], frames, 4 // 2 + 1)
    return Applied((X, 4, 2, 4), (out(x, shape),) * 2)


REDUCTIONS: tuple[Operation, ...] = (
    *rows("sum mean max min amax amin prod logsumexp ptp median", reduced(), LONG),
    *rows("nansum nanmean nanmax nanmin nanprod", reduced(), LONG),
    *rows("std var nanstd nanvar", reduced(), LONG),
    *rows("max", reduced(initial=st.just(0.5)), LONG),
    *rows("min", reduced(initial=st.just(0.5)), LONG),
    *rows("norm", _norm, LONG),
    *rows("average", _weighted, floats(2, 3, shortest=2)),
    *rows("argmax argmin nanargmax nanargmin", reduced(several=False, kind="int"), LONG, exact=True),
    *rows("count_nonzero", reduced(keeps=False, kind="int", several=False), floats(2, 3), exact=True),
    *rows("any all", reduced(kind="bool"), of_kind("bool", low=1, high=3)),
    *rows("quantile", _quantile(1.0), LONG),
    *rows("percentile", _quantile(100.0), LONG),
    *rows("moments", _moments, LONG),
    *rows("cumsum cumprod nancumsum nancumprod sort", along(), LONG),
    *rows("argsort", along(kind="int"), LONG, exact=True),
    *rows("top_k", _top, LONG, exact=True),
    *rows("diff", _diff, LONG),
    *rows("trapezoid", _trapezoid, floats(2, 3, shortest=2)),
    *rows("fft", _complex, LONG, before=SINGLE),
    *rows("fft2 ifft2", _complex, floats(2, 3, shortest=2), before=SINGLE),
    *rows("rfft", _real_transform, LONG, before=SINGLE),
    *rows("irfft", _back_transform, LONG, before=SINGLE),
    *rows("stft", _short_time, floats(1, 1, shortest=5, longest=8), before=SINGLE),
)
