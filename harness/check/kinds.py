"""The kinds of public thing that models are drawn over beside layers, a row each: what is public of it, what is drawn.

Each thing goes by one public name (``losses.Huber``), however many it has; what is public and neither drawn nor left
out with a reason is shown as not reached.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.architectures import heads, objects, optimizers
from harness.architectures.families import core
from harness.architectures.models import GLOBAL, POLICIES
from harness.architectures.policies import DTYPES, MODE, OWN
from harness.architectures.rules import Wanted
from harness.architectures.vocabulary import Vocabulary
from harness.protocol.architecture import Architecture, Call, Compile, Method, Name, Node

_HELPERS = frozenset({"get", "serialize", "deserialize"})  # of every room: they make things, and are none


def _room(*rooms: str, also: tuple[str, ...] = ()) -> Callable[[Vocabulary], Wanted]:
    """What stands in these public modules, and under these names elsewhere."""

    def public(vocabulary: Vocabulary) -> Wanted:
        return {
            name: frozenset(arguments) - {"**"}
            for name, arguments in vocabulary.arguments.items()
            if name in also
            or (
                name.rpartition(".")[0] in rooms
                and name.rpartition(".")[2] not in _HELPERS
                and name not in vocabulary.aliases
            )
        }

    return public


def _listed(prefix: str, *names: str) -> Callable[[Vocabulary], Wanted]:
    return lambda vocabulary: {f"{prefix}{name}": frozenset() for name in names}


def _classes(room: str) -> Callable[[Vocabulary], Wanted]:
    """The classes of this public module: its functions compute, and are part of no model."""
    everything = _room(room)
    return lambda vocabulary: {
        name: arguments for name, arguments in everything(vocabulary).items() if name.rpartition(".")[2][0].isupper()
    }


def _listed_where_public(*names: str) -> Callable[[Vocabulary], Wanted]:
    return lambda vocabulary: {name: frozenset() for name in names if vocabulary.has(name)}


def _compile(vocabulary: Vocabulary) -> Wanted:
    return {heads.COMPILE: frozenset(vocabulary.arguments.get(heads.COMPILE, ()))}


def _methods(vocabulary: Vocabulary) -> Wanted:
    """What a layer is told once it is built: ``layers.Dense.enable_lora``."""
    return {name: frozenset() for name in vocabulary.arguments if name.startswith("layers.") and name.count(".") == 2}


def _modes(vocabulary: Vocabulary) -> Wanted:
    return {f"{MODE}{mode}": frozenset() for mode in vocabulary.modes}


@dataclass(frozen=True)
class Kind:
    """`public` gives the names of this kind in a Keras with their arguments; in a model up to `at_once` are wanted."""

    name: str
    public: Callable[[Vocabulary], Wanted]
    at_once: int = 0


KINDS = (
    Kind("activations", _room("activations"), 2),
    Kind("initializers", _room("initializers"), 2),
    Kind("regularizers", _room("regularizers"), 2),
    Kind("constraints", _room("constraints"), 2),
    Kind("optimizers", _room("optimizers", "optimizers.legacy", also=("mixed_precision.LossScaleOptimizer",)), 1),
    Kind("methods of optimizers", _listed_where_public(optimizers.SPARING), 1),
    Kind("schedules", _room("optimizers.schedules"), 1),
    Kind("losses", _room("losses"), 2),
    Kind("metrics", _room("metrics"), 4),
    Kind("compile", _compile, 1),
    Kind("policies of a model", _listed(GLOBAL, *POLICIES), 1),
    Kind("policies of a layer", _listed(OWN, *DTYPES), 1),
    Kind("dtype policies", _room("dtype_policies", also=("mixed_precision.Policy",)), 1),
    Kind("quantization modes", _modes, 1),
    Kind("quantizers", _classes("quantizers"), 1),
    Kind("methods of layers", _methods, 1),
)
# Arguments of any object in which a string stands for a thing of this room.
STRINGS = {
    "activation": "activations", "initializer": "initializers", "regularizer": "regularizers",
    "constraint": "constraints", "optimizer": "optimizers", "loss": "losses", "metrics": "metrics",
}  # fmt: skip


def drawable(vocabulary: Vocabulary) -> dict[str, frozenset[str]]:
    """What can be drawn of the kinds that a model can be asked for, with the arguments that are drawn."""
    found = {**objects.drawable(vocabulary), **optimizers.drawable(vocabulary), **heads.drawable(vocabulary)}
    found |= core.drawable(vocabulary) | {f"{GLOBAL}{name}": frozenset() for name in POLICIES}
    found |= {f"{OWN}{name}": frozenset() for name in DTYPES}
    told = (name for name in _methods(vocabulary) if name.endswith((".enable_lora", ".adapt")))
    return found | dict.fromkeys(told, frozenset())


def mentions(value: Any, vocabulary: Vocabulary, room: str | None = None) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every public thing in an architecture, with the arguments given: called, by its name, or by a string."""
    if isinstance(value, str):
        if room is not None:
            yield from ((name, {}) for name in _named(value, vocabulary, room))
    elif isinstance(value, Name):
        yield vocabulary.aliases.get(value.name, value.name), {}
    elif isinstance(value, Call):
        yield vocabulary.aliases.get(value.name, value.name), value.arguments
        yield from _inside(value.arguments, vocabulary)
        if value.name == optimizers.SPARED:
            yield optimizers.SPARING, {}
        if value.name.startswith(("layers.", "custom.")):
            yield from _own_policy(value.arguments.get("dtype"))
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from mentions(item, vocabulary, room)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from mentions(item, vocabulary, room)
    elif isinstance(value, Compile):
        yield heads.COMPILE, value.arguments
        yield from _inside(value.arguments, vocabulary)
    elif isinstance(value, Method):
        if value.name == "quantize":
            yield from ((f"{MODE}{mode}", {}) for mode in value.arguments if isinstance(mode, str))
        yield from mentions(value.arguments, vocabulary)
    elif isinstance(value, Node):
        if isinstance(value.layer, Call):
            yield from ((f"{value.layer.name}.{method.name}", {}) for method in value.methods)
        for item in (value.layer, value.inputs, value.keywords, value.methods):
            yield from mentions(item, vocabulary)
    elif isinstance(value, Architecture):
        if value.policy:
            yield f"{GLOBAL}{value.policy}", {}
        for item in (value.nodes, value.compile):
            yield from mentions(item, vocabulary)


def _inside(arguments: Mapping[str, Any], vocabulary: Vocabulary) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for argument, value in arguments.items():
        yield from mentions(value, vocabulary, STRINGS.get(argument.rpartition("_")[2]))


def _own_policy(dtype: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The dtype policy of a layer, and how it quantizes: ``int8_from_float32``."""
    if isinstance(dtype, Call):
        dtype = dtype.arguments.get("name") or f"{dtype.arguments.get('mode')}_from_"
    if isinstance(dtype, str):
        mode, quantized, _ = dtype.partition("_from_")
        yield (f"{MODE}{mode.partition('/')[0]}" if quantized else f"{OWN}{dtype}"), {}


def _named(text: str, vocabulary: Vocabulary, room: str) -> Iterator[str]:
    """The public name that a string means, if any: ``he_normal`` is ``initializers.HeNormal``."""
    exact = f"{room}.{text}"
    if exact in vocabulary.aliases or exact in vocabulary.arguments:
        yield vocabulary.aliases.get(exact, exact)
        return
    plain = exact.replace("_", "").lower()
    yield from [name for name in vocabulary.arguments if name.replace("_", "").lower() == plain][:1]
