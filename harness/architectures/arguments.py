"""Groups of arguments that many layers share, drawn in one line each."""

from __future__ import annotations

from hypothesis import strategies as st

from harness.architectures.objects import activations, constraints, initializers, regularizers
from harness.architectures.rules import Arguments

seeds = st.integers(0, 2**16)
rates = st.sampled_from((0.5, 0.25, 0.1))


def variable(a: Arguments, what: str, *, rank: int | None = None, constraint: bool = True) -> None:
    """`<what>_initializer`, `_regularizer` and `_constraint` of a variable of `rank` axes."""
    a.optional(f"{what}_initializer", initializers(a.vocabulary, rank=rank))
    a.optional(f"{what}_regularizer", regularizers(a.vocabulary, rank=rank))
    if constraint:
        a.optional(f"{what}_constraint", constraints(a.vocabulary))


def kernel_and_bias(a: Arguments, *, rank: int, kernel: str = "kernel", bias: bool = True) -> None:
    """Everything about a kernel of `rank` axes and a bias, `use_bias` and the activity regularizer included."""
    variable(a, kernel, rank=rank)
    if bias:
        a.optional("use_bias", st.just(False))
        variable(a, "bias")
    activity(a)


def activity(a: Arguments) -> None:
    """The regularizer of the output."""
    a.optional("activity_regularizer", regularizers(a.vocabulary))


def activation(a: Arguments, argument: str = "activation") -> None:
    """An activation that keeps the shape."""
    a.optional(argument, activations(a.vocabulary))
