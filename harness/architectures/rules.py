"""A layer's rule: the inputs that it takes, its arguments, and the shape that comes out.

One function per layer states all three, because they hang together: it draws the arguments through `Arguments` and
returns a `Placement` with the shapes that follow from them. The shapes are computed here and not asked of Keras, so
a draw is valid by construction and the rule is a second opinion on Keras's own shape inference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeVar

from hypothesis import strategies as st

from harness.architectures.spec import Spec
from harness.architectures.vocabulary import Vocabulary
from harness.protocol.architecture import Call, Data, Method

T = TypeVar("T")
Draw = Callable[[st.SearchStrategy[Any]], Any]
# Public names that are to be used (``losses.Huber``), each with arguments that are to be given.
Wanted = Mapping[str, frozenset[str]]
NOTHING: Wanted = MappingProxyType({})


@dataclass(frozen=True)
class Placement:
    """Where a layer stands: what comes out, and what it wants beside its first input.

    `others` are the further inputs, to be found in the graph or made. With `as_list` the first input and the others
    are passed as one list (merging layers, Attention), else as positional arguments; `named` are keyword inputs
    that must be tensors (a Spec, or nested lists of them), `keywords` are plain call arguments. `methods` are
    called on the layer once it is built. `keyed` outputs come in a dict, which a Sequential would hand on as it is.
    """

    outputs: tuple[Spec, ...]
    others: tuple[Spec, ...] = ()
    as_list: bool = False
    named: Mapping[str, Any] = field(default_factory=dict)
    keywords: Mapping[str, Any] = field(default_factory=dict)
    methods: tuple[Method, ...] = ()
    keyed: bool = False


@dataclass(frozen=True)
class LayerRule:
    """The rule of one public layer.

    `accepts` says whether a tensor may be its first input, `fresh` draws one that may, `place` draws the arguments
    for such a tensor. `common` names the arguments every layer has that this one is also drawn with. `tags` are facts
    that the suite chooses by: ``stateful``, ``random`` (draws random numbers when training), ``opaque`` (no gradient
    passes), ``preprocessing``, ``wrapper``, ``merge``, ``unbatched``, ``no bfloat16`` and the like.
    """

    name: str
    place: Callable[[Arguments, Spec], Placement]
    fresh: Callable[[], st.SearchStrategy[Spec]]
    accepts: Callable[[Spec], bool]
    common: tuple[str, ...] = ("dtype", "trainable")
    tags: frozenset[str] = frozenset()
    since: int = 2  # the first major Keras in which the rule holds; a layer that is not there is not drawn anyway

    def __repr__(self) -> str:
        """Short: Hypothesis writes all that a draw was made from into the error of one that fails."""
        return f"LayerRule({self.name})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))

    @property
    def public(self) -> str:
        """The name in the vocabulary: ``layers.Dense``; of a custom layer ``custom.Name``."""
        return self.name if "." in self.name else f"layers.{self.name}"


class Arguments:
    """Collects the arguments drawn for one layer.

    An argument that this Keras does not have is never drawn: its default is returned, so that the shape rule goes on
    to hold. One that is `wanted` is always drawn, every other one time in four (and shrinks to not being given).
    """

    def __init__(
        self,
        draw: Draw,
        vocabulary: Vocabulary,
        name: str,
        *,
        wanted: frozenset[str] = frozenset(),
        rules: Mapping[str, LayerRule] | None = None,
        plain: bool = False,
        objects: dict[str, frozenset[str]] | None = None,
    ) -> None:
        self._draw = draw
        self.vocabulary = vocabulary
        self.name = name if "." in name else f"layers.{name}"
        self.wanted = wanted
        self.rules = rules or {}
        self.plain = plain  # draw no argument that need not be given: for what stands inside a wrapper
        self.objects = {} if objects is None else objects  # Wanted of the whole model, less what has its place
        self.values: dict[str, Any] = {}

    @property
    def major(self) -> int:
        """2 or 3: which of the two Kerases this is drawn for."""
        return self.vocabulary.major

    def draw(self, strategy: st.SearchStrategy[T]) -> T:
        """A draw that is no argument by itself, such as the number of inputs."""
        return self._draw(strategy)  # type: ignore[no-any-return]

    def has(self, argument: str) -> bool:
        """Whether this Keras has the argument."""
        return self.vocabulary.has(self.name, argument)

    def chance(self, argument: str) -> bool:
        """Whether the argument should be given this time."""
        if not self.has(argument):
            return False
        if argument in self.wanted:
            return True
        if self.plain:
            return False
        return bool(self._draw(_one_in_four))

    def required(self, argument: str, values: st.SearchStrategy[T]) -> T:
        """Draws an argument that must be given; if it can be, a value that no other argument of the layer has.

        Where two have one value, a config that takes one for the other says nothing that is wrong.
        """
        value = self._draw(values)
        for _ in range(_TRIES):
            if not self._is_taken(value):
                break
            value = self._draw(values)
        self.values[argument] = value
        return value  # type: ignore[no-any-return]

    def _is_taken(self, value: Any) -> bool:
        if isinstance(value, bool) or value is None:
            return False
        return any(type(other) is type(value) and other == value for other in self.values.values())

    def optional(self, argument: str, values: st.SearchStrategy[T], default: Any = None) -> Any:
        """Draws an argument that has a default, or returns the default; `values` should not hold the default."""
        if not self.chance(argument):
            return default
        return self.required(argument, values)

    def give(self, argument: str, value: T) -> T:
        """Gives an argument a value that followed from others."""
        self.values[argument] = value
        return value

    def get(self, argument: str, default: Any = None) -> Any:
        """The value drawn earlier, or the default."""
        return self.values.get(argument, default)

    def several(self, strategies: Mapping[str, st.SearchStrategy[Any]]) -> None:
        """Draws each of these optional arguments, none of which another depends on."""
        for argument, values in strategies.items():
            self.optional(argument, values)

    def take(self, argument: str, names: Sequence[str]) -> tuple[str, frozenset[str]] | None:
        """One of the public names that the model still wants, with its arguments, if this argument can be given."""
        found = next((name for name in names if name in self.objects), None)
        if found is None or argument in self.values or not self.has(argument):
            return None
        return found, self.objects.pop(found)

    def adapts(self, *instead: str) -> bool:
        """Whether the model wants this layer to learn from data what else the arguments `instead` tell it."""
        return f"{self.name}.adapt" in self.objects and not self.wanted.intersection(instead)

    def adapted(self, data: Data) -> Method:
        """What the layer is told to learn from; the model need not want it of another one."""
        self.objects.pop(f"{self.name}.adapt", None)
        return Method("adapt", (data,))

    def inner(
        self, rule: LayerRule, spec: Spec, *, name: str | None = None, wanted: frozenset[str] = frozenset()
    ) -> tuple[Call, Placement]:
        """A layer inside this one, of the given rule, applied to `spec`: its Call (named where `name` is given)."""
        arguments = Arguments(
            self._draw, self.vocabulary, rule.public, wanted=wanted, rules=self.rules, plain=not wanted
        )
        placement = rule.place(arguments, spec)
        values = dict(arguments.values)
        if name is not None:
            values["name"] = name
        return Call(rule.public, values), placement

    def choose_rule(self, names: Sequence[str], spec: Spec) -> LayerRule:
        """One of the rules named that this Keras has and that accepts `spec`."""
        fitting = [
            self.rules[name]
            for name in names
            if name in self.rules and self.vocabulary.has(self.rules[name].public) and self.rules[name].accepts(spec)
        ]
        if not fitting:
            raise LookupError(f"{self.name}: none of {', '.join(names)} takes {spec}")
        return self._draw(st.sampled_from(fitting))  # type: ignore[no-any-return]


def chance(draw: Draw, of: int) -> bool:
    """True once in `of` times; shrinks to False."""
    return bool(draw(st.integers(0, of - 1)) == of - 1)


_TRIES = 5  # draws more for a value that another argument has: there may be no other one
_one_in_four = st.sampled_from((False, False, False, True))
