"""The outputs of a model as losses see them: what their values promise, and a head for what is wanted.

An output is known by its shape and by the activation that it ends in.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from hypothesis import strategies as st

from harness.architectures.leaves import Head
from harness.architectures.losses import KINDS, LOSSES, Row
from harness.architectures.metrics import METRICS
from harness.architectures.rules import Draw, Wanted, chance
from harness.architectures.vocabulary import Vocabulary
from harness.protocol.architecture import Call, Name

COMPILE = "Model.compile"  # in the vocabulary, the method whose arguments are the options of training
_ACTIVATED = {
    "softmax": "distribution", "sigmoid": "probability", "hard_sigmoid": "probability",
    "relu": "nonnegative", "relu6": "nonnegative", "softplus": "nonnegative", "exponential": "nonnegative",
}  # fmt: skip
# Layers whose last step is their activation.
_ENDING = frozenset(
    f"layers.{name}"
    for name in (
        "Activation", "Dense", "EinsumDense", "Conv1D", "Conv2D", "Conv3D", "Conv1DTranspose",
        "Conv2DTranspose", "Conv3DTranspose", "SeparableConv1D", "SeparableConv2D",
        "DepthwiseConv1D", "DepthwiseConv2D",
    )
)  # fmt: skip


def promised(layer: object) -> str:
    """What the outputs of a layer hold by its last activation: one of `losses.PROMISES`.

    >>> promised(Call("layers.Dense", {"units": 3, "activation": "softmax"}))
    'distribution'
    """
    if not isinstance(layer, Call):
        return "real"
    if layer.name == "layers.Softmax" and "axis" not in layer.arguments:
        return "distribution"
    if layer.name not in _ENDING:
        return "real"
    activation = layer.arguments.get("activation")
    name = activation.name.rpartition(".")[2] if isinstance(activation, Name) else activation
    return _ACTIVATED.get(name, "real") if isinstance(name, str) else "real"


_COMPILED = (
    "optimizer", "loss", "loss_weights", "metrics", "weighted_metrics", "run_eagerly", "steps_per_execution",
    "jit_compile", "auto_scale_loss",
)  # fmt: skip
_SHAPES = ((3,), (2,), (1,), (4, 3), (2, 2, 2))
_HEADS = (None, "relu", "sigmoid", "softmax")


@dataclass
class _Place:
    """An output while losses and metrics are given to it: the kinds of target that they leave, the metrics' keys."""

    head: Head
    targets: set[str] = field(default_factory=lambda: set(KINDS))
    keys: set[str] = field(default_factory=set)

    def takes(self, rows: Sequence[Row]) -> bool:
        """Whether a metric of these rows fits beside what is there."""
        fitting = {kind for row in rows for kind in row.targets}
        return bool(self.targets & fitting) and not any(row.key in self.keys for row in rows)


def heads_for(draw: Draw, vocabulary: Vocabulary, names: Collection[str], wanted: Wanted) -> list[Head]:
    """Outputs, by shape and activation, that have room for the losses and metrics of these public names.

    One for each loss, and as few more as the metrics leave: every output has its own layers, which travel along all
    routes, and a metric that takes the targets of a loss is as well seen beside it.
    """
    places: list[_Place] = []
    for name in sorted(names):  # losses first
        possible = _heads_of(vocabulary, name, wanted)
        metric = name.startswith("metrics.")
        beside = [each for each in places if metric and each.takes(possible.get(each.head, ()))]
        if beside:
            place = draw(st.sampled_from(beside))
        else:
            heads = sorted(possible, key=repr)
            # One of more axes takes three layers, where one is enough.
            plain = [each for each in heads if len(each[0]) == 1]
            place = _Place(draw(st.sampled_from(heads if chance(draw, 4) or not plain else plain)))
            places.append(place)
        rows = possible[place.head]
        place.targets &= {kind for row in rows for kind in row.targets}
        place.keys |= {row.key for row in rows} if metric else set()
    return [each.head for each in places]


def _heads_of(vocabulary: Vocabulary, name: str, wanted: Wanted) -> dict[Head, list[Row]]:
    """The rows of a loss or metric by the outputs that can have it with most of the arguments that are wanted."""
    room = name.partition(".")[0]
    found: dict[int, dict[Head, list[Row]]] = {}
    for row in LOSSES if room == "losses" else METRICS:
        form = "object" if name == f"{room}.{row.cls}" else "function"
        if form == "function" and name.partition(".")[2] not in row.functions(vocabulary, room):
            continue
        for shape in _SHAPES:
            held = len(wanted[name] & set(row.strategies(vocabulary, room, shape, 1)))
            for activation in _HEADS:
                promise = _ACTIVATED.get(activation or "", "real")
                if form not in row.forms(vocabulary, room, shape, promise):
                    continue
                if not (activation == "softmax" and shape[-1] == 1):
                    found.setdefault(held, {}).setdefault((shape, activation), []).append(row)
    return found[max(found)] if found else {((3,), None): []}


def drawable(vocabulary: Vocabulary) -> dict[str, frozenset[str]]:
    """The public losses and metrics that can be drawn, and the options of compile, with their arguments."""
    names: dict[str, frozenset[str]] = {}
    for room, table in (("losses", LOSSES), ("metrics", METRICS)):
        for row in (each for each in table if vocabulary.major in each.majors):
            for function in row.functions(vocabulary, room):
                public = f"{room}.{function}"
                names[vocabulary.aliases.get(public, public)] = frozenset()
            public = f"{room}.{row.cls}"
            if row.cls and vocabulary.has(public):
                shapes = [shape for shape in _SHAPES if row.fits(shape)]
                taken = {key for shape in shapes for key in row.strategies(vocabulary, room, shape, 2)}
                logits = {"from_logits"} if row.logits and vocabulary.has(public, "from_logits") else set()
                names[public] = names.get(public, frozenset()) | taken | logits
    if vocabulary.has(COMPILE):
        names[COMPILE] = frozenset(option for option in _COMPILED if vocabulary.has(COMPILE, option))
    return names
