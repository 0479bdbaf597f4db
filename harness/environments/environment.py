"""An environment under test, from the string that asks for it: found where it is one, made by uv where it is not."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.environments.pythons import OLDEST, python_for
from harness.environments.store import Slot
from harness.environments.uv import NoUv, UvFailed, run_uv
from harness.environments.wanted import NIGHTLY, TENSORFLOWS, Wanted, wanted

Say = Callable[[str], None]
STATED = ("keras", "tf_keras", "numpy", "h5py", "protobuf")  # beside TensorFlow and Python
ASK = """
import json, platform
from importlib import metadata
found = {"python": platform.python_version()}
for name in %r:
    try: found[name] = metadata.version(name)
    except metadata.PackageNotFoundError: pass
print(json.dumps(found))
"""
FRESH = 24 * 3600.0  # seconds for which requirements are taken to mean the same releases
CHANGES = re.compile(r"^ [+-] \S", re.MULTILINE)  # what uv would install or take away


class EnvironmentFailed(Exception):
    """The environment could not be made; the message says why, in a line or two."""


@dataclass(frozen=True)
class Environment:
    """An interpreter with a TensorFlow.

    `asked` is the string that named it, None where none did. `variables` are set for every process of it. `resolved`
    holds the releases that were found in it by name, and `made` says when, of one that was made (seconds since 1970).
    """

    interpreter: str
    asked: str | None = None
    id: str | None = None
    variables: dict[str, str] = field(default_factory=dict)
    resolved: dict[str, str] = field(default_factory=dict)
    made: float | None = None

    @property
    def origin(self) -> dict[str, Any]:
        """Where it is from, as a report states it; empty where it is the driver's own."""
        stated = {"asked": self.asked, "id": self.id, "made": self.made and _date(self.made)}
        return {key: value for key, value in stated.items() if value is not None}


def quiet(_: str) -> None:
    """Says nothing."""


@contextlib.contextmanager
def environment(text: str | None, say: Say = quiet, hold: Callable[[], None] = lambda: None) -> Iterator[Environment]:
    """The environment that a string asks for, kept from being removed as long as it is in use.

    Without a string it is the driver's own. `say` is told what takes long; `hold` is called before what was half made
    is tidied up, which nothing may interrupt. Raises Unreadable where the string names none, and EnvironmentFailed
    where it cannot be made.
    """
    if text is None:
        yield Environment(sys.executable)
        return
    asked = wanted(text)
    if asked.interpreter is not None:
        yield Environment(str(asked.interpreter), text)
        return
    slot = Slot(asked.key(_python(asked)))
    with contextlib.ExitStack() as held:
        yield _in_use(slot, asked, say, hold, held)


def _in_use(slot: Slot, asked: Wanted, say: Say, hold: Callable[[], None], held: contextlib.ExitStack) -> Environment:
    """The environment, made where it is not there, and locked as long as `held` is open."""
    try:
        while True:
            _make(slot, asked, say, hold)
            held.enter_context(slot.locked(alone=False))
            record = slot.record()
            if record is not None:
                slot.touch()
                return _from(slot, asked, record)
            held.close()  # it was removed between the two
    except OSError as error:
        raise EnvironmentFailed(_told(asked, f"{slot.path.parent}: {error.strerror or error}")) from error


def _python(asked: Wanted) -> str:
    return asked.python or python_for(asked.requirements)


def _from(slot: Slot, asked: Wanted, record: dict[str, Any]) -> Environment:
    return Environment(
        str(slot.interpreter),
        asked.asked,
        slot.id,
        {**_bytecode(slot), **({"TF_USE_LEGACY_KERAS": "1"} if asked.legacy else {})},
        record["resolved"],
        record["made"],
    )


def _bytecode(slot: Slot) -> dict[str, str]:
    """Lets its processes keep what they compile, beside it: uv compiles nothing, and that is most of a start.

    A worker writes nothing where another's Python lies, but this one is ours.
    """
    return {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(slot.path / "bytecode")}


def _make(slot: Slot, asked: Wanted, say: Say, hold: Callable[[], None]) -> None:
    """Makes it where it is not whole; others that want it wait meanwhile."""
    with contextlib.suppress(BlockingIOError), slot.locked(alone=False, wait=False):
        record = slot.record()
        if record is not None and time.time() - record["looked"] < FRESH:
            return
    with contextlib.ExitStack() as held:
        try:
            lock = held.enter_context(slot.locked(alone=True, wait=False))
        except BlockingIOError:
            if slot.record() is not None:
                return  # it is in use: as it is, for all of them
            say(f"waiting: another run is making the environment {slot.id} …")
            lock = held.enter_context(slot.locked(alone=True))
        record = slot.record()
        if record is not None and _means_the_same(slot, record, lock, say):
            return
        slot.clear()
        say(f"making an environment of {asked.asked} …")
        begin = time.monotonic()
        try:
            resolved = _fill(slot, asked, lock)
            slot.keep(
                {
                    "asked": asked.asked,
                    "requirements": list(asked.lines),
                    "overrides": list(asked.overrides),
                    "python": _python(asked),
                    "resolved": resolved,
                    "made": time.time(),
                    "looked": time.time(),
                    "seconds": round(time.monotonic() - begin, 1),
                }
            )
        except BaseException as error:
            hold()
            with contextlib.suppress(OSError):
                slot.remove()
            if isinstance(error, (UvFailed, NoUv)):
                raise EnvironmentFailed(_told(asked, str(error))) from error
            raise
        say(f"made in {time.monotonic() - begin:.0f} s: {in_words(resolved)}")


def _means_the_same(slot: Slot, record: dict[str, Any], lock: int, say: Say) -> bool:
    """Whether the requirements would be resolved to the same releases today; what cannot be told is taken for yes."""
    if time.time() - record["looked"] < FRESH:
        return True
    try:
        said = run_uv([*_install(slot), "--upgrade", "--dry-run"], holds=lock)
    except (UvFailed, NoUv) as error:
        say(f"what is newer cannot be seen, so the environment of {_date(record['made'])} is taken: {error}")
        return True
    if CHANGES.search(said):
        say("its requirements mean other releases by now")
        return False
    slot.keep({**record, "looked": time.time()})
    return True


def _install(slot: Slot) -> list[str | Path]:
    return [
        "pip", "install", "--python", slot.interpreter, "--override", slot.path / "overrides.txt",
        "-r", slot.path / "requirements.txt",
    ]  # fmt: skip


def _fill(slot: Slot, asked: Wanted, lock: int) -> dict[str, str]:
    """The virtual environment itself; returns what was resolved."""
    slot.path.mkdir(parents=True)
    for name, lines in (("requirements.txt", asked.lines), ("overrides.txt", asked.overrides)):
        (slot.path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    run_uv(["venv", "--no-project", "--python", _python(asked), slot.path / "env"], holds=lock)
    python = releases(str(slot.interpreter)).get("python", "")
    if python and tuple(map(int, python.split(".")[:2])) < OLDEST:
        raise UvFailed(f"keras-harness needs Python {'.'.join(map(str, OLDEST))} there, and this is {python}")
    run_uv(_install(slot), holds=lock)
    resolved = releases(str(slot.interpreter))
    if "tensorflow" not in resolved:
        raise UvFailed("there is no TensorFlow in it: name one (tensorflow-cpu==2.18.1)")
    return resolved


def _told(asked: Wanted, why: str) -> str:
    """The reason with what may help."""
    hint = ""
    if "os error 28" in why or "No space left" in why:
        hint = " (the disk is full; `keras-harness environments --clean` removes what was made)"
    elif "No interpreter found" in why or "no download" in why.lower():
        hint = f" (uv gets one: uv python install {_python(asked)!r})"
    elif sys.platform == "darwin" and "tensorflow-cpu" in why:
        hint = " (there is no tensorflow-cpu for macOS: tensorflow is that)"
    return f"no environment can be made of {asked.asked!r}: {why}{hint}"


def releases(interpreter: str) -> dict[str, str]:
    """The releases of Python, TensorFlow and what it stands on in an interpreter, without starting TensorFlow.

    Empty where it cannot be asked.
    """
    names = (*TENSORFLOWS, *STATED, NIGHTLY)
    try:
        done = subprocess.run(
            [interpreter, "-I", "-c", ASK % (names,)], capture_output=True, text=True, timeout=60, check=False
        )
        found: dict[str, str] = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return {}
    tensorflow = [found.pop(name) for name in TENSORFLOWS if name in found]
    if tensorflow:
        found["tensorflow"] = tensorflow[0]
    if NIGHTLY in found:
        found["keras"] = found.pop(NIGHTLY)
    return found


LIST = """
import json
from importlib import metadata
print(json.dumps({each.metadata["Name"]: each.version for each in metadata.distributions() if each.metadata["Name"]}))
"""


def packages(interpreter: str) -> dict[str, str]:
    """Every package in an interpreter with its release; empty where it cannot be asked."""
    try:
        done = subprocess.run([interpreter, "-I", "-c", LIST], capture_output=True, text=True, timeout=60, check=False)
        found: dict[str, str] = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return {}
    return dict(sorted(found.items(), key=lambda each: each[0].lower()))


NAMES = {
    "python": "Python", "tensorflow": "TensorFlow", "keras": "Keras", "tf_keras": "tf_keras", "numpy": "NumPy",
    "h5py": "h5py", "protobuf": "protobuf",
}  # fmt: skip


def _date(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def in_words(resolved: dict[str, str]) -> str:
    """The releases in one line."""
    return ", ".join(f"{name} {resolved[key]}" for key, name in NAMES.items() if key in resolved)
