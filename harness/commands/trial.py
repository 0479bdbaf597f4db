"""The half of `validate` that loads: started only for a file that may be loaded, and told why where it is not."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.inspection.report import Report
from harness.settings import Usage

if TYPE_CHECKING:
    from harness.environments.environment import Environment
    from harness.loading.loader import Loader

WHOLE = ("ok", "non-finite", "needs custom objects", "incompatible")  # verdicts of what somebody may want to load
INSTALL = 'pip install "keras-harness[tensorflow-cpu]"'


@dataclass(frozen=True)
class Wanted:
    """What `validate` was asked of loading. `seconds` are those of one file, `memory` is in GiB."""

    load: bool = True
    env: str | None = None
    custom_objects: tuple[str, ...] = ()
    imports: tuple[Path, ...] = ()
    seconds: float = 300.0
    memory: float = 8.0


class Trial(contextlib.ExitStack):
    """Loads files, one after another. `remarks` are for the end, `failed` says that a load that was asked for was not.

    The rooms that it needs are imported with the first file that may be loaded: inspection alone starts at once.
    """

    def __init__(self, wanted: Wanted) -> None:
        super().__init__()
        self.remarks: list[str] = []
        self.failed = False
        self._wanted = wanted
        self._load = wanted.load
        self._loader: Loader | None = None
        self._entered: Environment | None = None
        self._enterable = True
        self._keras: str | None = None  # the release here, once it was asked for

    def take(self, path: Path, report: Report) -> None:
        """Loads the file if inspection has nothing against it, or else says what the Keras here means for it.

        Raises Usage for custom objects that are not there.
        """
        if self._load:
            self._load_it(path, report)
        if report.loaded is None and report.keras_version and report.verdict in WHOLE:
            self._state(report)

    def _state(self, report: Report) -> None:
        from harness.loading.elsewhere import installed, meaning

        if self._keras is None:
            self._keras = installed() if self._wanted.env is None else self._in_env()
        if what := meaning(report, self._keras):
            report.add("another-release", "", what)

    def _in_env(self) -> str:
        """The release of Keras in the environment that was asked for; empty where there is none."""
        from harness.environments.environment import releases

        under = self._environment()
        return "" if under is None else releases(under.interpreter).get("keras", "")

    def _environment(self) -> Environment | None:
        """The environment that was asked for, entered once; None where there is none, which is told once."""
        from harness.environments.environment import EnvironmentFailed, environment
        from harness.environments.wanted import Unreadable

        if self._entered is None and self._enterable:
            try:
                say = environment(self._wanted.env, lambda text: print(text, file=sys.stderr, flush=True))
                self._entered = self.enter_context(say)
            except Unreadable as error:
                raise Usage(str(error)) from error
            except EnvironmentFailed as error:
                self._enterable = False
                self._give_up(str(error), failed=True)
        return self._entered

    def _load_it(self, path: Path, report: Report) -> None:
        from harness.dispatch.worker import WorkerFailed
        from harness.loading.held import NotHeld
        from harness.loading.loader import CustomObjectsError, Loader, accept_given, may_load

        accept_given(report, self._wanted.custom_objects)
        if not may_load(report):
            return
        try:
            if self._loader is None:
                self._loader = self._made(Loader)
            if self._loader is not None:
                self._loader.load(path, report)
        except CustomObjectsError as error:
            raise Usage(str(error)) from error
        except NotHeld as error:
            self.remarks.append(f"not loaded: {path.name} could not be copied for it: {error}")
            self.failed = True
        except (WorkerFailed, OSError) as error:
            self._give_up(f"TensorFlow could not be started: {error}", failed=True)

    def _made(self, loader: type[Loader]) -> Loader | None:
        from harness.loading.loader import Settings

        if self._wanted.env is None and importlib.util.find_spec("tensorflow") is None:
            self._give_up(f"no TensorFlow is installed here: {INSTALL}, or name one with --env", failed=False)
            return None
        under = self._environment()
        if under is None:
            return None
        wanted = self._wanted
        made = loader(
            Settings(
                under.interpreter, under.variables, wanted.custom_objects, wanted.imports, wanted.seconds,
                int(wanted.memory * (1 << 30)),
            )
        )  # fmt: skip
        self.callback(made.close)
        return made

    def _give_up(self, why: str, *, failed: bool) -> None:
        self.remarks.append(f"not loaded: {why} (--no-load leaves loading out)" if self._load else why)
        self._load = False
        self.failed = failed
