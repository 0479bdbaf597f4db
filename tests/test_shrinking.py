"""Faults of one layer and one argument, planted in a Keras: of a drawn model just these are left, within seconds."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from harness.check.profiles import PROFILES
from harness.check.reduce import reduce
from harness.check.result import Options
from harness.check.session import Session
from harness.dispatch.pool import Pool
from harness.dispatch.scratch import Scratch
from harness.expectations.finding import Finding
from harness.expectations.table import parse
from harness.protocol.architecture import Architecture, layer_calls
from tests.argument_faults import FAULTS, hidden, holds, needed, superfluous
from tests.test_planted import PLANTED

ROUTE = "keras_zip"
DAMAGES = ("raises", "weights")
LEAST = 0.95  # of the faults must be left alone
LIMIT = 30.0  # seconds for one
STEP = 3  # every third of the faults is planted in a worker: all of them take four minutes (1)


@pytest.mark.parametrize("seed", range(2))
def test_of_a_drawn_model_the_one_layer_and_the_one_argument_are_left(seed: int) -> None:
    left = {}
    for layer, argument in FAULTS:
        small, tries = reduce(
            hidden(layer, argument, seed=seed),
            lambda each, layer=layer, argument=argument: holds(each, layer, argument),
        )
        left[layer, argument] = superfluous(small, layer, argument)
        assert tries < 80
    assert {fault: more for fault, more in left.items() if more} == {}


class Shrinking(Session):
    """Reduces findings of one route under a Keras in which a fault is planted."""

    def __init__(self, folder: Path) -> None:
        super().__init__(Options(PROFILES["quick"]))
        self.file = folder / "fault.json"
        self.file.write_text("{}")
        module = folder / "planted.py"
        fault = PLANTED / "one_argument.py"
        module.write_text(
            f"import pathlib, runpy\nrunpy.run_path({str(fault)!r}, {{'FAULT': pathlib.Path({str(self.file)!r})}})\n"
        )
        self._scratch = Scratch()
        self.pool = Pool(size=1, modules=(module,), scratch=self._scratch)
        self.result.environment = self.pool.start()
        self.table = {ROUTE: parse()[ROUTE]}

    def found(self, architecture: Architecture) -> dict[str, Finding]:
        return {
            each.id: each for each in self._judge(architecture, self._sent_along(self.pool, architecture, ROUTE, LIMIT))
        }

    def plant(self, layer: str | None, argument: str, damage: str) -> None:
        """Plants it; no layer is none."""
        without = sorted(needed(layer, argument)) if layer else []
        fault = {"layer": layer, "argument": argument, "needed": without, "damage": damage}
        self.file.write_text(json.dumps(fault))

    def shrunk(self, finding: Finding) -> tuple[Architecture, float]:
        """The architecture that is left of a finding, and the seconds that it took."""
        start = time.monotonic()
        self._reduce_until = start + 4 * LIMIT
        small = self._smaller(self.pool, finding).architecture
        assert small is not None
        return small, time.monotonic() - start


@pytest.fixture(scope="module")
def shrinking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shrinking]:
    made = Shrinking(tmp_path_factory.mktemp("shrinking"))
    if not str(made.result.environment["keras"]).startswith("3."):
        made.pool.close()
        pytest.skip("the fault is planted in Keras 3")
    yield made
    made.pool.close()
    made._scratch.close()


class Shrunk(NamedTuple):
    """What is left beside layer and argument, the seconds that it took, how many layers there were at first."""

    more: list[str]
    seconds: float
    layers: int
    nested: bool


def planted(shrinking: Shrinking, layer: str, argument: str, damage: str) -> Shrunk:
    for seed in range(5):
        model = hidden(layer, argument, seed=seed)
        shrinking.plant(None, argument, damage)
        healthy = shrinking.found(model)
        shrinking.plant(layer, argument, damage)
        new = [each for each in shrinking.found(model).values() if each.id not in healthy]
        if new:  # else it was drawn at its default, or the model breaks before it comes so far
            small, seconds = shrinking.shrunk(new[0])
            nested = any(isinstance(node.layer, Architecture) for node in small.nodes)
            return Shrunk(superfluous(small, layer, argument), seconds, len(list(layer_calls(model))), nested)
    raise AssertionError(f"the fault of {layer} and {argument} shows in no model")


@pytest.mark.slow
def test_of_a_fault_planted_in_keras_the_one_layer_and_the_one_argument_are_left(shrinking: Shrinking) -> None:
    told = {}
    for number, (layer, argument) in enumerate(list(FAULTS)[::STEP]):
        told[layer, argument] = planted(shrinking, layer, argument, DAMAGES[number % len(DAMAGES)])
    seconds = sorted(each.seconds for each in told.values())
    more = {fault: each.more for fault, each in told.items() if each.more}
    print(
        f"\n{len(told) - len(more)} of {len(told)} reduced to layer and argument"
        f" ({sum(each.nested for each in told.values())} of them inside of a nested model), from"
        f" {sum(each.layers for each in told.values()) / len(told):.1f} layers; seconds: median"
        f" {seconds[len(seconds) // 2]:.1f}, most {seconds[-1]:.1f}; more was left of {more}"
    )
    assert seconds[-1] < LIMIT
    assert len(more) <= (1 - LEAST) * len(told), more
