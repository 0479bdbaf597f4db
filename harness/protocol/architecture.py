"""An architecture is data: what a model is made of, without a Keras to make it.

Everything here is frozen and goes to JSON and back without loss (tuples stay tuples), so that one description can
be built under two releases, stored, hashed, shrunk and printed as a script. Python 3.9 and the standard library are
enough to import it: the worker has nothing more.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from harness.protocol.fields import check

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Call:
    """A public Keras name called with keyword arguments: ``keras.<name>(**arguments)``.

    >>> Call("layers.Dense", {"units": 2}).name
    'layers.Dense'
    """

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Name:
    """A public Keras name used as it is, as in ``activation=keras.activations.relu``."""

    name: str


@dataclass(frozen=True)
class Ref:
    """A tensor of the graph: output number `index` of the node or input called `node`."""

    node: str
    index: int = 0


@dataclass(frozen=True)
class Slice:
    """A Python slice inside an index, as in ``x[:, 1:]``."""

    start: int | None = None
    stop: int | None = None
    step: int | None = None


@dataclass(frozen=True)
class Values:
    """What the numbers (or strings) of an input look like, so that a layer is made to do its work.

    `kind` is one of: ``real`` (normal, negative ones too), ``image`` (uniform from low to high), ``integer`` (from
    low up to, not including, high), ``boolean``, ``word`` (drawn from `words`); for targets also ``uniform`` (floats
    from low to high), ``sign`` (-1 and 1), ``one_hot`` and ``simplex`` (one, or a sum of one, along the last axis).
    `masked` steps at the end of axis 1 are set to `mask_value`, a different number of them per sample.
    """

    kind: str = "real"
    low: float = -1.0
    high: float = 1.0
    words: tuple[str, ...] = ()
    masked: bool = False
    mask_value: float = 0.0


@dataclass(frozen=True)
class Input:
    """An input of the model; `shape` is without the batch axis, None for an axis of unknown length.

    `sizes` are the lengths that the data has along the unknown axes (in order of `shape`).
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str = "float32"
    values: Values = Values()
    batch_size: int | None = None
    optional: bool = False
    sizes: tuple[int, ...] = ()
    given: bool = True  # False: the data of an optional input is None


@dataclass(frozen=True)
class Method:
    """A method of a layer that is called once it is built, as ``layer.adapt(data)`` or ``layer.enable_lora(2)``.

    A `Values` with a `Shape` among the arguments stands for data that the worker makes.
    """

    name: str
    arguments: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Data:
    """An array that the worker makes from a seed, of this whole shape (batch axis included)."""

    shape: tuple[int, ...]
    dtype: str = "float32"
    values: Values = Values()
    seed: int = 0


@dataclass(frozen=True)
class Node:
    """One call in the graph: `layer` applied to `inputs` (positional) and `keywords`.

    `layer` is a Call (``layers.Dense(...)``), a nested Architecture, a Name (an operation such as ``ops.reshape`` or
    a Python operator such as ``operator.add``), or a Ref to an earlier node whose layer is called once more.
    `shapes` holds the shapes that the layer's own rule expects of its outputs, batch axis left out; None where no
    opinion is held. `stand_ins` are inputs that could take the place of the outputs, where a graph is cut.
    """

    name: str
    layer: Any
    inputs: tuple[Any, ...] = ()
    keywords: Mapping[str, Any] = field(default_factory=dict)
    shapes: tuple[tuple[int | None, ...], ...] | None = None
    methods: tuple[Method, ...] = ()
    stand_ins: tuple[Input, ...] = ()


@dataclass(frozen=True)
class Compile:
    """What `model.compile` is given, and what the model is trained towards.

    `targets` has the structure of the model's outputs, a Data at each.
    """

    arguments: Mapping[str, Any] = field(default_factory=dict)
    targets: Any = None
    steps: int = 1  # training steps before anything is observed; 0 leaves the optimizer unbuilt


FIRST = "[0]"  # no layer can be found by a name for it that no user gave


@dataclass(frozen=True)
class Freeze:
    """Sets ``trainable = False`` on the layer at `path` (names from the outside in; empty for the model).

    The last name may be `FIRST`: the first layer with weights inside, such as the one that a wrapper wraps. `when` is
    one of ``made`` (before the layer is built; the whole model only where its first call builds it), ``built``
    (before compile), ``compiled`` (before the first step, compiled again) and ``trained`` (after the steps, compiled
    again).
    """

    path: tuple[str, ...]
    when: str = "built"
    trainable: bool = False


@dataclass(frozen=True)
class Architecture:
    """A whole model. `outputs` is a Ref, or a list, tuple or dict of such structures.

    `form` is ``functional``, ``sequential`` (one chain), ``subclass`` (the layer of the one node is the model, a
    class of `harness.worker.custom`) or ``application:<builder of keras.applications>``. Of a model of the user's own
    it is known which of the first three it is, and what its inputs are; it has no nodes.
    """

    name: str
    form: str = "functional"
    inputs: tuple[Input, ...] = ()
    nodes: tuple[Node, ...] = ()
    outputs: Any = None
    input_structure: str = "list"  # how several inputs are passed: list, tuple, dict
    compile: Compile | None = None
    freezes: tuple[Freeze, ...] = ()
    policy: str | None = None  # the global dtype policy while the model is built
    batch: int = 2
    seed: int = 0
    deferred: bool = False  # a Sequential without Input: built by its first call, as every subclass is

    def digest(self) -> str:
        """Twelve hex digits that name this architecture, the same on every machine."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:12]

    @cached_property
    def text(self) -> str:
        """It as one line of JSON, which is looked at for every known issue and every cause."""
        return dumps(self)


@dataclass(frozen=True)
class Exported:
    """A SavedModel that the worker exports of this architecture, as an argument: its path."""

    architecture: Architecture


_CLASSES = {
    cls.__name__: cls
    for cls in (
        Call,
        Name,
        Ref,
        Slice,
        Values,
        Input,
        Method,
        Data,
        Node,
        Compile,
        Freeze,
        Architecture,
        Exported,
    )
}


def to_json(value: Any) -> Any:
    """Plain JSON data for any value of this module; raises TypeError for what is not data."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if value is ...:
        return {"$": "ellipsis"}
    if isinstance(value, list):
        return [to_json(item) for item in value]
    if isinstance(value, tuple):
        return {"$": "tuple", "of": [to_json(item) for item in value]}
    if isinstance(value, Mapping):
        if all(isinstance(key, str) for key in value) and "$" not in value:
            return {key: to_json(item) for key, item in value.items()}
        return {"$": "dict", "of": [[to_json(key), to_json(item)] for key, item in value.items()]}
    if type(value).__name__ in _CLASSES:
        fields = {}
        for each in dataclasses.fields(value):
            item = getattr(value, each.name)
            default = each.default_factory() if callable(each.default_factory) else each.default
            if item is not default and item != default:
                fields[each.name] = to_json(item)
        return {"$": type(value).__name__, **fields}
    raise TypeError(f"{value!r} is a {type(value).__name__}, which an architecture cannot hold")


def from_json(data: Any) -> Any:
    """The value that `to_json` was given; raises ValueError for an unknown tag or a field of another type."""
    if isinstance(data, list):
        return [from_json(item) for item in data]
    if not isinstance(data, dict):
        return data
    tag = data.get("$")
    if tag is None:
        return {key: from_json(item) for key, item in data.items()}
    if tag == "ellipsis":
        return ...
    if tag == "tuple":
        return tuple(from_json(item) for item in data["of"])
    if tag == "dict":
        return {from_json(key): from_json(item) for key, item in data["of"]}
    if tag not in _CLASSES:
        raise ValueError(f"unknown tag {tag!r} in an architecture; known: {', '.join(sorted(_CLASSES))}")
    made = _CLASSES[tag](**{key: from_json(item) for key, item in data.items() if key != "$"})
    check(made)
    return made


def dumps(value: Any) -> str:
    """One line of JSON, keys in a fixed order."""
    return json.dumps(to_json(value), sort_keys=True, separators=(",", ":"))


def loads(text: str) -> Any:
    """The inverse of `dumps`."""
    return from_json(json.loads(text))


def references(structure: Any) -> Iterator[Ref]:
    """Every Ref inside a structure of tensors and constants, in order."""
    if isinstance(structure, Ref):
        yield structure
    elif isinstance(structure, (list, tuple)):
        for item in structure:
            yield from references(item)
    elif isinstance(structure, Mapping):
        for item in structure.values():
            yield from references(item)


def calls(value: Any) -> Iterator[Call]:
    """Every Call inside a value, outermost first; nested architectures are entered."""
    if isinstance(value, Call):
        yield value
        for item in value.arguments.values():
            yield from calls(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from calls(item)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from calls(item)
    elif isinstance(value, (Architecture, Node, Compile, Method)):
        for each in dataclasses.fields(value):
            yield from calls(getattr(value, each.name))


def names_in(value: Any) -> Iterator[str]:
    """Every name that the architecture gives to a layer, an input or a model, nested ones included."""
    if isinstance(value, Architecture):
        yield value.name
        yield from (each.name for each in value.inputs)
        for node in value.nodes:
            if not isinstance(node.layer, Name):  # Keras names operations itself
                yield node.name
            yield from names_in(node.layer)
    elif isinstance(value, Call):
        name = value.arguments.get("name")
        if isinstance(name, str):
            yield name
        yield from names_in(list(value.arguments.values()))
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from names_in(item)


def nodes_of(nodes: Iterable[Node]) -> Iterator[Node]:
    """These nodes and, at any depth, those of the models that they call."""
    for node in nodes:
        yield node
        if isinstance(node.layer, Architecture):
            yield from nodes_of(node.layer.nodes)


def layer_calls(architecture: Architecture) -> Iterator[Call]:
    """Every layer that the architecture constructs, wrapped and nested ones too."""
    return (call for call in calls(architecture.nodes) if call.name.startswith(("layers.", "custom.")))


def widened(architecture: Architecture, change: Callable[[int], Any]) -> tuple[str, Architecture] | None:
    """The architecture with other units in a Dense that is an output, with the name of that layer.

    `change` gives the new units for the old. None where no output is a Dense, or that one is called more than once.
    """
    if not architecture.nodes:
        return None
    if architecture.form == "sequential":
        outputs = {architecture.nodes[-1].name}
    else:
        outputs = {ref.node for ref in references(architecture.outputs)}
    shared = {node.layer.node for node in architecture.nodes if isinstance(node.layer, Ref)}
    for number, node in enumerate(architecture.nodes):
        if node.name in outputs - shared and isinstance(node.layer, Call) and node.layer.name == "layers.Dense":
            arguments = {**node.layer.arguments, "units": change(node.layer.arguments["units"])}
            wider = replace(node, layer=replace(node.layer, arguments=arguments))
            nodes = (*architecture.nodes[:number], wider, *architecture.nodes[number + 1 :])
            return node.name, replace(architecture, nodes=nodes)
    return None
