"""Operations that move elements about: shapes, pieces, copies, and every form of an index."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from harness.architectures.operations.operation import (
    BATCH,
    Applied,
    Operation,
    X,
    an_axis,
    array,
    as_argument,
    floats,
    length_of,
    of_kind,
    only,
    operator_row,
    out,
    replaced,
    rows,
)
from harness.architectures.rules import Draw
from harness.architectures.spec import Spec
from harness.protocol.architecture import Slice

ANY = floats(1, 3)
PLANES = floats(2, 3)


def _reshape(draw: Draw, x: Spec) -> Applied:
    size = x.size
    first = draw(st.sampled_from([n for n in range(1, size + 1) if size % n == 0]))
    shape = draw(st.sampled_from(((size,), (first, size // first), (1, size), tuple(reversed(x.shape)))))
    return Applied((X, (-1, *shape)), (out(x, shape),))


def _transpose(draw: Draw, x: Spec) -> Applied:
    order = draw(st.permutations(range(x.rank)))
    axes = (0, *(axis + 1 for axis in order))
    return Applied((X,), (out(x, tuple(x.shape[axis] for axis in order)),), {"axes": axes})


def _squeeze(draw: Draw, x: Spec) -> Applied:
    axis = draw(st.sampled_from([n for n, length in enumerate(x.shape) if length == 1]))
    return Applied((X,), (out(x, replaced(x.shape, axis)),), {"axis": as_argument(draw, axis, x.rank)})


def _expand(draw: Draw, x: Spec) -> Applied:
    axis = draw(st.integers(0, x.rank))
    shape = (*x.shape[:axis], 1, *x.shape[axis:])
    return Applied((X,), (out(x, shape),), {"axis": as_argument(draw, axis, x.rank + 1)})


def _concatenate(draw: Draw, x: Spec) -> Applied:
    axis = an_axis(draw, x)
    length = draw(st.integers(1, 3))
    other = out(x, replaced(x.shape, axis, length), differentiable=True)
    shape = replaced(x.shape, axis, length_of(x, axis) + length)
    return Applied(([X, other],), (out(x, shape),), {"axis": as_argument(draw, axis, x.rank)})


def _append(draw: Draw, x: Spec) -> Applied:
    placed = _concatenate(draw, x)
    return Applied(tuple(placed.inputs[0]), placed.outputs, placed.keywords)


def _joined(axis: int) -> Any:
    """Put together along an axis that the name of the function says."""

    def place(draw: Draw, x: Spec) -> Applied:
        shape = replaced(x.shape, axis, 2 * length_of(x, axis))
        return Applied(([X, out(x, differentiable=True)],), (out(x, shape),))

    return place


def _stack(draw: Draw, x: Spec) -> Applied:
    axis = draw(st.integers(0, x.rank))
    shape = (*x.shape[:axis], 2, *x.shape[axis:])
    return Applied(([X, out(x, differentiable=True)],), (out(x, shape),), {"axis": as_argument(draw, axis, x.rank + 1)})


def _pieces(draw: Draw, x: Spec, axis: int) -> tuple[Any, tuple[Spec, ...]]:
    """How an axis is cut: a number of pieces, or the places of the cuts; and the pieces."""
    length = length_of(x, axis)
    if draw(st.booleans()):
        cuts = [1] if length < 3 else draw(st.sampled_from(([1], [1, 2])))
        ends = [0, *cuts, length]
        lengths = [b - a for a, b in zip(ends, ends[1:], strict=False)]
        return cuts, tuple(out(x, replaced(x.shape, axis, each)) for each in lengths)
    number = draw(st.sampled_from([n for n in range(2, length + 1) if length % n == 0]))
    return number, (out(x, replaced(x.shape, axis, length // number)),) * number


def _split(draw: Draw, x: Spec) -> Applied:
    axis = an_axis(draw, x, at_least=2)
    cuts, pieces = _pieces(draw, x, axis)
    return Applied((X, cuts), pieces, {"axis": as_argument(draw, axis, x.rank)})


def _array_split(draw: Draw, x: Spec) -> Applied:
    axis = an_axis(draw, x, at_least=2)
    length = length_of(x, axis)
    number = draw(st.integers(2, length))
    lengths = [length // number + (piece < length % number) for piece in range(number)]
    pieces = tuple(out(x, replaced(x.shape, axis, each)) for each in lengths)
    return Applied((X, number), pieces, {"axis": as_argument(draw, axis, x.rank)})


def _split_at(axis: int) -> Any:
    def place(draw: Draw, x: Spec) -> Applied:
        cuts, pieces = _pieces(draw, x, axis)
        return Applied((X, cuts), pieces)

    return place


def _unstack(draw: Draw, x: Spec) -> Applied:
    axis = an_axis(draw, x)
    number = length_of(x, axis)
    given: dict[str, Any] = {"axis": as_argument(draw, axis, x.rank)}
    if draw(st.booleans()):
        given["num"] = number
    return Applied((X,), (out(x, replaced(x.shape, axis)),) * number, given)


def _flip(draw: Draw, x: Spec) -> Applied:
    return Applied((X,), (out(x),), {"axis": as_argument(draw, an_axis(draw, x), x.rank)})


def _kept(draw: Draw, x: Spec) -> Applied:
    return Applied((X,), (out(x),))


def _roll(draw: Draw, x: Spec) -> Applied:
    axis = as_argument(draw, an_axis(draw, x), x.rank)
    return Applied((X, draw(st.sampled_from((1, -1, 2)))), (out(x),), {"axis": axis})


def _rotate(draw: Draw, x: Spec) -> Applied:
    # Of half a turn Keras 3.15 says the shape of a quarter turn, and what follows is built for that.
    k = draw(st.sampled_from((1, 3)))
    return Applied((X,), (out(x, (x.shape[1], x.shape[0], *x.shape[2:])),), {"k": k, "axes": (1, 2)})


def _pad(draw: Draw, x: Spec) -> Applied:
    widths = [(draw(st.integers(0, 1)), draw(st.integers(0, 1))) for _ in x.shape]
    shape = tuple(length_of(x, axis) + sum(width) for axis, width in enumerate(widths))
    mode = draw(st.sampled_from(("constant", "constant", "reflect", "symmetric")))
    given: dict[str, Any] = {} if mode == "constant" else {"mode": mode}
    if mode == "constant" and draw(st.booleans()):
        given["constant_values"] = 1.5
    return Applied((X, ((0, 0), *widths)), (out(x, shape),), given)


def _tile(draw: Draw, x: Spec) -> Applied:
    times = [draw(st.integers(1, 2)) for _ in x.shape]
    shape = tuple(length_of(x, axis) * n for axis, n in enumerate(times))
    return Applied((X, (1, *times)), (out(x, shape),))


def _repeat(draw: Draw, x: Spec) -> Applied:
    axis = an_axis(draw, x)
    length = length_of(x, axis)
    times = draw(st.sampled_from((2, 3, [1 + n % 2 for n in range(length)])))
    total = times * length if isinstance(times, int) else sum(times)
    shape = replaced(x.shape, axis, total)
    return Applied((X, times), (out(x, shape),), {"axis": as_argument(draw, axis, x.rank)})


def _broadcast(draw: Draw, x: Spec) -> Applied:
    axis = draw(st.sampled_from([n for n, length in enumerate(x.shape) if length == 1]))
    shape = replaced(x.shape, axis, draw(st.integers(2, 3)))
    return Applied((X, (BATCH, *shape)), (out(x, shape),))


def _swap(draw: Draw, x: Spec) -> Applied:
    one, other = draw(st.sampled_from([(a, b) for a in range(x.rank) for b in range(x.rank) if a != b]))
    order = list(range(x.rank))
    order[one], order[other] = order[other], order[one]
    axes = as_argument(draw, one, x.rank), as_argument(draw, other, x.rank)
    return Applied((X, *axes), (out(x, tuple(x.shape[axis] for axis in order)),))


def _move(draw: Draw, x: Spec) -> Applied:
    source, target = draw(st.sampled_from([(a, b) for a in range(x.rank) for b in range(x.rank)]))
    order = [axis for axis in range(x.rank) if axis != source]
    order.insert(target, source)
    axes = as_argument(draw, source, x.rank), as_argument(draw, target, x.rank)
    return Applied((X, *axes), (out(x, tuple(x.shape[axis] for axis in order)),))


def _take(draw: Draw, x: Spec) -> Applied:
    axis = an_axis(draw, x)
    last = length_of(x, axis) - 1
    indices, lengths = draw(st.sampled_from((([0, last], (2,)), ([last], (1,)), ([[0], [last]], (2, 1)))))
    shape = replaced(x.shape, axis, *lengths)
    return Applied((X, indices), (out(x, shape),), {"axis": as_argument(draw, axis, x.rank)})


def _take_along(draw: Draw, x: Spec) -> Applied:
    axis = an_axis(draw, x)
    shape = replaced(x.shape, axis, draw(st.integers(1, 3)))
    indices = Spec(shape, "int", limit=length_of(x, axis), differentiable=False)
    return Applied((X, indices), (out(x, shape),), {"axis": as_argument(draw, axis, x.rank)})


def _diagonal(draw: Draw, x: Spec) -> Applied:
    length = min(length_of(x, 0), length_of(x, 1))
    return Applied((X,), (out(x, (*x.shape[2:], length)),), {"axis1": 1, "axis2": 2})


def _trace(draw: Draw, x: Spec) -> Applied:
    return Applied((X,), (out(x, x.shape[2:]),), {"axis1": 1, "axis2": 2})


def _triangle(draw: Draw, x: Spec) -> Applied:
    return Applied((X,), (out(x),), {"k": draw(st.integers(-1, 1))})


def _rearrange(draw: Draw, x: Spec) -> Applied:
    a, b = length_of(x, 0), length_of(x, 1)
    rest = " ".join("cd"[: x.rank - 2])
    target, shape = draw(st.sampled_from((("n (a b)", (a * b, *x.shape[2:])), ("n b a", (b, a, *x.shape[2:])))))
    pattern = f"n a b {rest} -> {target} {rest}".replace("  ", " ").strip()
    return Applied((X, pattern), (out(x, shape),))


def _sequences(draw: Draw, x: Spec) -> Applied:
    size, stride = draw(st.sampled_from(((2, 1), (3, 2), (2, 2))))
    count = (length_of(x, -1) - size) // stride + 1
    return Applied((X, size, stride), (out(x, (*x.shape[:-1], count, size)),))


def _line(draw: Draw, x: Spec) -> Applied:
    axis = draw(st.integers(0, x.rank))
    count = draw(st.integers(2, 4))
    given: dict[str, Any] = {"num": count, "axis": as_argument(draw, axis, x.rank + 1)}
    if draw(st.booleans()):
        given["endpoint"] = False
    return Applied((X, out(x, differentiable=True)), (out(x, (*x.shape[:axis], count, *x.shape[axis:])),), given)


def _slice(draw: Draw, x: Spec) -> Applied:
    axis = an_axis(draw, x, at_least=2)
    shape = replaced(x.shape, axis, length_of(x, axis) - 1)
    start = [0] * (x.rank + 1)
    start[axis + 1] = draw(st.integers(0, 1))
    return Applied((X, tuple(start), (BATCH, *shape)), (out(x, shape),))


def _slice_update(draw: Draw, x: Spec) -> Applied:
    update = array(1, *[1] * x.rank)
    start = (0, *[draw(st.integers(0, length_of(x, axis) - 1)) for axis in range(x.rank)])
    return Applied((X, start, update), (out(x),))


def _scatter_update(draw: Draw, x: Spec) -> Applied:
    index = [0, *[draw(st.integers(0, length_of(x, axis) - 1)) for axis in range(x.rank)]]
    given = {"reduction": draw(st.sampled_from(("add", "max", "mul")))} if draw(st.booleans()) else {}
    return Applied((X, [index], [0.5]), (out(x),), given)


def _index(draw: Draw, x: Spec) -> Applied:
    """An index as people write it: ``x[:, 1:]``, ``x[..., 0]``, ``x[:, None]``, ``x[:, ::-1]`` and what is between."""
    lengths: list[int | None] = []
    index: list[Any] = [Slice()]
    touched = draw(st.integers(0, x.rank - 1))
    for axis in range(x.rank):
        length = length_of(x, axis)
        forms = ["from", "until", "back", "step", "new", "all"] + ["one"] * (x.rank > 1)
        form = draw(st.sampled_from(forms)) if axis == touched else "all"
        if form == "new":
            index.append(None)
            lengths.append(1)
        cut = {
            "from": Slice(draw(st.sampled_from((1, -1))), None),
            "until": Slice(None, draw(st.sampled_from((1, 2, -1)))),
            "back": Slice(None, None, -1),
            "step": Slice(None, None, 2),
        }.get(form, Slice())
        left = len(range(length)[slice(cut.start, cut.stop, cut.step)])
        if form == "one":
            index.append(draw(st.sampled_from((0, -1, length - 1))))
        else:
            index.append(cut if left else Slice())
            lengths.append(left or length)
    shorter = draw(st.sampled_from(("whole", "cut", "dots")))
    if shorter == "cut":
        while len(index) > 1 and index[-1] == Slice():
            index.pop()
    elif shorter == "dots":
        index = [..., *index[touched + 1 :]] if index[touched + 1] is not None else index
    return Applied((X, tuple(index)), (out(x, tuple(lengths)),))


def _with_a_one() -> st.SearchStrategy[Spec]:
    return st.permutations((1, 2, 3)).map(lambda shape: Spec(tuple(shape)))


ONES = only(_with_a_one, lambda x: 1 in x.shape and x.rank > 1)

REARRANGING: tuple[Operation, ...] = (
    *rows("reshape", _reshape, ANY),
    *rows("transpose", _transpose, ANY),
    *rows("squeeze", _squeeze, ONES),
    *rows("broadcast_to", _broadcast, ONES, fixed=True),
    *rows("expand_dims", _expand, ANY),
    *rows("concatenate", _concatenate, ANY),
    *rows("append", _append, ANY),
    *rows("hstack", _joined(0), ANY),
    *rows("dstack", _joined(1), PLANES),
    *rows("stack", _stack, ANY),
    *rows("split", _split, floats(1, 3, shortest=2)),
    *rows("array_split", _array_split, floats(1, 3, shortest=2)),
    *rows("hsplit", _split_at(0), floats(1, 2, shortest=2)),
    *rows("dsplit", _split_at(1), floats(2, 3, shortest=2)),
    *rows("unstack", _unstack, PLANES),
    *rows("flip", _flip, ANY),
    *rows("fliplr", _kept, ANY),
    *rows("roll", _roll, ANY),
    *rows("rot90", _rotate, PLANES),
    *rows("pad", _pad, floats(1, 3, shortest=2)),
    *rows("tile", _tile, ANY),
    *rows("repeat", _repeat, ANY),
    *rows("swapaxes", _swap, PLANES),
    *rows("moveaxis", _move, PLANES),
    *rows("take", _take, ANY),
    *rows("take", _take, of_kind("int")),
    *rows("take_along_axis", _take_along, ANY),
    *rows("get_item", _index, ANY),
    *rows("diagonal", _diagonal, PLANES),
    *rows("trace", _trace, floats(3, 3)),
    *rows("tril triu", _triangle, PLANES),
    # Its shape inference multiplies lengths, the batch among them, and fails where that is unknown (Keras 3.15).
    *rows("rearrange", _rearrange, PLANES, fixed=True),
    *rows("extract_sequences", _sequences, floats(1, 2, shortest=3)),
    *rows("linspace logspace", _line, floats(1, 2)),
    *rows("slice", _slice, floats(1, 3, shortest=2), fixed=True),
    *rows("slice_update", _slice_update, ANY),
    *rows("scatter_update", _scatter_update, ANY),
    operator_row("getitem", _index, ANY),
    operator_row("getitem", _index, of_kind("int")),
    operator_row("getitem", _index, of_kind("bool")),
)
