"""The topologies that a check promises to draw: a row each, with what tells whether a model has it.

What counts is seen of the models that were drawn, not taken from what was wanted: a row's predicate looks at the
architecture. `step` adds the topology to a graph that grows anyway, `whole` draws a model that is one, `freeze`
says what is frozen in the model that came of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from harness.architectures import freezes, topology_steps
from harness.architectures.graph import SCOPE_NAMES, UNUSUAL_NAMES
from harness.architectures.rules import Draw
from harness.architectures.topology_steps import Step, Whole
from harness.architectures.vocabulary import Vocabulary
from harness.protocol.architecture import (
    FIRST,
    Architecture,
    Call,
    Freeze,
    Name,
    Node,
    Ref,
    layer_calls,
    nodes_of,
    references,
)

Seen = Callable[[Architecture], bool]


@dataclass(frozen=True)
class Topology:
    """One row. `inputs` and `outputs` are structures that are wanted, `batch` and `fixed_batch` what the data is."""

    name: str
    seen: Seen
    step: Step | None = None
    whole: Whole | None = None
    freeze: Callable[[Draw, Architecture], list[Freeze]] | None = None
    inputs: str | None = None
    outputs: str | None = None
    batch: int | None = None
    fixed_batch: bool = False
    majors: tuple[int, ...] = (2, 3)
    lacking: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())  # releases from and up to which it cannot be had
    why: str = ""  # of a row that is not for every Keras

    def there(self, vocabulary: Vocabulary) -> bool:
        """Whether this Keras can have it."""
        first, until = self.lacking
        return vocabulary.major in self.majors and not first <= vocabulary.version < until


def of(vocabulary: Vocabulary) -> list[Topology]:
    """The rows that this Keras can have."""
    return [each for each in TOPOLOGIES if each.there(vocabulary)]


# What is seen of an architecture.


def _nodes(architecture: Architecture) -> Iterator[Node]:
    return nodes_of(architecture.nodes)


def _calls(*names: str, **arguments: object) -> Seen:
    """Some layer of these names, with these arguments, stands in the model."""
    return lambda architecture: any(
        call.name in names and all(call.arguments.get(key) == value for key, value in arguments.items())
        for call in layer_calls(architecture)
    )


def _whole(name: str, **arguments: object) -> Seen:
    return lambda architecture: architecture.form == "subclass" and _calls(name, **arguments)(architecture)


def _form(form: str, **fields: object) -> Seen:
    return lambda architecture: (
        architecture.form == form and all(getattr(architecture, key) == value for key, value in fields.items())
    )


def _optional(given: bool) -> Seen:
    return lambda architecture: any(each.optional and each.given is given for each in architecture.inputs)


def _packed(kind: type) -> Seen:
    """A layer takes a structure of this kind as its input; a list of tensors is none."""
    return lambda architecture: any(isinstance(item, kind) for node in _nodes(architecture) for item in node.inputs)


def _keyword(key: str, *values: object) -> Seen:
    """A call is given this keyword: a tensor, or one of the values."""

    def seen(architecture: Architecture) -> bool:
        given = [node.keywords[key] for node in _nodes(architecture) if key in node.keywords]
        return any(item in values for item in given) if values else any(True for _ in references(given))

    return seen


def _tensor_for_custom(architecture: Architecture) -> bool:
    return any(
        isinstance(node.layer, Call) and node.layer.name.startswith("custom.") and any(references(node.keywords))
        for node in _nodes(architecture)
    )


def _models(architecture: Architecture) -> Iterator[tuple[Architecture, int]]:
    """The models inside of the model, with how deep they are."""
    for node in architecture.nodes:
        if isinstance(node.layer, Architecture):
            yield node.layer, 1
            for inner, depth in _models(node.layer):
                yield inner, depth + 1


def _layer_names(architecture: Architecture) -> set[str]:
    return {node.name for node in architecture.nodes if not isinstance(node.layer, (Name, Ref))}


def _inside_and_outside(architecture: Architecture) -> bool:
    return any(_layer_names(inner) & _layer_names(architecture) for inner, _ in _models(architecture))


def _inside_two(architecture: Architecture) -> bool:
    counts = Counter(name for inner, _ in _models(architecture) for name in _layer_names(inner))
    return any(count > 1 for count in counts.values())


def _named(name: str) -> Seen:
    return lambda architecture: any(name == node.name for node in _nodes(architecture))


def _deep(depth: int) -> Seen:
    return lambda architecture: any(level >= depth for _, level in _models(architecture))


def _twice(deep: bool) -> Seen:
    """A model (with models three deep in it) is called more than once."""

    def seen(architecture: Architecture) -> bool:
        by_name = {node.name: node.layer for node in architecture.nodes}
        again = [by_name.get(node.layer.node) for node in architecture.nodes if isinstance(node.layer, Ref)]
        return any(isinstance(each, Architecture) and (not deep or _deep(2)(each)) for each in again)

    return seen


def _shared(architecture: Architecture) -> bool:
    by_name = {node.name: node.layer for node in architecture.nodes}
    return any(
        isinstance(node.layer, Ref) and isinstance(by_name.get(node.layer.node), Call) for node in architecture.nodes
    )


def _layer_as_activation(architecture: Architecture) -> bool:
    activations = (call.arguments.get("activation") for call in layer_calls(architecture))
    return any(isinstance(each, Call) and each.name.startswith("layers.") for each in activations)


def _leading_to(architecture: Architecture, structure: object) -> set[str]:
    """The nodes that these tensors come of, and those that these come of."""
    nodes = {node.name: node for node in architecture.nodes}
    found: set[str] = set()
    ahead = [ref.node for ref in references(structure)]
    while ahead:
        name = ahead.pop()
        if name in nodes and name not in found:
            found.add(name)
            ahead += [ref.node for ref in references((nodes[name].inputs, nodes[name].keywords))]
    return found


def _called_by(node: Node) -> str:
    """The node that made the layer which this one calls."""
    return node.layer.node if isinstance(node.layer, Ref) else node.name


def _at_two_depths(architecture: Architecture) -> bool:
    """A layer is called three times, and once of these on what was made of its output."""
    nodes = {node.name: _called_by(node) for node in architecture.nodes}
    calls = Counter(nodes.values())
    return any(
        calls[nodes[node.name]] > 2
        and nodes[node.name] in {nodes[each] for each in _leading_to(architecture, (node.inputs, node.keywords))}
        for node in architecture.nodes
    )


def _called_elsewhere(architecture: Architecture) -> bool:
    """The first call of a layer is no part of the model, and a later one is."""
    part = _leading_to(architecture, architecture.outputs)
    return any(node.name in part and _called_by(node) not in part for node in architecture.nodes)


def _in_turns(architecture: Architecture) -> bool:
    """A tensor has been through two layers, each of them twice: A(B(A(B(x))))."""
    nodes = {node.name: node for node in architecture.nodes}

    def through(name: str) -> Iterator[str]:
        while name in nodes:
            yield _called_by(nodes[name])
            name = next((ref.node for ref in references(nodes[name].inputs)), "")

    return any(
        len(four) == 4 and four[0] == four[2] != four[1] == four[3]
        for four in (list(islice(through(name), 4)) for name in nodes)
    )


def _table_in_a_list(architecture: Architecture) -> bool:
    return any(
        call.name == "custom.Steps" and "kept" not in call.arguments
        and any(inner.name == "layers.StringLookup" for inner in call.arguments["layers"])
        for call in layer_calls(architecture)
    )  # fmt: skip


def _sandwich(architecture: Architecture) -> bool:
    return architecture.form == "sequential" and any(
        inner.form == "functional" and any(each.form == "sequential" for each, _ in _models(inner))
        for inner, _ in _models(architecture)
    )


def _weightless(architecture: Architecture) -> bool:
    plain = {"layers.Rescaling", "layers.ReLU", "layers.UnitNormalization", "layers.Flatten", "layers.Dropout"}
    return all(call.name in plain for call in layer_calls(architecture)) and bool(architecture.nodes)


def _single_unit(architecture: Architecture) -> bool:
    return any(each.shape == (1,) for each in architecture.inputs) and _calls("layers.Dense", units=1)(architecture)


def _single_pixel(architecture: Architecture) -> bool:
    return any(each.shape == (1, 1, 1) for each in architecture.inputs)


_MASK_MAKERS = frozenset({"layers.Masking", "layers.Embedding"})
_MASK_TAKERS = frozenset({"layers.LSTM", "layers.GRU", "layers.SimpleRNN", "layers.Bidirectional", "layers.RNN"})


def _long_mask(architecture: Architecture) -> bool:
    """From a layer that makes a mask over two that pass it on to one that uses it."""
    nodes = {node.name: node for node in architecture.nodes if isinstance(node.layer, Call)}

    def behind(node: Node) -> Node | None:
        return next((nodes[ref.node] for ref in references(node.inputs) if ref.node in nodes), None)

    for node in nodes.values():
        chain = [node]
        while (earlier := behind(chain[-1])) is not None and len(chain) < 4:
            chain.append(earlier)
        if len(chain) == 4 and chain[0].layer.name in _MASK_TAKERS and chain[-1].layer.name in _MASK_MAKERS:
            return chain[-1].layer.name == "layers.Masking" or bool(chain[-1].layer.arguments.get("mask_zero"))
    return False


def _stateful(architecture: Architecture) -> bool:
    return any(call.arguments.get("stateful") for call in layer_calls(architecture))


def _nested_outputs(architecture: Architecture) -> bool:
    outputs = architecture.outputs
    return isinstance(outputs, list) and any(isinstance(each, (dict, list)) for each in outputs)


def _frozen(place: Callable[[Architecture, Freeze], bool], *moments: str) -> Seen:
    return lambda architecture: any(
        each.when in moments and not each.trainable and place(architecture, each) for each in architecture.freezes
    )


def _a_layer(architecture: Architecture, freeze: Freeze) -> bool:
    return len(freeze.path) == 1 and freeze.path not in freezes.bases(architecture)


def _a_base(architecture: Architecture, freeze: Freeze) -> bool:
    return freeze.path in freezes.bases(architecture)


def _inside(architecture: Architecture, freeze: Freeze) -> bool:
    return len(freeze.path) > 1 and freeze.path[-1] != FIRST


def _in_a_wrapper(architecture: Architecture, freeze: Freeze) -> bool:
    return freeze.path[-1:] == (FIRST,)


def _everything(architecture: Architecture, freeze: Freeze) -> bool:
    return not freeze.path


def _thawed(architecture: Architecture) -> bool:
    frozen = {each.path for each in architecture.freezes if not each.trainable}
    return any(each.trainable and each.path[:1] in frozen for each in architecture.freezes)


_steps = topology_steps
_THREE = "Keras 3 alone has optional inputs"
_MODELS = ("TwoBranches", "Steps", "Late", "Twice", "Counted")
_SCOPES = "Keras 2 takes no name that TensorFlow can open no scope by, and says so when the layer is built"


def _name_row(name: str) -> Topology:
    everywhere = name in SCOPE_NAMES
    return Topology(
        f"a layer called {name if len(name) < 20 else name[:8] + '…'}", _named(name), _steps.named(name),
        majors=(2, 3) if everywhere else (3,), why="" if everywhere else _SCOPES,
    )  # fmt: skip


TOPOLOGIES = (
    # Subclassed models, as layers of another model and whole.
    Topology("layers in attributes", _calls("custom.TwoBranches"), _steps.custom("TwoBranches")),
    *(
        Topology(f"layers in {words}", _calls("custom.Steps", kept=kept), _steps.custom("Steps", kept=kept))
        for kept, words in (("list", "a list"), ("dict", "a dict"), ("attributes", "attributes named by themselves"))
    ),
    Topology("a table in a list of layers", _table_in_a_list, _steps.looked_up),
    Topology("layers made in build", _calls("custom.Late"), _steps.custom("Late")),
    Topology("one layer under two attributes", _calls("custom.Twice"), _steps.custom("Twice")),
    Topology("a model with weights and a state of its own", _calls("custom.Counted"), _steps.custom("Counted")),
    *(
        Topology(f"whole model: {name}", _whole(f"custom.{name}"), whole=_steps.subclass(name))
        for name in _MODELS if name != "Steps"
    ),
    *(
        Topology(
            f"whole model: layers in {words}", _whole("custom.Steps", kept=kept),
            whole=_steps.subclass("Steps", kept=kept),
        )
        for kept, words in (("list", "a list"), ("dict", "a dict"))
    ),
    # Inputs and calls.
    *(
        Topology(
            f"an optional input, {words}", _optional(given), _steps.optional_input(given=given),
            majors=(3,), why=_THREE,
        )
        for given, words in ((True, "given"), (False, "not given"))
    ),
    Topology("a dict as a layer's input", _packed(dict), _steps.structured_input("dict")),
    Topology("a tuple as a layer's input", _packed(tuple), _steps.structured_input("tuple")),
    Topology("a dict of inputs", lambda a: a.input_structure == "dict", _steps.two_inputs, inputs="dict"),
    Topology("a tuple of inputs", lambda a: a.input_structure == "tuple", _steps.two_inputs, inputs="tuple"),
    Topology("a tuple of outputs", lambda a: isinstance(a.outputs, tuple), _steps.three_outputs, outputs="tuple"),
    Topology("a dict of outputs", lambda a: isinstance(a.outputs, dict), _steps.three_outputs, outputs="dict"),
    Topology(
        "nested outputs", _nested_outputs, _steps.three_outputs, outputs="nested", lacking=((3,), (3, 4)),
        why="models/functional.py of Keras 3.0 to 3.3 refuses what is nested",
    ),
    Topology("a mask in the call", _keyword("mask"), _steps.mask_given),
    Topology("training=True in the call", _keyword("training", True), _steps.training_given(True)),
    Topology("training=False in the call", _keyword("training", False), _steps.training_given(False)),
    Topology("a first state in the call", _keyword("initial_state"), _steps.initial_state),
    Topology("an attention mask in the call", _keyword("attention_mask"), _steps.attention_mask),
    Topology("a tensor as a keyword of a custom layer", _tensor_for_custom, _steps.keyword_tensor),
    Topology("constants in the call of a custom layer", _keyword("times", 2.0), _steps.keyword_constants),
    # Names.
    Topology("one name inside and outside of a model", _inside_and_outside, _steps.scopes),
    Topology("one name inside of two models", _inside_two, _steps.scopes),
    *map(_name_row, UNUSUAL_NAMES),
    Topology("a layer called a/b", _named("a/b"), _steps.named("a/b"), majors=(2,), why="Keras 3 refuses the name"),
    # Sizes.
    Topology("a batch of one", lambda a: a.batch == 1, batch=1),
    Topology("one feature and one unit", _single_unit, _steps.single_unit),
    Topology("one pixel and one channel", _single_pixel, _steps.single_pixel),
    # How layers are put together.
    Topology("a mask through several layers", _long_mask, _steps.long_mask),
    Topology("a stateful layer", _stateful, _steps.stateful, fixed_batch=True),
    Topology("a layer as the activation of another", _layer_as_activation, _steps.activated_by_a_layer),
    Topology("a layer called twice", _shared, _steps.called_again),
    Topology("a layer called at two depths", _at_two_depths, _steps.called_again),
    Topology(
        "a layer called outside of the model, too", _called_elsewhere, _steps.called_elsewhere,
        majors=(3,), why="Keras 2 numbers the calls of a layer anew as it loads it, and a summary states the numbers",
    ),
    Topology("two layers called in turns", _in_turns, _steps.in_turns),
    Topology("models three deep", _deep(3), _steps.three_deep(twice=False)),
    Topology("a model called twice", _twice(False), _steps.three_deep(twice=True)),
    Topology("models three deep, called twice", _twice(True), _steps.three_deep(twice=True)),
    Topology("a Sequential in a functional model in a Sequential", _sandwich, whole=_steps.sandwich),
    Topology("a Sequential without Input", _form("sequential", deferred=True), whole=_steps.late_and_frozen("first")),
    Topology("no weights at all", _weightless, whole=_steps.weightless),
    # What is frozen, where and when.
    *(
        Topology(
            f"a layer frozen when {when}", _frozen(_a_layer, when), _steps.two_inputs,
            freeze=freezes.at(freezes.layers, when),
        )
        for when in ("made", *freezes.LATER)
    ),
    *(
        Topology(
            f"the whole model frozen when {when}", _frozen(_everything, when), _steps.two_inputs,
            freeze=freezes.at(freezes.whole, when),
        )
        for when in ("built", "compiled", "trained")
    ),
    Topology(
        "a Sequential frozen before it is built",
        lambda a: a.form == "sequential" and _frozen(_everything, "made")(a),
        whole=_steps.late_and_frozen(),
    ),
    Topology(
        "a subclassed model frozen before it is built",
        lambda a: a.form == "subclass" and _frozen(_everything, "made")(a),
        whole=_steps.subclass("Late", freezes=(Freeze((), "made"),)),
    ),
    Topology(
        "a base frozen before it is compiled", _frozen(_a_base, "built"), _steps.nested,
        freeze=freezes.at(freezes.bases, "built"),
    ),
    Topology(
        "a base frozen later", _frozen(_a_base, "compiled", "trained"), _steps.nested,
        freeze=freezes.at(freezes.bases, "compiled", "trained"),
    ),
    Topology(
        "a layer inside of a base frozen", _frozen(_inside, *freezes.LATER), _steps.nested,
        freeze=freezes.at(freezes.deep, *freezes.LATER),
    ),
    Topology(
        "a layer inside of a wrapper frozen", _frozen(_in_a_wrapper, *freezes.LATER), _steps.wrapper,
        freeze=freezes.at(freezes.wrapped, *freezes.LATER),
    ),
    Topology("a layer trained again inside of a frozen base", _thawed, _steps.nested, freeze=freezes.thawed_inside),
)  # fmt: skip
