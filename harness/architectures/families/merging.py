"""Layers that merge several tensors into one: element by element, side by side, or by a dot product."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from hypothesis import strategies as st

from harness.architectures import inputs
from harness.architectures.rules import Arguments, LayerRule, Placement
from harness.architectures.shapes import broadcast
from harness.architectures.spec import Spec

_TAGS = frozenset({"merge"})
_is_static_float = inputs.is_float()


def _others(a: Arguments) -> int:
    """How many tensors there are beside the first; Keras 3 merges a list of one as well."""
    return a.draw(st.sampled_from((1, 2, 3, 0) if a.major >= 3 else (1, 2, 3)))


def _shapes_to_broadcast(shape: tuple[int | None, ...]) -> Iterator[tuple[int | None, ...]]:
    """Shapes that broadcast with this one: the same, longer where it is 1, shorter, and of fewer axes."""
    yield shape
    yield tuple(3 if axis == 1 else axis for axis in shape)
    yield (1,) * len(shape)
    for number in range(len(shape)):
        yield (*shape[:number], 1, *shape[number + 1 :])
        if number:
            # Keras puts the missing axes behind the batch axis, so the last ones must fit.
            yield shape[number:]


def _elementwise(a: Arguments, x: Spec, count: int) -> Placement:
    shapes = [x.shape] * count
    # Masks of different shapes cannot be merged.
    if not x.masked and a.draw(st.integers(0, 2)) == 2:
        one = st.sampled_from(list(dict.fromkeys(_shapes_to_broadcast(x.shape))))
        shapes = [a.draw(one) for _ in range(count)]
    plain = Spec((), masked=x.masked)
    return Placement(
        (x.but(shape=broadcast(x.shape, *shapes), image=False),),
        tuple(plain.but(shape=shape) for shape in shapes),
        as_list=True,
    )


def _many(a: Arguments, x: Spec) -> Placement:
    return _elementwise(a, x, _others(a))


def _two(a: Arguments, x: Spec) -> Placement:
    return _elementwise(a, x, 1)


def place(axis: int, rank: int) -> int:
    """The place in a shape of an axis that is counted with the batch axis, or from behind."""
    return axis - 1 if axis > 0 else axis + rank


def _concatenate(a: Arguments, x: Spec) -> Placement:
    axes = [*range(1, x.rank + 1), *range(-x.rank, -1)]
    if x.masked:
        # Keras 2 cannot put a mask beside a tensor without one along another axis than the last.
        axes = [x.rank]
    axis = a.optional("axis", st.sampled_from(axes), default=-1)
    number = place(axis, x.rank)
    first = x.shape[number]
    assert first is not None
    lengths = [a.draw(st.integers(1, 4)) for _ in range(_others(a))]
    shape = (*x.shape[:number], first + sum(lengths), *x.shape[number + 1 :])
    others = (Spec((*x.shape[:number], length, *x.shape[number + 1 :]), masked=x.masked) for length in lengths)
    return Placement((x.but(shape=shape, image=False),), tuple(others), as_list=True)


def _dot(a: Arguments, x: Spec) -> Placement:
    rank = a.draw(st.integers(1, 3))
    if a.draw(st.booleans()):
        # One number stands for the same axis of both.
        low = min(rank, x.rank)
        axes = a.required("axes", st.sampled_from([*range(1, low + 1), *range(-low, 0)]))
        pair = (axes, axes)
    else:
        mine = st.sampled_from([*range(1, x.rank + 1), *range(-x.rank, 0)])
        theirs = st.sampled_from([*range(1, rank + 1), *range(-rank, 0)])
        kind = a.draw(st.sampled_from((tuple, list)))
        pair = a.draw(st.tuples(mine, theirs))
        a.give("axes", kind(pair))
    a.optional("normalize", st.just(True))
    first, second = place(pair[0], x.rank), place(pair[1], rank)
    other = [a.draw(st.integers(1, 4)) for _ in range(rank)]
    summed = x.shape[first]
    assert summed is not None
    other[second] = summed
    rest = (*x.shape[:first], *x.shape[first + 1 :], *other[:second], *other[second + 1 :])
    output = x.but(shape=rest or (1,), masked=False, image=False)
    return Placement((output,), (Spec(tuple(other)),), as_list=True)


def _accepts(spec: Spec) -> bool:
    # Of a tensor with more axes it is not known how many of them its mask has.
    return _is_static_float(spec) and (not spec.masked or spec.rank == 2)


def _accepts_dot(spec: Spec) -> bool:
    return _accepts(spec) and spec.rank <= 3


_SUBTRACT = LayerRule("Subtract", _two, inputs.any_floats, _accepts, tags=_TAGS)
RULES = (
    *(replace(_SUBTRACT, name=name, place=_many) for name in ("Add", "Multiply", "Average", "Maximum", "Minimum")),
    _SUBTRACT,
    replace(_SUBTRACT, name="Concatenate", place=_concatenate),
    replace(_SUBTRACT, name="Dot", place=_dot, accepts=_accepts_dot),
)
