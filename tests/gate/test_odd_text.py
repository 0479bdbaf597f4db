"""Names of files and messages of Keras are somebody else's text: no report is lost or spoilt by what they hold."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.console import Console

from harness.gate.models import Loaded, ModelVerdict
from harness.gate.result import Options, Result
from harness.reporting import files, json_report
from harness.reporting.gate_report import junit, report
from harness.reporting.gate_text import Watcher, markdown, print_result

STATED = {"tensorflow": "2.15.1", "keras": "2.15.0", "python": "3.11.7", "packages": {}, "devices": []}
NAMES = ["latin-1 \udcff.h5", "red \x1b[31m.h5", "two\nlines.h5", "a|b `c` <d> [red]e.h5", "turned \u202e.h5"]
SAID = "TypeError: <class 'keras.layers.Dense'>.__init__() got *\x1b[2J\nand | more"
MODEL = ModelVerdict("m.h5", "0" * 64, "breaks", Loaded("yes"), Loaded("no"), SAID)


def of(name: str) -> Result:
    result = Result(Options(None, "a", "b"), {"baseline": STATED, "candidate": STATED}, stopped=None)
    result.models = [replace(MODEL, file=f"models/{name}")]
    result.problems = [f"{name} was not tried"]
    return result


@pytest.mark.parametrize("name", NAMES)
def test_every_report_is_written_and_can_be_read(name: str, tmp_path: Path) -> None:
    result = of(name)
    assert files.keep(json_report.text(report(result)), tmp_path / "report.json") is None
    told = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert told["models"][0]["file"] == f"models/{name}"
    assert files.keep(junit(result), tmp_path / "junit.xml") is None
    assert len(ElementTree.parse(tmp_path / "junit.xml").getroot()) == 2
    assert files.keep(markdown(result), tmp_path / "summary.md") is None


@pytest.mark.parametrize("name", NAMES)
def test_nothing_in_a_name_or_message_is_obeyed_by_a_terminal(name: str) -> None:
    stream = io.StringIO()
    console = Console(file=stream, width=200, force_terminal=False)
    result = of(name)
    Watcher(console)("model", result, result.models[0])
    print_result(result, console)
    assert all(each.isprintable() for each in stream.getvalue().replace("\n", ""))


@pytest.mark.parametrize("name", NAMES)
def test_a_row_of_markdown_stays_a_row_and_says_what_was_said(name: str) -> None:
    text = markdown(of(name))
    row = next(line for line in text.splitlines() if "| breaks |" in line)
    assert len(row.split("|")) == 8
    assert "<class" not in row
    assert "<class 'keras.layers.Dense'>.__init__()" in unescape(row)
    assert sum(line.startswith("## ") for line in text.splitlines()) == 1


def test_a_report_holds_numbers_alone_where_json_has_numbers() -> None:
    result = of("m.h5")
    result.models = [replace(MODEL, verdict="different", max_abs_diff=float("nan"))]

    def refuse(name: str) -> None:
        raise ValueError(name)

    told = json.loads(json_report.text(report(result)), parse_constant=refuse)
    assert told["models"][0]["max_abs_diff"] == "nan"


def test_a_model_that_breaks_is_told_in_junit_with_its_cause() -> None:
    (failure,) = ElementTree.fromstring(junit(of("m.h5")).split("\n", 1)[1]).iter("failure")
    assert "because   TypeError" in str(failure.text)
    assert "cause     unknown cause" in str(failure.text)


@pytest.mark.parametrize("changes", [{"problems": ["no room"]}, {"stopped": "interrupted"}, {}])
def test_a_gate_that_measured_nothing_is_no_green_suite(changes: dict[str, object]) -> None:
    result = Result(Options(None, "a", "b"), {"baseline": STATED, "candidate": STATED}, stopped=None)
    for name, value in changes.items():
        setattr(result, name, value)
    assert result.verdict == "error"
    suite = ElementTree.fromstring(junit(result).split("\n", 1)[1])
    assert (suite.get("tests"), suite.get("errors"), suite.get("failures")) == ("1", "1", "0")
