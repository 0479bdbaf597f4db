"""The strategy that draws whole models: goals to reach, a topology around them, and how it is trained.

A model is a functional graph, or a Sequential where its layers make a chain. Parts of a graph may be models of their
own (three deep, and called twice), layers may be shared, tensors added up and cut by operators, and the leaves are
brought to floats so that there is something to train towards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from harness.architectures.freezes import freezes
from harness.architectures.graph import Goal, Graph, one_or_list
from harness.architectures.heads import heads_for, promised
from harness.architectures.leaves import bring_to_floats, merge, name_outputs, structure
from harness.architectures.nesting import chain_of, grow
from harness.architectures.operations.exclusions import WITHOUT_XLA
from harness.architectures.operations.operation import Operation
from harness.architectures.operations.placing import add_operation
from harness.architectures.policies import is_orthogonal
from harness.architectures.rules import NOTHING, Draw, LayerRule, Wanted, chance
from harness.architectures.spec import Spec
from harness.architectures.topologies import Topology
from harness.architectures.training import compiles
from harness.architectures.vocabulary import Vocabulary
from harness.protocol.architecture import (
    Architecture,
    Call,
    Compile,
    Data,
    Name,
    Node,
    Ref,
    calls,
    nodes_of,
    references,
)

GLOBAL = "global policy."  # stands before the name of a policy that is wanted
POLICIES = ("mixed_float16", "mixed_bfloat16", "float64", "bfloat16")


@st.composite
def architectures(
    draw: st.DrawFn,
    *,
    vocabulary: Vocabulary,
    rules: Mapping[str, LayerRule],
    goals: Sequence[Goal],
    operations: Sequence[Operation] = (),
    name: str = "model",
    plain: bool = False,
    wanted: Wanted = NOTHING,
    settings: Mapping[str, Any] | None = None,
    topologies: Sequence[Topology] = (),
) -> Architecture:
    """Models that hold the `goals` and the `operations`, in an order and a topology that are drawn.

    A chain (Sequential) holds those goals that fit behind one another; the others are left to another model. What is
    `wanted` is used where something fits: losses, metrics, optimizers, and what arguments of layers can hold;
    `topologies` are brought about where the model allows it, and one that is a whole model leaves no room for anything
    else. With `plain` nothing is drawn but a graph of the goals, compiled with `settings` where it can be trained.
    """
    # A layer can be stateful only where the batch size is fixed.
    fixed = any("stateful" in goal.arguments for goal in goals) or chance(draw, 4)
    fixed = fixed or any(each.fixed_batch for each in topologies) or any(each.fixed for each in operations)
    batch = next((each.batch for each in topologies if each.batch), None) or draw(st.sampled_from((2, 3)))
    graph = Graph(draw, vocabulary, rules, batch=batch, fixed_batch=fixed, wanted=wanted)
    whole = next((each.whole for each in topologies if each.whole), None)
    if whole is not None:
        return _trained(draw, vocabulary, whole(draw, graph), graph, wanted, topologies)
    order = draw(st.permutations(list(goals)))
    seed = draw(st.integers(0, 2**16))
    if plain:
        for goal in order:
            graph.add(rules[goal.layer], goal.arguments)
        for operation in operations:
            add_operation(draw, graph, operation)
        leaves = graph.leaves()
        single = graph.architecture(name, one_or_list([ref for ref, _ in leaves]), seed=seed)
        if settings is None or not _trains(leaves):
            return single
        targets = [Data((graph.batch, *(axis or 1 for axis in spec.shape))) for _, spec in leaves]
        return replace(single, compile=Compile(settings, targets[0] if len(targets) == 1 else targets))
    trained = sorted(name for name in wanted if name.startswith(("losses.", "metrics.")))
    if not operations and chance(draw, 5) and len(trained) < 2:
        chain = chain_of(draw, graph, order, name=name, seed=seed)
        if chain is not None:
            return _trained(draw, vocabulary, chain, graph, wanted, topologies)
    grow(draw, graph, order, depth=0)
    _extras(draw, graph, operations)
    for each in topologies:
        if each.step is not None:
            each.step(draw, graph)
    bring_to_floats(draw, graph)
    inputs, outputs = ([getattr(each, ends) for each in topologies] for ends in ("inputs", "outputs"))
    if trained or (not any(outputs) and chance(draw, 2)):
        merge(draw, graph, heads_for(draw, vocabulary, trained, wanted))
    name_outputs(draw, graph)
    leaves = graph.leaves()
    architecture = graph.architecture(
        name,
        structure(draw, [ref for ref, _ in leaves], vocabulary, next(filter(None, outputs), None)),
        seed=seed,
        input_structure=_input_structure(draw, graph, next(filter(None, inputs), None)),
        policy=_policy(draw, graph, vocabulary, wanted),
    )
    return _trained(draw, vocabulary, architecture, graph, wanted, topologies)


def _input_structure(draw: Draw, graph: Graph, wanted: str | None) -> str:
    if len(graph.inputs) < 2:
        return "list"
    return wanted or draw(st.sampled_from(("list", "list", "dict", "tuple")))


def _policy(draw: Draw, graph: Graph, vocabulary: Vocabulary, wanted: Wanted) -> str | None:
    """The global dtype policy: one that is wanted, or any, now and then."""
    asked = [name for name in POLICIES if f"{GLOBAL}{name}" in wanted]
    if not (asked or chance(draw, 12)) or not _any_dtype(graph, vocabulary):
        return None
    # Keras quantizes no layer to int8 that computes in float16.
    quantized = any(method.name == "quantize" for node in nodes_of(graph.nodes) for method in node.methods)
    possible = [name for name in asked or POLICIES if not (quantized and name == "mixed_float16")]
    refusing = {rule.public for rule in graph.rules.values() if "no bfloat16" in rule.tags}
    if any(call.name in refusing for node in graph.nodes for call in calls(node.layer)):
        possible = [name for name in possible if "bfloat16" not in name]
    if any(_starts_orthogonal(call, vocabulary) for node in nodes_of(graph.nodes) for call in calls(node.layer)):
        possible = [name for name in possible if name != "bfloat16"]
    return draw(st.sampled_from(possible)) if possible else None


def _starts_orthogonal(call: Call, vocabulary: Vocabulary) -> bool:
    """As recurrent kernels do that are given no initializer."""
    unsaid = vocabulary.has(call.name, "recurrent_initializer") and "recurrent_initializer" not in call.arguments
    return unsaid or is_orthogonal(call.arguments)


def _any_dtype(graph: Graph, vocabulary: Vocabulary) -> bool:
    """On the CPU some kernels are there in float32 alone: those of images with channels first are.

    And Keras 2 casts the first argument of a call to the dtype of the layer, and no other.
    """
    several = (True for node in nodes_of(graph.nodes) for _ in references([*node.inputs[1:], node.keywords]))
    if vocabulary.major == 2 and any(several):
        return False
    return not any("channels_first" in call.arguments.values() for node in graph.nodes for call in calls(node.layer))


def _extras(draw: Draw, graph: Graph, operations: Sequence[Operation]) -> None:
    """Operations, residual connections, and layers that are called once more."""
    for operation in operations:
        add_operation(draw, graph, operation)
    # In a few models more: where one does not come through a route, each layer of it is sent by itself.
    if not operations and chance(draw, 20):
        for _ in range(draw(st.integers(1, 3))):
            add_operation(draw, graph)
    if chance(draw, 3):
        _share(draw, graph)


def _share(draw: Draw, graph: Graph) -> None:
    """Calls an earlier layer of one input a second time, on another tensor of that shape."""
    candidates = [
        node
        for node in graph.nodes
        if isinstance(node.layer, Call) and node.layer.name.startswith("layers.") and not node.keywords
        and len(node.inputs) == 1 and isinstance(node.inputs[0], Ref) and len(node.stand_ins) == 1
        and not node.layer.arguments.get("stateful") and not node.methods
    ]  # fmt: skip
    if not candidates:
        return
    node = draw(st.sampled_from(candidates))
    taken = graph.spec(node.inputs[0])
    other = graph.find(taken, besides={node.inputs[0]})
    again = Node(graph.unique(node.name), Ref(node.name), (other,), {}, node.shapes)
    graph.append(again, (graph.spec(Ref(node.name)),), {other})


def _trained(
    draw: Draw,
    vocabulary: Vocabulary,
    architecture: Architecture,
    graph: Graph,
    wanted: Wanted,
    topologies: Sequence[Topology],
) -> Architecture:
    """Compiled in most cases, and frozen in some."""
    leaves = graph.leaves() if architecture.form == "functional" else graph.tensors[-1:]
    settings = None
    frozen = [each.freeze for each in topologies if each.freeze]
    if _trains(leaves) and (wanted or frozen or not chance(draw, 6)):
        outputs = [(ref.node, spec) for ref, spec in leaves]
        by_name = {node.name: node for node in graph.nodes}
        settings = compiles(
            draw,
            vocabulary,
            outputs,
            architecture.outputs,
            architecture.batch,
            wanted=wanted,
            promises={name: promised(by_name[name].layer) for name, _ in outputs},
            # Where a layer passes no gradient, an optimizer of several may find one of its own without any.
            divisible=all(spec.differentiable for _, spec in graph.tensors),
            frozen=bool(frozen or architecture.freezes)
            or any(call.arguments.get("trainable") is False for call in calls(graph.nodes)),
            learns={name for name, _ in outputs if _learns(graph, by_name, name)},
        )
        names = {node.layer.name for node in nodes_of(graph.nodes) if isinstance(node.layer, Name)}
        if settings is not None and names & WITHOUT_XLA:
            settings = replace(settings, arguments={**settings.arguments, "jit_compile": False})
    chosen = tuple(each for freeze in frozen for each in freeze(draw, architecture))
    if settings is None:
        chosen = tuple(each for each in chosen if each.when in ("made", "built"))
    # Where an output has no loss, what another one learns must not be frozen: Keras refuses to train nothing.
    lossless = settings is not None and _has_none(settings.arguments.get("loss"))
    if not frozen and not architecture.freezes and not lossless:
        chosen = freezes(draw, architecture, settings is not None)
    return replace(architecture, compile=settings, freezes=(*architecture.freezes, *chosen))


def _has_none(structure: Any) -> bool:
    if isinstance(structure, Mapping):
        return any(map(_has_none, structure.values()))
    return any(map(_has_none, structure)) if isinstance(structure, (list, tuple)) else structure is None


def _learns(graph: Graph, nodes: Mapping[str, Node], name: str) -> bool:
    """Whether the gradient of an output reaches the weights of a Dense; of other layers it is not known."""
    ahead, seen = [name], set()
    while ahead:
        name = ahead.pop()
        if name in seen or name not in nodes:
            continue
        seen.add(name)
        node = nodes[name]
        if not all(spec.differentiable for ref, spec in graph.tensors if ref.node == name):
            continue
        if isinstance(node.layer, Call) and node.layer.name == "layers.Dense":
            return True
        ahead += [ref.node for ref in references(node.inputs)]
    return False


def _trains(leaves: Sequence[tuple[Ref, Spec]]) -> bool:
    """Whether outputs of these can be trained towards: floats of known shape, and a gradient from one at least."""
    return any(spec.differentiable for _, spec in leaves) and all(
        spec.kind == "float" and spec.static and not spec.sparse for _, spec in leaves
    )
