"""Every cell of the table can fail: for each route and observation a damage that this cell reports, and no other.

One worker has a switchboard planted in its Keras (`planted/switchboard.py`): a damage is done to the model that comes
back by one door (`load_model`, `clone_model`, ...). Only the route under test is sent, and all of its observations are
asked: the finding must be of the damaged observation alone, at the damaged place.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from harness.dispatch.pool import Pool
from harness.expectations.finding import Finding
from harness.expectations.judge import judge
from harness.expectations.table import asked, parse
from harness.protocol.architecture import Architecture, Call, to_json
from tests.test_planted import MODEL, PLANTED, node

pytestmark = pytest.mark.slow
PROCESS = "_process"
DOORS = {
    "hdf5_weights": "load_weights", "checkpoint": "read",
    "keras": "load_model", "hdf5": "load_model", "weights_h5": "load_weights", "weights_sharded": "load_weights",
    "weights_by_name": "load_weights", "weights_npz": "set_weights", "set_weights": "set_weights",
    "from_config": "from_config", "json": "model_from_json", "clone": "clone_model",
    "skip_mismatch": "load_weights", "refused": "save_weights", "extraction": "load_model", "export": "export",
}  # fmt: skip
# What is done, and what the place of the finding must name.
DAMAGES = {
    "structure": [("structure", "class")],
    "summary": [("summary", "")],
    "config": [("config", "bias_initializer")],
    "tracked": [("tracked", "Functional")],
    "weights": [("weights", "head/bias"), ("one_ulp", "head/bias")],
    "flags": [("flags", "trainable weights")],
    "compile": [("compiled", "learning_rate")],
    "optimizer": [("iterations", "iterations"), ("slot", "variables")],
    "outputs": [("outputs", "head"), ("inner_outputs", "hidden")],
    "training outputs": [("training_outputs", "")],
    "losses": [("losses", "evaluation")],
    "training": [("training", "weights")],
    "fresh": [("fresh", "head/bias")],
    "original": [("original", "class")],
}
ABSENT = {"compile": [("is_compiled", "")], "optimizer": [("is_compiled", "")]}  # of what must not be there
OWN = {
    "skip_mismatch",
    "refused",
    "extraction",
    "transfer",
    "export",
}  # proved in test_planted.py, but for the original
# What Keras 3.15 itself breaks on every model: the cell is seen to fail without any damage.
BROKEN = {("hdf5", "training"), ("hdf5_process", "training")}


@dataclass(frozen=True)
class Cell:
    """A cell of the table, a damage that it must report, and a word of the place where."""

    route: str
    observation: str
    damage: str
    place: str

    def __str__(self) -> str:
        return f"{self.route}-{self.observation}-{self.damage}".replace(" ", "_")


def cells() -> Iterator[Cell]:
    for route, row in parse().items():
        for observation, relation in row.items():
            if not here(route, observation) or (route, observation) in BROKEN:
                continue
            for damage, place in (ABSENT if relation == "no" else DAMAGES)[observation]:
                if damage != "slot" or not route.startswith("hdf5"):
                    yield Cell(route, observation, damage, place)


def here(route: str, observation: str) -> bool:
    """Whether this cell is proved in this file."""
    return observation != "adapters" and (route not in OWN or observation == "original")


def door_of(route: str) -> str:
    return next(door for name, door in DOORS.items() if route.startswith(name))


class Switchboard:
    """A worker with the switchboard in it, and the file that tells what is planted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "fault.json"
        self.file.write_text("{}")
        module = folder / "planted.py"
        board = PLANTED / "switchboard.py"
        module.write_text(
            f"import pathlib, runpy\nrunpy.run_path({str(board)!r}, {{'FAULT': pathlib.Path({str(self.file)!r})}})\n"
        )
        self.pool = Pool(size=1, modules=(module,))
        self.about = self.pool.start()
        self.number = 0
        self.adapted = False

    def model(self, route: str) -> Architecture:
        """The model: with a low-rank adapter where one is asked for.

        For `.h5` with an optimizer that has no slots, for these Keras 3.15 loses there by itself.
        """
        if self.adapted:
            return ADAPTED
        if not route.startswith("hdf5"):
            return MODEL
        assert MODEL.compile is not None
        plain = {**MODEL.compile.arguments, "optimizer": Call("optimizers.SGD", {"learning_rate": 0.01})}
        return replace(MODEL, compile=replace(MODEL.compile, arguments=plain))

    def findings(self, route: str, planted: dict[str, Any]) -> list[Finding]:
        """What is found on this route with this planted."""
        self.number += 1
        self.file.write_text(json.dumps({**planted, "number": self.number}))
        sent = route.removesuffix(PROCESS)
        table = {route: parse()[route], sent: parse()[sent]}
        asks = asked(table, compiled=self.model(route).compile is not None)
        request: dict[str, Any] = {
            "verb": "run", "architecture": to_json(self.model(route)), "routes": {sent: asks[sent]},
            "also": asks[route],
        }  # fmt: skip
        if route == sent:
            return self._judge(route, self.pool.submit(request).result(), table)
        self.file.write_text("{}")
        request |= {"routes": {}, "keep": {sent: str(self.folder / f"kept-{self.number}")}}
        first = self.pool.submit(request).result()
        self.file.write_text(json.dumps({**planted, "number": self.number}))
        second = self.pool.submit(
            {
                "verb": "replay", "architecture": to_json(self.model(route)), "routes": {sent: asks[route]},
                "files": first.reply["kept"],
            }
        ).result()  # fmt: skip
        assert second.lost is None, second.lost
        replayed = {**first.reply, "routes": {route: second.reply["routes"][sent]}}
        return judge(self.model(route), replayed, {**first.blobs, **second.blobs}, table)

    def _judge(self, route: str, answer: Any, table: Any) -> list[Finding]:
        assert answer.lost is None, answer.lost
        assert route in answer.reply["routes"], answer.reply
        return judge(self.model(route), answer.reply, answer.blobs, table)


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Switchboard]:
    made = Switchboard(tmp_path_factory.mktemp("board"))
    if not str(made.about["keras"]).startswith("3."):
        made.pool.close()
        pytest.skip("the doors are those of Keras 3")
    yield made
    made.pool.close()


ADAPTED = replace(MODEL, nodes=(*MODEL.nodes[:-1], node("head", "Dense", "drop", units=2, lora_rank=1)))


def ids(findings: list[Finding]) -> set[str]:
    return {finding.id for finding in findings}


@pytest.fixture(scope="module")
def healthy(board: Switchboard) -> dict[str, list[Finding]]:
    """What Keras itself breaks on each route."""
    return {
        route: board.findings(route, {}) for route, row in parse().items() if any(here(route, name) for name in row)
    }


@pytest.mark.parametrize("cell", list(cells()), ids=str)
def test_a_damage_is_reported_by_its_cell_alone(
    cell: Cell, board: Switchboard, healthy: dict[str, list[Finding]]
) -> None:
    planted = {
        "door": door_of(cell.route), "damage": cell.damage, "call": 2 if cell.route.endswith("_twice") else 1,
    }  # fmt: skip
    found = [each for each in board.findings(cell.route, planted) if each.id not in ids(healthy[cell.route])]
    told = {(route, each.observation) for each in found for route in each.routes}
    if cell.damage == "is_compiled" and cell.observation == "optimizer":
        # An optimizer without compile settings there is not: it is told as what follows from them.
        assert f"{cell.route}/optimizer" in {name for each in found for name in each.consequences}
        return
    assert told == {(cell.route, cell.observation)}, [each.title for each in found]
    assert any(cell.place in each.where for each in found), [each.where for each in found]


def test_no_cell_of_the_table_is_without_a_damage() -> None:
    proved = {(cell.route, cell.observation) for cell in cells()}
    missing = [
        (route, observation)
        for route, row in parse().items()
        for observation in row
        if (route, observation) not in proved | BROKEN and here(route, observation)
    ]
    assert missing == []


@pytest.mark.parametrize(("route", "observation"), sorted(BROKEN))
def test_what_keras_breaks_on_every_model_is_seen_without_damage(
    route: str, observation: str, healthy: dict[str, list[Finding]]
) -> None:
    assert observation in {each.observation for each in healthy[route]}


@pytest.mark.parametrize("route", [route for route, row in parse().items() if "adapters" in row])
def test_an_adapter_that_comes_back_dead_is_seen(route: str, board: Switchboard) -> None:
    planted = {"door": door_of(route), "damage": "adapters", "call": 2 if route.endswith("_twice") else 1}
    board.adapted = True
    try:
        found = board.findings(route, planted)
    finally:
        board.adapted = False
    assert "adapters" in {each.observation for each in found}
