"""Convolutions: plain, transposed, depthwise, separable and locally connected, in one to three dimensions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import product

from hypothesis import strategies as st

from harness.architectures import inputs
from harness.architectures.arguments import activation, activity, kernel_and_bias, variable
from harness.architectures.policies import DTYPES
from harness.architectures.rules import Arguments, LayerRule, Placement
from harness.architectures.shapes import spatial, transposed, window, with_channels
from harness.architectures.spec import Spec
from harness.protocol.architecture import Method

LAST = "channels_last"
FIRST = "channels_first"


def one_or_each(rank: int, values: st.SearchStrategy[int]) -> st.SearchStrategy[int | tuple[int, ...]]:
    """One number for all axes, or a tuple with one for each."""
    return st.one_of(values, st.tuples(*([values] * rank)))


def each(value: int | tuple[int, ...], rank: int) -> tuple[int, ...]:
    """One number for each axis."""
    return (value,) * rank if isinstance(value, int) else tuple(value)


@lru_cache
def among(
    allowed: tuple[tuple[int, ...], ...], *, default: int | None = None
) -> st.SearchStrategy[int | tuple[int, ...]]:
    """A number allowed on every axis, or a tuple of allowed ones; more than the default has to be allowed."""
    whole: list[int | tuple[int, ...]] = sorted(set.intersection(*map(set, allowed)) - {default})
    tuples = [values for values in product(*allowed) if set(values) != {default}]
    return st.one_of(st.sampled_from(whole), st.sampled_from(tuples)) if whole else st.sampled_from(tuples)


def up_to(most: int, lengths: Sequence[int | None]) -> tuple[tuple[int, ...], ...]:
    """For each axis the sizes from one to `most` that fit into it; one of unknown length may be 1 long."""
    return tuple(tuple(range(1, min(most, length or 1) + 1)) for length in lengths)


def data_format(a: Arguments, x: Spec) -> str:
    """Draws where the channels stand; they have to be known."""
    formats = (FIRST, LAST) if x.shape[0] is not None else (LAST,)
    return str(a.optional("data_format", st.sampled_from(formats), default=LAST))


def dtype(a: Arguments, *, pinned: tuple[str, ...] = ()) -> None:
    """Draws a dtype now and then; one of those pinned always, as there are no CPU kernels for the others.

    Pinned even where the layer would have inherited it, because the global policy may be any.
    """
    if pinned:
        a.give("dtype", a.draw(st.sampled_from(pinned)))
    elif not a.plain and a.draw(st.integers(0, 11)) == 11:
        a.give("dtype", a.draw(st.sampled_from(DTYPES)))


def takes(rank: int, *, static: bool = False, minimum: int = 1, most: int = 2000) -> Callable[[Spec], bool]:
    """A predicate: floats of `rank` spatial axes of at least `minimum` and known channels, not too many."""

    def accepts(spec: Spec) -> bool:
        if spec.kind != "float" or spec.sparse or spec.rank != rank + 1 or spec.shape[-1] is None:
            return False
        if static and not spec.static:
            return False
        known = [axis for axis in spec.shape if axis is not None]
        size = 4 ** (spec.rank - len(known))
        for axis in known:
            size *= axis
        return size <= most and all(axis is None or axis >= minimum for axis in spec.shape[:-1])

    return accepts


def grids(rank: int) -> st.SearchStrategy[Spec]:
    """Inputs with `rank` spatial axes, one time in eight of unknown lengths."""
    return st.tuples(inputs.grids(rank), st.integers(0, 7)).map(
        lambda drawn: drawn[0].but(shape=((None,) * rank + drawn[0].shape[-1:])) if drawn[1] == 7 else drawn[0]
    )


def _steps(
    a: Arguments,
    size: Sequence[int],
    lengths: Sequence[int | None],
    *,
    both: bool = False,
    even: bool = False,
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Draws strides and dilation, which Keras refuses together unless `both`.

    With `even` there is one dilation for all axes; `lengths` bound the reach of the dilated kernel.
    """
    rank = len(size)
    strides = dilation = (1,) * rank
    order = ["strides", "dilation_rate"]
    if a.draw(st.booleans()):
        order.reverse()
    for argument in order:
        if argument == "strides":
            if both or max(dilation) == 1:
                strides = each(a.optional("strides", among(((1, 2, 3),) * rank, default=1), default=1), rank)
        elif both or max(strides) == 1:
            allowed = tuple(
                tuple(rate for rate in (1, 2, 3) if (kernel - 1) * rate + 1 <= (length or 1) or rate == 1)
                for kernel, length in zip(size, lengths, strict=True)
            )
            if any(len(rates) > 1 for rates in allowed):
                several = st.sampled_from((2, 3)) if even else among(allowed, default=1)
                dilation = each(a.optional("dilation_rate", several, default=1), rank)
    return strides, dilation


def _windows(
    a: Arguments,
    axes: Sequence[int | None],
    paddings: tuple[str, ...],
    *,
    both: bool = False,
    dilated: bool = True,
) -> tuple[tuple[int | None, ...], tuple[int, ...]]:
    """Draws the geometry of a convolution over `axes`; returns the axes that come out, and the strides."""
    rank = len(axes)
    padding = a.optional("padding", st.sampled_from(paddings), default="valid") if paddings else "valid"
    lengths = axes if padding == "valid" else (99,) * rank
    sizes = up_to(3, lengths)
    if "constraints.RadialConstraint" in a.objects:  # which takes kernels as high as they are wide
        sizes = tuple(some[1:] or some for some in sizes)
        squares = sorted(set.intersection(*map(set, sizes)))
        sizes = (tuple(squares[:1]),) * rank if squares else sizes
    size = each(a.required("kernel_size", among(sizes)), rank)
    if dilated:
        strides, dilation = _steps(a, size, lengths, both=both)
    else:
        strides = each(a.optional("strides", among(((1, 2, 3),) * rank, default=1), default=1), rank)
        dilation = (1,) * rank
    made = (window(*parts) for parts in zip(axes, size, strides, (padding,) * rank, dilation, strict=True))
    return tuple(made), strides


def _lora(a: Arguments) -> None:
    """A low-rank adapter from the start; Keras refuses it beside a constraint, so one of the two goes."""
    if "kernel_constraint" in a.values:
        if not a.has("lora_rank") or not a.draw(st.booleans()):
            return
        del a.values["kernel_constraint"]
    if a.optional("lora_rank", st.integers(1, 2)) is not None:
        a.optional("lora_alpha", st.sampled_from((0.5, 4.0)))


def _adapter(a: Arguments) -> tuple[Method, ...]:
    """An adapter once the layer is built: where the model wants one, else now and then."""
    told = f"{a.name}.enable_lora"
    if a.plain or not a.vocabulary.has(told) or "lora_rank" in a.values or "kernel_constraint" in a.values:
        return ()
    if told not in a.objects and a.draw(st.integers(0, 9)) != 9:
        return ()
    a.objects.pop(told, None)
    return (Method("enable_lora", (a.draw(st.integers(1, 2)),)),)


def _out(x: Spec, axes: Sequence[int | None], channels: int, layout: str) -> Placement:
    return Placement((Spec(with_channels(axes, channels, layout), fixed_batch=x.fixed_batch),))


def _channels(x: Spec, layout: str) -> int:
    channels = x.shape[0 if layout == FIRST else -1]
    assert channels is not None
    return channels


def _needs_float32(layout: str, *others: bool) -> tuple[str, ...]:
    # These run on a CPU through oneDNN alone, which has float32 on every processor and not much else.
    return ("float32",) if layout == FIRST or any(others) else ()


def _convolution(rank: int) -> LayerRule:
    def place(a: Arguments, x: Spec) -> Placement:
        layout = data_format(a, x)
        channels = _channels(x, layout)
        groups = 1
        if divisors := [n for n in range(2, channels + 1) if channels % n == 0]:
            groups = a.optional("groups", st.sampled_from(divisors), default=1)
        filters = a.required("filters", st.integers(1, 3).map(lambda count: count * groups))
        # Keras documents causal padding for time alone.
        paddings = ("same", "causal") if rank == 1 else ("same",)
        axes, _ = _windows(a, spatial(x.shape, layout), paddings)
        activation(a)
        kernel_and_bias(a, rank=rank + 2)
        _lora(a)
        dtype(a, pinned=_needs_float32(layout))
        return replace(_out(x, axes, filters, layout), methods=_adapter(a))

    return LayerRule(f"Conv{rank}D", place, lambda: grids(rank), takes(rank), common=("trainable",))


def _transposed(rank: int) -> LayerRule:
    def place(a: Arguments, x: Spec) -> Placement:
        layout = data_format(a, x)
        axes = spatial(x.shape, layout)
        filters = a.required("filters", st.integers(1, 3))
        size = each(a.required("kernel_size", one_or_each(rank, st.integers(1, 3))), rank)
        padding = a.optional("padding", st.just("same"), default="valid")
        # Keras 2 wants one dilation for height and width, and takes no notice of any in three dimensions.
        strides, dilation = _steps(a, size, (99,) * rank, even=a.major == 2 and rank == 2)
        if a.major == 2 and rank == 3:
            dilation = (1,) * rank
        # An even kernel under padding "same" and output_padding=0 makes an output too short for its input.
        allowed = tuple(
            tuple(n for n in range(step) if padding == "valid" or n or ((kernel - 1) * rate) % 2 == 0)
            for kernel, step, rate in zip(size, strides, dilation, strict=True)
        )
        extra: tuple[int | None, ...] = (None,) * rank
        if all(allowed):
            drawn = a.optional("output_padding", among(allowed))
            extra = extra if drawn is None else each(drawn, rank)
        activation(a)
        kernel_and_bias(a, rank=rank + 2)
        dtype(a, pinned=_needs_float32(layout, max(dilation) > 1))
        made = [
            transposed(*parts) for parts in zip(axes, size, strides, (padding,) * rank, extra, dilation, strict=True)
        ]
        return _out(x, made, filters, layout)

    return LayerRule(f"Conv{rank}DTranspose", place, lambda: grids(rank), takes(rank, most=300), common=("trainable",))


def _forgotten(a: Arguments, axes: tuple[int | None, ...]) -> tuple[int | None, ...]:
    """The axes that Keras sees: behind a dilated depthwise kernel Keras 2 loses all where one is unknown."""
    lost = a.major == 2 and len(axes) > 1 and "dilation_rate" in a.values and None in axes
    return (None,) * len(axes) if lost else axes


def _strides_and_dilation(a: Arguments) -> bool:
    """Whether this Keras takes both at once; which of the earlier ones do is not known."""
    return a.vocabulary.version >= (3, 15)


def _uneven(strides: tuple[int, ...]) -> bool:
    return len(set(strides)) > 1


def _multiplier(a: Arguments, channels: int, rank: int) -> int:
    """Draws the depth multiplier, once the kernel has its size."""
    values = st.integers(2, 3)
    if channels == 1 and max(each(a.values["kernel_size"], rank)) == 1:
        # A depthwise kernel of a single number is more than oneDNN can reorder: an error in every graph.
        return a.required("depth_multiplier", values)
    return int(a.optional("depth_multiplier", values, default=1))


def _depthwise(rank: int) -> LayerRule:
    def place(a: Arguments, x: Spec) -> Placement:
        layout = data_format(a, x)
        axes, strides = _windows(a, spatial(x.shape, layout), ("same",), both=_strides_and_dilation(a))
        multiplier = _multiplier(a, _channels(x, layout), rank)
        activation(a)
        kernel_and_bias(a, rank=rank + 2, kernel="depthwise")
        dtype(a, pinned=_needs_float32(layout, _uneven(strides)))
        return _out(x, _forgotten(a, axes), _channels(x, layout) * multiplier, layout)

    return LayerRule(f"DepthwiseConv{rank}D", place, lambda: grids(rank), takes(rank), common=("trainable",))


def _separable(rank: int) -> LayerRule:
    def place(a: Arguments, x: Spec) -> Placement:
        layout = data_format(a, x)
        filters = a.required("filters", st.integers(1, 4))
        paddings = ("same", "causal") if rank == 1 and a.major == 2 else ("same",)
        axes, strides = _windows(a, spatial(x.shape, layout), paddings, both=_strides_and_dilation(a))
        _multiplier(a, _channels(x, layout), rank)
        activation(a)
        kernel_and_bias(a, rank=rank + 2, kernel="depthwise")
        variable(a, "pointwise", rank=rank + 2)
        dtype(a, pinned=_needs_float32(layout, _uneven(strides)))
        return _out(x, _forgotten(a, axes), filters, layout)

    return LayerRule(f"SeparableConv{rank}D", place, lambda: grids(rank), takes(rank), common=("trainable",))


def _locally_connected(rank: int) -> LayerRule:
    def place(a: Arguments, x: Spec) -> Placement:
        layout = data_format(a, x)
        filters = a.required("filters", st.integers(1, 3))
        implementation = a.optional("implementation", st.sampled_from((2, 3)), default=1)
        # The first implementation does not pad.
        axes, _ = _windows(a, spatial(x.shape, layout), ("same",) if implementation > 1 else (), dilated=False)
        activation(a)
        # The second keeps a kernel for every pair of places, the third only the numbers that are used.
        variable(a, "kernel", rank={1: 3, 2: 2 * rank + 2, 3: 1}[implementation])
        a.optional("use_bias", st.just(False))
        variable(a, "bias")
        activity(a)
        return _out(x, axes, filters, layout)

    accepts = takes(rank, static=True, most=200)
    return LayerRule(f"LocallyConnected{rank}D", place, lambda: inputs.grids(rank), accepts)


RULES = (
    *map(_convolution, (1, 2, 3)),
    *map(_transposed, (1, 2, 3)),
    *map(_depthwise, (1, 2)),
    *map(_separable, (1, 2)),
    *map(_locally_connected, (1, 2)),
)
