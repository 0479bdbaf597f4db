"""Groups of arguments that many layers share, drawn in one line each."""

from __future__ import annotations

from hypothesis import strategies as st

from harness.architectures.objects import (
    activations,
    constraints,
    fitting,
    initializers,
    insisted,
    regularizers,
)
from harness.architectures.rules import Arguments

seeds = st.integers(0, 2**16)
rates = st.sampled_from((0.5, 0.25, 0.1))


def optional_object(
    a: Arguments,
    argument: str,
    room: str,
    ordinary: st.SearchStrategy[object],
    *,
    rank: int | None = None,
    square: bool = False,
) -> None:
    """An argument that holds an object of `room`: one that the model wants, if it fits, else any, now and then."""
    taken = a.take(argument, fitting(a.vocabulary, room, rank=rank, square=square)) if a.objects else None
    if taken is not None:
        a.required(argument, insisted(a.vocabulary, *taken))
    else:
        a.optional(argument, ordinary)


def variable(a: Arguments, what: str, *, rank: int | None = None, constraint: bool = True) -> None:
    """`<what>_initializer`, unless it has one, `_regularizer` and `_constraint` of a variable of `rank` axes."""
    if f"{what}_initializer" not in a.values:
        optional_object(a, f"{what}_initializer", "initializers", initializers(a.vocabulary, rank=rank), rank=rank)
    optional_object(a, f"{what}_regularizer", "regularizers", regularizers(a.vocabulary, rank=rank), rank=rank)
    if constraint:
        square = what == "kernel" and rank == 4 and _is_square(a.get("kernel_size"))
        optional_object(a, f"{what}_constraint", "constraints", constraints(a.vocabulary), square=square)


def _is_square(size: object) -> bool:
    """Whether a kernel of this size is as high as it is wide, and more than one number."""
    return size not in (1, [1, 1], (1, 1)) and (
        isinstance(size, int) or (isinstance(size, (list, tuple)) and len(size) == 2 and size[0] == size[1])
    )


def kernel_and_bias(a: Arguments, *, rank: int, kernel: str = "kernel", bias: bool = True) -> None:
    """Everything about a kernel of `rank` axes and a bias, `use_bias` and the activity regularizer included."""
    variable(a, kernel, rank=rank)
    if bias:
        a.optional("use_bias", st.just(False))
        variable(a, "bias")
    activity(a)


def activity(a: Arguments) -> None:
    """The regularizer of the output."""
    optional_object(a, "activity_regularizer", "regularizers", regularizers(a.vocabulary))


def activation(a: Arguments, argument: str = "activation") -> None:
    """An activation that keeps the shape."""
    optional_object(a, argument, "activations", activations(a.vocabulary))
