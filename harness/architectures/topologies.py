"""The topologies that a check promises to draw: a row each, with what tells whether a model has it.

What counts is seen of the models that were drawn, not taken from what was wanted: a row's predicate
(`topology_signs.py`) looks at the architecture. `step` adds the topology to a graph that grows anyway, `whole` draws
a model that is one, `freeze` says what is frozen in the model that came of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harness.architectures import freezes, topology_steps
from harness.architectures import topology_signs as signs
from harness.architectures.graph import SCOPE_NAMES, UNUSUAL_NAMES
from harness.architectures.rules import Draw
from harness.architectures.topology_signs import Seen
from harness.architectures.topology_steps import Step, Whole
from harness.architectures.vocabulary import Vocabulary
from harness.protocol.architecture import Architecture, Freeze


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


_steps = topology_steps
_THREE = "Keras 3 alone has optional inputs"
_MODELS = ("TwoBranches", "Steps", "Late", "Twice", "Counted")
_SCOPES = "Keras 2 takes no name that TensorFlow can open no scope by, and says so when the layer is built"


def _name_row(name: str) -> Topology:
    everywhere = name in SCOPE_NAMES
    return Topology(
        f"a layer called {name if len(name) < 20 else name[:8] + '…'}", signs.named(name), _steps.named(name),
        majors=(2, 3) if everywhere else (3,), why="" if everywhere else _SCOPES,
    )  # fmt: skip


TOPOLOGIES = (
    # Subclassed models, as layers of another model and whole.
    Topology("layers in attributes", signs.calls("custom.TwoBranches"), _steps.custom("TwoBranches")),
    *(
        Topology(f"layers in {words}", signs.calls("custom.Steps", kept=kept), _steps.custom("Steps", kept=kept))
        for kept, words in (("list", "a list"), ("dict", "a dict"), ("attributes", "attributes named by themselves"))
    ),
    *(
        Topology(
            f"layers of a layer in {words}", signs.calls("custom.Gate", kept=kept), _steps.custom("Gate", kept=kept)
        )
        for kept, words in (
            ("dict", "a dict"), ("list of lists", "lists within a list"), ("dict of lists", "lists within a dict")
        )
    ),
    Topology("a table in a list of layers", signs.table_in_a_list, _steps.looked_up),
    Topology("layers made in build", signs.calls("custom.Late"), _steps.custom("Late")),
    Topology("one layer under two attributes", signs.calls("custom.Twice"), _steps.custom("Twice")),
    Topology("a model with weights and a state of its own", signs.calls("custom.Counted"), _steps.custom("Counted")),
    *(
        Topology(f"whole model: {name}", signs.whole(f"custom.{name}"), whole=_steps.subclass(name))
        for name in _MODELS if name != "Steps"
    ),
    *(
        Topology(
            f"whole model: layers in {words}", signs.whole("custom.Steps", kept=kept),
            whole=_steps.subclass("Steps", kept=kept),
        )
        for kept, words in (("list", "a list"), ("dict", "a dict"))
    ),
    # Inputs and calls.
    *(
        Topology(
            f"an optional input, {words}", signs.optional(given), _steps.optional_input(given=given),
            majors=(3,), why=_THREE,
        )
        for given, words in ((True, "given"), (False, "not given"))
    ),
    Topology("a dict as a layer's input", signs.packed(dict), _steps.structured_input("dict")),
    Topology("a tuple as a layer's input", signs.packed(tuple), _steps.structured_input("tuple")),
    Topology("a dict of inputs", lambda a: a.input_structure == "dict", _steps.two_inputs, inputs="dict"),
    Topology("a tuple of inputs", lambda a: a.input_structure == "tuple", _steps.two_inputs, inputs="tuple"),
    Topology("a tuple of outputs", lambda a: isinstance(a.outputs, tuple), _steps.three_outputs, outputs="tuple"),
    Topology("a dict of outputs", lambda a: isinstance(a.outputs, dict), _steps.three_outputs, outputs="dict"),
    Topology(
        "nested outputs", signs.nested_outputs, _steps.three_outputs, outputs="nested", lacking=((3,), (3, 4)),
        why="models/functional.py of Keras 3.0 to 3.3 refuses what is nested",
    ),
    Topology("a mask in the call", signs.keyword("mask"), _steps.mask_given),
    Topology("training=True in the call", signs.keyword("training", True), _steps.training_given(True)),
    Topology("training=False in the call", signs.keyword("training", False), _steps.training_given(False)),
    Topology("a first state in the call", signs.keyword("initial_state"), _steps.initial_state),
    Topology("an attention mask in the call", signs.keyword("attention_mask"), _steps.attention_mask),
    Topology("a tensor as a keyword of a custom layer", signs.tensor_for_custom, _steps.keyword_tensor),
    Topology("constants in the call of a custom layer", signs.keyword("times", 2.0), _steps.keyword_constants),
    # Names.
    Topology("one name inside and outside of a model", signs.inside_and_outside, _steps.scopes),
    Topology("one name inside of two models", signs.inside_two, _steps.scopes),
    *map(_name_row, UNUSUAL_NAMES),
    Topology(
        "a layer called a/b", signs.named("a/b"), _steps.named("a/b"),
        majors=(2,), why="Keras 3 refuses the name",
    ),
    # Sizes.
    Topology("a batch of one", lambda a: a.batch == 1, batch=1),
    Topology("one feature and one unit", signs.single_unit, _steps.single_unit),
    Topology("one pixel and one channel", signs.single_pixel, _steps.single_pixel),
    # How layers are put together.
    Topology("a mask through several layers", signs.long_mask, _steps.long_mask),
    Topology("a stateful layer", signs.stateful, _steps.stateful, fixed_batch=True),
    Topology("a layer as the activation of another", signs.layer_as_activation, _steps.activated_by_a_layer),
    Topology(
        "a layer with weights as the activation of another", signs.weights_in_activation, _steps.activated_with_weights
    ),
    Topology("a layer called twice", signs.shared, _steps.called_again),
    Topology("a layer called at two depths", signs.at_two_depths, _steps.called_again),
    Topology(
        "a layer called outside of the model, too", signs.called_elsewhere, _steps.called_elsewhere,
        majors=(3,), why="Keras 2 numbers the calls of a layer anew as it loads it, and a summary states the numbers",
    ),
    Topology("two layers called in turns", signs.in_turns, _steps.in_turns),
    Topology("models three deep", signs.deep(3), _steps.three_deep(twice=False)),
    Topology("a model called twice", signs.twice(False), _steps.three_deep(twice=True)),
    Topology("models three deep, called twice", signs.twice(True), _steps.three_deep(twice=True)),
    Topology("a Sequential in a functional model in a Sequential", signs.sandwich, whole=_steps.sandwich),
    Topology(
        "a functional base in a Sequential, a head behind it", signs.transferred, whole=_steps.transferred
    ),
    Topology(
        "a Sequential without Input", signs.form("sequential", deferred=True),
        whole=_steps.late_and_frozen("first"),
    ),
    Topology("no weights at all", signs.weightless, whole=_steps.weightless),
    # What is frozen, where and when.
    *(
        Topology(
            f"a layer frozen when {when}", signs.frozen(signs.a_layer, when), _steps.two_inputs,
            freeze=freezes.at(freezes.layers, when),
        )
        for when in ("made", *freezes.LATER)
    ),
    *(
        Topology(
            f"the whole model frozen when {when}", signs.frozen(signs.everything, when), _steps.two_inputs,
            freeze=freezes.at(freezes.whole, when),
        )
        for when in ("built", "compiled", "trained")
    ),
    Topology(
        "a Sequential frozen before it is built",
        lambda a: a.form == "sequential" and signs.frozen(signs.everything, "made")(a),
        whole=_steps.late_and_frozen(),
    ),
    Topology(
        "a subclassed model frozen before it is built",
        lambda a: a.form == "subclass" and signs.frozen(signs.everything, "made")(a),
        whole=_steps.subclass("Late", freezes=(Freeze((), "made"),)),
    ),
    Topology(
        "a base frozen before it is compiled", signs.frozen(signs.a_base, "built"), _steps.nested,
        freeze=freezes.at(freezes.bases, "built"),
    ),
    Topology(
        "a base frozen later", signs.frozen(signs.a_base, "compiled", "trained"), _steps.nested,
        freeze=freezes.at(freezes.bases, "compiled", "trained"),
    ),
    Topology(
        "a layer inside of a base frozen", signs.frozen(signs.inside, *freezes.LATER), _steps.nested,
        freeze=freezes.at(freezes.deep, *freezes.LATER),
    ),
    Topology(
        "a layer inside of a wrapper frozen", signs.frozen(signs.in_a_wrapper, *freezes.LATER), _steps.wrapper,
        freeze=freezes.at(freezes.wrapped, *freezes.LATER),
    ),
    Topology(
        "a layer trained again inside of a frozen base", signs.thawed, _steps.nested,
        freeze=freezes.thawed_inside,
    ),
)  # fmt: skip
