"""How the two releases take a file up decides its verdict, before anything is compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.gate.models import (
    BREAKS,
    BROKEN,
    FIRST_CALL,
    FIXED,
    NOT_TRIED,
    SAME,
    Given,
    Loaded,
    ModelVerdict,
    _loading,
)
from harness.inspection.report import Report

ERROR = {"type": "ValueError", "message": "no", "place": ""}
WHOLE = Loaded("yes")
REFUSED = Loaded("no", ERROR, "load")
IN_PART = Loaded("only with compile=False", ERROR, "load")
UNCALLED = Loaded("yes", ERROR, FIRST_CALL)


@pytest.mark.parametrize(
    ("baseline", "candidate", "verdict"),
    [
        (WHOLE, WHOLE, SAME),
        (IN_PART, IN_PART, SAME),
        (WHOLE, REFUSED, BREAKS),
        (WHOLE, IN_PART, BREAKS),
        (WHOLE, UNCALLED, BREAKS),
        (IN_PART, REFUSED, BREAKS),
        (UNCALLED, REFUSED, BREAKS),  # it loads no more, whatever it is fed with
        (REFUSED, WHOLE, FIXED),
        (IN_PART, WHOLE, FIXED),
        (UNCALLED, WHOLE, FIXED),
        (REFUSED, REFUSED, BROKEN),
        (REFUSED, UNCALLED, BROKEN),
        (UNCALLED, UNCALLED, NOT_TRIED),  # the inputs were made up
    ],
)
def test_the_verdict_follows_from_what_each_side_could_do(baseline: Loaded, candidate: Loaded, verdict: str) -> None:
    made = ModelVerdict("m.keras", None, NOT_TRIED, baseline, candidate)
    assert _loading(made, Report("m.keras"), Given()).verdict == verdict


def test_a_model_that_takes_the_inputs_of_its_user_in_neither_release_is_broken_in_both() -> None:
    made = ModelVerdict("m.keras", None, NOT_TRIED, UNCALLED, UNCALLED)
    assert _loading(made, Report("m.keras"), Given(inputs=Path("x.npz"))).verdict == BROKEN


@pytest.mark.parametrize(("form", "verdict"), [("keras", NOT_TRIED), ("saved_model", BREAKS)])
def test_without_its_classes_a_config_is_not_tried_and_a_program_is(form: str, verdict: str) -> None:
    report = Report("m.keras", format=form, custom_objects=["Mine"])
    made = _loading(ModelVerdict("m.keras", None, NOT_TRIED, WHOLE, REFUSED), report, Given())
    assert made.verdict == verdict
    assert ("needs custom objects: Mine" in made.why) is (verdict == NOT_TRIED)
