"""Every check can fail: for each fault that is planted in Keras, the check that must see it does, and no other.

The faults are files under `planted/`; each patches the Keras of one worker. The model is the same for all: small, with
a layer that normalizes, one that drops, one that is frozen, compiled and trained for a step. Without a fault nothing
is found. Those with a fault are forked from one process (`warm.py`), the one without is started as it is for a user.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pytest

from harness.dispatch.pool import Pool
from harness.expectations.finding import Finding
from harness.expectations.judge import judge
from harness.expectations.known import SHIPPED, KnownIssues
from harness.expectations.table import asked, parse
from harness.protocol.architecture import (
    Architecture,
    Call,
    Compile,
    Data,
    Freeze,
    Input,
    Method,
    Node,
    Ref,
    to_json,
)

PLANTED = Path(__file__).with_name("planted")
pytestmark = pytest.mark.slow


def node(name: str, layer: str, source: str, **arguments: object) -> Node:
    return Node(name, Call(f"layers.{layer}", arguments), (Ref(source),))


MODEL = Architecture(
    "planted",
    inputs=(Input("x", (3,)),),
    nodes=(
        node("hidden", "Dense", "x", units=4),
        node("norm", "BatchNormalization", "hidden", momentum=0.8),
        node("drop", "Dropout", "norm", rate=0.5),
        node("head", "Dense", "drop", units=2),
    ),
    outputs=Ref("head"),
    compile=Compile(
        {
            "optimizer": Call("optimizers.Adam", {"learning_rate": 0.01}),
            "loss": Call("losses.MeanSquaredError"),
            "run_eagerly": True,
        },
        Data((4, 2)),
        steps=1,
    ),
    freezes=(Freeze(("hidden",), "built"),),
    batch=4,
    seed=5,
)
KERAS = {"keras_zip", "keras_folder", "keras_zip_twice", "keras_elsewhere"}
ELSEWHERE = {"keras_elsewhere", "hdf5_elsewhere"}
HDF5 = {"hdf5", "hdf5_twice", "hdf5_elsewhere"}
REBUILT = {"from_config", "json", "clone", "clone_function"}


def seen(
    modules: tuple[Path, ...] = (),
    routes: set[str] | None = None,
    model: Architecture = MODEL,
    python: str | None = None,
) -> list[Finding]:
    table = {route: row for route, row in parse().items() if routes is None or route in routes}
    with Pool(python, size=1, modules=modules) as pool:
        known = set(pool.start()["routes"])
        table = {route: row for route, row in table.items() if route in known}
        request = {"verb": "run", "architecture": to_json(model), "routes": asked(table, compiled=True)}
        answer = pool.submit(request).result()
    if answer.lost is not None:
        return [Finding("worker", answer.lost.reason, (answer.lost.detail,), ("run",), "lost")]
    assert "fault" not in answer.reply, answer.reply
    assert set(answer.reply["routes"]) == set(table)
    return judge(model, answer.reply, answer.blobs, table)


@lru_cache
def healthy() -> tuple[Finding, ...]:
    """What is found in this Keras without a fault: its own, known ones."""
    return tuple(seen())


@lru_cache
def faulty(fault: str, python: str) -> tuple[Finding, ...]:
    """What is found with a fault; its script is proved with the same findings, in `test_scripts.py`."""
    return tuple(seen((PLANTED / f"{fault}.py",), python=python))


def checks(findings: Iterable[Finding]) -> set[tuple[str, str]]:
    return {(route, finding.observation) for finding in findings for route in finding.routes}


def test_without_a_fault_nothing_new_is_found(warm: str) -> None:
    known = KnownIssues.read(SHIPPED)
    with Pool(warm, size=1) as pool:
        about = pool.start()
    new = [each for each in healthy() if known.marked(each, about).status == "new"]
    assert [(each.check, each.title) for each in new] == []


def test_no_slots_are_wanted_for_what_a_gradient_takes_the_place_of(warm: str) -> None:
    """The scales of a float8 layer are trainable, and overwritten. Seed 4: in a graph, with the base as one layer."""
    head = replace(MODEL.nodes[-1], methods=(Method("quantize", ("float8",)),))
    # The new head goes on what is not quantized, for Keras trains float8 in graphs alone: on no integers.
    whole = Node("whole", Call("layers.Rescaling", {"scale": 9.0, "dtype": "int32"}), (Ref("head"),))
    model = replace(MODEL, nodes=(*MODEL.nodes[:-1], head, whole), compile=None, freezes=(), seed=4)
    model = replace(model, outputs=[Ref("norm"), Ref("whole")])
    assert not {finding.check for finding in seen(routes={"transfer"}, model=model, python=warm)}


EVERY_LOAD = KERAS | {"keras_uncompiled"}


# What each file under `planted/` that patches Keras for a whole worker must be reported by.
FAULTS: dict[str, set[tuple[str, str]]] = {
    "config_loses_an_argument": {("build", "given"), ("keras_zip", "training"), ("keras_folder", "training")},
    "loaded_weights_are_swapped": {
        (route, "weights") for route in EVERY_LOAD - {"keras_zip_twice"} | {"weights_h5", "weights_sharded"}
    }
    | {("skip_mismatch", "others restored"), ("extraction", "extracted"), ("transfer", "frozen")},
    "set_weights_does_nothing": {("set_weights", "weights"), ("weights_npz", "weights"), ("refused", "refused")}
    | {(route, "outputs") for route in REBUILT},
    "optimizer_state_is_lost": {(route, "optimizer") for route in KERAS - {"keras_elsewhere"}},
    "learning_rate_is_lost": {("build", "given")},
    "frozen_comes_back_trainable": {(route, "flags") for route in EVERY_LOAD | HDF5 | REBUILT | {"hdf5_uncompiled"}}
    | {("transfer", "frozen"), ("transfer", "moved")},
    "clone_carries_weights_over": {(route, "fresh") for route in ("clone", "clone_function", "clone_inputs")},
    "frozen_statistics_move": {("transfer", "frozen")},
    "wrong_weights_are_taken": {("refused", "refused")},
    "dropout_is_silent_after_loading": {
        (route, "training outputs") for route in ("keras_zip", "keras_folder", "keras_uncompiled")
    }
    | {(route, "training outputs") for route in ("hdf5", "hdf5_uncompiled")},
    "export_computes_something_else": {("export", "exported")},
    "saving_moves_a_weight": {("keras_zip", "original")},
    "export_moves_a_weight_and_raises": {("export", "travel"), ("export", "original")},
    "training_raises": {("build", "training"), ("transfer", "travel")},
    "a_layer_crashes": {("run", "worker")},
}


@pytest.mark.parametrize(("fault", "expected"), list(FAULTS.items()))
def test_a_planted_fault_is_seen_by_its_checks_alone(fault: str, expected: set[tuple[str, str]], warm: str) -> None:
    own = checks(healthy())
    assert checks(faulty(fault, warm)) - own == expected - own
