"""What a check draws: models whose goals, taken together, reach every layer and argument that the profile promises.

A draw may miss a goal (two arguments exclude each other), so the plan looks at what was drawn and goes on until all
is reached or nothing new comes. It depends on the seed alone, not on which worker is done first.
"""

from __future__ import annotations

import random
import traceback
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from hypothesis import strategies as st

from harness.architectures.drawing import draws
from harness.architectures.graph import Goal
from harness.architectures.models import architectures
from harness.architectures.rules import NOTHING, LayerRule, Wanted
from harness.architectures.topologies import Topology
from harness.architectures.topologies import of as topologies_of
from harness.architectures.vocabulary import Vocabulary
from harness.check.apart import kinds_of
from harness.check.coverage import Coverage
from harness.check.operations import missed, operation_models
from harness.check.profiles import Profile
from harness.check.wishes import Wishes
from harness.protocol.architecture import Architecture

UNASKED = ("**", "name", "dtype", "trainable")  # arguments that every layer has
ROUNDS = 6  # draws spent on an argument that will not come
TOO_OFTEN = 50  # draws that failed, after which no further examples of a layer are asked for
HOLDERS = tuple(Goal(name) for name in ("Dense", "EinsumDense", "Dense", "Activation"))  # of objects that are wanted
HOLDER_OF = {"constraints.RadialConstraint": "Conv2D"}  # what none of these holds


class Plan:
    """The models of one check, in order."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        rules: Mapping[str, LayerRule],
        profile: Profile,
        *,
        seed: int = 0,
        only: Sequence[str] = (),
        topologies: Sequence[str] = (),
    ) -> None:
        self.vocabulary = vocabulary
        self.profile = profile
        self.seed = seed
        self.rules = {name: rule for name, rule in rules.items() if vocabulary.has(rule.public) or "." in rule.name}
        self.targets = [name for name in self.rules if name in only or not (only or topologies)]
        self.operations = not (only or topologies)  # a check of some layers is about these alone
        self.coverage = Coverage(vocabulary)
        self.wishes = Wishes(
            vocabulary,
            self.coverage,
            seed=seed,
            every_argument=profile.every_argument,
            nothing=bool(only or topologies),
            one_loss_in=profile.one_loss_in,
        )
        self.topologies = self._promised(topologies, everything=not (only or topologies))
        self.where: dict[str, tuple[Architecture, str]] = {}  # of each of `kinds_of` a model, and the node with it
        self.number = 0
        self.tried: dict[str, int] = {}  # how often each topology was asked of a draw
        self.undrawn: list[str] = []  # what went wrong where a model could not be drawn, once for each draw

    def __iter__(self) -> Iterator[Architecture]:
        """Draws until the profile's promise is kept; of every argument first, then of the number of examples."""
        shuffled = random.Random(self.seed)
        for attempt in range(ROUNDS if self.profile.every_argument else 1):
            goals = self._argument_goals(attempt) if self.profile.every_argument else self._goals_of_a_seed()
            shuffled.shuffle(goals)
            yield from self._models(goals)
        if self.profile.every_argument:
            yield from self.of_wishes()
        if self.operations:
            of = self.profile.one_operation_in
            for strategy in operation_models(self.vocabulary, self.rules, of=of, seed=self.seed):
                yield from self._drawn(strategy)
        while True:
            goals = [
                Goal(name)
                for name in self.targets
                if self.coverage.layers.get(self.rules[name].public, 0) < self.profile.examples
            ]
            if not goals or len(self.undrawn) > TOO_OFTEN:
                break
            shuffled.shuffle(goals)
            yield from self._models(goals)
        while wanted := self._wanted(whole=False) or self._wanted(whole=True):
            yield from self._model((), NOTHING, wanted)

    def _promised(self, names: Sequence[str], *, everything: bool) -> list[Topology]:
        """Those of the names, or of the profile: of whole models as many as it has room for, others with each seed."""
        rows = [each for each in topologies_of(self.vocabulary) if everything or each.name in names]
        random.Random(self.seed).shuffle(rows)
        if not everything:
            return rows
        room = [each for each in rows if each.whole is not None][: self.profile.whole_models]
        return [each for each in rows if each.whole is None or each in room]

    def _wanted(self, *, whole: bool) -> list[Topology]:
        """The next topologies to try: those that were tried least, and nothing that will not come."""
        missing = [
            each
            for each in self.topologies
            if (each.whole is not None) is whole
            and self.coverage.topologies.get(each.name, 0) < self.profile.examples
            and self.tried.get(each.name, 0) < ROUNDS * self.profile.examples
        ]
        missing.sort(key=lambda each: self.tried.get(each.name, 0))
        chosen = missing[: 1 if whole else self.profile.topologies]
        for each in chosen:
            self.tried[each.name] = self.tried.get(each.name, 0) + 1
        return chosen

    def _goals_of_a_seed(self) -> list[Goal]:
        """Each layer once, with a share of its arguments: so many seeds in a row ask for all."""
        of = self.profile.one_argument_in
        asked = {
            name: self._arguments(self.rules[name].public)[self.seed % of :: of] if of else () for name in self.targets
        }
        return [Goal(name, frozenset(arguments)) for name, arguments in asked.items()]

    def _arguments(self, public: str) -> list[str]:
        """Those that a layer does not share with every other one."""
        return [each for each in self.vocabulary.arguments.get(public, ()) if each not in UNASKED]

    def _argument_goals(self, attempt: int) -> list[Goal]:
        """For each layer, those of its arguments that nothing has reached; later attempts ask for fewer at once."""
        goals = []
        for name in self.targets:
            public = self.rules[name].public
            missing = [each for each in self._arguments(public) if not self.coverage.reached(public, each)]
            if attempt == 0 or (missing and attempt < 3):
                goals.append(Goal(name, frozenset(missing)))
            else:
                goals += [Goal(name, frozenset({argument})) for argument in missing]
        return goals

    def of_wishes(self) -> Iterator[Architecture]:
        """Small models for what no model of the layers had a place for."""
        goals = [goal for goal in HOLDERS if goal.layer in self.rules]
        while wanted := self.wishes.some():
            # What is said of a layer needs that layer.
            named = [name.split(".")[1] for name in wanted if name.startswith("layers.")]
            named += [HOLDER_OF[name] for name in wanted if name in HOLDER_OF]
            yield from self._model([*goals, *(Goal(name) for name in named if name in self.rules)], wanted, ())

    def _models(self, goals: Sequence[Goal]) -> Iterator[Architecture]:
        size = self.profile.layers_per_model
        for start in range(0, len(goals), size):
            yield from self._model(goals[start : start + size], self.wishes.some())

    def _model(
        self, goals: Sequence[Goal], wanted: Wanted, topologies: Sequence[Topology] | None = None
    ) -> Iterator[Architecture]:
        strategy = architectures(
            vocabulary=self.vocabulary,
            rules=self.rules,
            goals=goals,
            wanted=wanted,
            topologies=self._wanted(whole=False) if topologies is None else topologies,
        )
        yield from self._drawn(strategy)

    def _drawn(self, strategy: st.SearchStrategy[Architecture]) -> Iterator[Architecture]:
        self.number += 1
        try:
            models = draws(strategy, 1, seed_value=self.seed * 1_000_003 + self.number)
        except Exception as error:  # a fault of a rule: what else is to be drawn must not be lost with it
            place = traceback.extract_tb(error.__traceback__)[-1]
            told = f"{type(error).__name__}: {error}".rstrip(": ")
            self.undrawn.append(f"{told} at {Path(place.filename).name}:{place.name}")
            return
        for drawn in models:
            self.coverage.add(drawn)
            for node in drawn.nodes:
                for kind in kinds_of((node,)):
                    self.where.setdefault(kind, (drawn, node.name))
            yield drawn

    @property
    def share(self) -> float:
        """How much of the examples that the profile promises of each layer has been drawn, from 0 to 1."""
        wanted = self.profile.examples
        drawn = sum(min(self.coverage.layers.get(self.rules[name].public, 0), wanted) for name in self.targets)
        return drawn / (wanted * len(self.targets)) if self.targets else 1.0

    def unreached(self) -> dict[str, list[str]]:
        """What the profile promised and no model reached: layers, and topologies."""
        missing: dict[str, list[str]] = {}
        for each in self.topologies:
            if not self.coverage.topologies.get(each.name):
                missing[f"the topology {each.name!r}"] = [f"tried {self.tried.get(each.name, 0)} times"]
        for name in self.targets:
            public = self.rules[name].public
            if not self.coverage.layers.get(public):
                missing[public] = ["(the layer itself)"]
        if self.profile.every_argument:
            for name, arguments in self.wishes.missing().items():
                missing[name] = sorted(arguments) or ["(not at all)"]
        if self.operations and self.profile.one_operation_in == 1:
            names = missed(self.vocabulary, self.coverage.operations)
            missing.update({name: ["(the operation itself)"] for name in names})
        return missing

    def left_to_other_seeds(self) -> dict[str, list[str]]:
        """What this profile draws a share of, and no model has held: losses, metrics and operations."""
        left = {
            kind: [name for name in names if not self.coverage.objects.get(name)]
            for kind, names in self.wishes.left_to_other_seeds.items()
        }
        if self.operations and self.profile.one_operation_in > 1:
            left["operations"] = sorted(missed(self.vocabulary, self.coverage.operations))
        return {kind: names for kind, names in left.items() if names}

    def ungiven(self) -> dict[str, list[str]]:
        """The arguments that no model gave, by layer; only a profile of every argument promises them."""
        missing: dict[str, list[str]] = {}
        for name in self.targets:
            public = self.rules[name].public
            never = [each for each in self._arguments(public) if not self.coverage.reached(public, each)]
            if never:
                missing[public] = never
        return missing
