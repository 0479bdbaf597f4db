"""What the user has accepted fails nothing, until its date; the verdict says what was counted, and what was not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.expectations.finding import Finding
from harness.expectations.known import KnownIssue, KnownIssues, Pattern
from harness.gate.accepted import accepted
from harness.gate.exchange import Trip
from harness.gate.models import Loaded, ModelVerdict
from harness.gate.result import Options, Result
from harness.gate.status import BACK, FORWARD, INCOMPATIBLE, REGRESSION
from harness.gate.tally import Tally
from harness.protocol.architecture import Architecture
from harness.reporting.gate_report import report
from harness.reporting.gate_text import accepted_lines, markdown, model_lines, verdict_line

STATED = {"tensorflow": "2.15.1", "keras": "2.15.0", "python": "3.11.7", "packages": {}, "devices": []}
LOST = Finding("weights", "value", ("Dense",), ("hdf5",), "weights: lost", layers=("Dense",), status=REGRESSION)
MODEL = ModelVerdict(
    "models/price.h5", "0" * 64, "breaks", Loaded("yes"),
    Loaded("no", {"type": "ValueError", "message": "an lr that nobody knows", "place": ""}), "ValueError: an lr",
)  # fmt: skip


def made(*findings: Finding, known: KnownIssue | None = None, fail_on: tuple[str, ...] = ()) -> Result:
    options = Options(None, "a", "b", known=KnownIssues((known,) if known else ()))
    options = replace(options, fail_on=fail_on) if fail_on else options
    result = Result(options, {"baseline": STATED, "candidate": STATED}, stopped=None, compared=1)
    Tally(result).take(Trip(Architecture("model"), list(findings)))
    return result


def with_models(*models: ModelVerdict, known: KnownIssue | None = None, fail_on: tuple[str, ...] = ()) -> Result:
    result = made(known=known, fail_on=fail_on)
    result.models = [accepted(each, result.options.known, STATED) for each in models]
    return result


def entry(checks: tuple[str, ...], *, expires: str = "", **pattern: str) -> KnownIssue:
    return KnownIssue("ours", "we mend it", patterns=(Pattern(checks, **pattern),), expires=expires)


def test_an_accepted_difference_passes_until_its_date_has_come() -> None:
    before = made(LOST, known=entry(("hdf5/*",), expires="2999-01-01"))
    assert before.verdict == "pass"
    assert "1 accepted" in verdict_line(before)
    after = made(LOST, known=entry(("hdf5/*",), expires="2020-01-01"))
    assert after.verdict == "fail"
    assert verdict_line(after).startswith("NOT SAFE: 1 regression")
    assert report(after)["known_issues"]["expired"] == [{"id": "ours", "expires": "2020-01-01", "shows": True}]
    assert accepted_lines(after) == ["expired: ours was accepted until 2020-01-01 and fails as it shows again"]


def test_what_is_accepted_takes_nothing_in_that_looks_the_same_and_is_not() -> None:
    lists = entry(("hdf5/*",), expected=r"^\[")
    listed, number = (replace(LOST, expected=each) for each in ([1, 2], 1))
    for findings in ((listed, number, listed), (number, listed, listed)):
        result = made(*findings, known=lists)
        (found,) = result.findings.values()
        assert (found.known_issue, found.expected, found.times) == (None, 1, 3)
        assert result.verdict == "fail"
    assert made(listed, listed, known=lists).verdict == "pass"


def test_an_entry_that_accepts_nothing_is_named_and_fails_nothing() -> None:
    stale = made(known=entry(("keras_zip/*",)))
    assert stale.verdict == "pass"
    assert report(stale)["known_issues"] == {"expired": [], "not_seen": [{"id": "ours"}]}
    assert accepted_lines(stale) == ["accepted, and not seen in this run: ours"]
    assert accepted_lines(made(LOST, known=entry(("hdf5/*",)))) == []


@pytest.mark.parametrize(
    ("known", "verdict"),
    [
        (entry(("model/breaks",)), "pass"),
        (entry(("model/*",), where=r"price\.h5$"), "pass"),
        (entry(("model/*",), error="an lr"), "pass"),
        (entry(("model/different",)), "fail"),
        (entry(("model/*",), where=r"other\.h5$"), "fail"),
        (entry(("model/*",), error="another"), "fail"),
        (entry(("hdf5/*",)), "fail"),
        (entry((), error="an lr"), "fail"),  # it speaks of models that were drawn
        (entry(("model/breaks",), expires="2020-01-01"), "fail"),
    ],
)
def test_a_model_of_the_user_is_accepted_by_an_entry_about_it(known: KnownIssue, verdict: str) -> None:
    result = with_models(MODEL, known=known)
    assert result.verdict == verdict
    if verdict == "pass":
        assert "  accepted  ours: we mend it" in model_lines(result.models[0])
        assert "| breaks (accepted) |" in markdown(result)
        assert report(result)["models"][0]["known_issue"]["id"] == "ours"


def test_the_verdict_names_all_that_makes_it_fail_and_what_was_left_out() -> None:
    both, untried = (replace(MODEL, verdict=verdict) for verdict in ("broken in both", "not tried"))
    assert verdict_line(with_models(both, fail_on=("broken in both",))).startswith(
        "NOT SAFE: 1 model of yours broken in both ("
    )
    assert verdict_line(with_models(untried, fail_on=("not tried",))).startswith(
        "NOT SAFE: 1 model of yours not tried ("
    )
    assert verdict_line(with_models(MODEL, untried)).startswith("NOT SAFE: 1 model of yours broken (")
    assert "not counted: 1 model of yours not tried" in verdict_line(with_models(MODEL, untried))
    passed = verdict_line(with_models(MODEL, replace(MODEL, verdict="same"), fail_on=("regression",)))
    assert passed.startswith("SAFE")
    assert "not counted: 1 model of yours broken" in passed
    back = replace(LOST, status=INCOMPATIBLE, direction=BACK)
    forward = replace(back, direction=FORWARD)
    line = verdict_line(made(back, forward, fail_on=(f"{INCOMPATIBLE}-{BACK}",)))
    assert line.startswith("NOT SAFE: 1 incompatible on the way back (")
    assert "not counted: 1 difference in files of the baseline" in line


def test_a_verdict_of_what_was_cut_short_says_so_and_is_one_line() -> None:
    cut = with_models(MODEL)
    cut.stopped = "interrupted"
    assert "stopped before the end: interrupted" in verdict_line(cut)
    unmeasured = made()
    unmeasured.problems = ["the candidate could not be started: ImportError: a\nb\n"]
    assert "\n" not in verdict_line(unmeasured)
    assert markdown(unmeasured).splitlines()[0].endswith("none drawn)")


def test_a_known_issues_file_is_read_for_models(tmp_path: Path) -> None:
    file = tmp_path / "accepted.toml"
    file.write_text('[[issue]]\nid = "ours"\nreason = "why"\nchecks = ["model/breaks"]\nwhere = "price"\n')
    (known,) = KnownIssues.read(file).entries
    assert with_models(MODEL, known=known).verdict == "pass"
