"""What names a finding, what of a message is kept, which layer is blamed, and what a known issue matches."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from harness.expectations.finding import Finding, class_of, layer_classes, normalised, place_of
from harness.expectations.known import KnownIssue, KnownIssues, Pattern, in_range
from harness.expectations.table import TABLE, asked, parse
from harness.protocol.architecture import Architecture, Call, Compile, Input, Name, Node, Ref

DENSE = Node("dense", Call("layers.Dense", {"units": 2}), (Ref("input"),))
MODEL = Architecture("model", inputs=(Input("input", (3,)),), nodes=(DENSE,), outputs=Ref("dense"))
ERROR = {"type": "ValueError", "message": "no 'dense_3' of 5", "place": "keras/a.py:load", "ours": False}
FINDING = Finding(
    "flags", "value", ("layers", "Dense"), ("json", "clone"), "flags: Dense is another one", "layers/dense", 1, 2,
    {"of": 3}, layers=("Dense",), architecture=MODEL, consequences=("json/losses",), times=2, script="import keras",
    script_shows=True, script_problem="none",
)  # fmt: skip


def test_a_finding_as_json_holds_all_that_a_report_tells() -> None:
    said = json.loads(json.dumps(FINDING.to_json()))
    architecture = said.pop("subject")["architecture"]
    assert architecture["name"] == "model"
    assert said == {
        "id": FINDING.id, "check": "json/flags", "routes": ["json", "clone"], "status": "new", "layers": ["Dense"],
        "title": "flags: Dense is another one", "where": "layers/dense", "expected": 1, "actual": 2,
        "difference": {"of": 3}, "error": None, "consequences": ["json/losses"], "times": 2, "script": "import keras",
        "script_shows": True, "script_problem": "none", "known_issue": None,
    }  # fmt: skip
    more = replace(FINDING, error=ERROR, known_issue={"id": "one"}, direction="back", script_before="import numpy")
    said = json.loads(json.dumps(more.to_json()))
    assert (said["error"], said["known_issue"], said["direction"]) == (ERROR, {"id": "one"}, "back")
    assert said["scripts"] == {"save": "import numpy", "load": "import keras"}


def test_a_cause_has_one_id_wherever_and_whenever_it_shows() -> None:
    same = replace(FINDING, routes=("hdf5",), where="elsewhere", expected=3, actual=4, architecture=None, times=9)
    assert same.id == FINDING.id
    assert len(FINDING.id) == 8
    assert int(FINDING.id, 16) >= 0
    for change in (
        {"observation": "weights"}, {"kind": "missing"}, {"place": ("layers", "LSTM")}, {"direction": "back"},
        {"error": ERROR},
    ):  # fmt: skip
        assert replace(FINDING, **change).id != FINDING.id
    error = replace(FINDING, error=ERROR)
    assert replace(FINDING, error={**ERROR, "message": "no 'dense_7' of 6", "place": "b"}).id == error.id
    assert replace(FINDING, error={**ERROR, "message": "some 'dense_3' of 5"}).id != error.id
    assert replace(FINDING, error={**ERROR, "type": "TypeError"}).id != error.id
    assert FINDING.signature == "flags|value|layers|Dense"
    assert replace(error, direction="back").signature == "flags|value|layers|Dense|ValueError|no '?' of #|back"
    assert (
        len(replace(error, error={**ERROR, "message": "x" * 999}).signature)
        == len("flags|value|layers|Dense|ValueError|") + 160
    )


def test_a_finding_that_shows_again_has_all_its_routes_once() -> None:
    again = FINDING.merged(replace(FINDING, routes=("clone", "hdf5"), times=3))
    assert (again.routes, again.times) == (("json", "clone", "hdf5"), 5)
    assert replace(again, routes=FINDING.routes, times=2) == FINDING


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        ("of '/tmp/a-b/c.h5' and /home/x_1/y+z.keras", "of '?' and <path>"),
        ("a at 0x7f3a2b", "a at #"),
        ("two\n  lines", "two lines"),
        ("'Dense' 'keras.layers' `dense` \"a b\"", "'Dense' 'keras.layers' `?` \"?\""),
        ("shape (None, 3) or [2, 4, ] or (1)", "shape (#) or (#) or (#)"),
        ("-3.5e-07 and 12", "# and #"),
        ("\x1b[1mbold\x1b[0m", "bold"),
        ("got <tf.Tensor: shape=(2,), dtype=float32, numpy=<x>> here", "got <tensor> here"),
        ("got <KerasTensor shape=(2,)>", "got <tensor>"),
        ("in {{node model/dense/MatMul}} it", "in {node} it"),
        ("wrong. Arguments received by Dense.call(): x", "wrong."),
        ("wrong. Call arguments received by layer: x", "wrong."),
        ("it failed using config={'a': {'b': 1}}. Exception encountered: no", "it failed Exception encountered: no"),
        ("it failed. Full object config: {'a': 1}", "it failed. "),
        ("in user code:\n    File a\n    ValueError: no", "ValueError: no"),
        ("Exception encountered when calling Dense.call().\n\nno weights\n\nmore", "no weights"),
        ("plain\nsecond", "plain second"),
    ],
)
def test_of_a_message_what_was_drawn_or_is_of_a_machine_is_taken_out(message: str, kept: str) -> None:
    assert normalised(message) == kept


def test_the_class_of_a_node_is_what_people_call_it() -> None:
    sequential = replace(MODEL, form="sequential")
    assert class_of(Node("a", MODEL, ())) == "Functional"
    assert class_of(Node("a", sequential, ())) == "Sequential"
    assert class_of(Node("a", Call("layers.core.Dense"), ())) == "Dense"
    assert class_of(Node("a", Name("ops.add"), ())) == "ops.add"
    assert class_of(Node("a", Ref("dense"), ())) == "dense"


def test_every_name_has_its_class() -> None:
    inner = Call("layers.GRU", {"units": 2, "name": "deep"})
    wrapper = Node("wrapper", Call("layers.Stack", {"cells": [Call("layers.Wrap", {"layer": inner})], "other": 3}), ())
    mine = Architecture("mine", nodes=(Node("only", Call("custom.Mine"), ()),), form="subclass", outputs=Ref("only"))
    model = replace(MODEL, nodes=(DENSE, wrapper, Node("nested", replace(mine, name="nested"), ())))
    assert layer_classes(model) == {
        "input": "InputLayer", "dense": "Dense", "wrapper": "Stack", "deep": "GRU", "nested": "Mine", "only": "Mine",
        "nested/only": "Mine", "model": "Model",
    }  # fmt: skip
    assert layer_classes(replace(MODEL, form="sequential"))["model"] == "Sequential"
    assert layer_classes(mine)["mine"] == "Mine"


def test_a_place_has_classes_for_names_and_no_numbers() -> None:
    classes = {"dense": "Dense", "layers": "Odd", "inner": "Strange"}
    assert place_of(("weights", "dense_3/kernel_12", "0"), classes) == ("weights", "Dense/kernel_#", "#")
    assert place_of(("layers", "dense", "config", "layers", "dense"), classes) == (
        "layers", "Dense", "config", "layers", "Dense",
    )  # fmt: skip
    assert place_of(("dense", "layers"), classes) == ("Dense", "Odd")
    assert place_of(("inner", "inner"), classes) == ("inner", "Strange")


# What a known issue matches.


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ({}, True),
        ({"checks": ("json/flags",)}, True), ({"checks": ("clone/*",)}, True), ({"checks": ("hdf5/flags",)}, False),
        ({"checks": ("hdf5/*", "*/flags")}, True), ({"checks": ("json/weights",)}, False),
        ({"kind": "value"}, True), ({"kind": "val"}, False),
        ({"layers": ("LSTM", "Dense")}, True), ({"layers": ("LSTM",)}, False), ({"layers": ("Adam",)}, True),
        ({"holds": '"units":2'}, True), ({"holds": '"units":3'}, False),
        ({"where": "^layers/Dense$"}, True), ({"where": "^Dense"}, False),
        ({"error": "^ValueError: no '.*' of"}, True), ({"error": "TypeError"}, False),
        ({"checks": ("*/flags",), "where": "LSTM"}, False), ({"error": "no", "kind": "missing"}, False),
    ],
)  # fmt: skip
def test_a_pattern_matches_in_every_respect_that_it_states(pattern: dict[str, Any], matches: bool) -> None:
    compiled = replace(MODEL, compile=Compile({"optimizer": Call("optimizers.Adam", {})}, None))
    finding = replace(FINDING, error=ERROR, architecture=compiled)
    assert Pattern(**pattern).matches(finding) is matches


def test_a_pattern_for_errors_matches_no_difference() -> None:
    assert not Pattern(error="no").matches(FINDING)
    assert Pattern(error="").matches(FINDING)
    assert not Pattern(layers=("Adam",)).matches(replace(FINDING, architecture=None))


def test_a_finding_is_marked_by_the_first_entry_that_matches_its_keras() -> None:
    def entry(name: str, keras: str, **more: Any) -> KnownIssue:
        return KnownIssue(
            name, f"why {name}", keras=keras, link=f"https://{name}", patterns=(Pattern(kind="value"),), **more
        )

    known = KnownIssues((entry("old", "<3"), entry("first", ">=3"), entry("second", ">=3")))
    marked = known.marked(FINDING, {"keras": "3.15.1"})
    assert (marked.status, marked.known_issue) == (
        "known",
        {"id": "first", "reason": "why first", "link": "https://first"},
    )
    known.marked(FINDING, {"keras": "3.15.1"})
    assert known.seen == {"first": 2}
    assert known.marked(marked, {"keras": "2.15.0"}).known_issue == {
        "id": "old",
        "reason": "why old",
        "link": "https://old",
    }
    fresh = known.marked(replace(marked, kind="missing"), {"keras": "3.15.1"})
    assert (fresh.status, fresh.known_issue) == ("new", None)
    found = known.entry_of(FINDING, {})
    assert found is not None
    assert found.id == "old"  # of a Keras that is not known nothing newer is assumed
    expired = KnownIssues((entry("over", "", expires="2020-01-01"),)).marked(FINDING, {"keras": "3.15.1"})
    assert expired.status == "new"
    assert expired.known_issue == {
        "id": "over", "reason": "why over", "link": "https://over", "expired": "2020-01-01",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("version", "wanted", "inside"),
    [
        ("3.15.1", ">=3.15,<3.16", True), ("3.16.0", ">=3.15,<3.16", False), ("3.15", ">=3.15.1", False),
        ("3.15.1", "<=3.15", True), ("3.15.1", "> 3.15", False), ("3.16.0", ">3.15", True), ("3.15.1", "==3.15", True),
        ("3.14.9", "==3.15", False), ("3.9", "<3.10", True), ("3.16.0.dev1", "<3.16", False), ("2.15", "", True),
        ("3.15.0", "<3.15", False), ("3.15.0", ">=3.15", True),
    ],
)  # fmt: skip
def test_a_version_lies_in_a_range(version: str, wanted: str, inside: bool) -> None:
    assert in_range(version, wanted) is inside


# The table.


def test_the_table_is_read_cell_by_cell() -> None:
    table = parse()
    head, *rows = [line.split() for line in TABLE.strip().splitlines()]
    assert len(rows) > 20
    for route, *cells in rows:
        for name, cell in zip(head[1:], cells, strict=True):
            assert table[route].get(name.replace("_", " "), ".") == cell
    assert table["transfer"] == {"frozen": "=", "moved": "="}
    assert table["export"] == {"exported": "~"}


def test_of_a_model_that_is_not_compiled_nothing_is_asked_that_needs_it() -> None:
    table = {"a": {"flags": "=", "losses": "~t", "training": "~t", "optimizer": "=s", "compile": "="}}
    assert asked(table, compiled=True) == {"a": ["flags", "losses", "training", "optimizer", "compile"]}
    assert asked(table, compiled=False) == {"a": ["flags", "losses"]}
