"""The strategy of how a model is compiled, and what it is trained towards.

Each output is given a loss, then a target that this loss and the metrics take; the optimizer goes with all
of them. Which losses an output can have follows from its shape and from what is promised of its values
(`heads.promised`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from harness.architectures.heads import COMPILE
from harness.architectures.losses import KINDS, LOSSES, PROMISES, SAME, SPARSE, Row, classes, keeps, target
from harness.architectures.metrics import METRICS
from harness.architectures.optimizers import optimizer
from harness.architectures.rules import NOTHING, Draw, Wanted
from harness.architectures.spec import Spec
from harness.architectures.vocabulary import Vocabulary
from harness.protocol.architecture import Call, Compile, Data, Ref, calls, references

# Not integers: Hypothesis draws the ends of a range more often than the rest.
_nine_in_ten = st.sampled_from((True,) * 9 + (False,))
_one_in_four = st.sampled_from((False, False, False, True))


@dataclass
class _Output:
    """An output while its loss and its metrics are chosen."""

    name: str
    spec: Spec
    promise: str
    enclosed: bool = False  # alone in a list or a tuple
    learns: bool = True  # a gradient that comes from it reaches a weight for certain
    wanted_loss: Row | None = None
    wanted_metrics: list[Row] = field(default_factory=list)
    loss: Any = None
    kind: str = "real"
    metrics: list[Any] = field(default_factory=list)
    weighted: list[Any] = field(default_factory=list)

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(int(axis or 1) for axis in self.spec.shape)

    @property
    def trains(self) -> bool:
        """A gradient can come from it."""
        return self.spec.kind == "float" and self.spec.differentiable and self.measurable

    @property
    def measurable(self) -> bool:
        spec = self.spec
        return spec.kind == "float" and spec.static and spec.rank >= 1 and not spec.sparse and 0 not in spec.shape


class _Choice:
    """What is drawn for one model."""

    def __init__(
        self,
        draw: Draw,
        vocabulary: Vocabulary,
        outputs: Sequence[_Output],
        batch: int,
        wanted: Wanted,
    ) -> None:
        self.draw = draw
        self.vocabulary = vocabulary
        self.outputs = outputs
        self.batch = batch
        self.wanted = wanted

    def forms(self, row: Row, room: str, output: _Output) -> tuple[str, ...]:
        """How the row can be written for the output: as the one form that is wanted, where one is."""
        forms = self._possible(row, room, output)
        asked = tuple(form for form in forms if self._asked(row, room, form))
        return asked or forms

    def _possible(self, row: Row, room: str, output: _Output) -> tuple[str, ...]:
        if output.enclosed and self.vocabulary.major == 2 and not (row.cls or row.function):
            return ()  # Keras 2 looks at the shape of the target, and finds the list around it
        return row.forms(self.vocabulary, room, output.shape, output.promise)

    def _asked(self, row: Row, room: str, form: str) -> bool:
        """Whether this form of the row is wanted by a public name."""
        names = {"object": (row.cls,), "function": row.functions(self.vocabulary, room)}.get(form, ())
        return any(f"{room}.{name}" in self.wanted for name in names)

    def allowed(self, output: _Output) -> set[str]:
        """The kinds of target that what is wanted of the output leaves."""
        kinds = set(KINDS)
        for row in (output.wanted_loss, *output.wanted_metrics):
            if row is not None:
                kinds &= set(row.targets)
        return kinds

    def rows(self, room: str, output: _Output) -> list[Row]:
        """The losses, or the metrics, that the output can have with what is already wanted of it."""
        table = LOSSES if room == "losses" else METRICS
        kinds = self.allowed(output)
        return [row for row in table if kinds & set(row.targets) and self._possible(row, room, output)]

    def place_wanted(self) -> None:
        """Gives each wanted loss and metric to an output that can have it."""
        for room in ("losses", "metrics"):
            names = {name for name in self.wanted if name.startswith(f"{room}.")}
            while names:
                # Those first that have the fewest places.
                name = min(sorted(names), key=lambda each: len(self._places(room, each)))
                names.remove(name)
                places = self._places(room, name)
                if not places:
                    continue
                # A name may have several rows: that one which takes most of the arguments that are wanted.
                most = max(self._taken(row, room, output, name) for output, row in places)
                places = [each for each in places if self._taken(each[1], room, each[0], name) == most]
                output, row = self.draw(st.sampled_from(places))
                if room == "losses":
                    output.wanted_loss = row
                else:
                    output.wanted_metrics.append(row)

    def _places(self, room: str, name: str) -> list[tuple[_Output, Row]]:
        """The outputs that can have what is wanted by this name, with the row that holds it."""
        return [
            (output, row)
            for output in self.outputs
            if output.measurable and (room == "metrics" or (output.trains and output.wanted_loss is None))
            for row in self.rows(room, output)
            if name in self._written(row, room, output)
            and row.key not in {each.key for each in output.wanted_metrics}
            and self._reachable(output, row)
        ]

    def _taken(self, row: Row, room: str, output: _Output, name: str) -> int:
        """How many of the arguments that are wanted of the name this row takes."""
        taken = self.wanted[name] & set(row.strategies(self.vocabulary, room, output.shape, self.batch))
        return len(taken) + (row.logits and "from_logits" in self.wanted[name])

    def _written(self, row: Row, room: str, output: _Output) -> set[str]:
        """The public names by which the row can be written for the output."""
        forms = self._possible(row, room, output)
        names = [row.cls] if "object" in forms else []
        names += row.functions(self.vocabulary, room) if "function" in forms else ()
        return {f"{room}.{name}" for name in names}

    def _reachable(self, output: _Output, row: Row) -> bool:
        """Some loss takes a kind of target that this row takes as well."""
        kinds = self.allowed(output) & set(row.targets)
        return any(kinds & set(loss.targets) for loss in self.rows("losses", output))

    def write(self, row: Row, room: str, output: _Output) -> Any:
        """One loss or metric for an output."""
        form = self.draw(st.sampled_from(self.forms(row, room, output)))
        return row.written(
            self.draw,
            self.vocabulary,
            room,
            form,
            shape=output.shape,
            promise=output.promise,
            batch=self.batch,
            wanted=self.wanted,
        )

    def choose(self, output: _Output, *, loss: Row | None, shared: Any = None) -> None:
        """Draws the loss of an output (written already where `shared`), its target and its metrics."""
        kinds = self.allowed(output)
        if loss is not None:
            kinds &= set(loss.targets)
            output.loss = shared if shared is not None else self.write(loss, "losses", output)
        else:
            kinds &= {*SAME, *(SPARSE if classes(output.shape) else ())}
        output.kind = self.draw(st.sampled_from([kind for kind in KINDS if kind in kinds]))
        taken: set[str] = set()
        names: set[str] = set()
        for row in output.wanted_metrics:
            taken.add(row.key)
            self._measure(output, row, names)
        for _ in range(self.draw(st.sampled_from((0, 1, 1, 2)))):
            fitting = [
                row
                for row in METRICS
                if output.kind in row.targets and row.key not in taken and self.forms(row, "metrics", output)
            ]
            if not fitting:
                break
            # By their names first: those in several rows should not be drawn more often for it.
            key = self.draw(st.sampled_from(sorted({row.key for row in fitting})))
            taken.add(key)
            self._measure(output, self.draw(st.sampled_from([row for row in fitting if row.key == key])), names)

    def _measure(self, output: _Output, row: Row, names: set[str]) -> None:
        metric = self.write(row, "metrics", output)
        name = metric.arguments.get("name") if isinstance(metric, Call) else None
        if name in names:
            # Keras 2 refuses two metrics of one name.
            number = 1
            while f"{name}_{number}" in names:
                number += 1
            name = f"{name}_{number}"
            metric = Call(metric.name, {**metric.arguments, "name": name})
        names.add(name or row.key)
        weighted = self.draw(_one_in_four) or "weighted_metrics" in options_of(self.wanted)
        (output.weighted if weighted else output.metrics).append(metric)

    def losses(self, *, skip: bool) -> str:
        """Draws a loss for every output (but some, with `skip`), or ``one`` for all; says which (``each``)."""
        draw = self.draw
        able = [output for output in self.outputs if output.trains]
        plain = all(output.wanted_loss is None and not output.wanted_metrics for output in self.outputs)
        if len(self.outputs) > 1 and len(able) == len(self.outputs) and plain and draw(_one_in_four):
            common = [row for row in LOSSES if all(row in self.rows("losses", each) for each in able)]
            # Arguments such as an axis must hold for all: those of the smallest are drawn.
            least = min(able, key=lambda each: (len(each.shape), PROMISES.index(each.promise)))
            sized = len({each.shape for each in able}) == 1
            row = draw(st.sampled_from(common))
            forms = [form for form in self.forms(row, "losses", least) if sized or form != "object"]
            if forms:
                shared = self.write(row, "losses", least) if sized else self._bare(row, least, forms)
                for output in self.outputs:
                    self.choose(output, loss=row, shared=shared)
                return "one"
        skipped = self._skipped(able) if skip else []
        for output in self.outputs:
            if output not in able or output in skipped:
                self.choose(output, loss=None) if output.measurable else None
                continue
            rows = [output.wanted_loss] if output.wanted_loss else self.rows("losses", output)
            key = draw(st.sampled_from(sorted({row.key for row in rows})))
            self.choose(output, loss=draw(st.sampled_from([row for row in rows if row.key == key])))
        return "each"

    def _bare(self, row: Row, output: _Output, forms: Sequence[str]) -> Any:
        form = self.draw(st.sampled_from(forms))
        return row.written(
            self.draw, self.vocabulary, "losses", form,
            shape=output.shape, promise=output.promise, batch=self.batch,
        )  # fmt: skip

    def _skipped(self, able: Sequence[_Output]) -> list[_Output]:
        """Outputs that are to have no loss; one at least that something is learnt from keeps its own."""
        free = [
            output
            for output in able
            if output.wanted_loss is None and any(each.learns for each in able if each is not output)
        ]
        if not free or not self.draw(_one_in_four):
            return []
        return [self.draw(st.sampled_from(free))]


def compiles(
    draw: Draw,
    vocabulary: Vocabulary,
    outputs: Sequence[tuple[str, Spec]],
    structure: Any,
    batch: int,
    *,
    wanted: Wanted = NOTHING,
    promises: Mapping[str, str] | None = None,
    divisible: bool = True,
    frozen: bool = False,
    learns: Collection[str] | None = None,
) -> Compile | None:
    """Draws how a model is compiled and trained; None where no gradient comes from any of its outputs.

    `outputs` are what Keras calls the outputs and what is known of them, in the order of the Refs in
    `structure`. The public names in `wanted` (``losses.Huber``, ``optimizers.Lion``) occur if an output
    fits. `promises` says of outputs, by name, that they hold more than any reals (see `promised`), so that
    more losses can be drawn. `divisible`: every trainable variable gets a gradient where every output has a
    loss; there is no MultiOptimizer without it. `frozen`: some layer is not trained, so that an output may have no
    gradient, and every output is given a loss. `learns`: the outputs whose gradient reaches a weight for certain (all,
    if not said); one of them has a loss.
    """
    known = promises or {}
    alone = isinstance(structure, (list, tuple)) and len(outputs) == 1
    made = [
        _Output(
            name,
            spec,
            _best(known.get(name, "real"), "nonnegative" if spec.image else "real"),
            alone,
            learns is None or name in learns,
        )
        for name, spec in outputs
    ]
    assert len(made) == len(list(references(structure)))
    if not any(output.trains for output in made):
        return None
    choice = _Choice(draw, vocabulary, made, batch, wanted)
    choice.place_wanted()
    way = choice.losses(skip=not frozen)
    lossless = any(output.loss is None for output in made)
    arguments: dict[str, Any] = {
        "optimizer": optimizer(draw, vocabulary, wanted=wanted, divisible=divisible and not lossless)
    }
    _losses_of(draw, vocabulary, arguments, structure, made, way, weighted="loss_weights" in options_of(wanted))
    _metrics_of(draw, vocabulary, arguments, structure, made)
    steps = draw(st.sampled_from((1, 2, 0)))
    _options(draw, vocabulary, arguments, options_of(wanted))
    targets = [_target_of(draw, vocabulary, output, batch) for output in made]
    return Compile(arguments, packed(structure, iter(targets)), steps)


def _best(one: str, other: str) -> str:
    return one if keeps(one, other) else other


def _target_of(draw: Draw, vocabulary: Vocabulary, output: _Output, batch: int) -> Data:
    return target(draw, vocabulary, output.kind if output.measurable else "real", output.shape, batch)


def packed(structure: Any, leaves: Iterator[Any]) -> Any:
    """The structure with its Refs replaced by the leaves, in order."""
    if isinstance(structure, Ref):
        return next(leaves)
    if isinstance(structure, (list, tuple)):
        return type(structure)(packed(item, leaves) for item in structure)
    return {key: packed(item, leaves) for key, item in structure.items()}


def _flat(structure: Any) -> bool:
    """Whether outputs are a list, tuple or dict of tensors, not nested deeper."""
    items = structure.values() if isinstance(structure, Mapping) else structure
    return not isinstance(structure, Ref) and all(isinstance(item, Ref) for item in items)


def _by_name(structure: Any, outputs: Sequence[_Output]) -> bool:
    """Whether the outputs can be told apart by the names that Keras gives them."""
    names = [output.name for output in outputs]
    return isinstance(structure, (list, tuple)) and _flat(structure) and len(set(names)) == len(names)


def _shaped(structure: Any, outputs: Sequence[_Output], values: Sequence[Any], *, named: bool) -> Any:
    """Values for the outputs: in their structure, or in a dict by their names."""
    if named:
        return {output.name: value for output, value in zip(outputs, values)}
    return packed(structure, iter(values))


def _losses_of(
    draw: Draw,
    vocabulary: Vocabulary,
    arguments: dict[str, Any],
    structure: Any,
    outputs: Sequence[_Output],
    way: str,
    *,
    weighted: bool,
) -> None:
    """Gives compile its `loss` and its `loss_weights`."""
    weights = [draw(st.sampled_from((0.5, 0.25, 2.0))) for _ in outputs]
    weighted = draw(_one_in_four) or weighted
    if way == "one":
        arguments["loss"] = outputs[0].loss
        return
    if len(outputs) == 1 and (isinstance(structure, Ref) or draw(st.booleans())):
        arguments["loss"] = outputs[0].loss
        if weighted:
            # Keras 3 takes one number as well.
            ways = (weights, weights[0]) if vocabulary.major >= 3 else (weights,)
            arguments["loss_weights"] = draw(st.sampled_from(ways))
        return
    named = _by_name(structure, outputs) and draw(st.booleans())
    arguments["loss"] = _shaped(structure, outputs, [output.loss for output in outputs], named=named)
    if weighted:
        arguments["loss_weights"] = _shaped(structure, outputs, weights, named=named)


def _metrics_of(
    draw: Draw, vocabulary: Vocabulary, arguments: dict[str, Any], structure: Any, outputs: Sequence[_Output]
) -> None:
    """Gives compile its `metrics` and its `weighted_metrics`, where there are any."""
    for argument, lists in (
        ("metrics", [output.metrics for output in outputs]),
        ("weighted_metrics", [output.weighted for output in outputs]),
    ):
        if not any(lists):
            continue
        if len(outputs) == 1:
            arguments[argument] = lists[0]
            continue
        named = _by_name(structure, outputs) and draw(st.booleans())
        # To Keras 2 a list of metrics without lists in it holds the metrics of every output.
        bare = named or vocabulary.major >= 3
        values = [metrics[0] if bare and len(metrics) == 1 and draw(st.booleans()) else metrics for metrics in lists]
        arguments[argument] = _shaped(structure, outputs, values, named=named)


def options_of(wanted: Wanted) -> frozenset[str]:
    """The arguments of compile that are wanted."""
    return wanted.get(COMPILE, frozenset())


def _options(draw: Draw, vocabulary: Vocabulary, arguments: dict[str, Any], asked: frozenset[str]) -> None:
    """How compile runs the model: nine times in ten eagerly, for tracing takes far longer than two steps."""
    # The R2Score of Keras 2 compares with a tensor that a graph has no value of.
    told = vocabulary.major == 2 and any("num_regressors" in call.arguments for call in calls(arguments))
    if draw(_nine_in_ten) or told:
        arguments["run_eagerly"] = True
    able = vocabulary.version >= (2, 15) and vocabulary.has(COMPILE, "steps_per_execution")
    if able and (draw(_one_in_four) or "steps_per_execution" in asked):
        # Keras 2 reads as many batches even in train_on_batch, which has one; 2.12 knows no "auto".
        arguments["steps_per_execution"] = 2 if vocabulary.major >= 3 else "auto"
    if draw(_one_in_four) or "jit_compile" in asked:
        arguments["jit_compile"] = False if vocabulary.major == 2 else draw(st.sampled_from((False, "auto")))
    if vocabulary.major >= 3 and (draw(_one_in_four) or "auto_scale_loss" in asked):
        arguments["auto_scale_loss"] = False
