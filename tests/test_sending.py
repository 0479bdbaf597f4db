"""In which order a check sends its models: what a layer does by itself is asked once it is known what arrived."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.architectures.applications import application
from harness.check import session
from harness.check.apart import alone, chained, kinds_of, together, unmoved
from harness.check.plan import Plan
from harness.check.profiles import PROFILES
from harness.check.result import Options
from harness.dispatch.pool import Answer
from harness.expectations.finding import Finding
from harness.expectations.known import SHIPPED, KnownIssue, KnownIssues, Pattern
from harness.expectations.table import parse
from harness.protocol.architecture import Architecture, Call, Compile, Data, Input, Method, Name, Node, Ref, layer_calls
from harness.worker import data
from tests.small import MODEL

LARGE = application("InceptionV3")
PLANNED = [Architecture(f"planned {number}") for number in range(6)]
ALONE = [Architecture(f"alone {number}") for number in range(3)]


class Workers:
    """They are done with one model whenever somebody waits, with the large base last of all."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.under_way: dict[Future[Any], Architecture] = {}

    def submit(self, model: Architecture, *, limit: float) -> Future[Any]:
        future: Future[Any] = Future()
        self.under_way[future] = model
        self.log.append(f"sent {model.name}")
        return future

    def wait(self, _: object, **settings: object) -> tuple[set[Future[Any]], set[Future[Any]]]:
        if not self.under_way:
            return set(), set()
        done = sorted(self.under_way, key=lambda each: self.under_way[each] is LARGE)[0]
        self.log.append(f"done {self.under_way.pop(done).name}")
        done.set_result(None)
        return {done}, set(self.under_way)


def sent(
    monkeypatch: pytest.MonkeyPatch, *plans: Iterable[Architecture], late: bool = False
) -> tuple[list[str], str | None]:
    """What was sent and done, in order, and why it was stopped."""
    workers = Workers()
    monkeypatch.setattr(session, "wait", workers.wait)
    of = check(workers, late=late)
    cast(Any, session.Session._examples)(of, *([(model, {}) for model in plan] for plan in plans))
    return workers.log, of._ending.stopped


def check(workers: Workers, *, late: bool = False) -> SimpleNamespace:
    """As much of a check as sending needs."""
    return SimpleNamespace(
        options=SimpleNamespace(workers=2, hung_after=1.0, time_limit=1.0),
        result=SimpleNamespace(plan=None, add_time=lambda *_: None),
        _sender=SimpleNamespace(request=lambda model, _: model, pool=workers),
        _ending=SimpleNamespace(stopped=None),
        _replayed={},
        _late=late,
        _over=-1.0,
        _take=lambda *_: None,
        _take_replayed=lambda: None,
        listener=lambda *_: None,
    )


def test_layers_are_sent_alone_when_all_is_known_but_of_a_large_base(monkeypatch: pytest.MonkeyPatch) -> None:
    log, stopped = sent(monkeypatch, [*PLANNED, LARGE], ALONE)
    first = log.index("sent alone 0")
    assert all(log.index(f"done {each.name}") < first for each in PLANNED)
    assert log.index(f"sent {LARGE.name}") < first < log.index(f"done {LARGE.name}")
    assert log[-1] == f"done {LARGE.name}"
    assert len(log) == 2 * len([*PLANNED, LARGE, *ALONE])
    assert stopped is None


def test_without_a_large_base_nothing_of_the_second_plan_overtakes_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    log, _ = sent(monkeypatch, PLANNED, ALONE)
    assert [each for each in log if "planned" in each] == log[: 2 * len(PLANNED)]


def test_what_another_process_has_not_told_yet_is_waited_for_before_layers_are_sent_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    workers, told = Workers(), iter((False, False, True))
    monkeypatch.setattr(session, "wait", workers.wait)
    of = check(workers)
    of._replayed[Future()] = (PLANNED[0], None)

    def take() -> None:
        if next(told, False):
            of._replayed.clear()
            workers.log.append("told")

    of._take_replayed = take
    cast(Any, session.Session._examples)(of, [], [(model, {}) for model in ALONE[:1]])
    assert workers.log[:2] == ["told", "sent alone 0"]


def test_a_layer_is_sent_by_itself_where_it_did_not_arrive_and_compiled_where_only_that_makes_a_difference() -> None:
    table = parse()
    arrived = {("layers.Dense", route) for route in table if route not in ("hdf5", "hdf5_uncompiled", "hdf5_process")}
    where = {"layers.Dense": (MODEL, MODEL.nodes[0].name)}
    plain, compiled = alone(where, table, arrived)
    assert plain[0].compile is None
    assert set(plain[1]) == {"hdf5", "hdf5_process"}
    assert compiled[0].compile.steps == 0
    assert set(compiled[1]) == {"hdf5_uncompiled"}
    arrived |= {("layers.Dense", route) for route in table}
    assert not list(alone(where, table, arrived))


def test_a_node_that_holds_several_layers_is_sent_once_along_a_route() -> None:
    """What came of it is not known yet when the next of its layers is asked about."""
    node = MODEL.nodes[0].name
    table = parse()
    where = {"layers.Dense": (MODEL, node), "layers.Flatten": (MODEL, node), "layers.Reshape": (MODEL, node)}
    sent = list(alone(where, table, {("layers.Dense", "json"), ("layers.Flatten", "json")}))
    assert sorted(route for _, row in sent for route in row) == sorted(table)
    assert [set(row) for _, row in sent if "json" in row] == [{"json"}]


def test_what_takes_one_tensor_and_gives_one_can_be_a_chain_and_nothing_else_can() -> None:
    shape = ((3,),)
    node = Node("n", Call("layers.Dense", {"units": 3}), (Ref("x"),), shapes=shape)
    single = Architecture("m", inputs=(Input("x", (3,)),), nodes=(node,), outputs=Ref("n"))
    assert chained(single) == replace(single, form="sequential")
    assert chained(replace(single, nodes=(replace(node, shapes=None),))) is not None
    for other in (
        replace(node, layer=Name("ops.relu")),
        replace(node, layer=single),
        replace(node, inputs=([Ref("x")],)),
        replace(node, inputs=(Ref("x"), Ref("x"))),
        replace(node, keywords={"training": True}),
        replace(node, shapes=shape * 2),
    ):
        assert chained(replace(single, nodes=(other,))) is None
    two = (*single.inputs, Input("y", (3,)))
    for model in (
        replace(single, inputs=two), replace(single, inputs=(Input("x", (3,), optional=True),)),
        replace(single, nodes=(node, replace(node, name="again"))), replace(single, outputs=[Ref("n")]),
        replace(single, form="subclass"),
    ):  # fmt: skip
        assert chained(model) is None


def a_chain(*layers: str, **named: str) -> Architecture:
    """A compiled chain of layers, each under the name of its class; `named` gives some another."""
    nodes, before = [], "x"
    for layer in layers:
        name = named.get(layer, layer.lower())
        nodes.append(Node(name, Call(f"layers.{layer}"), (Ref(before),), stand_ins=(Input(f"{name}_0", (4, 4)),)))
        before = name
    return Architecture(
        "chain", inputs=(Input("x", (4, 4)),), nodes=tuple(nodes), outputs=Ref(before), compile=Compile({"loss": "mse"})
    )


def sent_together(
    model: Architecture, blamed: dict[str, set[str] | None], *routes: str, arrived: tuple[tuple[str, str], ...] = ()
) -> list[tuple[list[str], set[str]]]:
    """The layers that are sent together after that model, and along which routes."""
    where = {node.layer.name: (model, node.name) for node in model.nodes if isinstance(node.layer, Call)}
    table = {route: row for route, row in parse().items() if route in routes}
    of_model = {(model.digest(), route): about for route, about in blamed.items()}
    return [
        ([node.name for node in each.nodes], set(rows)) for each, rows in together(where, table, {*arrived}, of_model)
    ]


def test_layers_that_a_known_issue_is_not_about_go_together_where_it_kept_their_model_from_a_route() -> None:
    model = a_chain("Dense", "RandomHue", "Flatten", "Reshape")
    assert sent_together(model, {"hdf5": {"RandomHue"}, "export": {"names"}}, "hdf5", "export") == [
        (["dense", "flatten", "reshape"], {"hdf5"}),
        (["dense", "randomhue", "flatten", "reshape"], {"export"}),
    ]


def test_a_layer_of_a_name_that_opens_no_scope_is_what_an_issue_about_names_means() -> None:
    model = a_chain("Dense", "Flatten", "Reshape", Flatten="with space")
    assert sent_together(model, {"export": {"names"}}, "export") == [(["dense", "reshape"], {"export"})]


def test_so_is_one_that_holds_such_a_layer_and_an_issue_about_dtypes_means_layers_that_were_given_one() -> None:
    model = a_chain("Dense", "Flatten", "Reshape", "ReLU")
    inner = replace(a_chain("ReLU", ReLU="Ünïcode"), compile=None)
    given = replace(model.nodes[1], layer=Call("layers.Flatten", {"dtype": "bfloat16"}))
    model = replace(model, nodes=(model.nodes[0], given, model.nodes[2], replace(model.nodes[3], layer=inner)))
    where = {name: (model, name) for name in ("dense", "flatten", "reshape", "relu")}
    of_model = {(model.digest(), "export"): {"names"}, (model.digest(), "hdf5"): {"dtypes"}}
    sent = list(together(where, {route: parse()[route] for route in ("export", "hdf5")}, (), of_model))
    assert [([node.name for node in each.nodes], set(rows)) for each, rows in sent] == [
        (["dense", "flatten", "reshape"], {"export"}),
        (["dense", "reshape", "relu"], {"hdf5"}),
    ]


def test_what_kept_a_model_from_being_saved_kept_it_from_another_process() -> None:
    model = a_chain("Dense", "RandomHue", "Flatten")
    sent = sent_together(model, {"hdf5": {"RandomHue"}}, "hdf5", "hdf5_process")
    assert sent == [(["dense", "flatten"], {"hdf5", "hdf5_process"})]
    assert not sent_together(model, {"hdf5": None}, "hdf5", "hdf5_process")


def test_layers_that_are_not_known_to_be_without_blame_are_left_to_be_sent_alone() -> None:
    assert not sent_together(a_chain("Dense", "Flatten"), {"hdf5": None}, "hdf5")
    assert not sent_together(a_chain("Dense", "Flatten"), {"hdf5": {"Dense"}}, "hdf5")


def test_what_has_arrived_is_sent_no_more_and_a_model_that_lacked_what_a_route_needs_is_no_reason() -> None:
    model = a_chain("Dense", "Flatten", "Reshape")
    arrived = (("layers.Dense", "hdf5"), ("layers.Dense", "export"), ("layers.Flatten", "export"))
    assert sent_together(model, {}, "hdf5", "export", arrived=arrived) == [(["flatten", "reshape"], {"hdf5"})]


def test_what_is_sent_together_has_other_data_than_its_model_had() -> None:
    model = a_chain("Dense", "Flatten")
    where = {"layers.Dense": (model, "dense"), "layers.Flatten": (model, "flatten")}
    ((part, _),) = together(where, {"json": parse()["json"]}, (), {})
    assert part.inputs == model.inputs
    assert part.seed != model.seed


def test_a_layer_that_no_input_reached_goes_alone_along_every_route_and_is_asked_for_when_all_is_known() -> None:
    model = a_chain("Dense", "Flatten")
    where = {"layers.Dense": (model, "dense"), "layers.Flatten": (model, "flatten")}
    silent: list[str] = []
    sent = unmoved(where, parse(), lambda: silent, tuple)
    silent.append("Flatten")
    plain, compiled = sent
    assert [[node.name for node in each.nodes] for each, _ in (plain, compiled)] == [["flatten"], ["flatten"]]
    assert {*plain[1], *compiled[1]} == {*parse()}


def test_a_layer_that_one_sample_alone_went_through_goes_along_every_route_with_two() -> None:
    model = a_chain("Dense", "Flatten")
    (given,) = model.inputs
    stands_in = (replace(given, name="dense_0", batch_size=1),)
    fixed = replace(model, nodes=(replace(model.nodes[0], stand_ins=stands_in), *model.nodes[1:]))
    for one in (replace(model, batch=1), fixed):
        where = {"layers.Dense": (one, "dense"), "layers.Flatten": (one, "flatten")}
        plain, compiled = unmoved(where, parse(), tuple, lambda: ["Flatten"])
        for each, _ in (plain, compiled):
            assert [node.name for node in each.nodes] == ["flatten"]
            assert data.for_input(each.inputs[0], each.batch, 0).shape[0] == 2
        assert {*plain[1], *compiled[1]} == {*parse()}


@pytest.mark.slow
def test_a_check_sends_a_layer_again_that_no_input_reached(warm: str, monkeypatch: pytest.MonkeyPatch) -> None:
    zero, two = Call("layers.Rescaling", {"scale": 0.0}), Call("layers.Dense", {"units": 2})
    nothing = Node("nothing", zero, (Ref("x"),), stand_ins=(Input("nothing_0", (4,)),))
    dense = Node("dense", two, (Ref("nothing"),), stand_ins=(Input("dense_0", (2,)),))
    model = Architecture("model", inputs=(Input("x", (4,)),), nodes=(nothing, dense), outputs=Ref("dense"))

    def planned(plan: Plan) -> Iterator[Architecture]:
        plan.coverage.add(model)
        plan.where["layers.Dense"] = (model, "dense")
        yield model

    monkeypatch.setattr(Plan, "__iter__", planned)
    result = session.Session(
        Options(PROFILES["quick"], layers=("Dense",), routes=("json",), interpreter=warm, workers=1)
    ).run()
    assert result.examples == result.route_examples["json"] == 2
    assert result.substance.silent() == ["Rescaling"]


def test_what_a_known_issue_is_about_is_to_blame_and_what_nobody_knows_is_not_known() -> None:
    """And what was seen of a model that arrived is no reason that it did not."""
    issue = KnownIssue("i", "why", about=("Embedding", "names"), patterns=(Pattern(checks=("hdf5/*",)),))
    added: list[Finding] = []
    of = SimpleNamespace(
        options=SimpleNamespace(known=KnownIssues((issue,))),
        result=SimpleNamespace(environment={"keras": "3.15.1"}),
        _blamed={},
        _add=added.append,
    )
    found = [Finding(each, "error", (), (route,), "t") for each, route in (
        ("travel", "hdf5"), ("travel", "json"), ("config", "hdf5"), ("config", "clone"))]  # fmt: skip
    cast(Any, session.Session._found)(of, MODEL, found)
    assert of._blamed == {(MODEL.digest(), "hdf5"): {"Embedding", "names"}, (MODEL.digest(), "json"): None}
    assert added == found


def test_so_is_what_kept_a_model_from_being_loaded_by_another_process() -> None:
    done: Future[Answer] = Future()
    done.set_result(Answer({"routes": {}}, {}))
    sent = Answer({"build": {}, "before": {}, "routes": {}}, {})
    found: list[tuple[Architecture, list[str]]] = []
    of = SimpleNamespace(
        result=SimpleNamespace(add_time=lambda *_: None),
        _replayed={done: (MODEL, sent)},
        _count=lambda *_: None,
        _judge=lambda *_: ["a finding"],
        _found=lambda *each: found.append(each),
    )
    cast(Any, session.Session._take_replayed)(of)
    assert found == [(MODEL, ["a finding"])]


@pytest.mark.slow
def test_a_check_sends_the_layers_together_that_its_known_issues_are_not_about(warm: str) -> None:
    layers = ("RandomSharpness", "ELU", "Softmax", "LeakyReLU", "Dense")
    sent: list[set[str]] = []

    def note(event: str, result: Any, about: Any) -> None:
        if event == "example":
            sent.append({call.name.partition(".")[2] for call in layer_calls(about)})

    known = KnownIssues.read(SHIPPED)
    options = Options(PROFILES["quick"], layers=layers, routes=("hdf5",), interpreter=warm, workers=1, known=known)
    result = session.Session(replace(options, seed=3), note).run()
    assert result.built == result.examples == len(sent)
    whole = [each for each in sent if "RandomSharpness" in each and len(each) > 1]
    assert whole
    company = set.union(*whole) & {*layers} - {"RandomSharpness"}
    assert len(company) > 1
    after = [each & {*layers} for each in sent[sent.index(whole[-1]) + 1 :]]
    assert sorted(map(sorted, after[:2])) == sorted([sorted(company), ["RandomSharpness"]])
    assert all(len(each) == 1 and each < company for each in after[2:])  # what no input had reached
    assert {(f"layers.{name}", "hdf5") for name in company} <= result.arrived


def test_a_layer_that_was_told_something_is_sent_alone_where_only_another_of_its_class_has_arrived() -> None:
    data = Data((8, 3))
    node = Node("norm", Call("layers.Normalization"), (Ref("x"),), methods=(Method("adapt", (data,)),))
    model = Architecture("model", inputs=(Input("x", (3,)),), nodes=(node,), outputs=Ref("norm"))
    where = dict.fromkeys(kinds_of(model.nodes), (model, "norm"))
    assert set(where) == {"layers.Normalization", "layers.Normalization.adapt"}
    table = {"hdf5": parse()["hdf5"]}
    ((single, rows),) = alone(where, table, {("layers.Normalization", "hdf5")})
    assert (set(rows), [each.methods for each in single.nodes]) == ({"hdf5"}, [node.methods])
    assert list(alone(where, table, {(kind, "hdf5") for kind in where})) == []


def test_what_is_sent_together_is_compiled_where_only_that_makes_a_difference() -> None:
    model = a_chain("Dense", "Flatten")
    where = {"layers.Dense": (model, "dense"), "layers.Flatten": (model, "flatten")}
    plain, compiled = together(where, {route: parse()[route] for route in ("json", "keras_uncompiled")}, (), {})
    assert (plain[0].compile, set(plain[1])) == (None, {"json"})
    assert compiled[0].compile is not None
    assert (compiled[0].compile.arguments, set(compiled[1])) == ({"optimizer": "sgd"}, {"keras_uncompiled"})


def test_where_the_time_is_over_nothing_is_sent_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sent(monkeypatch, PLANNED, ALONE, late=True) == ([], "time limit of 1 s")


@pytest.mark.parametrize("callable_", [True, False])
def test_a_finding_is_made_smaller_as_long_as_the_model_can_be_called(
    monkeypatch: pytest.MonkeyPatch, callable_: bool
) -> None:
    nodes = tuple(
        Node(name, Call("layers.Dense", {"units": 2}), (Ref(before),), stand_ins=(Input(f"{name}_0", (2,)),))
        for before, name in (("x", "a"), ("a", "b"))
    )
    model = Architecture("m", "functional", (Input("x", (2,)),), nodes, Ref("b"))
    lost = Finding("weights", "value", ("Dense",), ("json",), "", architecture=model, path=("b",))
    error = {"type": "TypeError", "message": "no such input", "place": ""}
    uncalled = replace(lost, observation="outputs", kind="error", routes=("build",), error=error)
    check = session.Session(Options(PROFILES["quick"]))
    check._reduce_until = float("inf")
    monkeypatch.setattr(check, "_sender", SimpleNamespace(along=lambda *_: None), raising=False)
    shown = [lost] if callable_ else [lost, uncalled]
    monkeypatch.setattr(
        check, "_judge", lambda architecture, _: [replace(each, architecture=architecture) for each in shown]
    )
    small = check._smaller(lost).architecture
    assert small is not None
    assert len(small.nodes) == (1 if callable_ else 2)
