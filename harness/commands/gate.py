"""The command `gate`: may we upgrade?"""

from __future__ import annotations

from collections.abc import Iterator
from glob import glob
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from harness.commands import reports
from harness.settings import Usage, among

STATUSES = (
    "regression", "incompatible-forward", "incompatible-back", "pre-existing", "fixed",
    "breaks", "different", "broken in both", "not tried",
)  # fmt: skip
DEFAULT = ("regression", "incompatible-forward", "breaks", "different")


def _environment(what: str) -> Parameter:
    return Parameter(
        help=f"{what}: requirements in one string, which are installed with uv and kept "
        f'("tensorflow-cpu==2.15.1"), a requirements file, or an interpreter.'
    )


def gate(
    *,
    baseline: Annotated[str, _environment("The TensorFlow that the models are of")],
    candidate: Annotated[str, _environment("The TensorFlow that they are to go to")],
    models: Annotated[
        tuple[Path, ...],
        Parameter(
            help="Models of yours: files, folders of them, and globs (may be repeated).",
            negative="",
            consume_multiple=True,
        ),
    ] = (),
    profile: Annotated[
        Literal["quick", "ci", "thorough"] | None,
        Parameter(
            help="How much is covered of Keras itself: quick, but with --models nothing unless this, --layer or --route"
            " is given."
        ),
    ] = None,
    layer: Annotated[
        tuple[str, ...], Parameter(help="Only models around this layer (may be repeated).", negative="")
    ] = (),
    route: Annotated[tuple[str, ...], Parameter(help="Only this route (may be repeated).", negative="")] = (),
    seed: Annotated[int, Parameter(help="The same seed gives the same models.")] = 0,
    time_limit: Annotated[
        float | None, Parameter(help="Seconds after which no more models are started.", validator=Number(gt=0))
    ] = None,
    fail_on: Annotated[
        tuple[str, ...],
        Parameter(
            name="--fail-on",
            negative="",
            help=f"What makes it exit 1: {', '.join(STATUSES)} (may be repeated). Unless said: {', '.join(DEFAULT)}.",
        ),
    ] = (),
    known_issues: Annotated[
        tuple[Path, ...],
        Parameter(name="--known-issues", help="Differences that you accept, in a known-issues file.", negative=""),
    ] = (),
    json: Annotated[Path | None, Parameter(help="Write report.json here.")] = None,
    junitxml: Annotated[Path | None, Parameter(help="Write JUnit XML here.")] = None,
    markdown: Annotated[Path | None, Parameter(help="Write a summary here, for a pull request.")] = None,
    inputs: Annotated[Path | None, Parameter(help="Inputs for your models, a .npz by name or in order.")] = None,
    custom_objects: Annotated[
        tuple[str, ...],
        Parameter(help="A class that your models need, package.module:name (may be repeated).", negative=""),
    ] = (),
    import_path: Annotated[
        tuple[Path, ...],
        Parameter(name="--import", help="A folder to import that from (may be repeated).", negative=""),
    ] = (),
    unsafe: Annotated[bool, Parameter(help="Load models that hold code, too: it will be run.", negative="")] = False,
    hung_after: Annotated[float, Parameter(help="Seconds that one model may take.", validator=Number(gt=0))] = 300.0,
    memory_limit: Annotated[
        float, Parameter(help="GiB that one TensorFlow process may hold.", validator=Number(gt=0))
    ] = 8.0,
) -> int:
    """May we upgrade TensorFlow? What breaks, before it does.

    Models are drawn from what both Kerases have, built in each, sent along every route within each, and the files of
    each are taken up by the other: forward is the upgrade, back the rollback on the day after. Exit codes: 0 safe as
    far as was looked, 1 something breaks, 2 usage, 3 could not measure.
    """
    from harness.check import last
    from harness.check.profiles import PROFILES
    from harness.check.result import NO_ENVIRONMENT
    from harness.dispatch.signals import Signals
    from harness.dispatch.worker import GIB, Limits
    from harness.environments.environment import EnvironmentFailed, environment
    from harness.environments.wanted import Unreadable
    from harness.gate.models import Given
    from harness.gate.result import FAILS_ON, Options, Result
    from harness.gate.session import Gate
    from harness.reporting import console as terminal
    from harness.reporting import gate_report, gate_text, json_report

    _check_names(layer, route, fail_on)
    reports.targets(json, junitxml, markdown)
    known = reports.known_issues(*known_issues)
    console = terminal.make_console()
    say = reports.saying(console)
    models = tuple(_matched(models))
    for path in (*import_path, *([inputs] if inputs else [])):
        if not path.exists():
            raise Usage(f"there is no {path}")
    if inputs is not None:
        _check_inputs(inputs)
    given = Given(inputs, import_path, custom_objects, hung_after, unsafe)
    drawn = PROFILES[profile or "quick"] if profile or layer or route or not models else None
    options = Options(
        drawn, baseline, candidate, layer, route, seed, time_limit, hung_after,
        Limits(memory=int(memory_limit * GIB)), known, tuple(fail_on) or FAILS_ON, models, given,
    )  # fmt: skip
    with Signals() as signals:
        try:
            with environment(baseline, say, signals.hold) as old, environment(candidate, say, signals.hold) as new:
                result = Gate(options.under(old, new), gate_text.Watcher(console), signals=signals).run()
        except Unreadable as error:
            raise Usage(str(error)) from error
        except EnvironmentFailed as error:
            result = Result(options, stopped=NO_ENVIRONMENT, problems=[str(error)])
        except KeyboardInterrupt:
            result = Result(options, stopped=signals.name)
        signals.hold()
        lost = reports.kept(
            {
                json: lambda: json_report.text(gate_report.report(result)),
                junitxml: lambda: gate_report.junit(result),
                markdown: lambda: gate_text.markdown(result),
            }
        )
        if result.findings:
            last.keep(gate_report.report(result))
        reports.shown(lambda: gate_text.print_result(result, console), say, lost)
    return reports.code_of(result, signals, lost)


def _matched(paths: tuple[Path, ...]) -> Iterator[Path]:
    """The paths, globs among them put out: a shell leaves those alone that stand in quotes, and ** more often."""
    for path in paths:
        if path.exists():
            yield path
            continue
        found = sorted(glob(str(path.expanduser()), recursive=True))
        if not found:
            raise Usage(f"there is no {path}")
        yield from map(Path, found)


def _check_inputs(path: Path) -> None:
    """Arrays that cannot be read are told before anything is started: models would be blamed for them."""
    from zipfile import BadZipFile

    import numpy as np

    try:
        loaded = np.load(path, allow_pickle=False)
        names = [name for name in loaded.files if loaded[name] is not None]
    except (OSError, ValueError, EOFError, AttributeError, BadZipFile) as error:
        raise Usage(f"--inputs: {path} is no .npz of plain arrays: {str(error).partition('. ')[0]}") from error
    if not names:
        raise Usage(f"--inputs: there is no array in {path}")


def _check_names(layers: tuple[str, ...], routes: tuple[str, ...], statuses: tuple[str, ...]) -> None:
    from harness.architectures.families import all_rules
    from harness.gate.comparison import rows

    among("layer", layers, all_rules())
    among("route", routes, rows())
    among("status", statuses, STATUSES)
