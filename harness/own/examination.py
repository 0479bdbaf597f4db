"""Examines one case: builds it, asks every diagnosis, and sends it along every route that the table knows."""

from __future__ import annotations

import contextlib
import random
import re
import sysconfig
import tempfile
import traceback
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from harness.check.substance import SAID, Substance
from harness.expectations.finding import Finding
from harness.expectations.judge import judge
from harness.expectations.known import SHIPPED, KnownIssue, KnownIssues
from harness.expectations.table import LACKING, asked, parse
from harness.own.case import Case
from harness.own.diagnoses import arguments
from harness.own.diagnoses.catalogue import DIAGNOSES
from harness.own.diagnoses.diagnosis import NotChecked
from harness.own.keras_faults import marked_as_ours
from harness.own.making import Made, made
from harness.own.mends import mend_of, mend_of_error
from harness.own.names import BUILD, ROUTES, SUBSTANCE
from harness.own.parts import classes_of, holds_anew, unregistered
from harness.own.report import Failure, Report, essence, settled
from harness.worker import dialect
from harness.worker.custom import known
from harness.worker.installed import versions
from harness.worker.run import Timings, send

CAUSES = ("arguments", "state", "randomness")  # where one of these fails, the reason is told
# Observations that go by names: a layer that loses its own differs in each of them.
OF_A_NAME = ("structure", "config", "flags", "fresh", "frozen", "moved")
FRAMEWORKS = ("keras", "tf_keras", "tensorflow", "numpy", "h5py", "optree", "harness")
_STDLIB = sysconfig.get_path("stdlib").replace("\\", "/")
_INPUTS = "give inputs, or arguments, with which it computes something"
# What was empty of a layer or model of one's own, with what to do; to have no weights is no fault.
MENDS = {
    "outputs: not finite": "look for a division, a logarithm or a root of what may be zero or negative",
    "outputs: zero": _INPUTS,
    "outputs: constant": _INPUTS,
    "samples: same": f"call() must use its inputs, or {_INPUTS}",
    "loss: not finite": "look for a division, a logarithm or a root of what may be zero or negative",
    "loss: still": "no gradient reaches its weights: look for tf.stop_gradient, integers, or NumPy in call()",
}


def examine(case: Case) -> Report:
    """The report of a case, with what it expects to fail set apart."""
    about = versions()
    report = Report(case.name, environment=f"Keras {about['keras']}, TensorFlow {about['tensorflow']}")
    with _own_randomness(), known(dict(case.custom_objects or {})):
        try:
            built = made(case)
        except Exception as error:
            return settled(_unbuilt(report, error), case.expected_failures)
        kept = _values(built) if built.given else []
        try:
            report = _examined(report, built, about)
        finally:
            for variable, value in kept:
                variable.assign(value)
    return settled(report, case.expected_failures)


def _examined(report: Report, built: Made, about: dict[str, Any]) -> Report:
    failures: list[Failure] = []
    unchecked: dict[str, str] = {}
    for name, diagnose in DIAGNOSES.items():
        try:
            failures += diagnose(built)
        except NotChecked as reason:
            unchecked[name] = str(reason)
        except Exception as error:
            failures.append(_raised(name, error))
        built.faithful = not any(each.check == "arguments" for each in failures)
    # What is not registered is told once; the routes are travelled with it known by its name.
    with known(unregistered(built)):
        travelled, more = _travelled(built, about)
    if not any(each.check in CAUSES for each in failures):
        failures, travelled = (_with_suspects(each, built) for each in (failures, travelled))
    travelled = _told_once(failures, travelled)
    unchecked.update(more)
    # The cause is told before what follows from it.
    failures += [each for each in travelled if not each.known]
    theirs = tuple(each for each in travelled if each.known)
    failed = {name for each in (*failures, *theirs) for name in (each.check, *each.also)}
    passed = tuple(
        name for name in (BUILD, *DIAGNOSES, SUBSTANCE, *ROUTES) if name not in failed and name not in unchecked
    )
    return replace(
        report, failures=tuple(failures), passed=passed, unchecked=unchecked, known=theirs, remarks=built.remarks
    )


def _told_once(failures: list[Failure], travelled: list[Failure]) -> list[Failure]:
    """What came of the routes, with all that is about a name that the layer loses in one failure, which counts it."""
    if not any(each.check == "base_arguments" and "'name'" in each.title for each in failures):
        return travelled
    follow = [each for each in travelled if not each.known and each.title.partition(":")[0] in OF_A_NAME]
    if len(follow) < 2:
        return travelled
    first, *rest = follow
    checks = dict.fromkeys(name for each in follow for name in (each.check, *each.also))
    told = replace(
        first,
        size="; ".join(filter(None, (first.size, f"{len(rest)} more of its kind follow from the name that is lost"))),
        also=tuple(name for name in checks if name != first.check),
        mend="; ".join(filter(None, (first.mend, "what is left then, the next run tells"))),
    )
    return [told if each is first else each for each in travelled if each not in rest]


def _with_suspects(failures: list[Failure], built: Made) -> list[Failure]:
    """The failures, with the arguments that may be behind those whose mend a config has something to do with."""
    if not any(not each.known and _may_be_an_argument(each) for each in failures):
        return failures
    found = arguments.suspects(built)
    if not found:
        return failures
    said = f"look first at what comes back as something else: {', '.join(found)}; turn it back in __init__"
    return [
        replace(each, mend=f"{each.mend}; {said}" if each.mend else said)
        if not each.known and _may_be_an_argument(each)
        else each
        for each in failures
    ]


def _may_be_an_argument(failure: Failure) -> bool:
    """Whether it raised, computes something else or says another config, on a way through the config."""
    title = failure.title.partition(":")[0]
    return (
        failure.check in ("nested", *ROUTES)
        and (title in ("outputs", "extracted", "exported", "config", "losses", "fresh") or title.endswith("Error"))
        and not failure.check.endswith("_elsewhere")
    )


def _unbuilt(report: Report, error: Exception) -> Report:
    nothing = dict.fromkeys((*DIAGNOSES, SUBSTANCE, *ROUTES), "it could not be built")
    return replace(report, failures=(_raised(BUILD, error),), unchecked=nothing)


def _raised(check: str, error: Exception) -> Failure:
    """An error of the user's code, with the innermost line of it that is not Keras's."""
    frames = traceback.extract_tb(error.__traceback__)
    place = next((each for each in reversed(frames) if _is_theirs(each.filename)), None)
    where = "" if place is None else f"{Path(place.filename).name}:{place.lineno} in {place.name}"
    return Failure(check, f"{type(error).__name__}: {essence(error)}", where, mend=mend_of_error(error))


def _is_theirs(file: str) -> bool:
    """Whether a file holds code of the user's own, or of a package that he installed: none of Keras, Python or this."""
    path = file.replace("\\", "/")
    if installed := re.search(r"-packages/(\w+)", path):
        return installed[1] not in FRAMEWORKS
    return not (path.startswith(("<frozen", _STDLIB)) or Path(__file__).parents[1] in Path(file).parents)


def _travelled(built: Made, about: dict[str, Any]) -> tuple[list[Failure], dict[str, str]]:
    """What did not survive a route, one entry for each cause, and the routes that were not travelled, with why."""
    subject = built.subject
    table, unasked = _table(built)
    request = {"routes": asked(table, compiled=subject.compiled), "also": ("outputs", "training outputs")}
    with tempfile.TemporaryDirectory(prefix="keras-harness-") as folder:
        reply = send(subject, {}, request, Path(folder) / "routes", lambda _: None, Timings())
    unchecked = {name: "; ".join(LACKING[fact] for fact in lacking) for name, lacking in reply["unsent"].items()}
    unchecked.update(unasked)
    for name in table:
        if name not in unchecked and name not in reply["routes"]:
            unchecked[name] = f"Keras {dialect.MAJOR} has no such route"
    substance = Substance()
    substance.add(subject.architecture, reply, subject.arrays.blobs)
    empty = [
        Failure(SUBSTANCE, f"it {SAID[what]}: what survives then proves nothing", mend=MENDS[what])
        for what in substance.empty
        if what in MENDS
    ]
    issues = KnownIssues(_shipped())
    findings: dict[str, Finding] = {}
    for each in judge(subject.architecture, reply, subject.arrays.blobs, table, classes_of(built)):
        earlier = findings.get(each.signature)
        findings[each.signature] = each if earlier is None else earlier.merged(each)
    marked = [marked_as_ours(each, built, issues, about) for each in findings.values()]
    return empty + [_failure(each) for each in marked], unchecked


@lru_cache
def _shipped() -> tuple[KnownIssue, ...]:
    """The known issues of the package, which take as long to read as a layer takes on a route."""
    return KnownIssues.read(SHIPPED).entries


def _table(built: Made) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """What is asked of each route, and the routes of which nothing is left to ask, with the reason."""
    unasked: set[str] = set()
    if holds_anew(built.subject.model):
        unasked.add("summary")  # the names in it are counted on
    if not built.steady:
        unasked |= {"outputs", "training outputs", "losses", "training", "extracted", "exported", "frozen", "moved"}
    table: dict[str, dict[str, str]] = {}
    reasons: dict[str, str] = {}
    for route, row in parse().items():
        left = {name: relation for name, relation in row.items() if name not in unasked}
        if route in ROUTES and left:
            table[route] = left
        elif route in ROUTES:
            reasons[route] = "it computes other numbers at each call, see the check `randomness`"
    return table, reasons


def _failure(finding: Finding) -> Failure:
    size = ", ".join(f"{key} {value}" for key, value in finding.difference.items() if value not in (None, False))
    check, *also = finding.routes
    title = finding.title
    if finding.error is not None:
        title = f"{finding.error['type']}: {essence(str(finding.error['message']))}"
    issue = finding.known_issue
    return Failure(
        check,
        title,
        finding.where,
        finding.expected,
        finding.actual,
        size,
        "" if finding.status == "known" else mend_of(finding),
        tuple(also),
        f"{issue['id']}: {str(issue['reason']).partition('. ')[0]}" if issue and finding.status == "known" else "",
    )


def _values(built: Made) -> list[tuple[Any, np.ndarray[Any, Any]]]:
    """Every variable of the user's own model, with what it holds."""
    model = built.subject.model
    optimizer = getattr(model, "optimizer", None)
    held = optimizer.variables if optimizer is not None else []
    held = held() if callable(held) else held
    return [(each, dialect.array(each)) for each in (*model.variables, *held) if hasattr(each, "assign")]


@contextlib.contextmanager
def _own_randomness() -> Iterator[None]:
    """Seeds what the checks draw, and gives Python's and NumPy's generators back as they were."""
    python, numbers = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numbers)
