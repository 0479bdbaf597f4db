"""JUnit XML of a check: who reads it sees no exit code, so it says by itself what failed and what was not measured."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from harness.check.profiles import PROFILES
from harness.check.result import Options, Result
from harness.expectations.finding import Finding
from harness.reporting import files, junit

OPTIONS = Options(PROFILES["quick"])


def suite(result: Result) -> ElementTree.Element:
    return ElementTree.fromstring(junit.text(result).encode("utf-8"))


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (Result(OPTIONS, stopped="time limit of 1 s"), "no model was drawn; stopped: time limit of 1 s"),
        (
            Result(OPTIONS, examples=3, stopped="interrupted by SIGINT"),
            "did not come to its end; stopped: interrupted by SIGINT",
        ),
        (Result(OPTIONS, stopped="no worker", problems=["no TensorFlow"]), "no TensorFlow"),
    ],
)
def test_what_was_not_measured_is_an_error_and_no_empty_file(result: Result, message: str) -> None:
    told = suite(result)
    (error,) = told.iter("error")
    assert message in error.get("message", "")
    assert (told.get("tests"), told.get("errors"), told.get("failures")) == ("1", "1", "0")


def test_a_pass_has_no_error_and_counts_what_is_known() -> None:
    known = Finding(
        "outputs", "value", ("Dense",), ("hdf5",), "outputs differ", status="known", known_issue={"id": "a"}
    )
    told = suite(Result(OPTIONS, examples=1, findings={known.id: known}, route_examples={"hdf5": 1}))
    counts = ("tests", "failures", "errors", "skipped")
    assert [told.get(each) for each in counts] == ["2", "0", "0", "1"]


def test_what_xml_has_no_form_for_is_escaped(tmp_path) -> None:
    odd = Finding("worker", "crashed", ("a",), ("hdf5",), "it said \x1b[31m \x00 \ud800 é", "where")
    result = Result(OPTIONS, examples=1, findings={odd.id: odd}, problems=["a \x07 problem"])
    assert files.keep(junit.text(result), tmp_path / "junit.xml") is None
    told = ElementTree.parse(tmp_path / "junit.xml").getroot()
    (failure,) = told.iter("failure")
    assert failure.get("message") == r"it said \x1b[31m \x00 \ud800 é"
