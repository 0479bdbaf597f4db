"""The script of a finding between two releases has two halves, and tells the fault from its absence."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from harness.check.batch import Script, run_scripts
from harness.check.reproduce import environment_of, rerun, sides_of
from harness.dispatch.scratch import Scratch
from harness.environments.environment import Environment
from harness.expectations.finding import Finding
from harness.expectations.scripts.halves import halves_of
from harness.gate.comparison import FILES
from harness.gate.proof import Place, proven
from harness.gate.release import Side
from harness.gate.result import kind
from harness.protocol.architecture import Call, Compile, Data
from harness.reporting.text import finding_text
from tests.gate.sides import PLANTED, side
from tests.gate.test_gate_planted import FORWARD, found
from tests.test_planted import MODEL
from tests.test_scripts import SMALL
from tests.warm import VARIABLES

OLD, NEW = {"tensorflow": "2.15.1", "keras": "2.15.0"}, {"tensorflow": "2.21.0", "keras": "3.15.1"}
REFUSED = Finding(
    "travel", "error", ("",), ("hdf5",), "ValueError: no", architecture=MODEL, direction="forward",
    error={"type": "ValueError", "message": "no", "place": "", "ours": False}, status="incompatible",
)  # fmt: skip
OTHER = Finding(
    "outputs", "value", ("inner", "Dense"), ("keras_zip",), "outputs", architecture=MODEL, direction="forward",
    path=("inner", "hidden"), difference={"max abs": 0.1, "allowed": 2e-6}, status="incompatible",
)  # fmt: skip


def test_each_half_speaks_the_language_of_its_release() -> None:
    halves = halves_of(OTHER, OLD, NEW)
    assert halves is not None
    assert "TensorFlow 2.15.1, Keras 2.15.0" in halves.save
    assert "tf.nest.flatten(model(" in halves.save
    assert "TensorFlow 2.21.0, Keras 3.15.1" in halves.load
    assert "keras.tree.flatten(loaded(" in halves.load
    assert "atol=2e-06" in halves.load  # what the gate itself has allowed
    turned = halves_of(OTHER, NEW, OLD)
    assert turned is not None
    assert "keras.tree.flatten(model(" in turned.save


def test_of_an_error_the_first_half_saves_and_nothing_more() -> None:
    halves = halves_of(REFUSED, OLD, NEW)
    assert halves is not None
    assert halves.save.rstrip().endswith('model.save("model.h5")')
    assert "expected" not in halves.save + halves.load
    assert "np." not in halves.load  # nothing is fed
    assert halves.load.count("\n") <= 9


def test_weights_alone_are_loaded_into_a_model_that_is_built_anew() -> None:
    halves = halves_of(replace(OTHER, routes=("weights_h5",)), OLD, NEW)
    assert halves is not None
    assert 'model.save_weights("model.weights.h5")' in halves.save
    assert "keras.layers.Dense(units=4" in halves.load
    assert 'loaded.load_weights("model.weights.h5")' in halves.load


@pytest.mark.parametrize("route", FILES)
def test_whatever_can_differ_has_two_halves_and_they_are_short(route: str) -> None:
    settings = Compile({"optimizer": Call("optimizers.Adam"), "loss": "mse"}, Data((2, 2)))
    for observation in FILES[route]:
        finding = replace(OTHER, routes=(route,), observation=observation, path=(), architecture=SMALL)
        if observation in ("compile", "optimizer", "slots", "loss"):
            finding = replace(finding, architecture=replace(SMALL, compile=settings))
        halves = halves_of(finding, OLD, NEW)
        assert halves is not None
        assert halves.save.count("\n") <= 26
        assert halves.load.count("\n") <= 34
        compile(halves.save, "save", "exec")
        compile(halves.load, "load", "exec")


def test_what_no_file_has_brought_about_has_no_halves() -> None:
    assert halves_of(replace(REFUSED, observation="worker"), OLD, NEW) is None
    assert halves_of(replace(REFUSED, routes=("build",)), OLD, NEW) is None


def test_a_report_has_both_halves() -> None:
    halves = halves_of(REFUSED, OLD, NEW)
    assert halves is not None
    finding = replace(REFUSED, script=halves.load, script_before=halves.save)
    assert finding.to_json()["scripts"] == {"save": halves.save, "load": halves.load}
    assert halves.save.rstrip() in finding_text(finding)
    assert halves.load.rstrip() in finding_text(finding)


STORED = {
    "environments": {
        "baseline": {"asked": "tensorflow-cpu==2.15.1", "made": "today"},
        "candidate": {"asked": "/some/python"},
    },
}  # fmt: skip


def test_a_finding_of_a_gate_is_run_again_where_it_was_seen() -> None:
    halves = {"scripts": {"save": "", "load": ""}}
    assert sides_of({**halves, "direction": "forward"}) == ("baseline", "candidate")
    assert sides_of({**halves, "direction": "back"}) == ("candidate", "baseline")
    assert sides_of({"script": "x"}) == (None, "candidate")
    assert environment_of(STORED, "baseline") == "tensorflow-cpu==2.15.1"
    assert environment_of(STORED, "candidate") == "/some/python"


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault", ["another_formula", "another_order_of_weights", "a_hdf5_that_is_refused", "swapped_slots", "another_loss"]
)
def test_the_halves_show_a_planted_fault_and_nothing_without_it(
    fault: str, sound: Side, scratch: Scratch, warm: str
) -> None:
    faulty = side("candidate", scratch, fault, python=warm)
    try:
        findings = [each for each in found(sound, faulty, scratch) if kind(each) == FORWARD]
    finally:
        faulty.pool.close()
    assert findings
    here = Place(warm, {**sound.environment, "module": "keras"}, VARIABLES)
    healthy = proven(findings, here, here, scratch, limit=200.0)
    assert [(each.script_shows, each.script_problem) for each in healthy] == [(False, "it exits 0")] * len(healthy)
    folders = [scratch.folder("halves") for _ in healthy]
    planted = (PLANTED / f"{fault}.py").read_text()
    pairs = list(zip(healthy, folders, strict=True))
    first = run_scripts([Script(each.script_before, folder) for each, folder in pairs], warm, variables=VARIABLES)
    assert all(each.get("ended") for each in first)
    once = f"import keras\nif not hasattr(keras, 'planted'):\n    keras.planted = True\n    exec({planted!r})\n"
    then = run_scripts([Script(once + each.script, folder) for each, folder in pairs], warm, variables=VARIABLES)
    assert [each.get("shows") for each in then] == [True] * len(then)


@pytest.mark.slow
def test_a_first_half_that_fails_is_told_and_no_other_is_held_up(scratch: Scratch) -> None:
    here = Place(sys.executable, {**NEW, "module": "keras"})
    first, *rest = MODEL.nodes
    lost = replace(MODEL, nodes=(replace(first, layer=replace(first.layer, name="layers.Lost")), *rest))
    broken, other = proven([replace(REFUSED, architecture=lost), REFUSED], here, here, scratch, limit=200.0)
    assert broken.script_shows is None
    assert broken.script_problem.startswith("its first half failed: AttributeError")
    assert (other.script_shows, other.script_problem) == (False, "it exits 0")


@pytest.mark.slow
@pytest.mark.parametrize(("last", "shows"), [('raise SystemExit("The fault shows.")', True), ("pass", False)])
def test_both_halves_are_run_again(last: str, shows: bool) -> None:
    here = Environment(sys.executable)
    scripts = {"save": 'open("x", "w").write("1")', "load": f'assert open("x").read() == "1"\n{last}'}
    assert rerun({"script": scripts["load"], "scripts": scripts}, here, here).shows is shows


@pytest.mark.slow
def test_a_script_that_ends_its_process_keeps_no_other_from_being_run() -> None:
    sources = ["raise SystemExit(1)", "import os\nos._exit(7)", "x = 1"]
    first, second, third = run_scripts([Script(each) for each in sources], sys.executable, limit=200.0)
    assert first["shows"] is True
    assert second["error"].startswith("the process ended with 7")
    assert third["ended"] is True
