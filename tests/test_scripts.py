"""The script of a finding is whole: it can be written for everything that can be found, and it tells the truth.

What a script says is proved with planted faults: with the fault it shows, without it does not.
"""

from __future__ import annotations

import re
import statistics
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness.architectures.applications import application
from harness.architectures.drawing import draws
from harness.architectures.families import all_rules
from harness.architectures.graph import Goal
from harness.architectures.models import architectures
from harness.check.batch import Script, run_scripts
from harness.check.proof import proven, run_script
from harness.expectations.finding import Finding
from harness.expectations.judge import ORDER
from harness.expectations.scripts import SHOWS, SHOWS_NOT, script_of
from harness.expectations.scripts.building import GUARD
from harness.expectations.scripts.layout import WIDTH, laid_out
from harness.expectations.scripts.observations import OBSERVATIONS
from harness.expectations.scripts.routes import ROUTES
from harness.expectations.table import parse
from harness.gate.comparison import ROWS
from harness.protocol.architecture import Architecture, Call, Compile, Data, Input, Node, Ref, Values
from tests import warm as forking
from tests.script_names import used_too_early
from tests.test_console import MODEL as SMALL
from tests.test_planted import MODEL, PLANTED, faulty, healthy
from tests.vocabularies import vocabulary

TABLE = parse()
KERAS = {"3.15": "3.15.1", "2.15": "2.15.0"}
# A place within each observation that is there in every model.
PLACES = {
    "frozen": ("tape",),
    "moved": ("head in fit",),
    "extracted": ("all but the last: outputs of drop",),
    "optimizer": ("iterations",),
    "compile": ("compiled",),
    "refused": ("one weight fewer",),
    "original": ("flags", "model"),
}
ERROR = {"type": "ValueError", "message": "no", "place": "keras/src/layers/layer.py:__call__"}


def cells() -> list[tuple[str, str]]:
    return [(route, observation) for route, row in TABLE.items() for observation in row]


def a_finding(architecture: Architecture, route: str, observation: str, **fields: object) -> Finding:
    name = architecture.nodes[-1].name if architecture.nodes else ""
    places = {**PLACES, "config": ("layers", name, "config", "name"), "weights": (f"{name}/kernel", "value")}
    path = () if "error" in fields else places.get(observation, ())
    finding = Finding(observation, "value", (), (route,), "it differs", path=path, architecture=architecture)
    return replace(finding, **fields)  # type: ignore[arg-type]


def drawn(version: str, count: int = 12) -> list[Architecture]:
    rules = {name: rule for name, rule in all_rules().items() if vocabulary(version).has(rule.public)}
    names = sorted(rules)
    return [
        draws(
            architectures(
                vocabulary=vocabulary(version),
                rules=rules,
                goals=[Goal(name) for name in names[number::count]][:6],
            ),
            1,
            seed_value=number,
        )[0]
        for number in range(count)
    ]


def test_every_route_of_the_table_has_its_lines_and_every_observation_its_look() -> None:
    assert set(ROUTES) == {*TABLE, *ROWS}
    assert set(OBSERVATIONS) == set(ORDER)


@pytest.mark.parametrize("version", KERAS)
def test_scripts_of_drawn_models_are_python_and_of_a_width(version: str) -> None:
    wide, masked = 0, 0
    for number, architecture in enumerate(drawn(version)):
        some = cells()[number % 7 :: 7]
        findings = [a_finding(architecture, *cell) for cell in some]
        findings += [a_finding(architecture, route, "travel", kind="error", error=ERROR) for route in TABLE]
        findings += [a_finding(architecture, "build", "build", kind="error", error=ERROR)]
        findings += [a_finding(architecture, "run", "worker", kind="crashed", error={**ERROR, "type": "crashed"})]
        for finding in findings:
            script = script_of(finding, KERAS[version])
            compile(script, finding.check, "exec")
            # What is not compiled has no targets, and cannot be trained.
            allowed = {"targets"} if finding.observation == "training" and architecture.compile is None else set()
            assert used_too_early(script) <= allowed
            masked += "masked[" in script
            assert SHOWS in script
            assert SHOWS_NOT in script or finding.observation == "worker"
            wide += sum(len(line) > WIDTH for line in script.splitlines())
    assert wide == 0
    assert masked


def test_a_script_is_written_as_people_write() -> None:
    script = script_of(a_finding(MODEL, "keras_zip", "config"), "3.15.1")
    assert 'hidden = keras.layers.Dense(units=4, name="hidden")(x)' in script
    assert 'model.get_layer("hidden").trainable = False' in script
    assert 'model.save("model.keras")\nloaded = keras.models.load_model("model.keras")' in script


def test_what_keras_2_raised_eagerly_is_raised_eagerly_by_its_script() -> None:
    """A graph raises another type. The compile settings say nothing of it: under Keras 2 all models are run so."""
    settings = Compile({"optimizer": "sgd", "loss": "mse"}, Data((2, 4)))
    finding = a_finding(replace(MODEL, compile=settings), "build", "losses", kind="error", error=ERROR)
    assert "run_eagerly" in script_of(finding, KERAS["2.15"])
    assert "run_eagerly" not in script_of(finding, KERAS["3.15"])


def test_what_is_fed_beside_words_are_tensors_as_well() -> None:
    """Keras 2 refuses to be called with a structure of which one is a tensor and another is not."""
    told = {}
    for words in (Values("word", words=("red", "blue")), Values()):
        inputs = (Input("a", (2,), "string" if words.words else "float32", words), Input("b", (2,)))
        node = Node("c", Call("layers.Dense", {"units": 1}), (Ref("b"),))
        model = Architecture("m", inputs=inputs, nodes=(node,), outputs=Ref("c"))
        told[words.kind] = script_of(a_finding(model, "keras_zip", "outputs"), KERAS["2.15"])
    assert told["word"].count("tf.constant(") == 2
    assert told["real"].count("tf.constant(") == 0


def test_a_large_base_is_scaled_and_saved_as_the_route_does_it() -> None:
    large = a_finding(application("InceptionV3"), "transfer", "travel", kind="error", error=ERROR)
    small = a_finding(MODEL, "transfer", "travel", kind="error", error=ERROR)
    assert 'load_model("transfer.h5")' in script_of(large, KERAS["2.15"])
    assert 'load_model("transfer.keras")' in script_of(large, KERAS["3.15"])
    assert 'load_model("transfer.keras")' in script_of(small, KERAS["2.15"])
    assert "Rescaling(1 / size, " in script_of(large, KERAS["2.15"])
    assert "Rescaling" not in script_of(small, KERAS["2.15"])


def test_no_layer_of_a_new_head_has_a_name_that_the_base_may_have() -> None:
    script = script_of(a_finding(MODEL, "transfer", "travel", kind="error", error=ERROR), KERAS["3.15"])
    head = script[script.index("model.trainable = False") :].splitlines()
    made = [line for line in head if re.search(r"keras\.layers\.[A-Z]", line) and "_layer(" not in line]
    assert len(made) >= 2
    assert all(re.search(r'name=f?"new_', line) for line in made if "InputLayer" not in line)


@pytest.mark.parametrize(
    ("route", "observation"), [("keras_zip", "outputs"), ("extraction", "extracted"), ("export", "exported")]
)
def test_another_dtype_of_the_same_numbers_is_looked_for_by_its_name(route: str, observation: str) -> None:
    finding = a_finding(SMALL, route, observation)
    assert ".dtype" not in script_of(finding, "3.15.1")
    other = script_of(replace(finding, kind="dtype"), "3.15.1")
    assert ".dtype" in other
    assert "tolist" not in other


@pytest.mark.parametrize(
    ("optimizer", "looked_at"),
    [
        (Call("optimizers.SGD"), "model.optimizer.iterations"),
        (Call("optimizers.SGD", {"gradient_accumulation_steps": 3}), "model.optimizer._iterations"),
        (
            Call("optimizers.LossScaleOptimizer", {
                "inner_optimizer": Call("optimizers.SGD", {"gradient_accumulation_steps": 3})
            }),
            "model.optimizer.inner_optimizer._iterations",
        ),
    ],
)  # fmt: skip
def test_a_script_counts_the_batches_where_several_make_a_step(optimizer: Call, looked_at: str) -> None:
    settings = Compile({"optimizer": optimizer, "loss": "mse"}, Data((2, 4)))
    finding = a_finding(replace(MODEL, compile=settings), "keras_zip", "optimizer")
    assert f"int({looked_at})" in script_of(finding, KERAS["3.15"])


@pytest.mark.parametrize(("place", "tried"), [("keras/src/a.py:set_weights", True), ("keras/src/a.py:__call__", False)])
def test_weights_that_a_rebuilt_model_refuses_are_put_in_by_the_script(place: str, tried: bool) -> None:
    finding = a_finding(MODEL, "from_config", "travel", kind="error", error={**ERROR, "place": place})
    assert ("loaded.set_weights(model.get_weights())" in script_of(finding, KERAS["2.15"])) is tried


def test_the_order_of_fresh_weights_is_told_by_their_names() -> None:
    finding = a_finding(MODEL, "from_config", "fresh", kind="order", path=("hidden",))
    assert "[each.path for each in loaded.weights]" in script_of(finding, KERAS["3.15"])
    script = script_of(finding, KERAS["2.15"])
    assert r'[re.sub(r"_\d+", "", each.name) for each in loaded.weights]' in script
    assert script.index("import re\n") < script.index("import keras\n")


def test_a_long_title_with_brackets_in_it_stays_a_comment() -> None:
    title = (
        "# 2 of 2: hdf5/travel: ValueError: Shape mismatch in layer #0 (named late)for weight late/factor. " + "x " * 50
    )
    text = laid_out([title, "x = 1"])
    assert [line[:2] for line in text.splitlines()] == ["# ", "# ", "x "]
    assert all(len(line) <= WIDTH for line in text.splitlines())


@pytest.mark.parametrize(("layers", "guarded"), [(1, False), (5, True)])
def test_a_model_that_was_not_made_small_is_trained_only_as_far_as_it_can_be(layers: int, guarded: bool) -> None:
    names = ["x", *(f"dense_{number}" for number in range(layers))]
    nodes = tuple(
        Node(name, Call("layers.Dense", {"units": 2}), (Ref(before),)) for before, name in zip(names, names[1:])
    )
    compiled = Compile({"optimizer": "sgd", "loss": "mse"}, Data((2, 2)), steps=2)
    model = Architecture("m", inputs=(Input("x", (2,)),), nodes=nodes, outputs=Ref(names[-1]), compile=compiled)
    finding = Finding("flags", "value", (), ("keras_zip",), "flags", "m", True, False, architecture=model, path=("m",))
    script = script_of(finding, "3.15.1")
    assert "model.train_on_batch(data, targets)" in script
    assert ("import contextlib" in script) is guarded
    assert (f"{GUARD}\n    for _ in range(2):\n        model.train_on_batch" in script) is guarded


def test_the_script_of_a_small_model_is_short() -> None:
    settings = Compile({"optimizer": Call("optimizers.Adam"), "loss": "mse"}, Data((2, 2)))
    compiled = {"compile", "optimizer", "losses", "training"}
    lines = sorted(
        script_of(
            a_finding(replace(SMALL, compile=settings if each in compiled else None), route, each), "3.15.1"
        ).count("\n")
        for route, each in cells()
    )
    assert statistics.median(lines) <= 23
    assert lines[-1] <= 40  # that of another process runs itself a second time


def answers(scripts: list[str], folder: Path, python: str = sys.executable) -> list[bool | str]:
    """What each script says, run in one process: True where it shows, or why it told nothing."""
    # The runner wants to be told by an exit code; a program that ends in order, or with a message, has none.
    told_by_code = [re.sub(r"raise SystemExit\(.+\)", "raise SystemExit(1)", each) for each in scripts]
    ending = [Script(f"{each}\nraise SystemExit(0)\n", folder) for each in told_by_code]
    told = run_scripts(ending, python, limit=500, variables=forking.VARIABLES if python != sys.executable else {})
    return [each.get("shows", each.get("error")) for each in told]


@pytest.mark.slow
def test_the_script_of_no_finding_shows_anything_in_a_healthy_model(tmp_path: Path) -> None:
    known = healthy()
    found = {(route, each.observation) for each in known for route in each.routes}
    found |= {tuple(each.split("/")) for finding in known for each in finding.consequences}
    others = [cell for cell in cells() if cell not in found and not cell[0].endswith("_process")]
    scripts = [script_of(a_finding(MODEL, *cell), "3.15.1") for cell in others]
    told = answers(scripts, tmp_path)
    assert [(cell, what) for cell, what in zip(others, told, strict=True) if what is not False] == []


# Files that hold many faults, which a request or a test chooses from, and one that leaves nothing to be told.
NO_SINGLE_FAULTS = {"a_layer_crashes", "switchboard", "one_argument", "figures"}
NO_SINGLE_FAULTS |= {path.stem for path in PLANTED.glob("tracker*.py")}


@pytest.mark.slow
@pytest.mark.parametrize("fault", sorted({path.stem for path in PLANTED.glob("*.py")} - NO_SINGLE_FAULTS))
def test_the_scripts_of_a_planted_fault_show_it_and_nothing_without_it(fault: str, tmp_path: Path, warm: str) -> None:
    own = {each.signature for each in healthy()}
    new = [each for each in faulty(fault, warm) if each.signature not in own]
    findings = list({each.observation: each for each in reversed(new)}.values())  # the others differ by their route
    assert findings
    scripts = [script_of(each, "3.15.1") for each in findings]
    plant = (PLANTED / f"{fault}.py").read_text()
    told = answers([*scripts, plant, *scripts], tmp_path, warm)
    checks = [each.check for each in findings]
    without, with_it = told[: len(scripts)], told[len(scripts) + 1 :]
    assert dict(zip(checks, without, strict=True)) == dict.fromkeys(checks, False)
    assert dict(zip(checks, with_it, strict=True)) == dict.fromkeys(checks, True)


@pytest.mark.parametrize(
    ("script", "shows", "problem"),
    [
        ("print('The fault shows.'); raise SystemExit(1)", True, ""),
        ("print('The fault does not show.')", False, "exits 0"),
        ("raise ValueError('no')", None, "failed itself: ValueError: no"),
        ("raise SystemExit(1)", None, "ended with code 1"),
        ("print('all is well')", None, "ended with code 0"),
        ("import time; time.sleep(60)", None, "did not end"),
    ],
)
def test_a_script_that_fails_itself_shows_nothing(
    script: str, shows: bool | None, problem: str, tmp_path: Path
) -> None:
    proof = run_script(script, sys.executable, tmp_path, limit=5.0)
    assert proof.shows is shows
    assert problem in proof.problem


def test_each_finding_is_told_what_its_script_does(tmp_path: Path) -> None:
    finding = a_finding(MODEL, "keras_zip", "config")
    scripts = ("print('The fault shows.'); raise SystemExit(1)", "print('The fault does not show.')", "1 / 0", "")
    told = list(proven([replace(finding, script=each) for each in scripts], None, tmp_path))
    assert [each.script_shows for each in told] == [True, False, None, None]
    assert [bool(each.script_problem) for each in told] == [False, True, True, True]
    assert [each.script for each in told] == list(scripts)


def test_an_error_of_the_same_type_that_says_something_else_is_another_one(tmp_path: Path) -> None:
    script = "print('raised: ValueError: {}')\nprint('The fault shows.')\nraise SystemExit(1)"
    finding = a_finding(MODEL, "keras_zip", "travel", error=ERROR)
    same, other = proven([replace(finding, script=script.format(each)) for each in ("no", "yes")], None, tmp_path)
    assert (same.script_shows, other.script_shows) == (True, False)
    assert "another ValueError: yes" in other.script_problem


def test_without_time_nothing_is_run_and_that_is_said(tmp_path: Path) -> None:
    (one,) = proven([a_finding(MODEL, "keras_zip", "config", script="1 / 0")], None, tmp_path, budget=0.0)
    assert (one.script_shows, one.script_problem) == (None, "it was not run: there was no time left for it")
