"""Topologies are promised by name: each can be drawn, is seen where it is and nowhere else, and is missed."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import strategies as st
from rich.console import Console

from harness.architectures.drawing import draws
from harness.architectures.families import all_rules
from harness.architectures.graph import Goal
from harness.architectures.models import architectures
from harness.architectures.rules import Arguments, LayerRule, Placement
from harness.architectures.spec import Spec
from harness.architectures.topologies import TOPOLOGIES, Topology, of
from harness.check import plan as planning
from harness.check.plan import Plan
from harness.check.profiles import PROFILES
from harness.check.reach import reach_of_topologies
from harness.check.result import Options, Result
from harness.check.unchecked import problems
from harness.cli import main
from harness.dispatch.pool import Pool
from harness.expectations.table import LACKING, asked, parse
from harness.protocol.architecture import Architecture, Call, Freeze, Input, Node, Ref, to_json
from harness.reporting.console import print_result
from harness.reporting.json_report import report
from tests.vocabularies import vocabulary

RULES = all_rules()
PLAIN = Architecture(
    "model",
    inputs=(Input("input", (3,)),),
    nodes=(Node("dense", Call("layers.Dense", {"units": 2}), (Ref("input"),), {}, ((2,),)),),
    outputs=Ref("dense"),
)
KERASES = ("3.15", "2.15")
ROWS = [
    pytest.param(version, each, id=f"{version} {each.name}") for version in KERASES for each in of(vocabulary(version))
]


def drawn(version: str, topology: Topology, count: int = 8) -> list[Architecture]:
    keras = vocabulary(version)
    rules = {name: rule for name, rule in RULES.items() if keras.has(rule.public)}
    return draws(architectures(vocabulary=keras, rules=rules, goals=(), topologies=(topology,)), count, seed_value=3)


@pytest.mark.parametrize(("version", "topology"), ROWS)
def test_a_topology_that_is_wanted_comes(version: str, topology: Topology) -> None:
    assert any(map(topology.seen, drawn(version, topology)))


@pytest.mark.parametrize("topology", TOPOLOGIES, ids=lambda each: each.name)
def test_a_topology_is_not_seen_where_it_is_not(topology: Topology) -> None:
    assert not topology.seen(PLAIN)


def test_no_two_topologies_have_one_name() -> None:
    assert len({each.name for each in TOPOLOGIES}) == len(TOPOLOGIES)


@pytest.mark.parametrize("version", KERASES)
def test_what_one_keras_alone_can_have_says_why(version: str) -> None:
    found = reach_of_topologies(vocabulary(version), RULES)
    left_out = {name: each["excluded"] for name, each in found.items() if not each["examples"]}
    assert all(left_out.values()), left_out


@pytest.mark.parametrize("version", KERASES)
@pytest.mark.parametrize(("profile", "least"), [("quick", 0.85), ("ci", 1.0)])
def test_a_profile_draws_the_topologies_that_it_promises(version: str, profile: str, least: float) -> None:
    plan = Plan(vocabulary(version), RULES, PROFILES[profile], seed=11)
    assert list(plan)
    assert [name for name in plan.unreached() if name.startswith("the topology")] == []
    rows = of(vocabulary(version))
    assert sum(bool(plan.coverage.topologies.get(each.name)) for each in rows) >= least * len(rows)


def test_a_topology_that_never_comes_is_a_problem_and_no_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    never = Topology("a model upside down", lambda _: False)
    monkeypatch.setattr(planning, "topologies_of", lambda _: [never])
    plan = Plan(vocabulary(), {"Dense": RULES["Dense"]}, PROFILES["quick"])
    drawn_ones = len(list(plan))
    result = Result(Options(PROFILES["quick"]), plan=plan, examples=drawn_ones, built=drawn_ones, stopped=None)
    result.problems = problems(result)
    assert "the topology 'a model upside down' was not reached: tried 6 times" in result.problems
    assert result.verdict == "error"


def _undrawable(*, keeps: int) -> LayerRule:
    """Dense, as a rule with a fault: it can be placed so often."""
    rule, left = RULES["Dense"], [keeps]

    def place(arguments: Arguments, spec: Spec) -> Placement:
        left[0] -= 1
        if left[0] < 0:
            raise LookupError("no place for it")
        return rule.place(arguments, spec)

    return replace(rule, place=place)


def test_what_cannot_be_drawn_is_a_problem_and_loses_nothing_else() -> None:
    plan = Plan(vocabulary(), {"Dense": _undrawable(keeps=30), "ReLU": RULES["ReLU"]}, PROFILES["thorough"])
    drawn_ones = len(list(plan))
    assert drawn_ones > 20  # and it comes to an end
    result = Result(Options(PROFILES["thorough"]), plan=plan, examples=drawn_ones, built=drawn_ones, stopped=None)
    result.problems = problems(result)
    assert (
        "could not be drawn, a fault of the harness: LookupError: no place for it at test_topologies.py:place"
        in (result.problems[0])
    )
    assert result.verdict == "error"


@st.composite
def _inside_a_wrapper(draw: st.DrawFn) -> int:
    arguments = Arguments(draw, vocabulary(), "TimeDistributed", rules=RULES)
    return len(arguments.inner(RULES["Bidirectional"], Spec((5, 2)))[1].outputs)


def test_what_stands_in_a_wrapper_gives_one_output() -> None:
    assert set(draws(_inside_a_wrapper(), 60, seed_value=1)) == {1}


def test_of_some_layers_alone_no_topology_is_promised() -> None:
    plan = Plan(vocabulary(), RULES, PROFILES["ci"], only=("Dense",))
    assert list(plan)
    assert plan.topologies == []


def test_a_topology_can_be_asked_for_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    plan = Plan(vocabulary(), RULES, PROFILES["ci"], topologies=("a mask in the call",))
    assert list(plan)
    assert plan.coverage.topologies["a mask in the call"] >= 1
    with pytest.raises(SystemExit) as stopped:
        main(["check", "--topology", "a mask in a call"])
    assert stopped.value.code == 2
    assert "did you mean a mask in the call" in capsys.readouterr().err


def test_whatever_a_route_needs_has_a_reason_for_when_it_is_missing() -> None:
    needed = set()
    for file in (Path(__file__).parents[1] / "harness" / "routes").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "frozenset":
                needed |= {each.value for each in ast.walk(node) if isinstance(each, ast.Constant)}
    assert needed == set(LACKING)


def seen_by_a_worker(architecture: Architecture) -> dict:
    routes = asked(parse(), compiled=architecture.compile is not None)
    here = {route: names for route, names in routes.items() if not route.endswith("_process")}
    request = {"verb": "run", "architecture": to_json(architecture), "routes": here}
    with Pool(size=1) as pool:
        pool.start()
        return pool.submit(request).result().reply


@pytest.mark.slow
def test_a_freeze_of_a_layer_that_is_not_there_freezes_nothing_else() -> None:
    lost = Architecture(**{**vars(PLAIN), "freezes": (Freeze(("nobody",)),)})
    assert seen_by_a_worker(lost)["build"]["error"]["type"] == "KeyError"


@pytest.mark.slow
def test_a_subclassed_model_goes_every_way_but_those_that_keras_refuses() -> None:
    (whole,) = [each for each in TOPOLOGIES if each.name == "whole model: TwoBranches"]
    reply = seen_by_a_worker(drawn("3.15", whole, 1)[0])
    assert {"keras_zip", "from_config", "json", "clone", "export", "transfer", "refused"} <= set(reply["routes"])
    assert {route for route, lacking in reply["unsent"].items() if "graph" in lacking} >= {"hdf5", "extraction"}
    # Keras 3.15 does not refuse it (a known issue); that it is asked is what counts here.
    assert "a whole .h5 of a subclassed model" in reply["routes"]["refused"]["after"]["refused"]


def test_a_model_that_is_not_sent_is_told_with_what_it_lacks() -> None:
    result = Result(Options(PROFILES["quick"]), examples=1, built=1)
    result.unsent.update({("hdf5", "graph"): 2, ("weights_h5", "weights"): 1})
    text = StringIO()
    print_result(result, Console(file=text, width=300))
    assert f"not sent: hdf5 2: {LACKING['graph']}" in text.getvalue()
    assert f"not sent: weights_h5 1: {LACKING['weights']}" in text.getvalue()
    assert report(result)["coverage"]["unsent"][0] == {
        "route": "hdf5", "models": 2, "lacking": "graph", "why": LACKING["graph"],
    }  # fmt: skip


def test_a_layer_that_gives_a_dict_stands_in_no_sequential() -> None:
    """Layers that leave their input alone when they do not train hide that Keras hands the dict on."""
    rules = {name: all_rules()[name] for name in ("TFSMLayer", "GaussianNoise", "Dropout")}
    goals = [Goal("GaussianNoise"), Goal("TFSMLayer"), Goal("Dropout")]
    drawn = draws(architectures(vocabulary=vocabulary("3.15"), rules=rules, goals=goals), 100, seed_value=1)
    taken_up = [(form, given) for model in drawn for form, given in _taken_up(model)]
    assert sum(form == "functional" and "call_endpoint" in given for form, given in taken_up) > 10
    assert sum(form == "sequential" for form, _ in taken_up) > 3
    assert [given for form, given in taken_up if form == "sequential" and "call_endpoint" in given] == []


def _taken_up(model: Architecture) -> Iterator[tuple[str, Mapping[str, object]]]:
    """The arguments of each TFSMLayer, with the form of the model that it stands in."""
    for node in model.nodes:
        if isinstance(node.layer, Architecture):
            yield from _taken_up(node.layer)
        elif isinstance(node.layer, Call) and node.layer.name == "layers.TFSMLayer":
            yield model.form, node.layer.arguments
