"""What a row of the table of operations says, and the places that many rows share.

A row names a public function of Keras or a Python operator, says which tensor it takes, and draws its other arguments
together with the shapes that come out. The shapes are computed here and not asked of Keras: a second opinion.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from harness.architectures.rules import Draw
from harness.architectures.spec import Spec
from harness.protocol.architecture import Data, Ref, Values

X: Any = Ref("")  # in the arguments of an operation: the tensor that it is put onto
BATCH: Any = Ref("", 1)  # the number of examples, where it is fixed
Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class Applied:
    """The arguments of an operation, in which `X` is the tensor and a Spec a further one, and what comes out."""

    inputs: tuple[Any, ...]
    outputs: tuple[Spec, ...]
    keywords: Mapping[str, Any] = field(default_factory=dict)


Place = Callable[[Draw, Spec], Applied]


@dataclass(frozen=True)
class Operation:
    """A row: a public name (``ops.exp``) or an operator (``operator.add``) in one form of its call.

    `accepts` says which tensors it takes, `fresh` draws one. With `exact` they must be inputs of the model: where
    the result jumps (floor, argmax, comparisons), what a layer computed a bit differently would come out as another
    result. `before` are operations that bring the tensor to where this one is defined, each a name and its arguments.
    `fixed` operations say the whole shape, batch included.
    """

    name: str
    place: Place
    accepts: Callable[[Spec], bool]
    fresh: Callable[[], st.SearchStrategy[Spec]]
    exact: bool = False
    before: tuple[tuple[str, tuple[Any, ...]], ...] = ()
    fixed: bool = False
    majors: tuple[int, ...] = (2, 3)


def floats(low: int = 1, high: int = 3, *, longest: int = 4, shortest: int = 1) -> dict[str, Any]:
    """`accepts` and `fresh` of an operation on floats with so many axes (batch left out) or more, each so long.

    Images with values up to 255 are left out: what grows fast overflows on them.
    """

    def accepts(spec: Spec) -> bool:
        return (
            spec.kind == "float" and not spec.sparse and not spec.image and spec.static
            and low <= spec.rank <= max(high, 4) and all(axis is not None and axis >= shortest for axis in spec.shape)
        )  # fmt: skip

    def fresh() -> st.SearchStrategy[Spec]:
        lengths = st.integers(max(2, shortest), max(longest, shortest))
        return st.integers(low, high).flatmap(lambda rank: st.tuples(*[lengths] * rank).map(Spec))

    return {"accepts": accepts, "fresh": fresh}


def only(fresh: Callable[[], st.SearchStrategy[Spec]], accepts: Callable[[Spec], bool]) -> dict[str, Any]:
    """`accepts` and `fresh` of an operation that takes tensors of one kind of shape; floats that are no images."""
    any_float = floats()["accepts"]
    return {"fresh": fresh, "accepts": lambda spec: any_float(spec) and accepts(spec)}


def of_kind(kind: str, *, low: int = 1, high: int = 2) -> dict[str, Any]:
    """`accepts` and `fresh` of an operation on integers (of a known range) or booleans."""

    def fresh() -> st.SearchStrategy[Spec]:
        limit = 6 if kind == "int" else None
        return st.integers(low, high).flatmap(
            lambda rank: st.tuples(*[st.integers(2, 4)] * rank).map(
                lambda shape: Spec(shape, kind, limit=limit, differentiable=False)
            )
        )

    def accepts(spec: Spec) -> bool:
        known = kind != "int" or (spec.limit is not None and spec.limit <= 64)
        return spec.kind == kind and not spec.sparse and spec.static and low <= spec.rank <= high and known

    return {"fresh": fresh, "accepts": accepts}


FLOATS = floats()


def out(x: Spec, shape: Shape | None = None, **changes: Any) -> Spec:
    """What comes out of an operation on `x`: no mask travels with it, and an image is none any more."""
    changes = {"shape": x.shape if shape is None else shape, **changes}
    if changes.get("kind", x.kind) != "float":
        changes["differentiable"] = False
    if changes.get("kind") == "float":
        changes["limit"] = None
    return x.but(**{"image": False, "masked": False, "dtype": None, **changes})


def array(*shape: int, positive: bool = False) -> Data:
    """A constant array among the arguments."""
    return Data(shape, values=Values("uniform", 0.5, 1.5) if positive else Values(), seed=sum(shape))


def kept(draw: Draw, x: Spec) -> Applied:
    """The tensor alone; the shape stays."""
    return Applied((X,), (out(x),))


def lost(draw: Draw, x: Spec) -> Applied:
    """The tensor alone; the shape stays, and no gradient passes."""
    return Applied((X,), (out(x, differentiable=False),))


def told(draw: Draw, x: Spec) -> Applied:
    """The tensor alone; a boolean for each element."""
    return Applied((X,), (out(x, kind="bool", limit=None),))


def tuned(*, gradient: bool = True, **strategies: st.SearchStrategy[Any]) -> Place:
    """The tensor and some of these keywords; the shape stays."""

    def place(draw: Draw, x: Spec) -> Applied:
        given = {key: draw(values) for key, values in strategies.items() if draw(st.booleans())}
        return Applied((X,), (out(x, differentiable=x.differentiable and gradient),), given)

    return place


def rows(names: str, place: Place, takes: Mapping[str, Any], **more: Any) -> tuple[Operation, ...]:
    """A row for each of the names, which are functions of `keras.ops`."""
    return tuple(Operation(f"ops.{name}", place, **{**takes, **more}) for name in names.split())


def operator_row(name: str, place: Place, takes: Mapping[str, Any] = FLOATS, **more: Any) -> Operation:
    """A row for a Python operator, by its name in the module `operator`."""
    return Operation(f"operator.{name}", place, **{**takes, **more})


def an_axis(draw: Draw, x: Spec, *, at_least: int = 1) -> int:
    """One of the axes of `x` that are so long, counted without the batch axis."""
    return int(draw(st.sampled_from([n for n, length in enumerate(x.shape) if length is None or length >= at_least])))


def as_argument(draw: Draw, axis: int, rank: int) -> int:
    """An axis as Keras counts it: with the batch axis, from the front or from the end."""
    return int(draw(st.sampled_from((axis + 1, axis - rank))))


def replaced(shape: Shape, axis: int, *lengths: int | None) -> Shape:
    """The shape with other lengths (none, one or several) in place of an axis."""
    return (*shape[:axis], *lengths, *shape[axis + 1 :])


def length_of(x: Spec, axis: int) -> int:
    """The length of an axis that is known."""
    length = x.shape[axis]
    assert length is not None
    return length
