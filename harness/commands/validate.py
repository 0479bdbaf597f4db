"""The commands `validate` and `rules`: somebody else's model, looked through without loading it."""

from __future__ import annotations

import dataclasses
import math
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from cyclopts.validators import Number

from harness.commands.fetching import Fetched
from harness.commands.reports import apart, kept
from harness.commands.trial import Trial, Wanted
from harness.dispatch.signals import Signals
from harness.inspection.collect import collect
from harness.inspection.hdf5_process import Reader
from harness.inspection.limits import Limits
from harness.inspection.recognise import inspect
from harness.inspection.report import Report
from harness.inspection.rules import VERDICTS
from harness.settings import FINDINGS, OK, UNMEASURED, Usage, did_you_mean

UNDECIDED_VERDICTS = ("unsupported", "error")
UNREAD = "not-a-plain-file"


def validate(
    *files: Annotated[str, Parameter(help="Files, folders, URLs; - is a list of them, a line each, that is read.")],
    json: Annotated[Path | None, Parameter(help="Write report.json here.")] = None,
    sarif: Annotated[Path | None, Parameter(help="Write SARIF 2.1.0 here.")] = None,
    junitxml: Annotated[Path | None, Parameter(help="Write JUnit XML here.")] = None,
    fail_on: Annotated[
        tuple[str, ...],
        Parameter(name="--fail-on", negative="", help="Only this verdict is exit code 1 (may be repeated)."),
    ] = (),
    suppressions: Annotated[Path | None, Parameter(help="Findings that are accepted: a TOML file.")] = None,
    stdin: Annotated[bool, Parameter(help="Read a list of paths, a line each: the same as -.", negative="")] = False,
    load: Annotated[
        bool, Parameter(help="Load what inspection has nothing against, confined, and see whether it works.")
    ] = True,
    env: Annotated[
        str | None, Parameter(help="The TensorFlow to load it in: requirements, a requirements file, an interpreter.")
    ] = None,
    custom_objects: Annotated[
        tuple[str, ...],
        Parameter(negative="", help="The author's own classes, that you have read: package.module:name."),
    ] = (),
    import_from: Annotated[
        tuple[Path, ...], Parameter(name="--import", negative="", help="A folder to import them from.")
    ] = (),
    seconds: Annotated[
        float, Parameter(help="That loading one file may take.", validator=Number(gt=0, lt=math.inf))
    ] = 300.0,
    memory: Annotated[float, Parameter(help="GiB that it may take.", validator=Number(gt=0, lt=math.inf))] = 8.0,
    allow_remote: Annotated[bool, Parameter(negative="", help="Fetch what lies elsewhere: https, hf, s3, gs.")] = False,
    limit: Annotated[
        tuple[str, ...], Parameter(name="--limit", negative="", help="NAME=NUMBER: another limit (may be repeated).")
    ] = (),
) -> int:
    """May this model be opened, is it whole, and does it work here?

    Each file is read without loading it, and without TensorFlow. What that finds nothing against is then loaded, in a
    process without network that may write to one folder, is called once, and is sent along the routes of `check`;
    --no-load leaves that out. Verdicts: ok, unsafe, bomb, corrupt, non-finite, needs custom objects, unsupported,
    incompatible. `keras-harness rules` lists what is looked for. Exit codes: 0 all are ok, 1 findings, 2 usage, 3 could
    not decide.
    """
    from harness.inspection import suppressions as accepting
    from harness.reporting import inspection_console as terminal

    limits = _limits(limit)
    failing = _fail_on(fail_on)
    accepted = []
    if suppressions is not None:
        try:
            accepted = accepting.read(suppressions)
        except accepting.SuppressionsError as error:
            raise Usage(str(error)) from error
    if not files and not stdin:
        raise Usage("no file is named; `keras-harness validate model.keras`, or - for a list of paths")
    if "" in files:
        raise Usage("a file without a name is among those to validate")
    apart(json, sarif, junitxml)
    started = time.monotonic()
    reports: list[Report] = []
    stopped = False
    reader = Reader(limits)
    reader.start()
    with Signals() as signals, Trial(Wanted(load, env, custom_objects, import_from, seconds, memory)) as trial:
        trial.callback(reader.stop)
        fetched = Fetched(allowed=allow_remote, most=limits.fetched_bytes)
        trial.callback(fetched.close)
        try:
            for path, name, why_not in _found(files, stdin, fetched):
                report = inspect(path, limits=limits, reader=reader) if not why_not else _not_fetched(name, why_not)
                report.file = name
                accepting.apply(report, accepted)
                trial.take(path, report)
                accepting.apply(report, accepted)  # what came of loading it, too
                reports.append(report)
                print("\n".join(terminal.file_lines(report)), flush=True)
        except KeyboardInterrupt:
            stopped = True  # what was found until now is in the reports all the same
        signals.hold()
    took = time.monotonic() - started
    for each in accepted:
        if each.expired:
            print(f"accepted until {each.expires}, and no longer: {each.rule} of {each.sha256[:12]}…")
    for line in trial.remarks:
        print(line)
    print(terminal.last_line(reports, took))
    code = UNMEASURED if trial.failed and not _code(reports, failing) else _code(reports, failing)
    cut_short = f"{signals.name}: what follows was not inspected" if stopped else ""
    if stopped:
        print(cut_short)
        code = signals.exit_code
    return _write(reports, failing, code, took, json, sarif, junitxml, cut_short)


def _write(
    reports: list[Report], failing: frozenset[str], code: int, seconds: float,
    json: Path | None, sarif: Path | None, junitxml: Path | None, cut_short: str,
) -> int:  # fmt: skip
    if json is sarif is junitxml is None:
        return code
    from harness.reporting import inspection_report
    from harness.reporting import sarif as sarif_report

    verdict = {OK: "pass", FINDINGS: "fail"}.get(code, "error")
    bad = [report for report in reports if report.verdict in failing]
    open_ = "it was not decided about every file" if reports else "no file was inspected"
    unmeasured = cut_short or (open_ if code == UNMEASURED else "")
    lost = kept(
        {
            json: lambda: _text(inspection_report.report_json(reports, verdict, seconds)),
            sarif: lambda: _text(sarif_report.log(reports, Path.cwd())),
            junitxml: lambda: inspection_report.junit(reports, bad, seconds, unmeasured),
        }
    )
    for each in lost:
        print(each)
    return UNMEASURED if lost else code


def _text(data: Any) -> str:
    from json import dumps

    return dumps(data, indent=1) + "\n"


def _code(reports: Sequence[Report], failing: frozenset[str]) -> int:
    verdicts = {report.verdict for report in reports}
    if verdicts & failing - set(UNDECIDED_VERDICTS):
        return FINDINGS
    # A file that was not read has passed nothing, whatever `--fail-on` asks for.
    unread = any(finding.rule == UNREAD for report in reports for finding in report.findings)
    if "error" in verdicts or unread or "unsupported" in verdicts & failing or not reports:
        return UNMEASURED
    return OK


def _found(files: Sequence[str], stdin: bool, fetched: Fetched) -> Iterator[tuple[Path, str, str]]:
    """Each file with what it is called, and what kept it from being fetched."""
    for name in files:
        fetched.allow(name)
    listed = (line.rstrip("\r\n") for line in sys.stdin if line.strip()) if stdin else ()
    for name in chain(files, listed):
        for path, called, why_not in fetched.paths(name):
            if called != str(path) or why_not:
                yield path, called, why_not
            else:
                yield from ((each, str(each), "") for each in collect([path]))


def _not_fetched(name: str, why: str) -> Report:
    report = Report(name)
    report.add(UNREAD, "", why)
    return report


def _limits(given: Sequence[str]) -> Limits:
    known = {field.name: type(getattr(Limits(), field.name)) for field in dataclasses.fields(Limits)}
    changed: dict[str, float] = {}
    for each in given:
        name, _, value = each.partition("=")
        name = name.strip().replace("-", "_")
        if name not in known:
            raise Usage(f"--limit: no limit is called {name!r}{did_you_mean(name, list(known))}")
        try:
            changed[name] = known[name](value.strip().replace("_", ""))
        except ValueError:
            raise Usage(f"--limit: {each!r} is no NAME=NUMBER") from None
        if not 0 <= changed[name] < math.inf or (not changed[name] and getattr(Limits(), name)):
            raise Usage(f"--limit: {each!r} leaves nothing")
    return Limits(**changed)  # type: ignore[arg-type]


def _fail_on(given: Sequence[str]) -> frozenset[str]:
    known = [verdict for verdict in VERDICTS if verdict != "ok"]
    for name in given:
        if name not in known:
            raise Usage(f"--fail-on: no verdict is called {name!r}{did_you_mean(name, known)}")
    return frozenset(given or known)


def rules(*, markdown: Annotated[Path | None, Parameter(help="Write the page of all of them here.")] = None) -> int:
    """What can `validate` find, and what does each finding mean?"""
    from harness.reporting import rules_page

    if markdown is None:
        print(rules_page.listing())
        return OK
    markdown.parent.mkdir(parents=True, exist_ok=True)
    markdown.write_text(rules_page.page(), encoding="utf-8")
    print(f"written to {markdown}")
    return OK
