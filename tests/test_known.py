"""Known issues: a file that cannot be used says where, an expired one is waited for no longer, each script tells."""

from __future__ import annotations

import importlib.metadata
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.check.confirm import confirm
from harness.check.profiles import PROFILES
from harness.check.result import Options
from harness.check.session import Session
from harness.environments.environment import Environment
from harness.expectations.finding import Finding
from harness.expectations.known import SHIPPED, KnownIssue, KnownIssues, Pattern, in_range
from harness.protocol.architecture import Call, Compile, Data, Freeze, Node, Ref
from harness.reporting import known_page
from tests import small

ISSUES = KnownIssues.read(SHIPPED).entries
HERE = Environment(sys.executable)
FINDING = Finding("outputs", "value", ("#",), ("keras_zip",), "an output is another one")


def test_every_shipped_issue_says_what_it_is_about_and_has_a_script_that_compiles() -> None:
    for issue in ISSUES:
        assert issue.about, f"{issue.id}: about which layers, or what else?"
        assert issue.script, f"{issue.id} has no script: a program that exits 1 while it shows and 0 when it does not"
        compile(issue.script, issue.id, "exec")
        assert issue.script.count("\n") < 30, f"{issue.id}: the script is too long to be read"


def test_no_shipped_pattern_is_so_wide_that_a_check_alone_or_a_model_alone_makes_it_match() -> None:
    for issue in ISSUES:
        for pattern in issue.patterns:
            assert pattern.error or pattern.where or (pattern.checks and (pattern.kind or pattern.holds)), issue.id


def test_the_page_lists_every_shipped_issue_once_with_its_reason_and_script() -> None:
    page = known_page.page(ISSUES)
    for issue in ISSUES:
        assert page.count(f"\n### {issue.id}\n") == 1
        assert issue.reason in page
        assert issue.script.strip() in page
        assert f"(#{issue.id})" in page


def test_no_place_that_is_waited_for_has_a_number() -> None:
    """A finding's place has # for each number: a pattern with a digit would match none."""
    numbered = [issue.id for issue in ISSUES for each in issue.patterns if r"\d" in each.where]
    assert not numbered


def test_the_page_in_the_repository_is_what_the_command_writes() -> None:
    page = Path(__file__).parents[1] / "docs" / "known-issues.md"
    assert page.read_text(encoding="utf-8") == known_page.page(ISSUES), (
        "run keras-harness known --markdown docs/known-issues.md"
    )


@pytest.mark.slow
def test_every_shipped_issue_shows_under_the_keras_installed() -> None:
    keras = importlib.metadata.version("keras")
    here = [issue for issue in ISSUES if in_range(keras, issue.keras)]
    assert here, f"no known issue is about Keras {keras}"
    wrong = [f"{each.issue.id} is {each.state} {each.detail}" for each in confirm(here, HERE) if each.state != "shows"]
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
def test_a_script_that_shows_is_told_from_one_that_does_not_and_one_that_fails() -> None:
    scripts = ("raise SystemExit(1)", "raise SystemExit(0)", "1 / 0", "pass", "")
    issues = [KnownIssue(str(number), "why", script=script) for number, script in enumerate(scripts)]
    found = {each.issue.id: (each.state, each.detail) for each in confirm(issues, HERE)}
    assert found["0"] == ("shows", "")
    assert found["1"] == ("stale", "")
    assert found["2"][0] == "broken"
    assert "ZeroDivisionError in line 1" in found["2"][1]
    assert found["3"][0] == "broken"
    assert found["4"] == ("no script", "")


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
    compiled = replace(small.MODEL, compile=Compile({"optimizer": Call("optimizers.Adam", {})}, None))
    finding = replace(small.FINDING, error=small.RAISED, architecture=compiled)
    assert Pattern(**pattern).matches(finding) is matches


def test_a_pattern_of_what_was_expected_is_held_against_it_as_json() -> None:
    finding = replace(small.FINDING, expected=[1, 2])
    assert Pattern(expected=r"^\[1").matches(finding)
    assert not Pattern(expected=r"^\[1").matches(replace(finding, expected=1))
    assert Pattern(expected="^null$").matches(replace(finding, expected=None))


def known_as(finding: Finding, keras: str = "3.15.1") -> str | None:
    issue = KnownIssues(ISSUES).marked(finding, {"keras": keras}).known_issue
    return None if issue is None else str(issue["id"])


@pytest.mark.parametrize(("axis", "known"), [([1, 2], True), ([1], True), (None, True), (1, False), (-2, False)])
def test_an_axis_that_h5_drops_is_known_where_it_is_no_number(axis: object, known: bool) -> None:
    finding = Finding("config", "value", ("layers", "Softmax", "config", "axis"), ("hdf5",), "", expected=axis)
    finding = replace(finding, layers=("Softmax",), architecture=small.model(Call("layers.Softmax", {"axis": axis})))
    assert known_as(finding) == ("h5-axis-lists-dropped" if known else None)


@pytest.mark.parametrize(
    ("route", "place", "was", "known"),
    [
        ("clone", ("Model",), False, True),
        ("clone_function", ("layers", "Model"), False, True),
        ("clone_function", ("layers", "Model"), True, False),
        ("clone_function", ("layers", "Dense"), False, False),
        ("clone", ("layers", "Model"), False, False),
    ],
)
def test_a_clone_is_known_to_thaw_a_model_and_with_recursive_one_within(
    route: str, place: tuple[str, ...], was: bool, known: bool
) -> None:
    model = replace(small.model(Call("layers.Dense", {"units": 2})), freezes=(Freeze(()),))
    finding = Finding("flags", "value", place, (route,), "", expected=was, actual=not was, architecture=model)
    assert known_as(finding) == ("clone-drops-trainable-of-the-model" if known else None)


@pytest.mark.parametrize(
    ("layer", "place", "known"),
    [
        (Call("layers.StackedRNNCells", {"cells": []}), ("StackedRNNCells",), True),
        (Call("layers.RNN", {"cell": []}), ("RNN/stacked_rnn_cells",), True),
        (Call("layers.RNN", {"cell": []}), ("RNN",), False),
        (Call("layers.Bidirectional", {"layer": Call("layers.RNN")}), ("Bidirectional",), False),
        (Call("custom.Gate", {"kept": "list of lists", "units": 2}), ("Gate",), True),
        (Call("custom.Gate", {"kept": "attributes", "units": 2}), ("Gate",), False),
        (Call("custom.Gate", {"units": 2}), ("Gate",), False),
    ],
)
def test_a_checkpoint_is_known_to_leave_out_what_lies_in_lists_alone(
    layer: Call, place: tuple[str, ...], known: bool
) -> None:
    finding = Finding("tracked", "value", place, ("checkpoint",), "", architecture=small.model(layer))
    assert known_as(finding) == ("checkpoint-leaves-out-lists" if known else None)


@pytest.mark.parametrize(("value", "known"), [(Data((4, 3)), True), ([[1.0]], False)])
def test_vectors_that_an_h5_of_keras_2_loses_are_known_where_they_are_an_array(value: object, known: bool) -> None:
    vectors = Call("initializers.Constant", {"value": value})
    model = small.model(Call("layers.Embedding", {"embeddings_initializer": vectors, "input_dim": 4, "output_dim": 3}))
    error = {"type": "TypeError", "message": "Unknown object: '__numpy__'", "place": "", "ours": False}
    finding = Finding("travel", "error", ("",), ("hdf5",), "", error=error, architecture=model)
    assert known_as(finding, "2.15.0") == ("keras2-h5-constant-of-an-array" if known else None)
    assert known_as(replace(finding, routes=("keras_zip",)), "2.15.0") is None


@pytest.mark.parametrize(("shape", "known"), [((1, 1), True), ((2, 1), False)])
def test_an_exported_addition_is_known_to_be_another_one_where_what_is_added_has_no_axis_but_the_samples(
    shape: tuple[int, ...], known: bool
) -> None:
    model = small.model(Call("layers.Add"))
    model = replace(model, inputs=(*model.inputs, replace(model.inputs[0], name="other", shape=shape)))
    finding = Finding("exported", "value", ("#",), ("export",), "", layers=("Add",), architecture=model)
    assert known_as(finding) == ("add-takes-another-axis-for-the-channels" if known else None)
    assert known_as(replace(finding, layers=("Multiply",))) is None


@pytest.mark.parametrize(("mode", "averaged"), [("float8", True), ("float8", False), ("int8", True)])
def test_averages_that_are_not_there_are_known_of_float8_with_averages_alone(mode: str, averaged: bool) -> None:
    optimizer = Call("optimizers.SGD", {"use_ema": averaged})
    model = small.model(Call("layers.Dense", {"units": 2, "dtype": Call("dtype_policies.get", {"identifier": mode})}))
    model = replace(model, compile=Compile({"optimizer": optimizer, "loss": "mse"}))
    error = {"type": "ValueError", "message": "None values not supported.", "place": "", "ours": False}
    finding = Finding("training", "error", ("",), ("build",), "", error=error, architecture=model)
    assert known_as(finding) == ("ema-of-float8-scales" if mode == "float8" and averaged else None)


@pytest.mark.parametrize(
    ("step", "arguments", "known"),
    [
        ("reloaded fit", {}, True), ("top unfrozen reloaded tape", {}, True), ("fit", {}, False),
        ("top unfrozen fit", {}, False), ("fit", {"trainable": False}, True),
    ],
)  # fmt: skip
def test_a_sublayer_that_is_trained_though_frozen_is_known_where_its_layer_was_loaded_or_made_so(
    step: str, arguments: dict[str, Any], known: bool
) -> None:
    layer = Call("layers.TimeDistributed", {"layer": Call("layers.Dense", {"units": 2}), **arguments})
    place = (step, "Model/TimeDistributed/Dense/kernel")
    finding = Finding("frozen", "value", place, ("transfer",), "", layers=("TimeDistributed",))
    found = known_as(replace(finding, architecture=small.model(layer)))
    assert found == ("frozen-layer-sublayers-trainable" if known else None)


@pytest.mark.parametrize(
    ("route", "nested", "known"),
    [("hdf5", False, False), ("weights_by_name", False, False), ("hdf5", True, True), ("set_weights", False, True)],
)
def test_statistics_that_did_not_come_are_known_in_h5_of_a_normalization_inside_of_a_model_alone(
    route: str, nested: bool, known: bool
) -> None:
    layer: Any = Call("layers.Normalization", {"axis": -1})
    model = small.model(small.model(layer, name="inner") if nested else layer)
    place = ("inner", "Normalization", "outputs", "#")
    finding = Finding("outputs", "value", place, (route,), "", layers=("Normalization",), architecture=model)
    assert known_as(finding) == ("normalization-set-weights" if known else None)


@pytest.mark.parametrize(
    ("image", "beside", "known"),
    [
        ("Resizing", Call("layers.BatchNormalization"), True),
        ("CenterCrop", Call("layers.SpatialDropout2D", {"rate": 0.5}), True),
        ("AutoContrast", Call("layers.LSTM", {"units": 1, "recurrent_dropout": 0.25}), True),
        ("Rescaling", Call("layers.BatchNormalization"), False),
        ("Resizing", Call("layers.LayerNormalization"), False),
        ("Resizing", Call("layers.LSTM", {"units": 1, "dropout": 0}), False),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_an_exported_model_that_trains_is_known_where_an_image_layer_stands_beside_one_that_differs_in_training(
    image: str, beside: Call, known: bool, turned: bool
) -> None:
    layers = [Call(f"layers.{image}"), beside][:: -1 if turned else 1]
    nodes = tuple(Node(f"n{number}", layer, (Ref("x"),)) for number, layer in enumerate(layers))
    model = replace(small.model(layers[0]), nodes=nodes)
    finding = Finding("exported", "value", ("#",), ("export",), "", architecture=model)
    assert known_as(finding) == ("image-layers-train-what-stands-beside" if known else None)
    assert known_as(replace(finding, kind="shape")) is None


def test_what_looks_like_a_known_finding_and_is_none_is_shown_though_that_one_came_first() -> None:
    known = KnownIssues((KnownIssue("lists", "why", patterns=(Pattern(expected=r"^\["),)),))
    shown: list[Finding] = []
    check = Session(Options(PROFILES["quick"], known=known), lambda event, result, about: shown.append(about))
    number, listed = (replace(small.FINDING, expected=each, times=1) for each in (1, [1, 2]))
    assert number.id == listed.id
    for finding in (listed, number, listed):
        check._add(finding)
    (found,) = check.result.findings.values()
    assert (found.status, found.expected, found.times) == ("new", 1, 3)
    assert [each.status for each in shown] == ["known", "new"]


POLICY = Call("dtype_policies.DTypePolicy", {"name": "mixed_bfloat16"})


@pytest.mark.parametrize(
    "dtype", ["mixed_bfloat16", POLICY, Call("dtype_policies.DTypePolicyMap", {"default_policy": POLICY})]
)
def test_a_policy_that_spatial_dropout_loses_is_known_however_it_was_given(dtype: object) -> None:
    lost, other = (
        replace(small.model(Call(f"layers.{name}", {"dtype": dtype, "rate": 0.5}), node="drop"), batch=2)
        for name in ("SpatialDropout2D", "Dropout")
    )
    behind = Node("flat", Call("layers.Flatten"), (Ref("drop"),))
    outputs = Finding("structure", "value", ("outputs", "#", "#"), ("keras_zip",), "")
    place = ("layers", "Flatten", "inbound_nodes", "#", "args", "#", "config", "dtype")
    wired = Finding("config", "value", place, ("json",), "")
    shipped = KnownIssues(ISSUES)
    for finding, layer, model in (
        (outputs, "SpatialDropout2D", lost), (wired, "Flatten", replace(lost, nodes=(*lost.nodes, behind))),
    ):  # fmt: skip
        found = shipped.marked(replace(finding, layers=(layer,), architecture=model), {"keras": "3.15.1"})
        assert (found.status, found.known_issue and found.known_issue["id"]) == ("known", "spatial-dropout-own-config")
    kept = replace(wired, layers=("Flatten",), architecture=replace(other, nodes=(*other.nodes, behind)))
    assert shipped.marked(kept, {"keras": "3.15.1"}).status == "new"


def test_a_pattern_for_errors_matches_no_difference() -> None:
    assert not Pattern(error="no").matches(small.FINDING)
    assert Pattern(error="").matches(small.FINDING)
    assert not Pattern(layers=("Adam",)).matches(replace(small.FINDING, architecture=None))


def test_a_finding_is_marked_by_the_first_entry_that_matches_its_keras() -> None:
    def entry(name: str, keras: str, **more: Any) -> KnownIssue:
        return KnownIssue(
            name, f"why {name}", keras=keras, link=f"https://{name}", patterns=(Pattern(kind="value"),), **more
        )

    known = KnownIssues((entry("old", "<3"), entry("first", ">=3"), entry("second", ">=3")))
    marked = known.marked(small.FINDING, {"keras": "3.15.1"})
    assert (marked.status, marked.known_issue) == (
        "known",
        {"id": "first", "reason": "why first", "link": "https://first"},
    )
    known.marked(small.FINDING, {"keras": "3.15.1"})
    assert known.seen == {"first": 2}
    assert known.marked(marked, {"keras": "2.15.0"}).known_issue == {
        "id": "old",
        "reason": "why old",
        "link": "https://old",
    }
    fresh = known.marked(replace(marked, kind="missing"), {"keras": "3.15.1"})
    assert (fresh.status, fresh.known_issue) == ("new", None)
    found = known.entry_of(small.FINDING, {})
    assert found is not None
    assert found.id == "old"  # of a Keras that is not known nothing newer is assumed
    expired = KnownIssues((entry("over", "", expires="2020-01-01"),)).marked(small.FINDING, {"keras": "3.15.1"})
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
        ("3.15.0", "<3.15", False), ("3.15.0", ">=3.15", True), ("3.15", "<3.15", False), ("3.15", ">=3.15", True),
    ],
)  # fmt: skip
def test_a_version_lies_in_a_range(version: str, wanted: str, inside: bool) -> None:
    assert in_range(version, wanted) is inside
