"""What commands that measure have in common: where they write, what they say, which differences are accepted."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from harness.settings import FINDINGS, OK, UNMEASURED, Unmeasured, Usage

if TYPE_CHECKING:
    from rich.console import Console

    from harness.dispatch.signals import Signals
    from harness.expectations.known import KnownIssues

Say = Callable[[str], None]


class Told(Protocol):
    """A result, as far as an exit code comes of it."""

    stopped: str | None

    @property
    def verdict(self) -> str:
        """``pass``, ``fail`` or ``error``."""


def targets(*paths: Path | None) -> list[Path]:
    """The paths that were given, absolute. Raises Usage for one in no folder, Unmeasured for one not writable."""
    from harness.reporting import files

    given = apart(*paths)
    for path in given:
        try:
            files.probe(path)
        except files.NoFolder as error:
            raise Usage(str(error)) from error
        except OSError as error:
            raise Unmeasured(f"{path} cannot be written: {error.strerror}") from error
    return given


def apart(*paths: Path | None) -> list[Path]:
    """The paths that were given, absolute; raises Usage where two are one file: one would be lost.

    What is no plain file (/dev/stdout, /dev/null) takes any number of them.
    """
    given = [path.expanduser().absolute() for path in paths if path is not None]
    taken = set()
    for path in given:
        # Not where a link leads to: a report takes the place of the link.
        place = path.parent.resolve() / path.name
        if place in taken and (path.is_file() or not path.exists()):
            raise Usage(f"two reports cannot be written to one file, {path}")
        taken.add(place)
    return given


def drawable(html: Path | None, png: Path | None) -> None:
    """Raises Unmeasured where a page or a PNG is wanted, and what makes it is not installed."""
    from harness.reporting import picture

    if html is not None and importlib.util.find_spec("jinja2") is None:
        raise Unmeasured('--html needs jinja2: pip install "keras-harness[bench]"')
    why_not = None if png is None else picture.lacking()
    if why_not is not None:
        raise Unmeasured(why_not)


def saying(console: Console) -> Say:
    """Says a line on the console as it is."""
    return lambda text: console.print(text, highlight=False, markup=False, soft_wrap=True)


def known_issues(*paths: Path) -> KnownIssues:
    """The entries of known-issues files; raises Usage for one that cannot be used."""
    from harness.expectations.known import KnownIssues, KnownIssuesError

    try:
        return KnownIssues.read(*paths)
    except KnownIssuesError as error:
        raise Usage(str(error)) from error


def kept(texts: Mapping[Path | None, Callable[[], str | bytes]]) -> list[str]:
    """Writes each text to its path, where there is one; returns what is to be said of those that could not be."""
    from harness.reporting import files

    lost = [files.keep(text(), path.expanduser().absolute()) for path, text in texts.items() if path is not None]
    return [each for each in lost if each]


def shown(show: Callable[[], Any], say: Say, then: Sequence[str]) -> None:
    """Shows a result, and says what comes then, to whoever reads: `| head` does not to the end."""
    with contextlib.suppress(OSError, SystemExit):
        show()
        for each in then:
            say(each)


def code_of(result: Told, signals: Signals, lost: Sequence[str]) -> int:
    """The exit code: a signal goes before all, and a report that was lost before the verdict."""
    from harness.dispatch.signals import INTERRUPTED

    if (result.stopped or "").startswith(INTERRUPTED):
        return signals.exit_code
    if lost:
        return UNMEASURED
    return {"pass": OK, "fail": FINDINGS, "error": UNMEASURED}[result.verdict]
