"""How a topology is told from an architecture: a predicate each, or a function that makes one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice

from harness.architectures import freezes
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


def _nodes(architecture: Architecture) -> Iterator[Node]:
    return nodes_of(architecture.nodes)


def calls(*names: str, **arguments: object) -> Seen:
    """Some layer of these names, with these arguments, stands in the model."""
    return lambda architecture: any(
        call.name in names and all(call.arguments.get(key) == value for key, value in arguments.items())
        for call in layer_calls(architecture)
    )


def whole(name: str, **arguments: object) -> Seen:
    return lambda architecture: architecture.form == "subclass" and calls(name, **arguments)(architecture)


def form(wanted: str, **fields: object) -> Seen:
    return lambda architecture: (
        architecture.form == wanted and all(getattr(architecture, key) == value for key, value in fields.items())
    )


def optional(given: bool) -> Seen:
    return lambda architecture: any(each.optional and each.given is given for each in architecture.inputs)


def packed(kind: type) -> Seen:
    """A layer takes a structure of this kind as its input; a list of tensors is none."""
    return lambda architecture: any(isinstance(item, kind) for node in _nodes(architecture) for item in node.inputs)


def keyword(key: str, *values: object) -> Seen:
    """A call is given this keyword: a tensor, or one of the values."""

    def seen(architecture: Architecture) -> bool:
        given = [node.keywords[key] for node in _nodes(architecture) if key in node.keywords]
        return any(item in values for item in given) if values else any(True for _ in references(given))

    return seen


def tensor_for_custom(architecture: Architecture) -> bool:
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


def inside_and_outside(architecture: Architecture) -> bool:
    return any(_layer_names(inner) & _layer_names(architecture) for inner, _ in _models(architecture))


def inside_two(architecture: Architecture) -> bool:
    counts = Counter(name for inner, _ in _models(architecture) for name in _layer_names(inner))
    return any(count > 1 for count in counts.values())


def named(name: str) -> Seen:
    return lambda architecture: any(name == node.name for node in _nodes(architecture))


def deep(depth: int) -> Seen:
    return lambda architecture: any(level >= depth for _, level in _models(architecture))


def twice(in_depth: bool) -> Seen:
    """A model (with models three deep in it) is called more than once."""

    def seen(architecture: Architecture) -> bool:
        by_name = {node.name: node.layer for node in architecture.nodes}
        again = [by_name.get(node.layer.node) for node in architecture.nodes if isinstance(node.layer, Ref)]
        return any(isinstance(each, Architecture) and (not in_depth or deep(2)(each)) for each in again)

    return seen


def shared(architecture: Architecture) -> bool:
    by_name = {node.name: node.layer for node in architecture.nodes}
    return any(
        isinstance(node.layer, Ref) and isinstance(by_name.get(node.layer.node), Call) for node in architecture.nodes
    )


def _activations(architecture: Architecture) -> set[str]:
    """The layers that are the activation of another."""
    given = (call.arguments.get("activation") for call in layer_calls(architecture))
    return {each.name for each in given if isinstance(each, Call) and each.name.startswith("layers.")}


def layer_as_activation(architecture: Architecture) -> bool:
    return bool(_activations(architecture))


def weights_in_activation(architecture: Architecture) -> bool:
    return "layers.PReLU" in _activations(architecture)


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


def at_two_depths(architecture: Architecture) -> bool:
    """A layer is called three times, and once of these on what was made of its output."""
    nodes = {node.name: _called_by(node) for node in architecture.nodes}
    counts = Counter(nodes.values())
    return any(
        counts[nodes[node.name]] > 2
        and nodes[node.name] in {nodes[each] for each in _leading_to(architecture, (node.inputs, node.keywords))}
        for node in architecture.nodes
    )


def called_elsewhere(architecture: Architecture) -> bool:
    """The first call of a layer is no part of the model, and a later one is."""
    part = _leading_to(architecture, architecture.outputs)
    return any(node.name in part and _called_by(node) not in part for node in architecture.nodes)


def in_turns(architecture: Architecture) -> bool:
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


def table_in_a_list(architecture: Architecture) -> bool:
    return any(
        call.name == "custom.Steps" and "kept" not in call.arguments
        and any(inner.name == "layers.StringLookup" for inner in call.arguments["layers"])
        for call in layer_calls(architecture)
    )  # fmt: skip


def sandwich(architecture: Architecture) -> bool:
    return architecture.form == "sequential" and any(
        inner.form == "functional" and any(each.form == "sequential" for each, _ in _models(inner))
        for inner, _ in _models(architecture)
    )


def transferred(architecture: Architecture) -> bool:
    if architecture.form != "sequential" or len(architecture.nodes) < 2:
        return False
    base = architecture.nodes[0].layer
    return isinstance(base, Architecture) and base.form == "functional" and all(
        isinstance(node.layer, Call) for node in base.nodes
    )  # fmt: skip


def weightless(architecture: Architecture) -> bool:
    plain = {"layers.Rescaling", "layers.ReLU", "layers.UnitNormalization", "layers.Flatten", "layers.Dropout"}
    return all(call.name in plain for call in layer_calls(architecture)) and bool(architecture.nodes)


def single_unit(architecture: Architecture) -> bool:
    return any(each.shape == (1,) for each in architecture.inputs) and calls("layers.Dense", units=1)(architecture)


def single_pixel(architecture: Architecture) -> bool:
    return any(each.shape == (1, 1, 1) for each in architecture.inputs)


_MASK_MAKERS = frozenset({"layers.Masking", "layers.Embedding"})
_MASK_TAKERS = frozenset({"layers.LSTM", "layers.GRU", "layers.SimpleRNN", "layers.Bidirectional", "layers.RNN"})


def long_mask(architecture: Architecture) -> bool:
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


def stateful(architecture: Architecture) -> bool:
    return any(call.arguments.get("stateful") for call in layer_calls(architecture))


def nested_outputs(architecture: Architecture) -> bool:
    outputs = architecture.outputs
    return isinstance(outputs, list) and any(isinstance(each, (dict, list)) for each in outputs)


def frozen(place: Callable[[Architecture, Freeze], bool], *moments: str) -> Seen:
    return lambda architecture: any(
        each.when in moments and not each.trainable and place(architecture, each) for each in architecture.freezes
    )


def a_layer(architecture: Architecture, freeze: Freeze) -> bool:
    return len(freeze.path) == 1 and freeze.path not in freezes.bases(architecture)


def a_base(architecture: Architecture, freeze: Freeze) -> bool:
    return freeze.path in freezes.bases(architecture)


def inside(architecture: Architecture, freeze: Freeze) -> bool:
    return len(freeze.path) > 1 and freeze.path[-1] != FIRST


def in_a_wrapper(architecture: Architecture, freeze: Freeze) -> bool:
    return freeze.path[-1:] == (FIRST,)


def everything(architecture: Architecture, freeze: Freeze) -> bool:
    return not freeze.path


def thawed(architecture: Architecture) -> bool:
    frozen = {each.path for each in architecture.freezes if not each.trainable}
    return any(each.trainable and each.path[:1] in frozen for each in architecture.freezes)
