"""People's layers and models: a fault is seen by the check that must see it, and nothing is found in a healthy one.

One process checks them all; what it wrote is looked at here.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from harness.own.names import BUILD, DIAGNOSES, ROUTES, SUBSTANCE

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[1]


@lru_cache
def found() -> dict[str, Any]:
    """What was found in every layer and model of `tests/own`, by name."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "found.json"
        command = [sys.executable, "-m", "tests.own.run", str(file)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1500, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        told: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    assert {name: each["raised"] for name, each in told.items() if "raised" in each} == {}
    return told


def keras_3() -> bool:
    """Whether the Keras installed here, which is not imported for it, is the third."""
    return version("keras").partition(".")[0] == "3"


def healthy() -> dict[str, Any]:
    return {name: each for name, each in found().items() if "wanted" not in each}


def faulty() -> dict[str, Any]:
    return {name: each for name, each in found().items() if "wanted" in each}


def test_nothing_is_found_in_layers_and_models_as_they_should_be() -> None:
    assert {name: each["text"] for name, each in healthy().items() if each["failures"]} == {}


def test_every_diagnosis_and_every_route_is_passed_by_a_healthy_one() -> None:
    passed = {check for each in healthy().values() for check in each["passed"]}
    known = {check for each in healthy().values() for one in each["known"] for check in (one["check"], *one["also"])}
    absent = {
        check for each in healthy().values() for check, why in each["unchecked"].items() if why.startswith("Keras ")
    }
    assert {BUILD, *DIAGNOSES, SUBSTANCE, *ROUTES} - passed - known - absent == {"skip_mismatch"}


def test_each_fault_is_seen_by_its_check_which_names_the_argument_and_the_mend() -> None:
    unseen = {}
    for name, each in faulty().items():
        wanted = each["wanted"]
        told = [one for one in each["failures"] if wanted["check"] in (one["check"], *one["also"])]
        if not any(wanted["title"] in one["title"] and wanted["mend"] in one["mend"] for one in told):
            unseen[name] = each["text"]
    assert faulty()
    assert unseen == {}


def test_no_other_diagnosis_fails_for_a_fault() -> None:
    blamed = {}
    for name, each in faulty().items():
        wanted = each["wanted"]
        allowed = {wanted["check"], *wanted["others"]}
        more = {one["check"] for one in each["failures"]} & {BUILD, *DIAGNOSES, SUBSTANCE} - allowed
        if more:
            blamed[name] = (sorted(more), each["text"])
    assert blamed == {}


def test_what_raises_is_placed_in_code_that_is_not_keras_s_or_python_s() -> None:
    places = {
        name: one["where"] for name, each in faulty().items() for one in each["failures"] if one["check"] == BUILD
    }
    places = {name: where for name, where in places.items() if where}  # there may be nothing but Keras in a traceback
    if not places:
        pytest.skip("under this Keras no fault of its own code keeps a layer from being built")
    ours = tuple(path.name for path in (ROOT / "tests" / "own").glob("*.py"))
    assert {name: where for name, where in places.items() if not where.startswith(ours)} == {}


def test_every_check_of_every_case_is_a_test_of_pytest() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-rfx", "-p", "no:cacheprovider", "tests/own/marked.py"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert "1 failed" in done.stdout, done.stdout[-3000:]
    assert "1 xfailed" in done.stdout
    assert "FAILED tests/own/marked.py::test_my_layers[DropsNever()-training_argument]" in done.stdout
    assert "XFAIL tests/own/marked.py::test_my_layers[EatsTheMask()-mask] - waited for" in done.stdout
    assert "let call take training=None" in done.stdout


def test_a_failure_is_an_assertion_error_and_names_every_check_that_failed() -> None:
    code = (
        "from harness.own import ChecksFailed, check_layer\n"
        "from tests.own import drawing\n"
        "try:\n"
        "    check_layer(drawing.DropsNever, inputs=(8,))\n"
        "except AssertionError as error:\n"
        "    assert isinstance(error, ChecksFailed) and error.report.of('training_argument')\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "DropsNever(): 1 failed" in done.stdout, done.stderr[-2000:]


@pytest.mark.skipif(not keras_3(), reason="Keras 2 has neither")
def test_what_keras_breaks_of_an_everyday_model_is_told_as_keras_s() -> None:
    known = {name: " ".join(one["known"] for one in found()[name]["known"]) for name in ("unnamed", "operations")}
    assert "clone-renames-unnamed-inputs" in known["unnamed"]
    assert "h5-operations-taken-for-layers" in known["operations"]
    assert [one["mend"] for one in found()["operations"]["known"] if one["mend"]] == []


def test_what_follows_from_a_name_that_is_lost_is_told_once_and_counted() -> None:
    for name in ("KeepsNothing: base_arguments", "ConfigOfItsOwn: base_arguments"):
        of_routes = [one for one in found()[name]["failures"] if one["check"] in ROUTES]
        assert len(of_routes) == 1, found()[name]["text"]
        assert "more of its kind follow from the name" in of_routes[0]["size"]
        assert {"hdf5", "clone"} <= set(of_routes[0]["also"])


def test_a_function_that_is_not_registered_is_told_once_and_fails_on_no_route() -> None:
    failures = found()["a function for a loss: registration"]["failures"]
    assert [one["check"] for one in failures] == ["registration"]
