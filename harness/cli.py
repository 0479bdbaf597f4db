"""The command line: `keras-harness`. Everything heavy is imported by the command that needs it."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, CycloptsError, Parameter
from cyclopts.validators import Number

from harness import __version__
from harness.commands import reports
from harness.settings import FINDINGS, OK, UNMEASURED, USAGE, Unmeasured, Usage, among, did_you_mean, settle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.check.listening import Listener
    from harness.environments.environment import Environment


app = App(
    name="keras-harness",
    help="Tells whether Keras models survive saving, reloading, rebuilding, cutting up, freezing.",
    version=__version__,
)

settle(app)
app.command("harness.commands.validate:validate", name="validate")
app.command("harness.commands.validate:rules", name="rules")
app.command("harness.commands.environments:environments", name="environments")
app.command("harness.commands.gate:gate", name="gate")
app.command("harness.commands.bench:bench", name="bench")
app.command("harness.commands.history:app", name="history")
app.command("harness.commands.recordings:record", name="record")
app.command("harness.commands.recordings:replay", name="replay")


def _several(name: str, help: str) -> Parameter:
    return Parameter(name=name, help=help, negative="")


def _env(what: str, otherwise: str = "") -> Parameter:
    return Parameter(
        help=f"The TensorFlow to {what}: requirements in one string, which are installed with uv and kept "
        f'("python==3.11 tensorflow-cpu==2.18.1 keras==3.6.0"), a requirements file, or an interpreter{otherwise}.'
    )


def _whole(_: Any, tokens: Sequence[Any]) -> int:
    """A whole number: 1.5 would be rounded without a word."""
    given = tokens[0]
    try:
        return int(given.value)
    except ValueError:
        place = "" if given.source == "cli" else f" (from {given.source})"
        raise ValueError(f"{given.value!r} is no whole number{place}") from None


@app.command
def check(
    *,
    profile: Annotated[Literal["quick", "ci", "thorough"], Parameter(help="How much is covered.")] = "quick",
    layer: Annotated[tuple[str, ...], _several("--layer", "Only models around this layer (may be repeated).")] = (),
    topology: Annotated[tuple[str, ...], _several("--topology", "Only models that have it (may be repeated).")] = (),
    route: Annotated[tuple[str, ...], _several("--route", "Only this route (may be repeated).")] = (),
    seed: Annotated[int, Parameter(help="The same seed gives the same models.", converter=_whole)] = 0,
    time_limit: Annotated[
        float | None, Parameter(help="Seconds after which no more models are started.", validator=Number(gt=0))
    ] = None,
    no_known_issues: Annotated[
        bool, Parameter(help="Count known findings as new, those of --known-issues, too.", negative="")
    ] = False,
    known_issues: Annotated[
        tuple[Path, ...],
        _several("--known-issues", "A known-issues file of your own; beside --no-known-issues it excuses nothing."),
    ] = (),
    recordings: Annotated[
        Path | None, Parameter(help="A folder of its own for found failures, which are tried first next time.")
    ] = None,
    json: Annotated[Path | None, Parameter(help="Write report.json here.")] = None,
    junitxml: Annotated[Path | None, Parameter(help="Write JUnit XML here.")] = None,
    env: Annotated[str | None, _env("check")] = None,
    workers: Annotated[
        int, Parameter(help="How many TensorFlow processes run at a time.", converter=_whole, validator=Number(gte=1))
    ] = 2,
    hung_after: Annotated[float, Parameter(help="Seconds that one model may take.", validator=Number(gt=0))] = 300.0,
    start_limit: Annotated[
        float, Parameter(help="Seconds that TensorFlow may take to start.", validator=Number(gt=0))
    ] = 180.0,
    memory_limit: Annotated[
        float, Parameter(help="GiB that one TensorFlow process may hold.", validator=Number(gt=0))
    ] = 8.0,
) -> int:
    """Does the Keras installed here keep its promises?

    Draws models around every layer, sends them along every route, observes them before and after, and reports what
    did not survive. Exit codes: 0 nothing new, 1 findings, 2 usage, 3 could not measure.
    """
    from harness.check import last
    from harness.check import recordings as kept
    from harness.check.listening import together
    from harness.check.profiles import PROFILES
    from harness.check.result import NO_ENVIRONMENT, Options, Result
    from harness.check.session import Session
    from harness.dispatch.signals import Signals
    from harness.dispatch.worker import GIB, Limits
    from harness.environments.environment import EnvironmentFailed, environment
    from harness.environments.wanted import Unreadable
    from harness.expectations.known import SHIPPED, KnownIssues
    from harness.reporting import console as terminal
    from harness.reporting import files, json_report, junit

    _check_names(layer, route, topology)
    known = reports.known_issues(SHIPPED, *known_issues)
    known = KnownIssues() if no_known_issues else known  # read all the same: a file that is wrong stays wrong usage
    options = Options(
        PROFILES[profile], layer, route, seed, time_limit, None, workers, hung_after,
        Limits(start=start_limit, memory=int(memory_limit * GIB)), known, topologies=topology,
        recordings=_folder(recordings) or kept.place(),
    )  # fmt: skip
    written = reports.targets(json, junitxml)
    console = terminal.make_console()
    say = reports.saying(console)
    if no_known_issues and known_issues:
        say(f"--no-known-issues: {', '.join(map(str, known_issues))} excuses nothing")
    with Signals() as signals:
        listeners: list[Listener] = [terminal.Watcher(console)]
        if json is not None:
            listeners.append(files.Kept(json.expanduser().absolute(), say))
        leftovers = [files.partial(path) for path in written]
        try:
            with environment(env, say, signals.hold) as under:
                options = options.under(under)
                result = Session(options, together(*listeners), signals=signals, leftovers=leftovers).run()
        except Unreadable as error:
            raise Usage(f"--env: {error}") from error
        except EnvironmentFailed as error:
            result = Result(replace(options, origin={"asked": env}), stopped=NO_ENVIRONMENT, problems=[str(error)])
        except KeyboardInterrupt:
            result = Result(options, stopped=signals.name)
        signals.hold()
        last.keep(json_report.report(result))
        unkept = kept.keep(
            options.recordings or kept.place(), result.findings.values(), result.replayed.values(),
            result.environment, seed,
        )  # fmt: skip
        lost = reports.kept(
            {json: lambda: json_report.text(json_report.report(result)), junitxml: lambda: junit.text(result)}
        )
        reports.shown(lambda: terminal.print_result(result, console), say, [each for each in (unkept, *lost) if each])
    return reports.code_of(result, signals, lost)


@app.command
def reproduce(
    finding: Annotated[str, Parameter(name="ID", help="The eight hex digits of the finding.")],
    /,
    *,
    report: Annotated[
        Path | None,
        Parameter(help="A report.json that you trust: its script is run. Else that of the last check of yours."),
    ] = None,
    script: Annotated[Path | None, Parameter(help="Write the script here.")] = None,
    markdown: Annotated[bool, Parameter(help="Print a bug report that is ready to be pasted.", negative="")] = False,
    env: Annotated[str | None, _env("run it under", "; else that of the check")] = None,
) -> int:
    """Does that finding still show? Runs its script again.

    The script is run as it stands in the report, under the interpreter that the report names, and may do whatever you
    may: only name reports that you trust. Every check keeps its report in the cache folder of the user, so the id
    alone is enough. Exit codes: 1 it shows, 0 it does not show any more, 2 usage, 3 it could not be run.
    """
    from harness.check import last
    from harness.check.reproduce import environment_of, interpreter_of, markdown_of, rerun, sides_of
    from harness.environments.environment import in_words, releases
    from harness.reporting.text import stored_text

    try:
        stored = last.read(report)
    except last.NoReport as error:
        raise Usage(str(error)) from error
    found = {each["id"]: each for each in stored["findings"]}
    if finding not in found:
        raise Usage(f"no finding of that report is called {finding!r}{did_you_mean(finding, list(found))}")
    one = found[finding]
    _write(script, str(one.get("script") or ""))
    saves, side = sides_of(one)
    elsewhere = env is not None
    env = env or environment_of(stored, side)
    if env is not None and env == interpreter_of(stored) and not Path(env).exists():
        print("the interpreter of that report is gone: name another one with --env")
        return UNMEASURED
    with contextlib.ExitStack() as held:
        found_or_made = held.enter_context(_environment(env))
        saver = held.enter_context(_environment(environment_of(stored, saves))) if saves else None
        proof = rerun(one, found_or_made, saver)
        resolved = releases(found_or_made.interpreter)
    if markdown:
        print(markdown_of(one, stored, proof.output if proof.shows else "", resolved if elsewhere else {}))
    else:
        print(stored_text(one))
    under = in_words(resolved)
    said = {True: "SHOWS", False: "DOES NOT SHOW any more", None: f"COULD NOT RUN: {proof.problem}"}[proof.shows]
    print(f"{finding} {said} ({under})", file=sys.stderr if markdown else sys.stdout)
    return {True: FINDINGS, False: OK, None: UNMEASURED}[proof.shows]


@app.command
def layers(
    *,
    json: Annotated[Path | None, Parameter(help="Write the figures here, as JSON.")] = None,
    env: Annotated[str | None, _env("look at")] = None,
) -> int:
    """What does the harness reach of the Keras installed here, what not, and why?"""
    from harness.architectures.families import all_rules
    from harness.architectures.vocabulary import Vocabulary
    from harness.check.reach import reach
    from harness.dispatch.pool import Pool
    from harness.dispatch.worker import WorkerFailed
    from harness.reporting import console as terminal
    from harness.reporting import files, json_report

    try:
        with _environment(env) as under, Pool(under.interpreter, size=1, environment=under.variables) as pool:
            about = pool.start()
    except (WorkerFailed, OSError) as error:
        print(f"TensorFlow could not be started: {error}")
        return UNMEASURED
    found = reach(Vocabulary.from_report(about), all_rules(), about["routes"])
    lost = None if json is None else files.keep(json_report.text(found), json)
    if lost is not None:
        print(f"keras-harness: {lost}", file=sys.stderr)
        return UNMEASURED
    terminal.print_reach(found, terminal.make_console())
    return OK


@app.command
def known(
    *,
    verify: Annotated[
        bool, Parameter(help="Run the script of each, and say whether it still shows.", negative="")
    ] = False,
    issue: Annotated[tuple[str, ...], _several("--issue", "Only this issue (may be repeated).")] = (),
    known_issues: Annotated[tuple[Path, ...], _several("--known-issues", "A known-issues file of your own.")] = (),
    markdown: Annotated[Path | None, Parameter(help="Write the page of all of them here.")] = None,
    env: Annotated[str | None, _env("verify under")] = None,
) -> int:
    """What is Keras known to break, and does it still?

    With --verify each script is run under the Keras at hand. Exit codes: 0 all show, 1 an issue is stale, its script
    is broken or its date has come, 2 usage, 3 could not measure.
    """
    from harness.expectations.known import SHIPPED, KnownIssues, KnownIssuesError
    from harness.reporting import known_page

    try:
        entries = KnownIssues.read(SHIPPED, *known_issues).entries
    except KnownIssuesError as error:
        raise Usage(str(error)) from error
    names = [each.id for each in entries]
    for name in issue:
        if name not in names:
            raise Usage(f"no known issue is called {name!r}{did_you_mean(name, names)}")
    entries = tuple(each for each in entries if not issue or each.id in issue)
    if markdown is not None:
        _write(markdown, known_page.page(entries))
        print(f"{len(entries)} known issues written to {markdown}")
        return OK
    if not verify:
        print(known_page.listing(entries))
        return FINDINGS if any(each.expired for each in entries) else OK
    with _environment(env) as under:
        return _verify(entries, under)


def _verify(entries: Sequence[Any], under: Environment) -> int:
    from harness.check.confirm import confirm
    from harness.dispatch.pool import Pool
    from harness.dispatch.worker import WorkerFailed
    from harness.reporting import known_page

    try:
        with Pool(under.interpreter, size=1, environment=under.variables) as pool:
            keras = str(pool.start()["keras"])
    except (WorkerFailed, OSError) as error:
        print(f"TensorFlow could not be started: {error}")
        return UNMEASURED
    here = [each for each in entries if each.about_keras(keras)]
    if not here:
        print(f"no known issue is about Keras {keras}")
        return UNMEASURED
    print(f"running the scripts of {len(here)} known issues under Keras {keras} ...", flush=True)
    confirmed = confirm(here, under)
    print(known_page.confirmations(confirmed))
    bad = [each for each in confirmed if each.state != "shows" or each.issue.expired]
    return FINDINGS if bad else OK


def _check_names(layers: tuple[str, ...], routes: tuple[str, ...], topologies: tuple[str, ...]) -> None:
    from harness.architectures.families import all_rules
    from harness.architectures.topologies import TOPOLOGIES
    from harness.expectations.table import parse

    among("layer", layers, all_rules())
    among("topology", topologies, [each.name for each in TOPOLOGIES])
    among("route", routes, parse())


@contextlib.contextmanager
def _environment(env: str | None) -> Iterator[Environment]:
    """The environment that `--env` asks for; raises Usage, or Unmeasured."""
    from harness.environments.environment import EnvironmentFailed, environment
    from harness.environments.wanted import Unreadable

    try:
        with environment(env, lambda text: print(text, file=sys.stderr, flush=True)) as under:
            yield under
    except Unreadable as error:
        raise Usage(f"--env: {error}") from error
    except EnvironmentFailed as error:
        raise Unmeasured(str(error)) from error


def _write(path: Path | None, text: str) -> None:
    """Writes a file that was asked for; raises Usage where there is no folder for it, Unmeasured where it cannot be."""
    for each in reports.targets(path):
        try:
            each.write_text(text, encoding="utf-8")
        except OSError as error:
            raise Unmeasured(f"{each} cannot be written: {error.strerror}") from error


def _folder(given: Path | None) -> Path | None:
    path = None if given is None else given.expanduser().absolute()
    if path is not None and path.exists() and not path.is_dir():
        raise Usage(f"{given} is a file, and found failures are kept in a folder")
    return path


def _complain(message: str) -> None:
    from harness.reporting.printable import printable

    # It may quote what was given: a name can hold what a terminal obeys.
    print(f"keras-harness: {chr(10).join(map(printable, message.splitlines()))}", file=sys.stderr)


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line and exits with its code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if getattr(sys.stdout, "errors", "") == "strict" and hasattr(sys.stdout, "reconfigure"):
        # A terminal or a file that is not UTF-8 has no form for all that is said: it is shown as an escape.
        sys.stdout.reconfigure(errors="backslashreplace")
    if arguments[:1] == ["validate"]:  # a lone hyphen would be an option without a name
        arguments = ["--stdin" if each == "-" else each for each in arguments]
    try:
        code = app(arguments, exit_on_error=False, print_error=False, result_action="return_value")
    except (CycloptsError, Usage) as error:
        _complain(str(error))
        sys.exit(USAGE)
    except Unmeasured as error:
        _complain(str(error))
        sys.exit(UNMEASURED)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # Who reads has seen enough, as in `| head`; nothing is left to be said to anybody.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(128 + signal.SIGPIPE)
    except Exception:
        # A traceback alone would end with 1, which says that Keras broke a promise.
        traceback.print_exc()
        sys.exit(UNMEASURED)
    sys.exit(code if isinstance(code, int) else OK)
