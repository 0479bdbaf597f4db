"""How the two releases take a file up decides its verdict, before anything is compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.expectations.compare import Difference
from harness.gate.models import (
    BREAKS,
    BROKEN,
    FIRST_CALL,
    FIXED,
    IMPORT,
    NOT_TRIED,
    SAME,
    Given,
    Loaded,
    ModelVerdict,
    _different,
    _loading,
)
from harness.inspection.report import Report

SIDES = ("2.15.0", "3.15.1")
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
    assert _loading(made, Report("m.keras"), Given(), SIDES).verdict == verdict


def test_a_model_that_loads_in_both_and_takes_the_inputs_of_its_user_in_neither_is_not_tried() -> None:
    """The inputs may be those of another model: that it is broken would be more than was seen."""
    made = ModelVerdict("m.keras", None, NOT_TRIED, UNCALLED, UNCALLED)
    assert _loading(made, Report("m.keras"), Given(inputs=Path("x.npz")), SIDES).verdict == NOT_TRIED


@pytest.mark.parametrize(("form", "verdict"), [("keras", NOT_TRIED), ("saved_model", BREAKS)])
def test_without_its_classes_a_config_is_not_tried_and_a_program_is(form: str, verdict: str) -> None:
    report = Report("m.keras", format=form, custom_objects=["Mine"])
    made = _loading(ModelVerdict("m.keras", None, NOT_TRIED, WHOLE, REFUSED), report, Given(), SIDES)
    assert made.verdict == verdict
    assert ("needs custom objects: Mine" in made.why) is (verdict == NOT_TRIED)


def test_a_cause_of_some_releases_is_that_of_the_release_which_broke_it() -> None:
    report = Report("m.keras", format="keras")
    listed = [(("takes", "0"), "3.4.1", "one-tensor-becomes-a-list"), (("takes", "0"), "3.5.0", None)]
    for where, keras, cause in listed:
        differs = Difference(where, "value", 1, 2)
        told = _different(
            ModelVerdict("m.keras", None, NOT_TRIED), "structure", differs, report, ("3.3.3", keras)
        ).cause
        assert (told and told.id) == cause


@pytest.mark.parametrize(("baseline", "candidate", "verdict"), [(0, 1, BREAKS), (1, 0, FIXED)])
def test_code_that_one_side_does_not_import_is_the_cause(baseline: int, candidate: int, verdict: str) -> None:
    error = {"type": "ModuleNotFoundError", "message": "No module named 'keras.engine'", "place": ""}
    sides = (WHOLE, Loaded("no", error, IMPORT))
    report = Report("m.keras", custom_objects=["mine>Scale"])
    made = ModelVerdict("m.keras", None, NOT_TRIED, sides[baseline], sides[candidate])
    told = _loading(made, report, Given(custom_objects=("mine:Scale",)), SIDES)
    assert (told.verdict, told.cause and told.cause.id) == (verdict, "own-code-not-imported")
    assert "keras.engine" in told.why
