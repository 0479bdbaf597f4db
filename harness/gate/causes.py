"""Why a file of one release is not taken up by another: a row per cause in `causes.toml`.

Keras's own messages mislead (a built-in that is gone is called an unknown layer), so a row is recognised by what the
releases say *and* by what the model holds.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from packaging.version import Version

from harness.expectations.finding import Finding
from harness.expectations.known import SHIPPED, KnownIssue, KnownIssues, in_range

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROWS = Path(__file__).with_name("causes.toml")
OWN_CLASS = "own-class-missing"
NO_GRAPH = "keras-2-module-path"  # no functional model passes, whatever layers it holds
END = 10_000  # characters
SHOWN = 60  # characters of what stands in braces
REFUSED = re.compile(r"passed to [\w.]+: $")
# In the config of a file, of which that of a .h5 states no module, or in an architecture.
BUILT_IN = r'(?:(?:"module": ?"keras\.[\w.]+", ?|\{)"class_name": ?"|"name":"layers\.){named}"'


@dataclass(frozen=True)
class Break:
    """What is known of one break: what was said, where, and the model: its description, or the config in its file.

    `keras` is the release that broke it, `saved_by` the one that saved it (of a file of the user's, the one that it
    worked in), and `format` that of the file, where they are known. `own` says that the file
    names classes or functions of its author's. `layers` are the classes at that place, which may have any name; `kind`
    is that of the difference.
    """

    observation: str
    direction: str
    said: str = ""
    where: str = ""
    model: str = ""
    keras: str = ""
    format: str = ""
    own: bool = False
    layers: tuple[str, ...] = ()
    kind: str = ""
    saved_by: str = ""


@dataclass(frozen=True)
class Cause:
    """One cause. `error`, `where` and `holds` are expressions for what is said, the place, and the model.

    ``{built_in}`` in `holds` is a layer of Keras's own of the name that `error` has in a group called ``named``: of a
    class that is unknown Keras says the name alone, and whose it is shows in the model.

    Where `keras` names releases, one of them must be the one that broke it, and where `saved_by` does, the one that
    saved it. One that computes wrongly parts from the other whichever of them saves: `either` names it. `format` is
    that of the file (``weights``: .weights.h5), or several with ``|`` between them. `resave` says why the same model,
    saved again by the baseline as .h5, should pass; empty where nothing speaks for it.
    """

    id: str
    explanation: str
    remedy: str
    link: str = ""
    observation: str = ""
    direction: str = ""
    error: str = ""
    where: str = ""
    holds: str = ""
    keras: str = ""
    format: str = ""
    resave: str = ""
    own: bool = False  # of files alone that name something of their author's
    kind: str = ""
    saved_by: str = ""
    either: str = ""

    def what_to_do(self, passed: Sequence[str] | None = None) -> str:
        """The remedy. `passed` are the formats in which a re-saved file was seen to pass; None if none was tried."""
        if passed is None:
            again = f"load the model in the earlier release and save it as .h5, {self.resave}; or "
            return f"{again if self.resave else ''}{self.remedy}"
        return f"{seen_to_pass(passed)}; or {self.remedy}" if passed else self.remedy

    def matches(self, broken: Break) -> bool:
        """Whether a break shows this cause."""
        return (
            (not self.observation or re.fullmatch(self.observation, broken.observation) is not None)
            and self.direction in ("", broken.direction)
            and (said := re.search(self.error, broken.said, re.S)) is not None
            and (not self.where or any(re.search(self.where, each) for each in (broken.where, *broken.layers)))
            and re.search(self._holds(**said.groupdict()), broken.model, re.S) is not None
            and _among(self.keras, broken.keras)
            and _among(self.saved_by, broken.saved_by)
            and _among(self.either, broken.keras, broken.saved_by)
            and (not self.format or broken.format in self.format.split("|"))
            and (broken.own or not self.own)
            and self.kind in ("", broken.kind)
        )

    def _holds(self, named: str = "") -> str:
        return self.holds.replace("{built_in}", BUILT_IN.replace("{named}", re.escape(named)))


def _among(wanted: str, *releases: str) -> bool:
    """Whether one of these releases, as far as they are known, is in the range; where none is named any will do."""
    return not wanted or any(each and in_range(each, wanted) for each in releases)


def seen_to_pass(formats: Sequence[str]) -> str:
    """The remedy that was tried."""
    return f"load the model in the baseline and save it as {' or '.join(formats)}, which was tried and passes"


@cache
def causes() -> tuple[Cause, ...]:
    """All causes, in the order in which they are tried."""
    rows = tomllib.loads(ROWS.read_text(encoding="utf-8"))["cause"]
    return tuple(Cause(**row) for row in rows)


def cause_of(broken: Break) -> Cause | None:
    """The first cause that a break shows; None where none is known. Of a long message its two ends are looked at."""
    if len(broken.said) > 2 * END:
        broken = replace(broken, said=f"{broken.said[:END]} … {broken.said[-END:]}")
    found = next((cause for cause in causes() if cause.matches(broken)), None)
    # On the way back it is the later release that saves: what it writes is what the earlier one does not read.
    return replace(found, resave="") if found is not None and broken.direction == "back" else found


def later(one: str, other: str) -> bool:
    """Whether the first of two versions is the later one; of one that is not known nothing can be said."""
    return bool(one and other) and Version(one) > Version(other)


def diagnose(finding: Finding, keras: str = "", saved_by: str = "") -> Cause | None:
    """The cause of a finding: a row, or a known issue of the Keras that breaks it; None where none is known."""
    said = f"{finding.error['type']}: {finding.error['message']}" if finding.error else ""
    formats = ("hdf5", "keras", "weights")
    file = next((each for each in formats for route in finding.routes if route.startswith(each)), "")
    broken = Break(finding.observation, finding.direction, said, finding.where, finding.model, keras, file)
    cause = cause_of(replace(broken, layers=finding.layers, kind=finding.kind, saved_by=saved_by))
    return cause or (_known(finding, keras) if keras else None)


def _known(finding: Finding, keras: str) -> Cause | None:
    for issue in _shipped():
        if issue.matches(finding, keras):
            remedy = f"see docs/known-issues.md; keras-harness known --verify --issue {issue.id}"
            return Cause(issue.id, issue.reason, remedy, issue.link)
    return None


@cache
def _shipped() -> tuple[KnownIssue, ...]:
    return KnownIssues.read(SHIPPED).entries


def brief(message: str) -> str:
    """A message without what stands in long braces, on one line; of arguments that are refused the names are kept.

    >>> brief("using config={'name': 'dense', 'dtype': {'class_name': 'DTypePolicy', 'config': {}}}.\\n\\nNo groups")
    'using config={…}. No groups'
    >>> brief("passed to Dense: {'lora_rank': None, 'quantization_config': {'class_name': 'Int8QuantizationConfig'}}")
    "passed to Dense: {'lora_rank', 'quantization_config': …}"
    """
    kept: list[str] = []
    inside, depth = "", 0
    for letter in message:
        depth += letter == "{"
        if depth:
            inside += letter
            if letter == "}":
                depth -= 1
                if not depth:
                    refused = REFUSED.search("".join(kept[-80:])) if len(inside) > SHOWN else None
                    kept.append(inside if len(inside) <= SHOWN else _names(inside) if refused else "{…}")
                    inside = ""
        else:
            kept.append(letter)
    return " ".join(("".join(kept) + ("{…" if inside else "")).split())


def _names(braces: str) -> str:
    """The keys of a dict that is written out, as far as there is room for them."""
    try:
        keys = [str(key) for key in ast.literal_eval(braces)]
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):  # it holds what is no literal
        return "{…}"
    told = ", ".join(map(repr, keys))
    return f"{{{told}: …}}" if len(told) <= SHOWN else f"{{{told[:SHOWN]}…}}"
