"""What the one string says that names an environment: an interpreter, a requirements file, or pip requirements.

    python==3.11 tensorflow-cpu==2.18.1 keras==3.6.0
    old/requirements.txt
    path/to/venv

A string of one word that looks like a path is one, and so is one that names a file or a virtual environment.
`python==3.11` asks for the interpreter: 3.11 and no further, as people mean it. `tf_keras` asks for legacy Keras.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

LEGACY = "tf-keras"
KERAS, NIGHTLY = "keras", "keras-nightly"
# A TensorFlow that is no nightly one asks for keras, which would lie over keras-nightly.
NO_KERAS = f"{KERAS} ; sys_platform == 'never'"
TENSORFLOWS = ("tensorflow", "tensorflow-cpu", "tf-nightly", "tf-nightly-cpu")
BARE = re.compile(r"[\w.-]+")
CONTINUED = re.compile(r"\\\r?\n")
OPTION = re.compile(r"\s+--")  # of one requirement, such as its hashes
TAKEN_IN = re.compile(r"(?:-r|--requirement) (.+)")
NAMES_A_FILE = re.compile(r"(-[rcef](?=[^-])|--(?:requirement|constraint|editable|find-links)(?=[ =]))[ =]?\s*(\S.*)")
NESTED = ("-r", "--requirement", "-c", "--constraint")
# Settings of uv that change what requirements resolve to.
RESOLVING = ("UV_CONSTRAINT", "UV_EXCLUDE_NEWER", "UV_OVERRIDE", "UV_PRERELEASE", "UV_RESOLUTION")


class Unreadable(ValueError):
    """The string names no environment; the message says why."""


@dataclass(frozen=True)
class Wanted:
    """An environment as it was asked for.

    Of one that is there `interpreter` is set. Of one to be made `lines` are the lines of its requirements file, and
    `python` is what uv is asked for (``3.11``, ``>=3.9,<3.12``), or None where that was left open.
    """

    asked: str
    interpreter: Path | None = None
    lines: tuple[str, ...] = ()
    python: str | None = None

    @property
    def requirements(self) -> list[Requirement]:
        """The requirements that name a package."""
        return [each for each in map(_requirement, self.lines) if each is not None]

    @property
    def names(self) -> set[str]:
        """The packages that are asked for."""
        return {canonicalize_name(each.name) for each in self.requirements}

    @property
    def legacy(self) -> bool:
        """Whether Keras 2 is asked for under a TensorFlow that has Keras 3."""
        return LEGACY in self.names

    @property
    def overrides(self) -> tuple[str, ...]:
        """What takes the place of requirements of the packages that are asked for."""
        return (NO_KERAS,) if NIGHTLY in self.names else ()

    def key(self, python: str) -> str:
        """Twelve hex digits that are the same for the same requirements, in whatever order and spelling."""
        settings = {name: os.environ[name] for name in RESOLVING if os.environ.get(name)}
        content = [python, sorted(map(_canonical, self.lines)), settings]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def wanted(text: str) -> Wanted:
    """Reads the string; raises Unreadable where no environment is meant by it."""
    words = text.split()
    if not words:
        raise Unreadable("it names no environment: an interpreter, a requirements file, or requirements")
    if is_path(text):
        return _at(text, Path(text).expanduser())
    return _of(text, [_word(each) for each in words])


def is_path(text: str, folder: Path | None = None) -> bool:
    """Whether the string names an interpreter or a file, as seen from a folder, and no requirements."""
    path = (folder or Path.cwd()) / Path(text).expanduser()
    if path.is_file() or (path / "bin" / "python").exists():
        return True
    if len(text.split()) != 1 or "@" in text or "://" in text:
        return False
    if text.startswith((".", "~")) or os.sep in text or text.endswith((".txt", ".in")):
        return True
    # A name alone that is none of TensorFlow's is a folder that is not there, such as venv.
    return BARE.fullmatch(text) is not None and not canonicalize_name(text).startswith(("tensorflow", "tf-"))


def _at(text: str, path: Path) -> Wanted:
    if path.is_dir():
        path = path / "bin" / "python"
    if not path.exists():
        what = "requirements file" if path.suffix in (".txt", ".in") else "interpreter"
        raise Unreadable(f"{text!r} is no {what}: no such file")
    if path.is_file() and path.suffix in (".whl", ".gz", ".zip"):
        return _of(text, [_word(text)])
    if path.is_file() and os.access(path, os.X_OK):
        return Wanted(text, interpreter=path.absolute())
    try:
        content = path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        raise Unreadable(f"{text!r} is no interpreter: it cannot be run") from None
    lines = [line for line in map(_bare, CONTINUED.sub(" ", content).splitlines()) if line]
    for line in lines:
        if not _can_be(line, path.parent):
            raise Unreadable(
                f"{text!r} is no interpreter: it cannot be run; and no requirements file: it holds {line[:80]!r}"
            )
    return _of(str(path.absolute()), _lines(path.absolute()))


def _lines(path: Path, within: frozenset[Path] = frozenset()) -> list[str]:
    """The lines of a requirements file, with those of the files that it takes in: what they ask for counts as well.

    Raises OSError or ValueError for one that cannot be read.
    """
    lines: list[str] = []
    for bare in map(_bare, CONTINUED.sub(" ", path.read_text(encoding="utf-8")).splitlines()):
        if not bare:
            continue
        line = _beside(path.parent, bare)
        inner = TAKEN_IN.fullmatch(line)
        if inner is not None and "://" not in line:
            other = Path(inner[1])
            if other in {*within, path}:
                continue
            with contextlib.suppress(OSError, ValueError):  # what is not there is uv's to tell
                lines += _lines(other, within | {path})
                continue
        lines.append(line)
    return lines


def _can_be(line: str, folder: Path) -> bool:
    """Whether it can stand in a requirements file; what it means is uv's to say."""
    return line.startswith("-") or "://" in line or _requirement(line) is not None or (folder / line).exists()


def _of(text: str, lines: Iterable[str]) -> Wanted:
    python: str | None = None
    kept: list[str] = []
    for line in lines:
        requirement = _requirement(line)
        if requirement is not None and canonicalize_name(requirement.name) == "python":
            if requirement.marker is None or requirement.marker.evaluate():
                python = _version(requirement)
        elif line not in kept:
            kept.append(line)
    if not kept:
        raise Unreadable(f"{text!r} asks for no TensorFlow")
    found = Wanted(text, lines=tuple(kept), python=python)
    if {KERAS, NIGHTLY} <= found.names:
        raise Unreadable(
            f"{text!r} asks for keras and for keras-nightly, which are installed into one folder: name one"
        )
    return found


def _word(word: str) -> str:
    """One requirement of the string: by name, or a wheel that lies here."""
    if Path(word).expanduser().is_file():
        return str(Path(word).expanduser().absolute())
    if "://" in word:
        return word
    try:
        Requirement(word)
    except InvalidRequirement as error:
        said = str(error).splitlines()[0]
        raise Unreadable(
            f"{word!r} is no requirement ({said}): write them as pip does, without spaces inside"
        ) from None
    return word


def _requirement(line: str) -> Requirement | None:
    try:
        return Requirement(OPTION.split(line)[0])
    except InvalidRequirement:
        return None


def _version(python: Requirement) -> str | None:
    """What uv is asked for: it takes 3.11 for every 3.11."""
    text = str(python.specifier)
    if text.startswith("==") and "," not in text:
        return text.removeprefix("==").removesuffix(".*")
    return text or None


def _bare(line: str) -> str:
    """A line of a requirements file without its comment."""
    return "" if line.lstrip().startswith("#") else line.split(" #")[0].strip()


def _beside(folder: Path, line: str) -> str:
    """A line of a file as it reads in another folder: what it names beside it is named in full."""
    named = NAMES_A_FILE.fullmatch(line)
    if named is not None and "://" not in named[2]:
        return f"{named[1]} {(folder / named[2]).absolute()}"
    if not line.startswith("-") and "://" not in line and _requirement(line) is None:
        return str((folder / line).absolute())
    return line


def _canonical(line: str, within: frozenset[Path] = frozenset()) -> str:
    """A requirement in one spelling; of a file, the file as it is now, with what it names in turn."""
    requirement = _requirement(line)
    if requirement is not None:
        requirement.name = canonicalize_name(requirement.name)
        return " --".join([str(requirement), *OPTION.split(line)[1:]])
    path = Path(line.split(" ", 1)[-1] if line.startswith(NESTED) else line)
    try:
        if path.suffix in (".txt", ".in") and path not in within:
            return json.dumps([line, *(_canonical(each, within | {path}) for each in _lines(path))])
        return f"{line} {path.stat().st_size} {path.stat().st_mtime_ns}"
    except (OSError, ValueError):
        return line
