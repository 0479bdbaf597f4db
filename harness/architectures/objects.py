"""Activations, initializers, regularizers and constraints, as arguments that layers take.

Each is drawn in the three ways in which people write it: by its name, as an object with arguments, as the function
or class itself. A row per object; one that a Keras does not have is not drawn for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from hypothesis import strategies as st

from harness.architectures.vocabulary import Vocabulary
from harness.protocol.architecture import Call, Name

_seeds = st.integers(0, 2**20)
_small = st.sampled_from((0.02, 0.1, 0.5, 0.001))
# Which axes of a variable count as its inputs and outputs; there are such of any variable.
_fans = {"input_axes": st.sampled_from(([0], [-1])), "output_axes": st.sampled_from(([-1], [0]))}

ACTIVATIONS = (
    "relu", "tanh", "sigmoid", "linear", "elu", "selu", "softplus", "softsign", "gelu", "exponential",
    "hard_sigmoid", "softmax", "mish", "leaky_relu", "silu", "relu6", "celu", "glu", "hard_shrink", "hard_silu",
    "hard_tanh", "log_sigmoid", "log_softmax", "soft_shrink", "sparse_plus", "sparse_sigmoid", "sparsemax",
    "squareplus", "tanh_shrink", "threshold", "swish",
)  # fmt: skip
# Activations that change a shape (glu halves the last axis) or need a second one (threshold) are drawn by the
# Activation layer alone, or not as a plain argument of other layers.
_SHAPE_CHANGING = frozenset({"glu"})
_WITH_ARGUMENTS = frozenset({"threshold"})
# Not monotone in a tame range: outputs of an exponential explode through a deep model.
_WILD = frozenset({"exponential"})

INITIALIZERS: Mapping[str, Mapping[str, st.SearchStrategy[object]]] = {
    "Zeros": {},
    "Ones": {},
    "Constant": {"value": st.sampled_from((0.5, -0.25, 2.0))},
    "RandomNormal": {"mean": st.sampled_from((0.1, -0.5)), "stddev": _small, "seed": _seeds},
    "RandomUniform": {"minval": st.just(-0.5), "maxval": st.just(0.25), "seed": _seeds},
    "TruncatedNormal": {"mean": st.sampled_from((0.1, -0.5)), "stddev": _small, "seed": _seeds},
    "VarianceScaling": {
        "scale": st.sampled_from((0.5, 2.0)),
        "mode": st.sampled_from(("fan_out", "fan_avg")),
        "distribution": st.sampled_from(("uniform", "untruncated_normal")),
        "seed": _seeds,
        **_fans,
    },
    "GlorotNormal": {"seed": _seeds, **_fans},
    "GlorotUniform": {"seed": _seeds, **_fans},
    "HeNormal": {"seed": _seeds, **_fans},
    "HeUniform": {"seed": _seeds, **_fans},
    "LecunNormal": {"seed": _seeds, **_fans},
    "LecunUniform": {"seed": _seeds, **_fans},
    "Orthogonal": {"gain": st.sampled_from((0.5, 2.0)), "seed": _seeds},
    "Identity": {"gain": st.sampled_from((0.5, 2.0))},
}
_TWO_DIMENSIONAL = frozenset({"Identity"})
_AT_LEAST_TWO_DIMENSIONAL = frozenset({"Orthogonal"})
SNAKE = {
    "Zeros": "zeros", "Ones": "ones", "RandomNormal": "random_normal", "RandomUniform": "random_uniform",
    "TruncatedNormal": "truncated_normal", "GlorotNormal": "glorot_normal", "GlorotUniform": "glorot_uniform",
    "HeNormal": "he_normal", "HeUniform": "he_uniform", "LecunNormal": "lecun_normal",
    "LecunUniform": "lecun_uniform", "Orthogonal": "orthogonal", "Identity": "identity",
}  # fmt: skip

REGULARIZERS: Mapping[str, Mapping[str, st.SearchStrategy[object]]] = {
    "L1": {"l1": _small},
    "L2": {"l2": _small},
    "L1L2": {"l1": _small, "l2": _small},
}
MATRIX_REGULARIZERS: Mapping[str, Mapping[str, st.SearchStrategy[object]]] = {
    "OrthogonalRegularizer": {"factor": _small, "mode": st.sampled_from(("columns",))},
}
_axes = st.sampled_from((-1, [0]))
CONSTRAINTS: Mapping[str, Mapping[str, st.SearchStrategy[object]]] = {
    "NonNeg": {},
    "MaxNorm": {"max_value": st.sampled_from((1.0, 0.5)), "axis": _axes},
    "MinMaxNorm": {
        "min_value": st.just(0.25),
        "max_value": st.sampled_from((1.0, 0.75)),
        "rate": st.sampled_from((0.5, 0.9)),
        "axis": _axes,
    },
    "UnitNorm": {"axis": _axes},
    "RadialConstraint": {},
}
_SQUARE = frozenset({"RadialConstraint"})  # kernels of four axes, of which the first two are of one length


# By room, what arguments of layers can hold.
ROOMS: Mapping[str, Mapping[str, Mapping[str, st.SearchStrategy[object]]]] = {
    "initializers": INITIALIZERS,
    "regularizers": {**REGULARIZERS, **MATRIX_REGULARIZERS},
    "constraints": CONSTRAINTS,
}


def drawable(vocabulary: Vocabulary) -> dict[str, frozenset[str]]:
    """The public names that can be drawn as arguments of layers, with their own arguments."""
    names: dict[str, frozenset[str]] = {}
    for room, table in ROOMS.items():
        for name in _known(vocabulary, room, tuple(table)):
            public = f"{room}.{name}"
            names[public] = frozenset(key for key in table[name] if vocabulary.has(public, key))
    for name in _known(vocabulary, "activations", ACTIVATIONS):
        if name not in _SHAPE_CHANGING | _WITH_ARGUMENTS:
            names[vocabulary.aliases.get(f"activations.{name}", f"activations.{name}")] = frozenset()
    return names


def fitting(vocabulary: Vocabulary, room: str, *, rank: int | None = None, square: bool = False) -> tuple[str, ...]:
    """The public names of a room that a variable of `rank` axes takes; without a rank, any variable.

    `square` kernels are those of images, as high as they are wide.
    """
    names = ACTIVATIONS if room == "activations" else tuple(ROOMS[room])
    banned = {*(_TWO_DIMENSIONAL if rank != 2 else ()), *(_AT_LEAST_TWO_DIMENSIONAL if (rank or 0) < 2 else ())}
    banned |= _SQUARE if not square else set()
    banned |= {*(MATRIX_REGULARIZERS if rank != 2 else ()), *_SHAPE_CHANGING, *_WITH_ARGUMENTS, *_WILD}
    return tuple(f"{room}.{name}" for name in _known(vocabulary, room, names) if name not in banned)


@st.composite
def insisted(draw: st.DrawFn, vocabulary: Vocabulary, public: str, wanted: frozenset[str]) -> object:
    """The object of this public name, with the arguments that are wanted of it."""
    room, _, name = public.partition(".")
    if room == "activations":
        return draw(st.sampled_from((name, Name(public))))
    table = ROOMS[room][name]
    given = {key for key in table if key in wanted or key == "value"}
    return Call(public, {key: draw(values) for key, values in table.items() if key in given})


@st.composite
def _objects(
    draw: st.DrawFn,
    vocabulary: Vocabulary,
    room: str,
    table: Mapping[str, Mapping[str, st.SearchStrategy[object]]],
    names: tuple[str, ...],
) -> object:
    """One object of `room`: by its name, or with arguments."""
    name = draw(st.sampled_from(names))
    arguments = {
        key: draw(values)
        for key, values in table[name].items()
        if vocabulary.has(f"{room}.{name}", key) and (draw(st.booleans()) or key == "value")
    }
    if not arguments and name in SNAKE and draw(st.booleans()):
        return SNAKE[name]
    return Call(f"{room}.{name}", arguments)


def _known(vocabulary: Vocabulary, room: str, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Those that this Keras has, by their own name: it writes no other into a config (swish comes back as silu)."""
    return tuple(
        name for name in wanted if vocabulary.has(f"{room}.{name}") and f"{room}.{name}" not in vocabulary.aliases
    )


# Strategies are cached: making one costs more than drawing from it.
@lru_cache
def initializers(vocabulary: Vocabulary, *, rank: int | None = None) -> st.SearchStrategy[object]:
    """Initializers for a variable of `rank` axes; without a rank, those that take any shape."""
    wanted = tuple(
        name
        for name in INITIALIZERS
        if (name not in _TWO_DIMENSIONAL or rank == 2) and (name not in _AT_LEAST_TWO_DIMENSIONAL or (rank or 0) >= 2)
    )
    return _objects(vocabulary, "initializers", INITIALIZERS, _known(vocabulary, "initializers", wanted))


@lru_cache
def regularizers(vocabulary: Vocabulary, *, rank: int | None = None) -> st.SearchStrategy[object]:
    """Regularizers for a variable of `rank` axes (orthogonal regularization takes matrices alone)."""
    table = {**REGULARIZERS, **(MATRIX_REGULARIZERS if rank == 2 else {})}
    names = _known(vocabulary, "regularizers", tuple(table))
    return st.one_of(st.sampled_from(("l1", "l2")), _objects(vocabulary, "regularizers", table, names))


@lru_cache
def constraints(vocabulary: Vocabulary) -> st.SearchStrategy[object]:
    """Constraints of any variable."""
    names = _known(vocabulary, "constraints", tuple(name for name in CONSTRAINTS if name not in _SQUARE))
    return _objects(vocabulary, "constraints", CONSTRAINTS, names)


@lru_cache
def activations(vocabulary: Vocabulary, *, last_axis: bool = True) -> st.SearchStrategy[object]:
    """Activations that keep the shape, by name or as the function."""
    wanted = tuple(
        name
        for name in ACTIVATIONS
        if name not in _SHAPE_CHANGING | _WITH_ARGUMENTS | _WILD
        and (last_axis or name not in {"softmax", "log_softmax", "sparsemax"})
    )
    names = _known(vocabulary, "activations", wanted)
    return st.sampled_from(names).flatmap(lambda name: st.sampled_from((name, Name(f"activations.{name}"))))
