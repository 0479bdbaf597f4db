"""Fresh inputs that layers take: strategies of Specs, and the predicates that go with them."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st

from harness.architectures.spec import Spec

_lengths = st.integers(4, 7)
_few = st.integers(2, 4)  # steps of what is recurrent: outside of a graph each takes its time
_channels = st.integers(1, 4)


def vectors(low: int = 1, high: int = 6) -> st.SearchStrategy[Spec]:
    """Floats of one axis."""
    return st.integers(low, high).map(lambda size: Spec((size,)))


def grids(rank: int, *, channels: st.SearchStrategy[int] = _channels) -> st.SearchStrategy[Spec]:
    """Floats of `rank` spatial axes and channels last."""
    return st.tuples(*([_lengths] * rank), channels).map(Spec)


def sequences(*, unknown: bool = False, lengths: st.SearchStrategy[int] = _lengths) -> st.SearchStrategy[Spec]:
    """Floats of time and features; with `unknown` sometimes of unknown length."""
    return st.tuples(st.one_of(lengths, st.none()) if unknown else lengths, _channels).map(Spec)


def short_sequences() -> st.SearchStrategy[Spec]:
    """Floats of a few steps and features, sometimes of unknown length."""
    return sequences(unknown=True, lengths=_few)


def frames(rank: int) -> st.SearchStrategy[Spec]:
    """Floats of a few steps, each a grid of `rank` spatial axes."""
    return st.builds(lambda steps, grid: grid.but(shape=(steps, *grid.shape)), _few, grids(rank))


def images(*, side: int = 8) -> st.SearchStrategy[Spec]:
    """Colour images with values from 0 to 255."""
    return st.sampled_from((side, side - 1)).map(lambda height: Spec((height, side, 3), image=True))


def indices(limit: int = 8, *, rank: int = 1) -> st.SearchStrategy[Spec]:
    """Integers below `limit`."""
    return st.tuples(*([st.integers(2, 5)] * rank)).map(
        lambda shape: Spec(shape, "int", limit=limit, differentiable=False)
    )


def words(*, rank: int = 1) -> st.SearchStrategy[Spec]:
    """Strings, some of them out of every vocabulary."""
    return st.tuples(*([st.integers(1, 3)] * rank)).map(lambda shape: Spec(shape, "string", differentiable=False))


def any_floats(ranks: tuple[int, ...] = (1, 2, 3)) -> st.SearchStrategy[Spec]:
    """Floats of any of these numbers of axes."""
    return st.sampled_from(ranks).flatmap(lambda rank: st.tuples(*([st.integers(1, 5)] * rank)).map(Spec))


def is_float(
    *, rank: int | None = None, at_least: int = 1, static: bool = True, minimum: int = 1
) -> Callable[[Spec], bool]:
    """A predicate: floats, of `rank` axes or `at_least` so many, all known (where `static`) and `minimum` long.

    The last axis (channels) may always be as short as 1.
    """

    def accepts(spec: Spec) -> bool:
        if spec.kind != "float" or spec.sparse:
            return False
        if rank is not None and spec.rank != rank:
            return False
        if spec.rank < at_least or (static and not spec.static):
            return False
        return all(axis is None or axis >= minimum for axis in spec.shape[:-1])

    return accepts
