"""What the models of a plan are asked to use beside their layers: every loss, optimizer, initializer and so on, once.

They are handed to the models that are drawn anyway, a few to each, and again where a model had no place for them.
"""

from __future__ import annotations

import random

from harness.architectures.rules import Wanted
from harness.architectures.vocabulary import Vocabulary
from harness.check.coverage import Coverage
from harness.check.kinds import KINDS, drawable

TOGETHER = 3  # times that all arguments are asked for at once; then one at a time, for some exclude each other
PATIENCE = 8  # times that a thing is asked for beside others without anything new
# Of these a profile may promise a share: so many seeds in a row have all. Each needs an output for itself: in a quick
# check a third of all layers would be there for them.
SHARED_OUT = ("losses", "metrics")
ALONE = 5  # times that it then is asked for by itself before it is given up


class Wishes:
    """What is promised, less what `coverage` has seen; in an order that follows from the seed."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        coverage: Coverage,
        *,
        seed: int = 0,
        every_argument: bool = True,
        nothing: bool = False,
        one_loss_in: int = 1,
    ) -> None:
        self.coverage = coverage
        known = {} if nothing else drawable(vocabulary)
        self.promised: dict[str, dict[str, frozenset[str]]] = {}  # by kind
        self.left_to_other_seeds: dict[str, list[str]] = {}  # by kind
        shuffled = random.Random(seed)
        for kind in KINDS:
            public = kind.public(vocabulary)
            names = [name for name in sorted(public) if name in known]
            if kind.name in SHARED_OUT:
                share = names[seed % one_loss_in :: one_loss_in]
                self.left_to_other_seeds[kind.name] = sorted({*names} - {*share})
                names = share
            shuffled.shuffle(names)
            self.promised[kind.name] = {
                name: known[name] & public[name] if every_argument else frozenset() for name in names
            }
        self._asked: dict[str, tuple[int, int]] = {}  # how often in vain, and how much was missing then

    def missing(self) -> dict[str, frozenset[str]]:
        """What no model has held, and arguments that none was given."""
        return {
            name: lacking
            for kind in KINDS
            for name in self.promised[kind.name]
            if (lacking := self._lacking(kind.name, name)) is not None
        }

    def _lacking(self, kind: str, name: str) -> frozenset[str] | None:
        """The arguments of a thing that are still to be given; None where it has all that was promised."""
        lacking = frozenset(
            argument for argument in self.promised[kind][name] if not self.coverage.reached(name, argument)
        )
        return lacking if lacking or not self.coverage.objects.get(name) else None

    def some(self) -> Wanted:
        """As much of what is missing as one model may hold; nothing where all is there, or was asked in vain.

        What would not come beside others is asked for by itself at last: a policy of the whole model, a quantized one
        of a layer and an adapter leave each other no place.
        """
        wanted: dict[str, frozenset[str]] = {}
        alone: list[tuple[int, str, frozenset[str]]] = []
        for kind in KINDS:
            taken = []
            for name in self.promised[kind.name]:
                lacking = self._lacking(kind.name, name)
                if lacking is not None:
                    times, before = self._asked.get(name, (0, -1))
                    times = times if len(lacking) == before else 0
                    if times < PATIENCE:
                        taken.append((times, name, lacking))
                    elif times < PATIENCE + ALONE:
                        alone.append((times, name, lacking))
            taken.sort(key=lambda each: each[0])
            for times, name, lacking in taken[: kind.at_once]:
                wanted[name] = self._ask(times, name, lacking)
        if not wanted and alone:
            times, name, lacking = min(alone, key=lambda each: each[0])
            wanted[name] = self._ask(times, name, lacking)
        return wanted

    def _ask(self, times: int, name: str, lacking: frozenset[str]) -> frozenset[str]:
        """All that is lacking of a thing, or one argument where all together would not come."""
        self._asked[name] = (times + 1, len(lacking))
        one = sorted(lacking)[times % len(lacking)] if lacking and times >= TOGETHER and times != PATIENCE else None
        return lacking if one is None else frozenset({one})
