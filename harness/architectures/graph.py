"""A graph that grows layer by layer: finds a tensor that a layer takes, or makes an input for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from harness.architectures.policies import own_policy
from harness.architectures.rules import NOTHING, Arguments, Draw, LayerRule, Placement, Wanted
from harness.architectures.spec import Spec
from harness.architectures.vocabulary import Vocabulary
from harness.protocol.architecture import Architecture, Call, Input, Node, Ref, calls, references

# Names that people give, and that have broken files: what a scope, a file system and HDF5 make of them differs.
UNUSUAL_NAMES = (
    "a.b",
    "with space",
    "Ünïcode",
    "CamelCase",
    "x" * 60,
    "0digit",
    "dash-ed",
    "kernel",
    "layers",
)
# Keras 2 takes no other name than one that TensorFlow can open a scope by, and says so when the layer is built.
SCOPE_NAME = r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*"
SCOPE_NAMES = tuple(name for name in UNUSUAL_NAMES if re.fullmatch(SCOPE_NAME, name))
# An operation in a graph gets its name from Keras (add, add_1, ...); a layer called so would collide with it.
OPERATION_NAMES = frozenset(
    {"add", "subtract", "multiply", "maximum", "minimum", "average", "dot", "concatenate", "reshape", "relu", "elu",
     "softmax", "flip", "absolute", "negative", "get_item", "tanh", "true_divide", "power", "mod", "floor_divide"}
)  # fmt: skip


@dataclass(frozen=True)
class Goal:
    """A layer that a draw must hold, with arguments that must not have their defaults."""

    layer: str
    arguments: frozenset[str] = frozenset()


class Graph:
    """A functional graph under construction. Every tensor that nothing uses becomes an output of the model."""

    def __init__(
        self,
        draw: Draw,
        vocabulary: Vocabulary,
        rules: Mapping[str, LayerRule],
        *,
        batch: int,
        fixed_batch: bool = False,
        wanted: Wanted = NOTHING,
    ) -> None:
        self.draw = draw
        self.vocabulary = vocabulary
        self.rules = rules
        self.batch = batch
        self.fixed_batch = fixed_batch
        self.inputs: list[Input] = []
        self.nodes: list[Node] = []
        self.tensors: list[tuple[Ref, Spec]] = []
        self.used: set[Ref] = set()
        self.objects = dict(wanted)  # what arguments of layers can hold is taken out when it has its place
        self._names: set[str] = set()

    def name(self, stem: str, *, unusual: bool = True) -> str:
        """A name that no other node has; now and then an unusual one."""
        name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", stem.rpartition(".")[2]).lower()
        if name in OPERATION_NAMES:
            name = f"{name}_layer"
        if unusual and self.draw(st.integers(0, 19)) == 19:
            name = self.draw(st.sampled_from(UNUSUAL_NAMES if self.vocabulary.major >= 3 else SCOPE_NAMES))
        return self.unique(name)

    def unique(self, name: str) -> str:
        """The name itself, or with a number behind it."""
        chosen, number = name, 1
        while chosen in self._names:
            chosen, number = f"{name}_{number}", number + 1
        self._names.add(chosen)
        return chosen

    def input(self, spec: Spec) -> Ref:
        """A new input of the model."""
        name = self.unique("input")
        self.inputs.append(self.as_input(name, spec))
        ref = Ref(name)
        # An input carries no mask by itself, whatever its values are.
        self.tensors.append((ref, spec.but(masked=False, fixed_batch=self.fixed_batch)))
        return ref

    def as_input(self, name: str, spec: Spec) -> Input:
        """An input of this name that could hold a tensor of this kind."""
        return Input(
            name,
            spec.shape,
            spec.input_dtype(),
            spec.values(),
            self.batch if self.fixed_batch else None,
            sizes=tuple(4 for axis in spec.shape if axis is None),
        )

    def find(self, wanted: Spec, *, besides: set[Ref]) -> Ref:
        """A tensor of exactly this shape and kind, sometimes; else a new input."""
        fitting = [
            ref
            for ref, spec in self.tensors
            if (spec.shape, spec.kind) == (wanted.shape, wanted.kind)
            and (wanted.limit is None or (spec.limit or 10**9) <= wanted.limit)
            and (not wanted.image or spec.image)
            and spec.sparse == wanted.sparse
            and (not spec.masked or wanted.masked)
            and not wanted.words
            and ref not in besides
        ]
        if fitting and self.draw(st.booleans()):
            return self.draw(st.sampled_from(fitting))  # type: ignore[no-any-return]
        return self.input(wanted)

    def add(
        self, rule: LayerRule, wanted: frozenset[str] = frozenset(), *, onto: tuple[Ref, Spec] | None = None
    ) -> Node:
        """Adds a layer of this rule, onto a tensor that it takes."""
        if onto is None:
            onto = self._place_for(rule)
        ref, spec = onto
        return self.attach(*self.placed(rule, wanted, spec), ref)

    def placed(self, rule: LayerRule, wanted: frozenset[str], spec: Spec) -> tuple[str, Mapping[str, Any], Placement]:
        """A layer of this rule for such a tensor: its name, its arguments and where it stands."""
        arguments = Arguments(
            self.draw, self.vocabulary, rule.public, wanted=wanted, rules=self.rules, objects=self.objects
        )
        placement = rule.place(arguments, spec)
        common(arguments, rule)
        if "piped" in rule.tags:
            return "layers.Pipeline", {"layers": [Call(rule.public, arguments.values)]}, placement
        return rule.public, arguments.values, placement

    def _place_for(self, rule: LayerRule) -> tuple[Ref, Spec]:
        fitting = [each for each in self.tensors if rule.accepts(each[1])]
        if fitting and self.draw(st.sampled_from((True, True, True, False))):
            # Prefer what nothing uses yet: a deep model rather than a wide one.
            fresh = [each for each in fitting if each[0] not in self.used]
            return self.draw(st.sampled_from(fresh or fitting))  # type: ignore[no-any-return]
        spec = self.draw(rule.fresh())
        ref = self.input(spec)
        return ref, spec.but(masked=False, fixed_batch=self.fixed_batch)

    def attach(self, name: str, values: Mapping[str, Any], placement: Placement, ref: Ref) -> Node:
        """Puts a placed layer onto the tensor `ref`, with the further inputs that it wants."""
        taken = {ref}
        others = []
        for wanted in placement.others:
            other = self.find(wanted, besides=taken if placement.as_list else set())
            taken.add(other)
            others.append(other)
        named = {key: self._found(wanted) for key, wanted in placement.named.items()}
        inputs: tuple[Any, ...] = ([ref, *others],) if placement.as_list else (ref, *others)
        node = Node(
            self.name(name),
            Call(name, dict(values)),
            inputs,
            {**placement.keywords, **named},
            tuple(output.shape for output in placement.outputs),
            placement.methods,
        )
        return self.append(node, placement.outputs, {ref, *others, *references(named)})

    def _found(self, wanted: Any) -> Any:
        """A tensor for each Spec of a nested structure, for arguments of a call that are not its first.

        Keras 2 casts the first alone: the others must not come from a layer with a dtype of its own.
        """
        if isinstance(wanted, Spec):
            return self.find(wanted, besides=self.of_another_dtype() if self.vocabulary.major == 2 else set())
        return [self._found(each) for each in wanted]

    def of_another_dtype(self) -> set[Ref]:
        """What comes out of layers with a dtype of their own, and out of operations on it."""
        own: set[str] = set()
        for node in self.nodes:
            if isinstance(node.layer, Call):
                another = any("dtype" in call.arguments for call in calls(node.layer))
            else:
                another = any(ref.node in own for ref in references(node.inputs))
            if another:
                own.add(node.name)
        return {ref for ref, _ in self.tensors if ref.node in own}

    def append(self, node: Node, outputs: tuple[Spec, ...], used: set[Ref]) -> Node:
        """Adds a node that is already made; its outputs can be used from now on."""
        node = replace(
            node,
            stand_ins=tuple(self.as_input(f"{node.name}_{number}", spec) for number, spec in enumerate(outputs)),
        )
        self.nodes.append(node)
        self.used |= used
        self.tensors += [(Ref(node.name, index), spec) for index, spec in enumerate(outputs)]
        return node

    def leaves(self) -> list[tuple[Ref, Spec]]:
        """The tensors that nothing uses: the outputs of the model. Inputs that nothing uses are none of them."""
        inputs = {each.name for each in self.inputs}
        return [each for each in self.tensors if each[0] not in self.used and each[0].node not in inputs]

    def spec(self, ref: Ref) -> Spec:
        """What is known of a tensor."""
        return next(spec for each, spec in self.tensors if each == ref)

    def architecture(self, name: str, outputs: Any, **fields: Any) -> Architecture:
        """The graph as an architecture with these outputs."""
        return Architecture(
            name, "functional", tuple(self.inputs), tuple(self.nodes), outputs, batch=self.batch, **fields
        )


def common(a: Arguments, rule: LayerRule) -> None:
    """Arguments that every layer has: a dtype policy of its own, frozen from the start."""
    # Keras 3 cannot add up the losses of layers in several dtypes.
    regularized = any(key.endswith("regularizer") for key in a.values) or rule.name == "ActivityRegularization"
    if "dtype" in rule.common and not regularized:
        own_policy(a)
    if "trainable" in rule.common and a.draw(st.integers(0, 11)) == 11 and a.has("trainable"):
        a.give("trainable", False)


def one_or_list(refs: list[Ref]) -> Any:
    """One tensor as it is, several as a list."""
    return refs[0] if len(refs) == 1 else refs
