"""What a route is: a way for a model to travel, and what arrives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.worker.subject import Subject


@dataclass
class Arrival:
    """What came out of a journey.

    `model` is observed as the table asks; `before` holds observations that take the place of those of the original
    (of a part that was extracted, say), `after` observations that the route made itself. `unasked` must say why where
    it is set.
    """

    model: Any = None
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    unasked: tuple[str, ...] = ()  # observations that this model cannot be held to


@dataclass(frozen=True)
class Route:
    """A way to travel. A route with a file states how to `save` it and to `take` it up: another process may do either.

    `journey` makes the whole trip in one process. `needs` are facts about the model without which there is nothing
    to send; what each means when it is missing says `expectations.table.LACKING`. `majors` are the Kerases that have
    such a route, none where this release lacks it.
    """

    name: str
    journey: Callable[[Subject, Path], Arrival]
    save: Callable[[Subject, Path], Path] | None = None
    take: Callable[[Subject, Path], Arrival] | None = None
    needs: frozenset[str] = frozenset()
    majors: tuple[int, ...] = (2, 3)


def file_of(subject: Subject, folder: Path, name: str, write: Callable[[Path], None]) -> Path:
    """The file that `write` makes in the folder, or the one that it has made of the original for another route.

    No route changes the original, and what Keras would write again is the same.
    """
    if subject.files is None:
        write(folder / name)
        return folder / name
    path = subject.files / name
    if not path.exists():
        subject.files.mkdir(parents=True, exist_ok=True)
        try:
            write(path)
        except BaseException:
            path.unlink(missing_ok=True)  # half a file is none
            raise
    return path


def by_file(
    name: str,
    save: Callable[[Subject, Path], Path],
    load: Callable[[Path], Any],
    *,
    needs: frozenset[str] = frozenset(),
    majors: tuple[int, ...] = (2, 3),
) -> Route:
    """A route whose journey is to save and to load."""

    def take(_: Subject, path: Path) -> Arrival:
        return Arrival(load(path))

    def journey(subject: Subject, folder: Path) -> Arrival:
        return take(subject, save(subject, folder))

    return Route(name, journey, save, take, needs, majors)
