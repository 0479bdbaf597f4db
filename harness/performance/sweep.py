"""A list of environments from one string: ``tensorflow-cpu=={2.16..2.21}`` is six of them."""

from __future__ import annotations

import re

BRACES = re.compile(r"(==)?\{([^{}]*)\}")
RANGE = re.compile(r"((?:\d+\.)*)(\d+)\.\.((?:\d+\.)*)(\d+)")
MOST = 50  # environments of a range: each is gigabytes, and minutes


class NoSweep(ValueError):
    """Text that names no list; the message says what would."""


def expand(text: str) -> list[str]:
    """The strings in the order that was written. Raises NoSweep.

    A minor release means the newest of its patches: there never was a TensorFlow 2.16.0.

    >>> expand("tensorflow-cpu=={2.20..2.21} keras==3.6.0")
    ['tensorflow-cpu==2.20.* keras==3.6.0', 'tensorflow-cpu==2.21.* keras==3.6.0']
    >>> expand("tensorflow-cpu=={2.15.1,2.18.0}")
    ['tensorflow-cpu==2.15.1', 'tensorflow-cpu==2.18.0']
    """
    found = BRACES.search(text)
    if found is None:
        raise NoSweep(f"{text!r} has no list in braces, as tensorflow-cpu=={{2.16..2.21}} has")
    if BRACES.search(text, found.end()):
        raise NoSweep(f"{text!r} has two lists, and one is swept at a time")
    return [
        f"{text[: found.start()]}{found[1] or ''}{each}{_any_patch(each, bool(found[1]))}{text[found.end() :]}"
        for each in _members(found[2])
    ]


def _members(inside: str) -> list[str]:
    found = RANGE.fullmatch(inside.strip())
    if found is None:
        members = [each.strip() for each in inside.split(",")]
        if not all(members) or ".." in inside:
            raise NoSweep(f"{{{inside}}} is neither a range, {{2.16..2.21}}, nor a list, {{2.15.1,2.18.0}}")
        return members
    before, first, same, last = found.groups()
    if before != same or int(last) < int(first):
        raise NoSweep(f"{{{inside}}} does not count up: only the last number may change")
    if int(last) - int(first) >= MOST:
        raise NoSweep(f"{{{inside}}} is {int(last) - int(first) + 1} environments, and one sweep is {MOST} at most")
    return [f"{before}{number}" for number in range(int(first), int(last) + 1)]


def _any_patch(release: str, exact: bool) -> str:
    return ".*" if exact and re.fullmatch(r"\d+\.\d+", release) else ""
