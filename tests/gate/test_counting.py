"""The compatibility table tells of a layer only what a file has shown of it."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from harness.check.plan import Plan
from harness.check.profiles import PROFILES
from harness.expectations.finding import Finding
from harness.gate.causes import NO_GRAPH
from harness.gate.comparison import Comparison
from harness.gate.exchange import Exchange, Trip
from harness.gate.release import Release
from harness.gate.result import Options, Result
from harness.gate.session import Gate
from harness.protocol.architecture import Architecture, Call, Input, Node, Ref
from harness.reporting.gate_text import markdown
from tests.gate.breaks import SAID
from tests.small import MODEL
from tests.vocabularies import vocabulary

ROUTE = "hdf5 forward"
BROKEN = Finding(
    "travel", "error", ("",), ("hdf5",), "no", error={"type": "ValueError", "message": "no", "place": "", "ours": False}
)


def trip(*layers: str, passed: bool, finding: Finding | None = None) -> Trip:
    nodes = tuple(Node(f"n{number}", Call(f"layers.{name}"), (Ref("x"),)) for number, name in enumerate(layers))
    model = Architecture("m", inputs=(Input("x", (3,)),), nodes=nodes, outputs=Ref("n0"))
    sent = {("hdf5", "forward")}
    told = [] if finding is None else [replace(finding, direction="forward", status="incompatible")]
    return Trip(model, told, True, sent=sent, passed=set(sent) if passed else set())


@pytest.fixture
def gate() -> Gate:
    return Gate(Options(None, "a", "b"), lambda *_: None)


def test_a_model_that_passed_speaks_for_all_its_layers(gate: Gate) -> None:
    gate._take(trip("Dense", "ReLU", passed=True))
    assert gate.result.compatibility == {"layers.Dense": {ROUTE: [1, 0]}, "layers.ReLU": {ROUTE: [1, 0]}}


def test_a_layer_alone_that_did_not_pass_is_at_fault(gate: Gate) -> None:
    gate._take(trip("Dense", passed=False, finding=BROKEN))
    assert gate.result.compatibility == {"layers.Dense": {ROUTE: [0, 1]}}


def test_of_several_only_what_the_finding_names_is_at_fault(gate: Gate) -> None:
    gate._take(trip("Dense", "ReLU", passed=False, finding=BROKEN))
    assert gate.result.compatibility == {}
    gate._take(trip("Dense", "ReLU", passed=False, finding=replace(BROKEN, layers=("ReLU",))))
    assert gate.result.compatibility == {"layers.ReLU": {ROUTE: [0, 1]}}


def test_what_breaks_within_a_release_anyway_is_counted_neither_way(gate: Gate) -> None:
    silent = replace(trip("Dense", passed=False), excused={("hdf5", "forward")})
    gate._take(silent)
    assert gate.result.compatibility == {}
    assert gate.result.compared == 1


def test_a_layer_that_a_file_did_not_carry_in_both_directions_is_sent_alone_and_what_stands_in_it_is_not_once_more(
    gate: Gate,
) -> None:
    inner = Call("layers.Dense", {"units": 2})
    nodes = (
        Node("n0", Call("layers.TimeDistributed", {"layer": inner}), (Ref("x"),), stand_ins=(Input("a", (4, 2)),)),
        Node("n1", Call("layers.ReLU"), (Ref("n0"),), stand_ins=(Input("b", (4, 2)),)),
        Node("n2", Call("layers.ELU"), (Ref("n1"),), stand_ins=(Input("c", (4, 2)),)),
    )
    model = Architecture("m", inputs=(Input("x", (4, 3)),), nodes=nodes, outputs=Ref("n2"))
    plan = Plan(vocabulary(), {}, PROFILES["quick"])
    plan.where = {
        "layers.TimeDistributed": (model, "n0"), "layers.Dense": (model, "n0"), "layers.ReLU": (model, "n1"),
        "layers.ELU": (model, "n2"),
    }  # fmt: skip
    gate.result.compatibility = {
        "layers.ReLU": {"hdf5 forward": [1, 0], "hdf5 back": [1, 0]},
        "layers.ELU": {"hdf5 forward": [1, 0], "hdf5 back": [0, 1]},
    }
    table = {"hdf5": {"weights": "="}, "json": {"config": "="}}
    sent = [([node.layer.name for node in each.nodes], set(routes)) for each, routes in gate._alone(plan, table)]
    assert sent == [(["layers.TimeDistributed"], {"hdf5"}), (["layers.ELU"], {"hdf5"})]


def test_a_layer_goes_as_a_chain_where_no_graph_passes_whatever_is_in_it(gate: Gate) -> None:
    two = Call("layers.Add")
    nodes = (
        Node("n0", Call("layers.ReLU"), (Ref("x"),), stand_ins=(Input("a", (3,)),)),
        Node("n1", two, ([Ref("x"), Ref("n0")],), stand_ins=(Input("b", (3,)),)),
    )
    model = Architecture("m", inputs=(Input("x", (3,)),), nodes=nodes, outputs=Ref("n1"))
    plan = Plan(vocabulary(), {}, PROFILES["quick"])
    plan.where = {"layers.Add": (model, "n1"), "layers.ReLU": (model, "n0")}
    table = {"hdf5": {"weights": "="}, "keras_zip": {"weights": "="}}

    def sent() -> list[tuple[str, str, set[str]]]:
        return [(each.form, each.nodes[0].layer.name, set(routes)) for each, routes in gate._alone(plan, table)]

    both = {"hdf5", "keras_zip"}
    as_they_are = [("functional", "layers.Add", both), ("functional", "layers.ReLU", both)]
    gate.result.findings = {"of another cause": replace(BROKEN, routes=("keras_zip",), direction="forward")}
    assert sent() == as_they_are
    case = SAID[NO_GRAPH]
    gate.result.findings = {"no graph": replace(case.finding, routes=("keras_zip",), status="incompatible")}
    assert sent() == [
        ("functional", "layers.Add", both),
        ("sequential", "layers.ReLU", {"keras_zip"}),
        ("functional", "layers.ReLU", {"hdf5"}),
    ]
    gate.result.compatibility = {"layers.ReLU": {f"hdf5 {way}": [1, 0] for way in ("forward", "back")}}
    assert sent()[1:] == [("sequential", "layers.ReLU", {"keras_zip"})]


def about(**defaults: object) -> Release:
    names = {"layers.Dense": ["units", "sparse"], "layers.Old": ["sparse"]}
    return Release(
        "",
        {"keras": "3.0.0", "names": names, "layers": [], "defaults": {}, "layer_defaults": {"layers.Dense": defaults}},
    )


def test_a_setting_that_is_not_stated_is_lost_unless_it_is_what_both_give_anyway() -> None:
    same = Comparison(about(sparse=False), about(sparse=False))
    assert same.lost("Dense", "sparse", True)
    assert not same.lost("Dense", "sparse", False)
    assert not same.lost("Dense", "no argument of both", True)
    assert Comparison(about(sparse=False), about(sparse=True)).lost("Dense", "sparse", False)
    assert same.lost("Old", "sparse", False)  # what is no plain value is told


def test_a_layer_that_no_file_has_carried_along_a_route_has_not_passed_it() -> None:
    environment = {"tensorflow": "2.15.1", "keras": "2.15.0", "python": "3.11.7"}
    result = Result(Options(None, "a", "b"), {"baseline": environment, "candidate": environment})
    for layer, route, passed in (
        ("layers.A", "hdf5", True), ("layers.B", "hdf5", True), ("layers.B", "keras_zip", True),
        ("layers.C", "hdf5", True), ("layers.C", "keras_zip", False),
    ):  # fmt: skip
        result.count(layer, route, "forward", passed=passed)
    row = next(line for line in markdown(result).splitlines() if "other layers" in line)
    assert row == "| 2 other layers | all passed | 1 passed |"


EXPLAINED = replace(
    SAID["built-in-layer-removed"].of(SAID["built-in-layer-removed"].layer),
    routes=("hdf5",), direction="forward", status="incompatible",
)  # fmt: skip
UNEXPLAINED = replace(EXPLAINED, error=BROKEN.error)


def of(*layers: str) -> Architecture:
    return trip(*layers, passed=False).architecture


def test_what_has_no_cause_is_made_small_first_and_then_what_is_large(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert gate.result.cause(EXPLAINED) is not None
    assert gate.result.cause(UNEXPLAINED) is None
    assert EXPLAINED.architecture is not None
    nodes = (*EXPLAINED.architecture.nodes, *of("ReLU").nodes)
    large = replace(EXPLAINED, architecture=replace(EXPLAINED.architecture, nodes=nodes))
    gate.result.findings = {
        "explained": EXPLAINED, "large": large, "back": replace(UNEXPLAINED, direction="back"),
        "unexplained": UNEXPLAINED,
    }  # fmt: skip
    taken: list[tuple[str, bool]] = []
    monkeypatch.setattr(gate, "_smaller", lambda exchange, key, table, end, *, apart: taken.append((key, apart)))
    monkeypatch.setattr("harness.gate.session.AT_A_TIME", 1)
    gate._reduce(Exchange.__new__(Exchange), {})
    order = ["unexplained", "back", "large", "explained"]
    assert taken == [("large", True), *((key, False) for key in order)]


def seen(gate: Gate, *findings: Finding) -> Finding:
    """What is kept of findings of one id that are seen in this order."""
    for each in findings:
        gate._tally.take(Trip(each.architecture or MODEL, [each], True))
    (kept,) = gate.result.findings.values()
    return kept


def test_of_the_models_that_show_one_finding_the_smallest_is_kept_with_all_routes_and_times(gate: Gate) -> None:
    large, small, larger = (
        replace(UNEXPLAINED, architecture=of(*layers), routes=(route,), where=f"in {len(layers)}")
        for layers, route in ((("Dense", "ReLU"), "hdf5"), (("ReLU",), "hdf5_twice"), (("ReLU",) * 3, "hdf5"))
    )
    kept = seen(gate, large, small, larger)
    assert (kept.architecture, kept.where) == (small.architecture, "in 1")
    assert (kept.routes, kept.times) == (("hdf5_twice", "hdf5"), 3)


def test_what_nobody_can_explain_does_not_hide_behind_a_smaller_model_that_somebody_can(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    large, small = (replace(UNEXPLAINED, architecture=of(*layers)) for layers in (("Dense", "ReLU"), ("ReLU",)))
    explained = [small.architecture]
    monkeypatch.setattr(
        type(gate.result), "cause", lambda self, finding: finding.architecture in explained or None
    )  # as a cause that needs what one model has and the other has not
    assert seen(gate, large, small).architecture == large.architecture
    gate.result.findings.clear()
    explained[:] = [large.architecture]
    assert seen(gate, large, small).architecture == small.architecture


class Trips:
    """Stands in for an exchange: both findings show in every model that holds a ReLU."""

    def __init__(self, *findings: Finding) -> None:
        self.findings = findings
        self.tried: list[Architecture] = []

    def trip(self, architecture: Architecture, table: object) -> Trip:
        self.tried.append(architecture)
        shows = any(isinstance(node.layer, Call) and node.layer.name == "layers.ReLU" for node in architecture.nodes)
        return Trip(architecture, [replace(each, architecture=architecture) for each in self.findings if shows])


@pytest.mark.parametrize("apart", [True, False])
def test_what_shows_in_a_model_that_is_tried_for_another_finding_is_small_with_it(gate: Gate, apart: bool) -> None:
    one = replace(UNEXPLAINED, architecture=of("Dense", "ReLU", "Dense"), layers=("ReLU",), times=5)
    other = replace(one, observation="weights", times=7)
    for each in (one, other):
        gate.result.findings[f"incompatible-forward {each.id}"] = each
    exchange = Trips(one, other)
    key = f"incompatible-forward {one.id}"
    gate._smaller(exchange, key, {}, time.monotonic() + 60, apart=apart)  # type: ignore[arg-type]
    assert [len(each.architecture.nodes) for each in gate.result.findings.values() if each.architecture] == [1, 1]
    assert [each.times for each in gate.result.findings.values()] == [5, 7]
    assert (len(exchange.tried) == 1) is apart
    assert len(exchange.tried[0].nodes) == 1


def test_a_model_that_cannot_be_called_shows_no_other_finding(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    one = replace(UNEXPLAINED, architecture=of("Dense", "ReLU"), layers=("ReLU",))
    key = f"incompatible-forward {one.id}"
    gate.result.findings[key] = one
    exchange = Trips(one, replace(one, observation="outputs", routes=("build",)))
    gate._smaller(exchange, key, {}, time.monotonic() + 60, apart=False)  # type: ignore[arg-type]
    assert exchange.tried
    assert gate.result.findings[key].architecture == one.architecture


@pytest.mark.parametrize(("needed", "tried"), [("ReLU", 1), ("Architecture", 0)])
def test_the_layer_that_holds_what_the_cause_needs_is_tried_by_itself_unless_all_do(
    gate: Gate, monkeypatch: pytest.MonkeyPatch, needed: str, tried: int
) -> None:
    monkeypatch.setattr(type(gate.result), "cause", lambda self, finding: needed if needed in finding.model else None)
    one = replace(UNEXPLAINED, architecture=of("Dense", "Flatten", "ReLU", "Dense", "Dense"), layers=())
    gate.result.findings["a"] = one
    exchange = Trips(one)
    gate._smaller(exchange, "a", {}, time.monotonic() + 60, apart=True)  # type: ignore[arg-type]
    assert [[node.name for node in each.nodes] for each in exchange.tried] == [["n2"]] * tried


def test_where_there_is_no_time_left_a_finding_stays_as_it_is_and_names_its_layer(gate: Gate) -> None:
    one = replace(UNEXPLAINED, architecture=of("ReLU"), layers=())
    gate.result.findings["a"] = one
    gate._smaller(Trips(one), "a", {}, time.monotonic() - 1, apart=False)  # type: ignore[arg-type]
    assert gate.result.findings["a"] == replace(one, layers=("ReLU",))
