"""As many pairs as the decision needs, and no more false alarms for having looked in between.

A run looks at its benchmarks after some numbers of pairs (`Plan.looks`). The probability of any false alarm in the
whole run, `alpha`, is spent over the looks (alpha t^3 after the part t of all pairs: Kim and DeMets 1987), and what one
look may spend is shared among all benchmarks of the run by Holm's procedure. A false alarm at any look of any benchmark
is then no more likely than the sum of what was spent, which is alpha, however the benchmarks hang together: each look
holds its own share by Holm, and the union of the looks at most their sum.

An alarm needs two things more than a small p: the difference must exceed a `margin`, and what is *not* an alarm is not
thereby the same: that, too, must be shown, by an interval that lies inside of the margin.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from harness.performance.paired import Ratio, ratio

MORE, LESS, SAME, UNDECIDED = "more", "less", "same", "undecided"


@dataclass(frozen=True)
class Plan:
    """When to look, and what may go wrong: `alpha` for the whole run, `margin` as a part (.05 is 5 %)."""

    looks: tuple[int, ...] = (5, 8, 12)
    alpha: float = 0.05
    margin: float = 0.05

    def __post_init__(self) -> None:
        if not self.looks or list(self.looks) != sorted(set(self.looks)) or self.looks[0] < 3:
            raise ValueError(f"looks are ascending numbers of pairs from 3 on, not {self.looks}")

    @property
    def cap(self) -> int:
        """The most pairs."""
        return self.looks[-1]

    def spent_by(self, pairs: int) -> float:
        """What may be spent of alpha up to a look after so many pairs.

        >>> Plan(looks=(5, 10)).spent_by(5), Plan(looks=(5, 10)).spent_by(10)
        (0.00625, 0.05)
        """
        return self.alpha * (pairs / self.cap) ** 3


def holm(ps: Mapping[str, float], level: float) -> set[str]:
    """The hypotheses that Holm's step-down procedure rejects: the chance of any false one is at most `level`.

    >>> sorted(holm({"a": 0.001, "b": 0.02, "c": 0.04}, 0.05))
    ['a', 'b', 'c']
    >>> holm({"a": 0.02, "b": 0.04, "c": 0.5}, 0.05)
    set()
    """
    rejected: set[str] = set()
    for place, (name, p) in enumerate(sorted(ps.items(), key=lambda each: each[1])):
        if p > level / (len(ps) - place):
            break
        rejected.add(name)
    return rejected


@dataclass(frozen=True)
class Decision:
    """What is said of a benchmark, after how many pairs, on what ratio."""

    verdict: str
    ratio: Ratio


class Decisions:
    """The verdicts of a run, growing look by look; `names` are all benchmarks of the run, decided or not."""

    def __init__(self, plan: Plan, names: Sequence[str]) -> None:
        self.plan = plan
        self.names = tuple(names)
        self.decided: dict[str, Decision] = {}
        self._differ: set[str] = set()  # of these it is shown that they differ, by however little
        self._taken: dict[str, Ratio] = {}
        self._spent = 0.0

    @property
    def open(self) -> list[str]:
        """The benchmarks that need more pairs."""
        return [name for name in self.names if name not in self.decided]

    def drop(self, name: str) -> None:
        """A benchmark that cannot be measured any more; it still counts among those of the run."""
        self.decided.setdefault(name, Decision(UNDECIDED, ratio(())))

    def look(
        self,
        pairs: int,
        logs: Mapping[str, Sequence[float]],
        *,
        last: bool = False,
        stays: Callable[[str], float] = lambda _: 0.0,
    ) -> None:
        """Looks at the log ratios of the open benchmarks after so many pairs, of which `stays` to the next, by name.

        The `last` look spends what is left of alpha. Whether it is that must not depend on what was measured: it is
        when there may be no more pairs, or no more time.
        """
        last = last or pairs >= self.plan.cap
        self._taken.update({name: ratio(logs.get(name, ()), stays=stays(name)) for name in self.open})
        level = (self.plan.alpha if last else self.plan.spent_by(pairs)) - self._spent
        self._spent += level
        # All that were not shown to differ before count, also those that are settled: only so is the sum what it says.
        ps = {
            name: self._taken[name].p if name in self._taken and name not in self.decided else 1.0
            for name in self.names
            if name not in self._differ
        }
        self._differ |= holm(ps, level)
        for name in self.open:
            found = self._taken[name]
            verdict = self._verdict(name, found)
            if verdict != UNDECIDED or last:
                self.decided[name] = Decision(verdict, found)

    def _verdict(self, name: str, found: Ratio) -> str:
        if name in self._differ:
            if found.estimate > 1 + self.plan.margin:
                return MORE
            if found.estimate < 1 / (1 + self.plan.margin):
                return LESS
        return SAME if found.pairs >= 2 and found.within <= self.plan.margin else UNDECIDED

    def at(self, name: str) -> Decision:
        """The decision on a benchmark, undecided where the run was stopped before."""
        return self.decided.get(name) or Decision(UNDECIDED, self._taken.get(name, ratio(())))
