"""The commands `record` and `replay`: what a release saw of some models, kept, and held against another release."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from harness.commands import reports
from harness.settings import OK, UNMEASURED, Usage, among

if TYPE_CHECKING:
    from harness.gate.recording import Recording


def _env(what: str) -> Parameter:
    return Parameter(
        help=f"The TensorFlow {what}: requirements in one string, which are installed with uv and kept "
        f'("python==3.11 tensorflow-cpu==2.18.1 keras==3.6.0"), a requirements file, or an interpreter; '
        f"else the one installed here."
    )


def record(
    *,
    out: Annotated[
        Path, Parameter(help="The file to write (.zip), or a folder: its name is then that of the release.")
    ],
    env: Annotated[str | None, _env("to record")] = None,
    hung_after: Annotated[float, Parameter(help="Seconds that one model may take.", validator=Number(gt=0))] = 300.0,
) -> int:
    """Keeps what a TensorFlow makes of a fixed set of small models, and the files that it saves of them.

    `replay` holds another TensorFlow against it, today or in years. Exit codes: 0 recorded, 2 usage, 3 it could not be.
    """
    from contextlib import closing

    from harness.dispatch.pool import Pool
    from harness.dispatch.scratch import Scratch
    from harness.dispatch.worker import WorkerFailed
    from harness.environments.environment import EnvironmentFailed, environment, packages
    from harness.environments.wanted import Unreadable
    from harness.gate import recording as file
    from harness.gate.record import models
    from harness.gate.record import record as recorded
    from harness.gate.release import Side

    out = out.expanduser().absolute()
    if not (out.is_dir() or out.parent.is_dir()):
        raise Usage(f"there is no folder {out.parent}")
    total, done = len(models()), 0

    def tell(name: str) -> None:
        nonlocal done
        done += 1
        if sys.stderr.isatty():
            print(f"\r\033[K{done} of {total}: {name}", end="" if done < total else "\n", file=sys.stderr, flush=True)

    try:
        with (
            environment(env, lambda text: print(text, file=sys.stderr, flush=True)) as under,
            closing(Scratch()) as scratch,
            Pool(under.interpreter, size=1, environment=under.variables, scratch=scratch) as pool,
        ):
            side = Side("recorded", pool, pool.start())
            found, left_out = recorded(side, scratch, tell, limit=hung_after)
        if not found:
            print(f"nothing was recorded: {next(iter(left_out.values()), 'there are no models')}", file=sys.stderr)
            return UNMEASURED
        path = out / file.named(side.about) if out.is_dir() else out
        installed = packages(under.interpreter)
        file.write(path, side, found, left_out=left_out, asked=env or "", installed=installed)
    except Unreadable as error:
        raise Usage(f"--env: {error}") from error
    except (EnvironmentFailed, WorkerFailed) as error:
        print(f"keras-harness: {error}", file=sys.stderr)
        return UNMEASURED
    except OSError as error:
        print(f"keras-harness: {error.filename or out} cannot be written: {error.strerror or error}", file=sys.stderr)
        return UNMEASURED
    for name, why in left_out.items():
        print(f"left out: {name}: {why}")
    files = sum(len(each.files) for each in found)
    print(f"{path}: {len(found)} of {total} models, {files} files, {path.stat().st_size / 1024:.0f} kB")
    return OK


def replay(
    recordings: Annotated[
        tuple[Path, ...], Parameter(name="RECORDING", help="Recordings: files, and folders of them.")
    ],
    /,
    *,
    env: Annotated[str | None, _env("to hold against them")] = None,
    route: Annotated[tuple[str, ...], Parameter(help="Only this route (may be repeated).", negative="")] = (),
    known_issues: Annotated[
        tuple[Path, ...],
        Parameter(name="--known-issues", help="Differences that you accept, in a known-issues file.", negative=""),
    ] = (),
    fail_on: Annotated[
        tuple[str, ...],
        Parameter(name="--fail-on", help="What makes it exit 1, as for gate (may be repeated).", negative=""),
    ] = (),
    json: Annotated[Path | None, Parameter(help="Write report.json here.")] = None,
    junitxml: Annotated[Path | None, Parameter(help="Write JUnit XML here.")] = None,
    workers: Annotated[
        int, Parameter(help="How many TensorFlow processes run at a time.", validator=Number(gte=1))
    ] = 2,
    hung_after: Annotated[float, Parameter(help="Seconds that one model may take.", validator=Number(gt=0))] = 300.0,
    memory_limit: Annotated[
        float, Parameter(help="GiB that one TensorFlow process may hold.", validator=Number(gt=0))
    ] = 8.0,
) -> int:
    """Does this TensorFlow still take up what others have saved? Holds it against recordings.

    Judged as `gate` judges what goes from the baseline to the candidate. Exit codes: 0 all passed or is accepted, 1
    something breaks, 2 usage, 3 could not measure: also where of some recording nothing was taken up.
    """
    from harness.check.result import NO_ENVIRONMENT
    from harness.commands.gate import STATUSES
    from harness.dispatch.signals import Signals
    from harness.dispatch.worker import GIB, Limits
    from harness.environments.environment import EnvironmentFailed, environment
    from harness.environments.wanted import Unreadable
    from harness.gate.comparison import FILES
    from harness.gate.replay import Replay, Replayed
    from harness.gate.result import FAILS_ON, Options
    from harness.reporting import console as terminal
    from harness.reporting import json_report, replay_report

    among("route", route, FILES)
    among("status", fail_on, STATUSES)
    reports.targets(json, junitxml)
    known = reports.known_issues(*known_issues)
    found = _read(recordings)
    console = terminal.make_console()
    say = reports.saying(console)
    options = Options(
        None, ", ".join(each.name for each in found), env or sys.executable, routes=route, hung_after=hung_after,
        limits=Limits(memory=int(memory_limit * GIB)), known=known, fail_on=tuple(fail_on) or FAILS_ON,
    )  # fmt: skip
    with Signals() as signals:
        try:
            with environment(env, say, signals.hold) as under:
                options = options.replaying(under)
                result = Replay(options, found, replay_report.Watcher(console), signals=signals, workers=workers).run()
        except Unreadable as error:
            raise Usage(f"--env: {error}") from error
        except EnvironmentFailed as error:
            result = Replayed(options, stopped=NO_ENVIRONMENT, problems=[str(error)])
        except KeyboardInterrupt:
            result = Replayed(options, stopped=signals.name)
        signals.hold()
        lost = reports.kept(
            {
                json: lambda: json_report.text(replay_report.report(result)),
                junitxml: lambda: replay_report.junit(result),
            }
        )
        reports.shown(lambda: replay_report.print_result(result, console), say, lost)
    return reports.code_of(result, signals, lost)


def _read(paths: tuple[Path, ...]) -> list[Recording]:
    """The recordings in files and folders; raises Usage where there is none, or a file is none."""
    from harness.gate.recording import NoRecording, read

    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise Usage(f"there is no {path}")
        inside = sorted(path.glob("*.zip")) if path.is_dir() else [path]
        if not inside:
            raise Usage(f"there is no recording (.zip) in {path}")
        found += inside
    try:
        return [read(path) for path in dict.fromkeys(path.absolute() for path in found)]
    except NoRecording as error:
        raise Usage(str(error)) from error
