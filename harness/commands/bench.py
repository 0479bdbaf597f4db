"""The command `bench`: did it get slower?"""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from cyclopts import Parameter
from cyclopts.validators import Number

from harness.commands import reports
from harness.settings import FINDINGS, OK, UNMEASURED, Usage, did_you_mean, typed

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from harness.performance.options import Options
    from harness.performance.result import Result
    from harness.performance.verdicts import Alarm
    from harness.reporting.history_text import Looked


def _several(help: str, name: str | None = None) -> Parameter:
    return Parameter(name=name, help=f"{help} (may be repeated).", negative="")


def _environment(what: str) -> Parameter:
    return Parameter(
        help=f"{what}: requirements in one string, which are installed with uv and kept "
        f'("tensorflow-cpu==2.15.1"), a requirements file, or an interpreter.'
    )


def bench(
    *,
    env: Annotated[str | None, _environment("The TensorFlow to measure alone")] = None,
    baseline: Annotated[str | None, _environment("The TensorFlow to compare with")] = None,
    candidate: Annotated[str | None, _environment("The TensorFlow that may have become slower")] = None,
    fail_on: Annotated[
        tuple[str, ...],
        Parameter(
            name="--fail-on",
            negative="",
            help="What makes it exit 1: slower, more-memory, larger, from a percentage on (slower:10%) or without one, "
            "or fails (may be repeated). Unless said: slower. What fails in the candidate alone does so in any case.",
        ),
    ] = (),
    margin: Annotated[
        float, Parameter(help="Percent from which on a difference is told.", validator=Number(gt=0, lte=1000))
    ] = 5.0,
    pairs: Annotated[
        int | None,
        Parameter(help="The most pairs of processes: 20, with --quick 12.", validator=Number(gte=5)),
    ] = None,
    quick: Annotated[bool, Parameter(help="Part of the set, with less effort.", negative="")] = False,
    device: Annotated[Literal["cpu", "gpu", "all"], Parameter(help="Where it is measured.")] = "cpu",
    workload: Annotated[tuple[str, ...], _several("Only this model of the fixed set", "--workload")] = (),
    operation: Annotated[tuple[str, ...], _several("Only this operation", "--operation")] = (),
    models: Annotated[
        tuple[Path, ...],
        Parameter(
            help="Model files of yours, and nothing else unless it is named.", negative="", consume_multiple=True
        ),
    ] = (),
    inputs: Annotated[Path | None, Parameter(help="Inputs for your models, a .npz by name or in order.")] = None,
    custom_objects: Annotated[
        tuple[str, ...], _several("A class that your models need, package.module:name", "--custom-objects")
    ] = (),
    import_path: Annotated[tuple[Path, ...], _several("A folder to import that from", "--import")] = (),
    unsafe: Annotated[bool, Parameter(help="Load models that hold code, too: it will be run.", negative="")] = False,
    processes: Annotated[
        int | None,
        Parameter(help="How many processes measure one environment: 3, with --quick 2.", validator=Number(gte=1)),
    ] = None,
    time_limit: Annotated[
        float | None,
        Parameter(help="Seconds after which no more pairs are begun: with --quick 420.", validator=Number(gt=0)),
    ] = None,
    seed: Annotated[int, Parameter(help="The order in which the two of a pair are measured.")] = 0,
    json: Annotated[Path | None, Parameter(help="Write report.json here.")] = None,
    markdown: Annotated[Path | None, Parameter(help="Write a summary here, for a pull request.")] = None,
    html: Annotated[Path | None, Parameter(help="Write a page here, with the history of what was measured.")] = None,
    svg: Annotated[Path | None, Parameter(help="Draw a comparison here, for a README.")] = None,
    png: Annotated[Path | None, Parameter(help="The same as pixels, for where no SVG is shown.")] = None,
    history: Annotated[
        Path | None, Parameter(help="The folder of the history that it is added to, instead of the user's own.")
    ] = None,
    no_history: Annotated[bool, Parameter(help="Add it to no history.", negative="")] = False,
    hung_after: Annotated[
        float, Parameter(help="Seconds that one benchmark may take.", validator=Number(gt=0))
    ] = 300.0,
    memory_limit: Annotated[
        float, Parameter(help="GiB that one TensorFlow process may hold.", validator=Number(gt=0))
    ] = 8.0,
) -> int:
    """Did it get slower?

    Measures saving, loading, building, inference and training steps of a fixed set of models, in processes of their
    own: of one TensorFlow, or of two in turns, with as many pairs of processes as it takes to tell. Exit codes: 0
    measured, 1 slower (--fail-on), or a benchmark failed, 2 usage, 3 could not measure, or the machine is too noisy.
    """
    from harness.dispatch.worker import GIB, Limits
    from harness.performance.history import default_folder
    from harness.performance.options import QUICK_LIMIT, Options, plan
    from harness.performance.verdicts import NoAlarm, alarms_of

    if (baseline is None) != (candidate is None):
        raise Usage("two are compared with --baseline and --candidate, one is measured with --env")
    try:
        alarms = alarms_of(fail_on)
    except NoAlarm as error:
        raise Usage(f"--fail-on: {error}") from error
    if fail_on and baseline is None:  # a gate that nothing can come to
        raise Usage("--fail-on is of a comparison: name --baseline and --candidate")
    for text, each in zip(fail_on, alarms):
        if ":" in text and each.least < margin / 100:
            raise Usage(
                f"--fail-on: {text} is less than --margin {margin:g}, below which nothing is told: lower that too"
            )
    for path in (*models, *import_path, *([inputs] if inputs else [])):
        if not path.exists():
            raise Usage(f"there is no {path}")
    _tell_unused(comparing=baseline is not None, own=bool(models), remembering=not no_history)
    paths = Paths(json, markdown, html, svg, png)
    for option, picture in (("--svg", svg), ("--png", png)):
        if picture is not None and baseline is None:
            raise Usage(f"{option} draws a comparison: name --baseline and --candidate")
    reports.drawable(html, png)
    reports.targets(*paths)
    memory = int(memory_limit * GIB)
    options = Options(
        quick=quick, device=device, workloads=workload, operations=operation, models=models,
        custom_objects=custom_objects, imports=import_path, inputs=inputs, unsafe=unsafe,
        processes=processes or (2 if quick else 3), plan=plan(quick, pairs, margin / 100), seed=seed,
        time_limit=time_limit or (QUICK_LIMIT if quick else None),
        hung_after=hung_after, limits=Limits(memory=memory, between=memory),
    )  # fmt: skip
    place = None if no_history else default_folder() if history is None else history.expanduser().absolute()
    if place is not None and place.exists() and not place.is_dir():
        raise Usage(f"--history: {history} is a file, and a history is a folder")
    if baseline is not None and candidate is not None:
        result = _compared(baseline, candidate, options, alarms, place)
    else:
        result = measured(env, options, place)
    return _code(result, *_write(result, paths, place))


def _tell_unused(*, comparing: bool, own: bool, remembering: bool) -> None:
    """A line for the options on the command line that nothing comes of, beside the others that are there."""
    unused = (
        (("--env", "--processes"), comparing, "two are compared, in pairs of processes (--baseline, --candidate)"),
        (("--pairs", "--time-limit", "--margin", "--seed"), not comparing, "nothing is compared (--baseline)"),
        (("--inputs", "--custom-objects", "--import", "--unsafe"), not own, "no model of yours is measured (--models)"),
        (("--history",), not remembering, "it is added to none (--no-history)"),
    )  # fmt: skip
    for options, nothing, why in unused:
        given = [option for option in options if option in typed()]
        if nothing and given:
            print(f"keras-harness: not used: {', '.join(given)}: {why}", file=sys.stderr)


def measured(env: str | None, options: Options, history: Path | None) -> Result:
    """Measures one environment, prints what came of it, and adds it to the history in that folder, if there is one."""
    from harness.environments.environment import environment
    from harness.performance.alone import measure_alone
    from harness.reporting import bench_text

    def work(console: Console, hold: Callable[[], None]) -> Result:
        with environment(env, reports.saying(console), hold) as under:
            return measure_alone(under, options, bench_text.Watcher(console), hold)

    return _run(work, options, history, bench_text.print_alone)


def _compared(
    baseline: str, candidate: str, options: Options, alarms: tuple[Alarm, ...], history: Path | None
) -> Result:
    from harness.environments.environment import environment
    from harness.performance.comparison import Comparison
    from harness.reporting import bench_text, comparison_text

    def work(console: Console, hold: Callable[[], None]) -> Result:
        say = reports.saying(console)
        with environment(baseline, say, hold) as old, environment(candidate, say, hold) as new:
            comparison = Comparison(old, new, options, bench_text.Watcher(console), hold)
            comparison.result.alarms = alarms
            return comparison.run()

    return _run(work, options, history, comparison_text.print_comparison)


def _run(
    work: Callable[[Console, Callable[[], None]], Result],
    options: Options,
    history: Path | None,
    show: Callable[[Result, Console], None],
) -> Result:
    """Runs it to its end or to a signal, and keeps what was measured either way."""
    from harness.dispatch.signals import Signals
    from harness.environments.environment import EnvironmentFailed
    from harness.environments.wanted import Unreadable
    from harness.performance.result import Result
    from harness.performance.selection import Elsewhere, Unknown
    from harness.reporting import console as terminal

    console = terminal.make_console()
    with Signals() as signals:
        try:
            result = work(console, signals.hold)
        except Unreadable as error:
            raise Usage(str(error)) from error
        except Unknown as error:
            raise Usage(f"{error}{did_you_mean(error.name, error.known)}") from error
        except Elsewhere as error:
            raise Usage(f"--operation: {error}") from error
        except EnvironmentFailed as error:
            result = Result(options, problems=[str(error)])
        except KeyboardInterrupt:
            result = Result(options, stopped=signals.name)
        signals.hold()
        if result.stopped:
            result.stopped, result.exit_code = signals.name, signals.exit_code
        _remember(result, history)
        with contextlib.suppress(OSError, SystemExit):  # nobody reads: `| head`
            show(result, console)
    return result


def _remember(result: Result, history: Path | None) -> None:
    """Adds a result to the history; where that cannot be done it is told, and the result is there all the same."""
    from harness.performance.history import append, commit_here, lines_of

    if history is None:
        return
    try:
        append(history, lines_of(result, commit_here(Path.cwd())))
    except OSError as error:
        result.unremembered = f"not added to the history in {history}: {error.strerror or error}"
        print(f"keras-harness: {result.unremembered}", file=sys.stderr)


def _code(result: Result, *lost: str | None) -> int:
    from harness.performance.verdicts import verdict

    if result.stopped:
        return result.exit_code
    if any(lost) or result.unremembered:
        return UNMEASURED
    whole = verdict(result) if result.compares else result.verdict
    return {"pass": OK, "fail": FINDINGS, "error": UNMEASURED}[whole]


class Paths(NamedTuple):
    """Where what was measured is written to."""

    json: Path | None = None
    markdown: Path | None = None
    html: Path | None = None
    svg: Path | None = None
    png: Path | None = None


def _write(result: Result, paths: Paths, history: Path | None) -> list[str]:
    """Writes the reports that are wanted; returns what the user must know of those that could not be."""
    from harness.performance.measured import TIME
    from harness.performance.verdicts import rows
    from harness.reporting import bench_markdown, bench_report, json_report, performance_page, picture, plots

    def drawn() -> str:
        times = (row for row in rows(result) if row.measure == TIME)
        return plots.ratios(times, result.options.plan.margin, "keras-harness bench")

    lost = reports.kept(
        {
            paths.json: lambda: json_report.text(bench_report.report(result)),
            paths.markdown: lambda: bench_markdown.markdown(result),
            paths.html: lambda: performance_page.of_result(result, _looked(history)),
            paths.svg: drawn,
            paths.png: lambda: picture.png(drawn()),
        }
    )
    for each in lost:
        print(f"keras-harness: {each}", file=sys.stderr)
    return lost


def _looked(history: Path | None) -> list[Looked]:
    """The history in that folder, for this machine, with its changes where ruptures is there to find them."""
    from harness.performance.changes import Missing, changes
    from harness.performance.history import read
    from harness.performance.machine import about
    from harness.performance.series import series

    if history is None:
        return []
    here = about()["id"]
    looked = []
    for each in series(read(history).lines):
        if each.machine["id"] == here:
            try:
                looked.append((each, changes(each.values)))
            except Missing:
                looked.append((each, []))
    return looked
