"""Lays out Python lines as formatters do: none longer than `WIDTH` where a bracket lets it be broken."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator

WIDTH = 100
_OPENING, _CLOSING = "([{", ")]}"


def laid_out(lines: Iterable[str]) -> str:
    """The lines as a file: long ones broken, two blank lines around what is defined at the top."""
    text: list[str] = []
    for line in lines:
        text += wrapped(line)
    return _spaced(text)


def wrapped(line: str, *, width: int = WIDTH) -> list[str]:
    """One logical line as the lines that it takes, broken at the brackets with the most inside.

    >>> wrapped("x = f(aaaa, bbbb)", width=12)
    ['x = f(', '    aaaa,', '    bbbb,', ')']
    >>> wrapped("x = f(aaaa, bbbb)", width=14)
    ['x = f(', '    aaaa, bbbb', ')']
    >>> wrapped("# layer #0 (named late)", width=12)
    ['# layer #0', '# (named', '# late)']
    """
    if len(line) <= width:
        return [line]
    if line.startswith("#"):
        return textwrap.wrap(line, width, subsequent_indent="# ", break_long_words=False, break_on_hyphens=False)
    pairs = list(_pairs(line))
    if not pairs:
        return [line]
    start, end = max(pairs, key=lambda pair: pair[1] - pair[0])
    body = line[start + 1 : end].strip().rstrip(",")
    if not body:
        return [line]
    indent = " " * (len(line) - len(line.lstrip()))
    head, inner, tail = line[: start + 1], indent + "    ", indent + line[end:]
    parts, mark = _parts(body)
    if len(inner + body) <= width:
        parts, mark = [body], ""
    value = re.match(r"\s*(\w+ = |return )(?![(\[{])", line)
    if value and line[start] == "[" and len(inner + line[value.end() :]) <= width:
        # Subscripts are not broken: the whole value goes into brackets of its own.
        return [f"{line[: value.end()]}(", inner + line[value.end() :], f"{indent})"]
    lines = [head]
    for part in parts:
        lines += wrapped(inner + part + mark, width=width)
    return [*lines, *wrapped(tail, width=width)]


def _parts(body: str) -> tuple[list[str], str]:
    """What stands inside of a bracket, a part per line, and the mark behind each."""
    comprehension = re.search(r" for \w", _outermost(body))
    if comprehension:
        cuts = [match.start() for match in re.finditer(r" (?=for \w|if )", _outermost(body))]
        return [part.strip() for part in _cut(body, cuts)], ""
    cuts = [place for place, _ in _at_depth(body, 0, ",")]
    if not cuts:
        return [body], ""
    return [part.strip().lstrip(",").strip() for part in _cut(body, cuts)], ","


def _cut(text: str, places: list[int]) -> list[str]:
    return [text[start:end] for start, end in zip([0, *places], [*places, len(text)], strict=True)]


def _outermost(text: str) -> str:
    """The text with all that is in brackets or quotes blanked out."""
    kept = dict(_walk(text))
    return "".join(char if kept.get(place) == 0 else "_" for place, char in enumerate(text))


def _walk(text: str) -> Iterator[tuple[int, int]]:
    """Each place outside of quotes, with how many brackets are open there (a bracket itself counts as outside)."""
    depth, quote, escaped = 0, "", False
    for place, char in enumerate(text):
        if quote:
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = True
            elif char == quote:
                quote = ""
            continue
        if char in "\"'":
            quote = char
        elif char in _OPENING:
            yield place, depth
            depth += 1
        elif char in _CLOSING:
            depth -= 1
            yield place, depth
        else:
            yield place, depth


def _at_depth(text: str, depth: int, chars: str) -> Iterator[tuple[int, str]]:
    for place, here in _walk(text):
        if here == depth and text[place] in chars:
            yield place, text[place]


def _pairs(text: str) -> Iterator[tuple[int, int]]:
    """The brackets that stand in no other bracket, each with its end."""
    start = -1
    for place, char in _at_depth(text, 0, _OPENING + _CLOSING):
        if char in _OPENING:
            start = place
        else:
            yield start, place


def _spaced(lines: list[str]) -> str:
    """Two blank lines before and after each definition at the top, and never more."""
    text: list[str] = []
    defining = False
    for line in lines:
        starts = line.startswith(("def ", "class ", "@"))
        if (starts and not (text and text[-1].startswith("@"))) or (
            defining and line and not line.startswith((" ", ")", "def ", "class ", "@"))
        ):
            while text and not text[-1]:
                text.pop()
            text += ["", ""] if text else []
        if line and not line.startswith((" ", ")")):
            defining = starts
        if line or (text and text[-1]):
            text.append(line)
    return "\n".join(text).strip("\n") + "\n"
