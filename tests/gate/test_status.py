"""Every finding gets the name of where it shows."""

from __future__ import annotations

from dataclasses import replace

from harness.expectations.finding import Finding
from harness.gate.result import kind
from harness.gate.status import alone, passing

LOST = Finding("config", "value", ("Dense", "units"), ("hdf5",), "units is another one")


def failed(message: str, route: str = "hdf5", observation: str = "travel") -> Finding:
    error = {"type": "ValueError", "message": message, "place": "", "ours": False}
    return Finding(observation, "error", ("",), (route,), message, error=error)


def kinds(findings: list[Finding]) -> list[str]:
    return [kind(each) for each in findings]


def test_broken_in_the_candidate_alone_is_a_regression() -> None:
    assert kinds(list(alone([], [LOST]))) == ["regression"]


def test_broken_in_both_is_no_news() -> None:
    assert kinds(list(alone([LOST], [LOST]))) == ["pre-existing"]


def test_broken_in_the_baseline_alone_is_fixed() -> None:
    assert kinds(list(alone([LOST], []))) == ["fixed"]


def test_an_error_in_other_words_is_the_same_error_on_the_same_route() -> None:
    assert kinds(list(alone([failed("no such layer")], [failed("unknown layer")]))) == ["pre-existing"]
    assert kinds(list(alone([failed("no such layer", "keras_zip")], [failed("unknown layer")]))) == [
        "regression",
        "fixed",
    ]


def test_another_difference_on_the_same_route_is_one_of_its_own() -> None:
    other = replace(LOST, place=("Dense", "bias"))
    assert kinds(list(alone([LOST], [other]))) == ["regression", "fixed"]


def test_a_file_that_does_not_pass_is_incompatible_with_its_direction() -> None:
    assert kinds(list(passing([LOST], "forward", [], []))) == ["incompatible-forward"]


def test_what_breaks_within_a_release_says_nothing_of_files() -> None:
    assert not list(passing([LOST], "forward", [], [LOST]))
    assert not list(passing([LOST], "forward", [failed("cannot be saved")], []))
    assert list(passing([LOST], "forward", [failed("cannot be saved", "keras_zip")], []))


def test_weights_that_take_each_other_s_places_within_a_release_are_not_told_one_by_one_of_its_file() -> None:
    swapped = Finding("weights", "moved", ("Bidirectional",), ("weights_by_name", "hdf5_weights"), "", where="wrapper")
    one = Finding("weights", "value", ("LSTM", "kernel"), ("hdf5_weights",), "", where="wrapper/forward/kernel")
    assert not list(passing([one], "back", [], [swapped]))
    others = [
        replace(one, where="wrapper_1/forward/kernel"),
        replace(one, kind="dtype"),
        replace(one, routes=("hdf5",)),
        replace(one, observation="outputs"),
    ]
    assert len(list(passing(others, "back", [], [swapped]))) == len(others)
    assert list(passing([one], "back", [], [replace(swapped, kind="value")]))
    assert not list(passing([one], "back", [replace(swapped, where="")], []))


def test_directions_have_ids_of_their_own() -> None:
    assert replace(LOST, direction="forward").id != replace(LOST, direction="back").id


def test_slots_that_a_release_loses_in_its_own_files_are_laid_to_no_other() -> None:
    slots = replace(LOST, observation="slots", place=("slots",))
    own = replace(LOST, observation="optimizer", place=("variables",))
    assert not list(passing([slots], "forward", [], [own]))
    assert list(passing([slots], "forward", [], [replace(own, routes=("keras_zip",))]))
    assert list(passing([slots], "forward", [], [replace(own, observation="flags")]))
