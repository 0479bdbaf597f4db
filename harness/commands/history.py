"""The command `history`: since when is it slower? And what fills the history beside `bench`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

from harness.commands import reports
from harness.settings import OK, UNMEASURED, Unmeasured, Usage, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.performance.series import Series
    from harness.reporting.history_text import Looked

TITLE = "keras-harness history"
HISTORY = Parameter(name="--history", help="The folder of the history, instead of the user's own.")

app = App(name="history", help="Since when is it slower?")


@app.default
def history(
    *,
    folder: Annotated[Path | None, HISTORY] = None,
    benchmark: Annotated[
        tuple[str, ...],
        Parameter(name="--benchmark", help="Only benchmarks with this in their names (may be repeated).", negative=""),
    ] = (),
    machine: Annotated[str, Parameter(help="The id of a machine, or all; unless said, this one.")] = "this",
    measure: Annotated[
        Literal["time", "memory", "device-memory", "bytes"], Parameter(help="What is looked at.")
    ] = "time",
    json: Annotated[Path | None, Parameter(help="Write report.json here as well.")] = None,
    markdown: Annotated[Path | None, Parameter(help="Write a table here, for a pull request.")] = None,
    html: Annotated[Path | None, Parameter(help="Write a page here.")] = None,
    svg: Annotated[Path | None, Parameter(help="Draw it here, for a README.")] = None,
    png: Annotated[Path | None, Parameter(help="The same as pixels, for where no SVG is shown.")] = None,
    by: Annotated[
        Literal["release", "date"],
        Parameter(help="The order of the runs: the releases that they are of, or when they were."),
    ] = "release",
) -> int:
    """Since when is it slower?

    Shows every benchmark of the history as a line of bars, with the changes in it and the releases they came with. Runs
    of different machines are never mixed. Exit codes: 0 shown, 2 usage, 3 there is nothing to show.
    """
    from harness.performance import history as kept
    from harness.performance.measured import DEVICE_MEMORY
    from harness.performance.series import series as series_of
    from harness.reporting import console as terminal
    from harness.reporting import history_markdown, history_report, json_report, performance_page, picture, plots
    from harness.reporting.history_text import print_history

    reports.drawable(html, png)
    reports.targets(json, markdown, html, svg, png)
    of = DEVICE_MEMORY if measure == "device-memory" else measure
    place = _folder(folder)
    found = kept.read(place)
    problems = [each.told for each in found.damaged]
    looked: list[Looked] = []
    try:
        looked = _looked(place, series_of(found.lines, measure=of, by=by), of, machine, benchmark)
    except Unmeasured as error:
        problems.append(str(error))
    for problem in problems:
        print(f"keras-harness: {problem}", file=sys.stderr)
    print_history(looked, terminal.make_console())
    texts: dict[Path | None, Callable[[], str | bytes]] = {
        json: lambda: json_report.text(history_report.report(looked, measure=of, by=by, problems=problems)),
        markdown: lambda: history_markdown.markdown(looked, problems),
    }
    if looked:  # of nothing there is no picture
        texts |= {
            html: lambda: performance_page.of_history(looked),
            svg: lambda: plots.histories(looked, TITLE),
            png: lambda: picture.png(plots.histories(looked, TITLE)),
        }
    lost = reports.kept(texts)
    for each in lost:
        print(f"keras-harness: {each}", file=sys.stderr)
    return OK if looked and not lost else UNMEASURED


def _looked(place: Path, every: list[Series], measure: str, machine: str, words: tuple[str, ...]) -> list[Looked]:
    """The series that were asked for, with their changes. Raises Usage, and Unmeasured where nothing is there."""
    from harness.performance import machine as machines
    from harness.performance.changes import Missing, changes

    if not every:
        raise Unmeasured(f"no {measure} in the history in {place}: bench and history import add to it")
    here = str(machines.about()["id"]) if machine == "this" else machine
    ids = sorted({str(each.machine["id"]) for each in every})
    if machine not in ("this", "all") and machine not in ids:
        raise Usage(f"--machine: no machine is called {machine!r}{did_you_mean(machine, ids)}")
    shown = [each for each in every if machine == "all" or each.machine["id"] == here]
    if not shown:
        raise Unmeasured(f"nothing of this machine ({here}) in {place}, but of {', '.join(ids)} (--machine all)")
    for word in words:
        if not any(word in each.benchmark for each in shown):
            names = sorted({each.benchmark for each in shown})
            raise Usage(f"--benchmark: no benchmark has {word!r} in its name{did_you_mean(word, names)}")
    shown = [each for each in shown if not words or any(word in each.benchmark for word in words)]
    try:
        return [(each, changes(each.values)) for each in shown]
    except Missing as error:
        raise Unmeasured(str(error)) from error


@app.command(name="import")
def import_(
    *files: Annotated[Path, Parameter(help="JSON that pytest-benchmark has written.")],
    folder: Annotated[Path | None, HISTORY] = None,
) -> int:
    """Adds runs of pytest-benchmark to the history; one that is there already is not added again.

    Exit codes: 0 added, 2 usage, 3 a file could not be read, or the history not be written.
    """
    from harness.performance import history as kept
    from harness.performance.imported import NotOfPytest, lines_of_file

    if not files:
        raise Usage("name the files that pytest-benchmark has written (--benchmark-json FILE, or .benchmarks/*/*.json)")
    place = _folder(folder)
    there = {line.get("imported") for line in kept.read(place).lines}
    bad = 0
    for path in files:
        try:
            lines = lines_of_file(path)
            new = [line for line in lines if line["imported"] not in there]
            kept.append(place, new)
        except NotOfPytest as error:
            bad += 1
            print(f"keras-harness: {error}", file=sys.stderr)
        except ValueError as error:
            bad += 1
            print(f"keras-harness: {path}: {error}", file=sys.stderr)
        except OSError as error:
            bad += 1
            print(f"keras-harness: {error.filename or path}: {error.strerror}", file=sys.stderr)
        else:
            there |= {line["imported"] for line in new}
            count = sum(len(line["benchmarks"]) for line in new)
            print(f"{path}: {count} benchmarks added" if new else f"{path}: is in the history already")
    return UNMEASURED if bad else OK


@app.command
def sweep(
    environments: Annotated[str, Parameter(help='A list of environments: "tensorflow-cpu=={2.16..2.21}".')],
    *,
    folder: Annotated[Path | None, HISTORY] = None,
    quick: Annotated[bool, Parameter(help="Part of the set, with less effort.", negative="")] = False,
    workload: Annotated[
        tuple[str, ...], Parameter(name="--workload", help="Only this model (may be repeated).", negative="")
    ] = (),
    operation: Annotated[
        tuple[str, ...], Parameter(name="--operation", help="Only this operation (may be repeated).", negative="")
    ] = (),
) -> int:
    """Measures a list of releases, one after the other, into the history.

    Exit codes: 0 all are measured, 2 usage, 3 some could not be.
    """
    from harness.commands.bench import measured
    from harness.environments.wanted import Unreadable
    from harness.environments.wanted import wanted as readable
    from harness.performance.options import Options
    from harness.performance.sweep import NoSweep, expand

    try:
        wanted = expand(environments)
        for each in wanted:  # now, and not after hours
            readable(each)
    except (NoSweep, Unreadable) as error:
        raise Usage(str(error)) from error
    options = Options(quick=quick, workloads=workload, operations=operation, processes=2 if quick else 3)
    unmeasured = []
    for env in wanted:
        print(f"--- {env}", flush=True)
        result = measured(env, options, _folder(folder))
        if result.stopped:
            return result.exit_code
        if result.verdict == "error":
            unmeasured.append(env)
    print(f"{len(wanted) - len(unmeasured)} of {len(wanted)} measured")
    return UNMEASURED if unmeasured else OK


def _folder(given: Path | None) -> Path:
    from harness.performance.history import default_folder

    path = default_folder() if given is None else given.expanduser().absolute()
    if path.exists() and not path.is_dir():
        raise Usage(f"--history: {given} is a file, and a history is a folder")
    return path
