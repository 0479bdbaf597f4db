"""Plants faults of one layer and one argument in the Keras of a worker, and reduces what is found then."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import NamedTuple

from harness.check.profiles import PROFILES
from harness.check.result import Options
from harness.check.sender import Sender
from harness.check.session import Session
from harness.dispatch.pool import Pool
from harness.dispatch.scratch import Scratch
from harness.expectations.finding import Finding
from harness.expectations.table import parse
from harness.protocol.architecture import Architecture, layer_calls
from tests.argument_faults import hidden, needed, superfluous

PLANTED = Path(__file__).with_name("planted")
ROUTE = "keras_zip"
DAMAGES = ("raises", "weights")
LIMIT = 30.0  # seconds for one


class Shrunk(NamedTuple):
    """What is left beside layer and argument, the seconds that it took, how many layers there were at first."""

    more: list[str]
    seconds: float
    layers: int
    nested: bool


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
        self._sender = Sender(self.pool, self.table, self._scratch)

    def found(self, architecture: Architecture) -> dict[str, Finding]:
        return {each.id: each for each in self._judge(architecture, self._sender.along(architecture, ROUTE, LIMIT))}

    def plant(self, layer: str | None, argument: str, damage: str) -> None:
        """Plants it; no layer is none."""
        without = sorted(needed(layer, argument)) if layer else []
        fault = {"layer": layer, "argument": argument, "needed": without, "damage": damage}
        self.file.write_text(json.dumps(fault))

    def shrunk(self, finding: Finding) -> tuple[Architecture, float]:
        """The architecture that is left of a finding, and the seconds that it took."""
        start = time.monotonic()
        self._reduce_until = start + 4 * LIMIT
        small = self._smaller(finding).architecture
        assert small is not None
        return small, time.monotonic() - start

    def close(self) -> None:
        self.pool.close()
        self._scratch.close()

    def planted(self, layer: str, argument: str, damage: str) -> Shrunk:
        """What is left of a model that holds the layer with the argument, where that is planted."""
        told: list[Finding] = []
        for seed in range(5):
            model = hidden(layer, argument, seed=seed)
            self.plant(None, argument, damage)
            healthy = self.found(model)
            self.plant(layer, argument, damage)
            new = [each for each in self.found(model).values() if each.id not in healthy]
            # None, where it was drawn at its default, or the model breaks before it comes so far.
            told += new[:1]
            # Where other arguments leave a layer without weights, its outputs are damaged: it takes these, too, then.
            if new and (damage != "weights" or new[0].observation == "weights"):
                told = new
                break
        if not told:
            raise AssertionError(f"the fault of {layer} and {argument} shows in no model")
        model = told[0].architecture
        assert model is not None
        small, seconds = self.shrunk(told[0])
        nested = any(isinstance(node.layer, Architecture) for node in small.nodes)
        return Shrunk(superfluous(small, layer, argument), seconds, len(list(layer_calls(model))), nested)
