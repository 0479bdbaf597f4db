"""What to do about a model that breaks is told by what was seen of it, and not by what is so for most."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from harness.dispatch.pool import Answer
from harness.gate.causes import Cause, causes
from harness.gate.models import BREAKS, BROKEN, NOT_TRIED, SAME, Given, ModelVerdict, _resaved, _verdict
from harness.inspection.recognise import inspect
from harness.reporting.gate_text import model_lines

FIXTURE = Path(__file__).parents[2] / "fixtures" / "models" / "keras-3.15.1" / "mha.keras"
MOVED = Cause("moved", "modules have moved.", "build it anew", resave="which both read")
OTHER = Cause("other", "an argument is gone.", "take it out")


def broken(cause: Cause | None, **seen: str) -> ModelVerdict:
    resaved = {f"{route} forward": told for route, told in seen.items()}
    return ModelVerdict("model.keras", None, BREAKS, why="ValueError", cause=cause, resaved=resaved)


def test_a_format_that_was_seen_to_pass_comes_first() -> None:
    for cause in (MOVED, OTHER):
        assert broken(cause, keras_zip="TypeError", hdf5="passed").remedy == (
            f"load the model in the baseline and save it as .h5, which was tried and passes; or {cause.remedy}"
        )


def test_no_format_is_advised_that_was_seen_to_break() -> None:
    assert broken(MOVED, keras_zip="ValueError", hdf5="TypeError").remedy == "build it anew"


def test_what_helps_most_is_advised_where_nothing_was_tried() -> None:
    assert broken(MOVED).remedy == (
        "load the model in the earlier release and save it as .h5, which both read; or build it anew"
    )
    assert broken(OTHER).remedy == "take it out"


def test_a_break_without_a_known_cause_has_the_way_out_that_was_seen() -> None:
    found = broken(None, keras_zip="passed", hdf5="passed")
    assert found.remedy == "load the model in the baseline and save it as .keras or .h5, which was tried and passes"
    assert f"  remedy    {found.remedy}" in model_lines(found)
    assert broken(None, keras_zip="ValueError").remedy is None


def test_a_model_that_is_the_same_needs_no_remedy() -> None:
    assert ModelVerdict("model.keras", None, SAME, resaved={"hdf5 forward": "passed"}).remedy is None


@pytest.mark.parametrize("cause", causes(), ids=lambda cause: cause.id)
def test_what_a_cause_advises_in_any_case_is_not_to_save_the_model_again(cause: Cause) -> None:
    assert "save it as" not in cause.remedy
    assert cause.what_to_do([]) == cause.remedy


class Side:
    """A release that takes up what the other one saved, and loses how it was compiled."""

    def __init__(self, loads: str) -> None:
        self.loads, self.pool = loads, self

    def submit(self, request: dict[str, Any], *, limit: float) -> Future[Answer]:
        future: Future[Answer] = Future()
        error = {"type": "ValueError", "message": "no such optimizer", "place": ""}
        whole = self.loads == "yes"
        future.set_result(Answer({"loads": self.loads, "before": {}, **({} if whole else {"error": error})}))
        return future


class Takes:
    """A release that has taken a file up as it is told to."""

    def __init__(self, reply: dict[str, Any], number: float) -> None:
        values = np.array([number], dtype="float32")
        entry = {"array": str(number), "shape": [1], "dtype": "float32", "kept": "float32"}
        before = {
            "compile": {"compiled": reply["loads"] == "yes"},
            "outputs": {"outputs": [entry], "inner": []},
            "sensitivity": {"steps": [1e-7], "settled": [True]},
        }
        seen = {} if reply["loads"] == "no" else {"before": before}
        self.answer = Answer({**reply, **seen}, {str(number): values.tobytes()})
        self.pool, self.about = self, {"keras": "3.15.1"}

    def submit(self, request: dict[str, Any], *, limit: float) -> Future[Answer]:
        future: Future[Answer] = Future()
        future.set_result(self.answer)
        return future


@pytest.mark.parametrize(("number", "told"), [(0.5, ""), (0.75, "; and what is left of it differs: outputs at")])
def test_what_a_model_gives_that_comes_back_uncompiled_alone_is_told(number: float, told: str) -> None:
    """Whoever loads it with compile=False, as the remedy has it, would get other numbers without a word."""
    error = {"type": "ValueError", "message": "no such metric", "place": ""}
    sides = Takes({"loads": "yes"}, 0.5), Takes({"loads": "only with compile=False", "error": error}, number)
    exchange: Any = SimpleNamespace(baseline=sides[0], candidate=sides[1], lost=lambda *_: True)
    scratch: Any = SimpleNamespace(folder=lambda name: Path(name))
    found = _verdict(exchange, scratch, FIXTURE, inspect(FIXTURE), Given())
    assert (found.verdict, found.max_abs_diff) == (BREAKS, number - 0.5)
    assert found.why.startswith(f"ValueError: no such metric{told}")
    assert bool(told) is ("(max abs 0.25" in found.why)


UNKNOWN = {"type": "ValueError", "message": "Unknown layer: 'mine>Scale'. Please ensure", "place": ""}
GONE = {"type": "ModuleNotFoundError", "message": "No module named 'mine'", "place": ""}
MODULE = {
    "type": "TypeError",
    "message": "its parent module keras.src.engine.functional cannot be imported",
    "place": "",
}
LOADS, NOT_THERE = {"loads": "yes"}, {"loads": "no", "at": "load"}


@pytest.mark.parametrize(
    ("one", "other", "verdict"),
    [
        ({**NOT_THERE, "error": UNKNOWN}, {**NOT_THERE, "error": UNKNOWN}, NOT_TRIED),
        ({**NOT_THERE, "error": UNKNOWN}, {**NOT_THERE, "error": MODULE}, NOT_TRIED),
        ({"loads": "no", "at": "import", "error": GONE}, {"loads": "no", "at": "import", "error": GONE}, NOT_TRIED),
        (LOADS, {**NOT_THERE, "error": UNKNOWN}, BREAKS),
        (LOADS, {"loads": "no", "at": "import", "error": GONE}, BREAKS),
        ({**NOT_THERE, "error": MODULE}, {**NOT_THERE, "error": MODULE}, BROKEN),
    ],
)
def test_a_model_whose_code_was_not_given_is_broken_in_no_release(
    one: dict[str, Any], other: dict[str, Any], verdict: str
) -> None:
    exchange: Any = SimpleNamespace(baseline=Takes(one, 0.5), candidate=Takes(other, 0.5), lost=lambda *_: True)
    scratch: Any = SimpleNamespace(folder=lambda name: Path(name))
    report = replace(inspect(FIXTURE), custom_objects=["mine>Scale"])
    found = _verdict(exchange, scratch, FIXTURE, report, Given(custom_objects=("other:Thing",)))
    assert found.verdict == verdict
    if verdict == NOT_TRIED:
        assert "needs custom objects: mine>Scale: " in found.why
    if verdict == BREAKS and other["error"] is UNKNOWN:
        assert found.cause is not None
        assert found.cause.id == "own-class-missing"


@pytest.mark.parametrize(
    ("loads", "told"),
    [
        ("yes", "passed"),
        ("only with compile=False", "only with compile=False: ValueError: no such optimizer"),
        ("no", "ValueError: no such optimizer"),
    ],
)
def test_a_file_that_comes_back_uncompiled_alone_has_not_passed(loads: str, told: str) -> None:
    exchange: Any = SimpleNamespace(baseline=Side("yes"), candidate=Side(loads), lost=frozenset())
    saved = Answer({"kept": {"hdf5": "m.h5"}, "before": {}})
    assert _resaved(exchange, saved, Answer({}), Given()) == {"hdf5 forward": told}
