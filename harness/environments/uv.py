"""uv, which makes environments: found, run, and its reasons in a line or two."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

OWN = ("VIRTUAL_ENV", "CONDA_PREFIX", "UV_PYTHON", "UV_SYSTEM_PYTHON", "UV_TARGET", "UV_PREFIX")
REASON = 600  # characters of what uv says
ERROR = re.compile(r"^(error: | *[×x] )", re.MULTILINE)


class NoUv(Exception):
    """uv is nowhere."""


class UvFailed(Exception):
    """uv ended with an error; the message is its reason, in a line or two."""


def find_uv() -> str:
    """The path of uv: `$UV`, that of its Python package, or the one on the path. Raises NoUv."""
    named = os.environ.get("UV")
    if named:
        found = shutil.which(named)
        if found is None:
            raise NoUv(f"UV in the environment names {named!r}, which cannot be run")
        return found
    with contextlib.suppress(ImportError, FileNotFoundError):
        from uv import find_uv_bin

        return os.fspath(find_uv_bin())
    found = shutil.which("uv")
    if found is None:
        raise NoUv("environments are made by uv, which is not here: pip install uv")
    return found


def run_uv(arguments: Sequence[str | Path], *, holds: int | None = None) -> str:
    """Runs uv and returns all that it said; raises UvFailed, or NoUv.

    The file `holds` stays open in uv as well: the lock on it is held as long as either lives. The settings of the user
    (indexes, links, downloads) are uv's own.
    """
    command = [find_uv(), *map(str, arguments)]
    try:
        process = subprocess.Popen(
            command, env=_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            encoding="utf-8", errors="replace", start_new_session=True, pass_fds=() if holds is None else (holds,),
        )  # fmt: skip
    except OSError as error:
        raise NoUv(f"{command[0]} cannot be run: {error.strerror or error}") from error
    try:
        printed, said = process.communicate()
    finally:
        _end(process)
    if process.returncode:
        raise UvFailed(reason(said or printed) or f"uv ended with code {process.returncode}")
    return printed + said


def reason(said: str) -> str:
    """What uv gives as its reason, without what it warns of and tells of its progress."""
    start = ERROR.search(said)
    text = " ".join((said[start.end() :] if start else said).split())
    text = re.sub(r"No solution found when resolving dependencies:?|(\bcause|Caused by|╰─▶|├─▶|│)(:| )", "", text)
    return " ".join(text.split())[:REASON]


def _end(process: subprocess.Popen[str]) -> None:
    """Ends uv where it still runs: it was interrupted."""
    if process.poll() is None:
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _environment() -> dict[str, str]:
    """The user's own settings, without the environment that the driver runs in; every Python of pyenv is seen."""
    kept = {key: value for key, value in os.environ.items() if key not in OWN and not key.startswith("PYTHON")}
    versions = Path(kept.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    if "PYENV_VERSION" not in kept and versions.is_dir():
        # Its shims run only what is chosen at the moment, and fail for the others.
        kept["PYENV_VERSION"] = ":".join(sorted(each.name for each in versions.glob("3.*")))
    return {**kept, "UV_NO_PROGRESS": "1", "NO_COLOR": "1"}
