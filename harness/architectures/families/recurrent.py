"""Recurrent layers: SimpleRNN, LSTM, GRU, convolutional LSTMs, RNN over every cell, and the cells alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from harness.architectures import inputs
from harness.architectures.arguments import activity, rates, seeds, variable
from harness.architectures.families.convolution import each, one_or_each
from harness.architectures.objects import activations
from harness.architectures.rules import Arguments, LayerRule, Placement
from harness.architectures.shapes import spatial, window, with_channels
from harness.architectures.spec import Spec
from harness.protocol.architecture import Call

Shape = tuple[int | None, ...]

_INSIDE = ("dropout", "recurrent_dropout", "seed", "kernel_initializer", "bias_constraint", "activation")
CELLS = ("SimpleRNNCell", "LSTMCell", "GRUCell")
# Recurrent kernels start orthogonal, by a decomposition that TensorFlow does not do in bfloat16.
_DTYPES = ("float64", "float16", "mixed_float16", "mixed_bfloat16")
_true = st.just(True)
_one_in_four = st.sampled_from((False, False, False, True))
_units = st.integers(1, 4)


def shared_dtype(a: Arguments) -> str | None:
    """A dtype policy, sometimes, for a layer and what stands inside it: the two must have the same."""
    if a.plain or not a.has("dtype") or a.draw(st.integers(0, 9)) < 9:
        return None
    return a.give("dtype", a.draw(st.sampled_from(_DTYPES)))


def _gates(a: Arguments, *, rank: int, dropout: bool = True) -> None:
    """What one step computes with: activations, kernels of `rank` axes, bias, dropout."""
    for argument in ("activation", "recurrent_activation"):
        a.optional(argument, st.one_of(activations(a.vocabulary), st.none()))
    a.optional("use_bias", st.just(False))
    variable(a, "kernel", rank=rank)
    variable(a, "recurrent", rank=rank)
    variable(a, "bias")
    a.several({"unit_forget_bias": st.just(False), "reset_after": st.just(False)})
    if dropout:
        a.several({"dropout": rates, "recurrent_dropout": rates})
    a.optional("seed", seeds)


def _placed(a: Arguments, x: Spec, step: Shape, states: Sequence[Any], *, unroll: bool = True) -> Placement:
    """Draws how the loop over time runs; `step` and `states` are shapes of one step's output and states."""
    cast = a.major > 2 or "dtype" not in a.values  # Keras 2 leaves states in the dtype in which they come
    # Keras 2 alone: the axis in front, which is the batch of everything around, counts as time. Only a whole
    # sequence then comes out with the batch in front; states do not, and masks would have to be turned too.
    major = not x.masked and bool(a.draw(st.booleans())) and a.optional("time_major", _true, default=False)
    if major:
        sequences, state, stateful = bool(a.give("return_sequences", True)), False, False
    else:
        sequences = a.optional("return_sequences", _true, default=False)
        state = a.optional("return_state", _true, default=False)
        stateful = x.fixed_batch and cast and a.optional("stateful", _true, default=False)
    a.optional("go_backwards", _true)
    a.optional("zero_output_for_mask", _true)
    if unroll and not major and x.shape[0] is not None:
        a.optional("unroll", _true)
    shape = (x.shape[0], *step) if sequences else step
    outputs = [Spec(shape, masked=x.masked and sequences, fixed_batch=x.fixed_batch)]
    if state:
        outputs += [Spec(each, fixed_batch=x.fixed_batch) for each in _flat(states)]
    named = {}
    given = _states(states)
    if cast and not (major or stateful or a.plain) and a.draw(_one_in_four):
        named["initial_state"] = given
    return Placement(tuple(outputs), named=named)


def _flat(states: Sequence[Any]) -> list[Shape]:
    """Shapes of states in the order in which they come out; states of stacked cells are lists in the list."""
    return [shape for state in states for shape in (_flat(state) if isinstance(state, list) else [state])]


def _states(states: Sequence[Any], *, listed: bool = False) -> Any:
    """Specs of the states that a call is given: one alone as it is, several as a tuple (of tuples)."""
    if len(states) == 1 and not isinstance(states[0], list) and not listed:
        return Spec(states[0])
    return tuple(_states(each) if isinstance(each, list) else Spec(each) for each in states)


def _recurrent(states: int) -> Callable[[Arguments, Spec], Placement]:
    def place(a: Arguments, x: Spec) -> Placement:
        units = a.required("units", _units)
        _gates(a, rank=2)
        activity(a)
        shared_dtype(a)
        a.optional("use_cudnn", st.just(False))  # True wants a GPU
        return _placed(a, x, (units,), [(units,)] * states)

    return place


def _convolutional(rank: int) -> LayerRule:
    def place(a: Arguments, x: Spec) -> Placement:
        # On a CPU Keras compiles each convolution of channels first anew, of which a step has eight: a model of two
        # steps takes minutes in three dimensions. It is drawn where the argument is to be reached, and not by the way.
        first = x.shape[0] in (1, 2) and "data_format" in a.wanted
        layouts = ("channels_first", "channels_last") if first else ("channels_last",)
        layout = a.optional("data_format", st.sampled_from(layouts), default="channels_last")
        axes = spatial(x.shape[1:], layout)
        shortest = min(axis for axis in axes if axis is not None)
        filters = a.required("filters", st.integers(1, 3))
        size = each(a.required("kernel_size", one_or_each(rank, st.integers(1, min(shortest, 3)))), rank)
        padding = a.optional("padding", st.just("same"), default="valid")
        dilate = padding == "same" or max(size) * 2 - 1 <= shortest
        strides = dilation = (1,) * rank
        # Keras refuses both above one.
        if not dilate or a.draw(st.booleans()):
            strides = each(a.optional("strides", one_or_each(rank, st.just(2)), default=1), rank)
        else:
            dilation = each(a.optional("dilation_rate", one_or_each(rank, st.just(2)), default=1), rank)
        _gates(a, rank=rank + 2)
        activity(a)
        step = with_channels(
            [window(*parts) for parts in zip(axes, size, strides, (padding,) * rank, dilation, strict=True)],
            filters,
            layout,
        )
        if layout == "channels_last":  # TensorFlow's CPU kernels of channels first are for float32 alone
            shared_dtype(a)
        return _placed(a, x, step, [step] * 2, unroll=False)

    def fresh() -> st.SearchStrategy[Spec]:
        return inputs.frames(rank)

    def accepts(spec: Spec) -> bool:
        return is_sequence(spec, rank=rank + 2)

    return LayerRule(f"ConvLSTM{rank}D", place, fresh, accepts, _COMMON, _TAGS)


def _cell_states(call: Call) -> list[Any]:
    """Shapes of the states of a cell, in the structure in which it takes them."""
    if call.name == "layers.StackedRNNCells":
        states = [_cell_states(cell) for cell in call.arguments["cells"]]
        return [each if len(each) > 1 else each[0] for each in states]
    return [(call.arguments["units"],)] * (2 if call.name == "layers.LSTMCell" else 1)


def _cells(a: Arguments, x: Spec, *, dropout: bool = True, common: Mapping[str, Any] | None = None) -> list[Call]:
    """One to three cells, each on top of the one before, with `common` arguments; `x` is one step."""
    cells = []
    for number in range(a.draw(st.integers(1, 3))):
        wanted = frozenset(a.draw(st.sets(st.sampled_from(_INSIDE), max_size=3)))
        rule = (_INNER_CELLS if dropout else _OUTER_CELLS)[a.draw(st.sampled_from(CELLS))]
        name = a.draw(st.sampled_from((None, f"cell_{number}")))
        call, placement = a.inner(rule, x, name=name, wanted=wanted)
        cells.append(Call(call.name, {**call.arguments, **(common or {})}))
        x = placement.outputs[0]
    return cells


def _rnn(a: Arguments, x: Spec) -> Placement:
    dtype = shared_dtype(a)
    common = {"dtype": dtype} if dtype else {}
    cells = _cells(a, Spec(x.shape[1:]), common=common)
    stacked = Call("layers.StackedRNNCells", {"cells": cells, **common})
    if len(cells) == 1 and a.draw(st.booleans()):
        a.give("cell", cells[0])
        states = _cell_states(cells[0])
    else:
        # RNN makes the stack itself from a list, in the global dtype.
        a.give("cell", cells if not common and a.draw(st.booleans()) else stacked)
        states = _cell_states(stacked)
    activity(a)
    # Keras 3 takes the states of a stack of one cell out of their list, where an unrolled loop finds too few.
    unroll = a.major == 2 or len(cells) > 1 or a.get("cell") is cells[0]
    return _placed(a, x, (cells[-1].arguments["units"],), states, unroll=unroll)


def _cell(*, states: int, alone: bool) -> Callable[[Arguments, Spec], Placement]:
    def place(a: Arguments, x: Spec) -> Placement:
        units = a.required("units", _units)
        _gates(a, rank=2, dropout=not alone)
        if alone and a.major > 2:  # Keras 2 does not cast the states
            shared_dtype(a)
        return _stepped(x, [(units,)] * states)

    return place


def _stacked(a: Arguments, x: Spec) -> Placement:
    cells = a.give("cells", _cells(a, x, dropout=False))
    return _stepped(x, _cell_states(Call("layers.StackedRNNCells", {"cells": cells})), listed=True)


def _stepped(x: Spec, states: Sequence[Any], *, listed: bool = False) -> Placement:
    """A cell called as a layer, for one step: its output and its next states come out."""
    flat = [Spec(shape, fixed_batch=x.fixed_batch) for shape in _flat(states)]
    last = states[-1][0] if isinstance(states[-1], list) else states[-1]
    return Placement((Spec(last, fixed_batch=x.fixed_batch), *flat), named={"states": _states(states, listed=listed)})


def is_sequence(spec: Spec, *, rank: int = 2) -> bool:
    """Floats over time, whose number of steps alone may be unknown."""
    return spec.kind == "float" and not spec.sparse and spec.rank == rank and spec.but(shape=spec.shape[1:]).static


_is_step = inputs.is_float(rank=1)
_COMMON = ("trainable",)
_TAGS = frozenset({"random", "mask"})
_STATES = {"SimpleRNNCell": 1, "LSTMCell": 2, "GRUCell": 1}
_INNER_CELLS = {
    name: LayerRule(name, _cell(states=states, alone=False), inputs.vectors, _is_step)
    for name, states in _STATES.items()
}
# Called alone, a cell keeps the dropout mask of its first call: of another batch size, another graph.
_OUTER_CELLS = {
    name: LayerRule(name, _cell(states=states, alone=True), inputs.vectors, _is_step, _COMMON)
    for name, states in _STATES.items()
}
_STACKED = LayerRule("StackedRNNCells", _stacked, inputs.vectors, _is_step, _COMMON)
RULES = (
    LayerRule("SimpleRNN", _recurrent(1), inputs.short_sequences, is_sequence, _COMMON, _TAGS),
    LayerRule("LSTM", _recurrent(2), inputs.short_sequences, is_sequence, _COMMON, _TAGS),
    LayerRule("GRU", _recurrent(1), inputs.short_sequences, is_sequence, _COMMON, _TAGS),
    LayerRule("RNN", _rnn, inputs.short_sequences, is_sequence, _COMMON, _TAGS),
    *map(_convolutional, (1, 2, 3)),
    *_OUTER_CELLS.values(),
    _STACKED,
)
