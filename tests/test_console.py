"""What a check prints is what a stranger reads: every finding with its script, every known issue with its reason."""

import re
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from harness.architectures.families import all_rules
from harness.check.plan import Plan
from harness.check.profiles import PROFILES
from harness.check.proof import scripted
from harness.check.result import Options, Result
from harness.expectations.finding import Finding
from harness.protocol.architecture import Architecture, Call, Input, Node, Ref
from harness.reporting import live as progress
from harness.reporting.console import Watcher, print_result, verdict_line
from tests.vocabularies import vocabulary

MODEL = Architecture(
    name="model",
    inputs=(Input("input", (3,)),),
    nodes=(Node("dense", Call("layers.Dense", {"units": 2}), (Ref("input"),)),),
    outputs=Ref("dense"),
)
NEW = scripted(Finding(
    "weights", "value", ("Dense", "kernel"), ("keras_zip",), "weights: [Dense] is another one", "dense/kernel",
    1.0, 2.0, {"max ulp": 8.0}, layers=("Dense",), architecture=MODEL,
), {"keras": "3.15.1"})  # fmt: skip


def known(observation: str) -> Finding:
    issue = {"id": "h5-loses-it", "reason": "The file has no place for it.", "link": ""}
    return Finding(observation, "value", (), ("hdf5",), "", architecture=MODEL, status="known", known_issue=issue)


def printed(*findings: Finding) -> str:
    result = Result(Options(PROFILES["quick"]), findings={each.id: each for each in findings}, examples=1, built=1)
    result.route_examples = {"keras_zip": 1, "hdf5": 1}
    result.arrived = {("layers.Dense", "keras_zip")}
    result.failed_by = {("Dense", "keras_zip"): 3}
    text = StringIO()
    print_result(result, Console(file=text, width=140))
    return text.getvalue()


def test_a_new_finding_is_printed_with_place_size_and_script() -> None:
    text = printed(NEW)
    for part in (NEW.id, "keras_zip/weights", "[Dense]", "dense/kernel", "max ulp 8.0", "keras.layers.Dense(units=2"):
        assert part in text
    assert f"keras-harness reproduce {NEW.id}" in text
    assert "FAIL: 1 new finding (0 known); 1 model, 0 layers, 2 round trips" in text


def test_findings_of_one_known_issue_are_told_once_with_the_reason() -> None:
    text = printed(known("config"), known("outputs"))
    assert text.count("h5-loses-it") == text.count("The file has no place for it.") == 1
    assert "hdf5/config, hdf5/outputs" in text
    assert "PASS" in text


def test_the_table_says_by_route_what_came_through_and_what_broke() -> None:
    (row,) = [line for line in printed(NEW).splitlines() if "Dense 3" in line]
    assert [cell.strip() for cell in row.strip("│").split("│")] == ["keras_zip", "1", "1", "Dense 3"]


def test_a_check_that_saw_nothing_is_no_pass() -> None:
    nothing = Result(Options(PROFILES["quick"]))
    assert verdict_line(nothing).startswith("COULD NOT MEASURE: no model was drawn")
    cut = Result(Options(PROFILES["quick"]), examples=65, built=65, stopped="interrupted by SIGTERM")
    assert verdict_line(cut).startswith("COULD NOT MEASURE: the run did not come to its end; 65 models")
    assert verdict_line(cut).endswith("stopped: interrupted by SIGTERM")


def watched(*settled: Finding, live: bool) -> tuple[str, list[str]]:
    """What is shown while findings are seen, all of them new as they were drawn, and then settled; the counts."""
    text, counts = StringIO(), []
    console = Console(file=text, width=140, force_terminal=live, color_system=None)
    watcher = Watcher(console)
    result = Result(Options(PROFILES["quick"]))

    def event(name: str, subject: object = None) -> None:
        before = len(text.getvalue())
        watcher(name, result, subject)
        if name in ("finding", "reduced"):
            shown = watcher._line._progress
            counts.append(shown.tasks[0].description if shown else text.getvalue()[before:].splitlines()[-1])

    event("starting")
    for finding in settled:
        drawn = replace(finding, status="new", known_issue=None)
        result.findings[drawn.id] = drawn
        event("finding", drawn)
    for finding in settled:
        result.findings[finding.id] = finding
        event("reduced", finding)
    event("done")
    return text.getvalue(), counts


@pytest.mark.parametrize("live", [False, True])
def test_a_finding_is_called_new_only_once_it_is_settled(live: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "EVERY", -1.0)  # every event has its line of counts
    text, counts = watched(known("config"), NEW, live=live)
    parts = re.split(r"[\r\n]+", re.sub(r"\x1b\[[\d;?]*\w", "", text))
    lines = [part for part in parts if NEW.id in part or known("config").id in part]
    assert [line.split()[0] for line in lines] == ["to", "to", "known", "new"]
    assert "h5-loses-it" in lines[2]
    assert [each.partition("layers, ")[2] for each in counts] == [
        "0 new findings, 1 to be looked at",
        "0 new findings, 2 to be looked at",
        "0 new findings, 1 to be looked at",
        "1 new finding",
    ]


def test_how_much_of_the_examples_has_been_drawn_is_told_where_several_are_promised() -> None:
    plan = Plan(
        vocabulary(), {name: rule for name, rule in all_rules().items() if name == "Dense"}, PROFILES["thorough"]
    )
    result, watcher = Result(Options(PROFILES["thorough"]), plan=plan), Watcher(Console(file=StringIO()))
    assert watcher._how_far(result).endswith("; 0% of 20 examples a layer")
    for _ in zip(range(10), plan, strict=False):
        pass
    assert watcher._how_far(result).endswith("; 50% of 20 examples a layer")
    result.plan = Plan(vocabulary(), all_rules(), PROFILES["quick"])
    assert "examples" not in watcher._how_far(result)
