"""Which of two releases saved what the other breaks: the causes of one, and the way that is back."""

from __future__ import annotations

from dataclasses import replace

from harness.expectations.compare import Difference
from harness.expectations.finding import Finding
from harness.gate.causes import Break, cause_of
from harness.gate.models import SAME, ModelVerdict, _different
from harness.gate.replay import Replayed
from harness.gate.result import Options, Result, kind
from harness.inspection import Report
from harness.protocol.architecture import Call
from tests.gate.breaks import DENSE, SAID, with_layers
from tests.gate.test_status import failed


def test_a_cause_of_what_one_release_saves_is_told_of_the_files_of_no_other() -> None:
    lost = Break("optimizer", "forward", where="iterations", keras="3.15.1", format="keras", saved_by="2.15.0")
    assert cause_of(lost) is not None
    for other in (replace(lost, saved_by="3.6.0"), replace(lost, saved_by=""), replace(lost, format="hdf5")):
        assert cause_of(other) is None


def told_by(finding: Finding, baseline: str, candidate: str) -> str | None:
    """The cause of a finding, by a gate of these two releases."""
    sides = {"baseline": {"keras": baseline}, "candidate": {"keras": candidate}}
    told = Result(Options(None, "a", "b"), sides).cause(finding)
    return told.id if told else None


def test_what_saved_is_the_release_that_did_not_break() -> None:
    case = SAID["optimizer-of-keras-2"]
    forward = replace(case.finding, routes=("keras_zip",))
    assert told_by(forward, "2.15.0", "3.15.1") == "optimizer-of-keras-2"
    assert told_by(forward, "3.6.0", "3.15.1") is None
    assert told_by(replace(forward, routes=("hdf5",)), "2.15.0", "3.15.1") is None
    # From the later release to the earlier one is the way back, whichever of them is the candidate.
    assert told_by(forward, "3.15.1", "2.15.0") is None
    assert told_by(replace(forward, direction="back"), "3.15.1", "2.15.0") == "optimizer-of-keras-2"


def test_a_recording_is_what_saved_in_a_replay() -> None:
    finding = replace(SAID["optimizer-of-keras-2"].finding, routes=("keras_zip",), status="incompatible")
    for keras, cause in (("2.15.0", "optimizer-of-keras-2"), ("3.6.0", None)):
        sides = {"old": {"keras": keras}, "candidate": {"keras": "3.15.1"}}
        replayed = Replayed(Options(None, "a", "b"), sides)
        replayed.shown[f"{kind(finding)} {finding.id}"] = ["old"]
        told = replayed.cause(finding)
        assert (told.id if told else None) == cause


def test_of_a_file_of_the_user_s_it_is_the_release_that_it_worked_in_that_counts_as_having_saved_it() -> None:
    difference = Difference(("iterations",), "value", 2, 0)
    for baseline, cause in (("2.15.0", "optimizer-of-keras-2"), ("3.6.0", None)):
        report = Report("m.keras", format="keras")
        made = _different(ModelVerdict("m.keras", None, SAME), "optimizer", difference, report, (baseline, "3.15.1"))
        assert (made.cause.id if made.cause else None) == cause


def test_of_weights_that_changed_places_it_is_told_whose_each_has_and_of_a_class_of_one_s_own_why() -> None:
    places = [f"twin/{name}/kernel" for name in ("key", "query", "value", "out")]
    moved = Difference(("twin",), "moved", places, [*places[1:], places[0]])
    first = ModelVerdict("m.h5", None, SAME, max_abs_diff=2.5)
    for own, keras, cause in (
        (["Twin"], "2.15.0", "own-layers-in-another-order"), ([], "2.15.0", None), (["Twin"], "3.6.0", None),
    ):  # fmt: skip
        report = Report("m.h5", format="hdf5", custom_objects=own)
        made = _different(first, "weights", moved, report, (keras, "3.15.1"))
        assert (made.cause.id if made.cause else None) == cause
        assert made.why == (
            "weights at twin: twin/key/kernel has that of twin/query/kernel; twin/query/kernel has that of"
            " twin/value/kernel; twin/value/kernel has that of twin/out/kernel and 1 more; the outputs are 2.5 apart"
        )


def test_a_sum_that_one_release_takes_for_that_with_a_bias_is_told_by_its_known_issue() -> None:
    """Keras 3.15 alone, of the layer that adds, and of its numbers."""
    finding = with_layers(replace(failed("", observation="outputs"), where="inner/add", layers=("Add",)), DENSE)
    finding = replace(finding, kind="value", place=("inner", "Add"), direction="forward")
    assert told_by(finding, "2.15.0", "3.15.1") == "add-takes-another-axis-for-the-channels"
    assert told_by(finding, "2.15.0", "3.6.0") is None
    assert told_by(replace(finding, layers=("Multiply",)), "2.15.0", "3.15.1") is None
    assert told_by(replace(finding, kind="dtype"), "2.15.0", "3.15.1") is None


def test_a_setting_that_one_release_does_not_state_is_told_by_its_known_issue() -> None:
    finding = with_layers(failed("", observation="config"), Call("layers.CategoryEncoding", {"num_tokens": 2}))
    finding = replace(finding, error=None, kind="missing", routes=("hdf5",), direction="forward")
    sparse = replace(finding, place=("layers", "CategoryEncoding", "config", "sparse"))
    assert told_by(sparse, "2.15.0", "3.15.1") == "category-encoding-sparse-config"
    assert told_by(sparse, "2.15.0", "3.16.0") is None
    assert told_by(replace(sparse, place=("layers", "CategoryEncoding", "config", "num_tokens")), "2", "3.15.1") is None
    assert told_by(replace(sparse, place=("layers", "Dense", "config", "sparse")), "2.15.0", "3.15.1") is None


def test_the_way_forward_from_a_later_release_is_the_way_back() -> None:
    finding = replace(SAID["batch-shape-of-an-input"].finding, direction="forward")
    assert told_by(finding, "3.15.1", "2.15.0") == "batch-shape-of-an-input"
    assert told_by(finding, "2.15.0", "3.15.1") is None
