"""What stands in for options of the command line: `KERAS_HARNESS_*`, and `[tool.keras-harness]` of pyproject.toml.

An option goes before the environment, the environment before the table. The table is that of the nearest
pyproject.toml, and paths in it start from its folder. A name that is no option, or a value that cannot be one, is
wrong usage: a setting that is not heard would check something else than was asked for.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Mapping
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from typing import Any, get_origin

from cyclopts import App
from cyclopts.argument import Argument, ArgumentCollection
from cyclopts.config import Dict, Env

OK, FINDINGS, USAGE, UNMEASURED = 0, 1, 2, 3  # exit codes
PREFIX = "KERAS_HARNESS_"
ROOT = ("tool", "keras-harness")
TABLE = "[tool.keras-harness]"
EVERYWHERE = ("env",)  # what other commands take of the table: it is about `check`, and its `json` is a report
_TYPED: ContextVar[frozenset[str]] = ContextVar("typed", default=frozenset())
PATHS = ("env", "known-issues", "json", "junitxml", "recordings")  # options that name files


class Usage(Exception):
    """Something on the command line or in a configuration is wrong; the message says what would be right."""


class Unmeasured(Exception):
    """What was asked could not be found out; the message says why."""


def settle(root: App) -> None:
    """Lets the commands of `root` take what the command line leaves open from the environment, then the table."""
    root.config = (_see_typed, partial(_no_stray_variable, root), Env(PREFIX, command=False), partial(_table, root))


def typed() -> frozenset[str]:
    """The options of this command that stand on the command line itself, as ``--env``; what settings say is not there.

    Only what somebody has typed is worth a word where it is not used: a setting is meant for other commands, too.
    """
    return _TYPED.get()


def _see_typed(_: App, __: tuple[str, ...], arguments: ArgumentCollection) -> None:
    _TYPED.set(frozenset(each.name for each in arguments if each.tokens))  # settings have added none yet


def did_you_mean(name: str, known: Collection[str]) -> str:
    """The end of a message about a name that nothing has."""
    import difflib

    last = name.rpartition(".")[2]  # as Keras says it: keras.layers.Dense
    close = (
        [each for each in known if each == last]
        or difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        or [each for each in known if name.lower() in each.lower()][:3]
    )
    return f"; did you mean {' or '.join(close)}?" if close else f"; known: {', '.join(sorted(known))}"


def among(kind: str, given: Collection[str], known: Collection[str]) -> None:
    """Raises Usage for the first name that is none of the known ones."""
    for name in given:
        if name not in known:
            raise Usage(f"no {kind} is called {name!r}{did_you_mean(name, known)}")


def _name(argument: Argument) -> str:
    return argument.name.removeprefix("--")


def _no_stray_variable(root: App, _: App, __: tuple[str, ...], ___: ArgumentCollection) -> None:
    given = [variable for variable in os.environ if variable.startswith(PREFIX)]
    if not given:
        return  # finding out what all commands take is half of what starting one takes
    commands = [root[name] for name in root if not name.startswith("-")]
    options = {_name(each) for command in commands for each in command.assemble_argument_collection()}
    known = [PREFIX + name.upper().replace("-", "_") for name in options]
    for variable in given:
        if variable not in known:
            raise Usage(f"{variable} in the environment stands for no option{did_you_mean(variable, known)}")


def _table(root: App, command: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
    path = _nearest(Path.cwd())
    if path is None:
        return
    settings = _read(path)
    known = {_name(each): get_origin(each.hint) is tuple for each in root["check"].assemble_argument_collection()}
    for key, value in settings.items():
        if key not in known:
            raise Usage(f"{path}: {TABLE} has no key {key!r}{did_you_mean(key, list(known))}")
        if isinstance(value, Mapping) or (isinstance(value, list) and not known[key]):
            raise Usage(f"{path}: {TABLE} {key} takes one value, not {value!r}")
        if key in PATHS and not (key == "env" and _names_requirements(value, path.parent)):
            settings[key] = _below(path.parent, value)
    if commands != ("check",):
        settings = {key: value for key, value in settings.items() if key in EVERYWHERE}
    nested = {ROOT[0]: {ROOT[1]: settings}}
    source = Dict(nested, root_keys=ROOT, source=str(path), allow_unknown=True, use_commands_as_keys=False)
    source(command, commands, arguments)


def _names_requirements(value: Any, folder: Path) -> bool:
    from harness.environments.wanted import is_path

    return isinstance(value, str) and not is_path(value, folder)


def _nearest(folder: Path) -> Path | None:
    files = (each / "pyproject.toml" for each in (folder, *folder.parents))
    return next((each for each in files if each.is_file()), None)


def _read(path: Path) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        found: Any = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Usage(f"{path}: {error}") from error
    for part in ROOT:
        found = found.get(part, {})
        if not isinstance(found, Mapping):
            raise Usage(f"{path}: {TABLE} is not a table")
    return dict(found)


def _below(folder: Path, given: Any) -> Any:
    """A path, or several, as seen from the folder of the file that names it."""
    if isinstance(given, list):
        return [_below(folder, each) for each in given]
    return str(folder / Path(given).expanduser()) if isinstance(given, str) else given
