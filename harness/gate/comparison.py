"""What both releases are asked, and what is held against what: the same for a gate and for a recording."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.check.losses import lost_finding
from harness.dispatch.pool import Answer
from harness.expectations.finding import Finding, layer_classes
from harness.expectations.judge import difference_finding, judge
from harness.expectations.raised import error_finding
from harness.expectations.table import asked, parse
from harness.gate import across
from harness.gate.release import Release
from harness.protocol.architecture import Architecture, to_json

# Routes whose file goes to the other release, each with what is looked at there.
FILES: Mapping[str, tuple[str, ...]] = {
    "keras_zip": across.OBSERVATIONS,
    "hdf5": across.OBSERVATIONS,
    "weights_h5": ("weights", "repeats", "outputs"),
    "hdf5_weights": ("weights", "repeats", "outputs"),
    "json_weights": ("structure", "config", "weights", "repeats", "outputs"),
}
WHOLE = ("keras_zip", "hdf5")  # those whose file is a whole model
# Rows of routes that are asked of two releases alone.
ROWS = {
    "json_weights": {"structure": "=", "config": "=", "weights": "=", "outputs": "="},
}
Table = Mapping[str, Mapping[str, str]]


class Comparison:
    """Two releases whose observations of one model are held against each other."""

    def __init__(self, baseline: Release, candidate: Release) -> None:
        older, newer = baseline.vocabulary, candidate.vocabulary
        self._arguments = {
            name: {*older.arguments[name]} & {*newer.arguments[name]}
            for name in older.arguments
            if name in newer.arguments
        }
        self._defaults = (baseline.defaults, candidate.defaults)

    def lost(self, owner: str, argument: str, value: Any) -> bool:
        """Whether a setting is lost that one release states and the other does not.

        It is where the class of that name takes the argument in both, and the value is not what both give it anyway.
        """
        for room in ROOMS:
            name = f"{room}.{owner}"
            if argument in self._arguments.get(name, ()):
                return not all(_is_default(value, each.get(name, {}), argument) for each in self._defaults)
        return False

    def across(self, architecture: Architecture, saved: Answer, loaded: Answer) -> Iterator[Finding]:
        """What the release that loads does not see as the one that saved saw it."""
        if loaded.lost is not None:
            yield lost_finding(architecture, loaded.lost)
            return
        blobs = {**saved.blobs, **loaded.blobs}
        classes = layer_classes(architecture)
        before = saved.reply["before"]
        for route, answer in loaded.reply.get("routes", {}).items():
            if "error" in answer:
                yield error_finding(route, "travel", answer["error"], architecture)
                continue
            for observation, difference in across.held(before, answer["after"], blobs, self.lost):
                yield difference_finding(route, observation, difference, architecture, classes)


def rows() -> dict[str, dict[str, str]]:
    """The table of a check, and what is asked of two releases beside it."""
    return {**parse(), **ROWS}


def _is_default(value: Any, defaults: Mapping[str, Any], argument: str) -> bool:
    return argument in defaults and bool(value == defaults[argument])


ROOMS = ("layers", "initializers", "regularizers", "constraints", "optimizers")  # of classes that have a config


def within(architecture: Architecture, answer: Answer, table: Table) -> list[Finding]:
    """What breaks on the routes of the table inside of one release."""
    if answer.lost is not None:
        return [lost_finding(architecture, answer.lost)]
    if "fault" in answer.reply:
        fault = answer.reply["fault"]
        raise RuntimeError(f"the harness failed: {fault['type']}: {fault['message']} ({fault['place']})")
    return judge(architecture, answer.reply, answer.blobs, table)


def to_run(architecture: Architecture, table: Table, keep: Mapping[str, Path], *, also: tuple[str, ...] = ()) -> Any:
    """The request that makes a model in one release: the routes of the table, and files in the folders of `keep`."""
    asks = asked(table, compiled=architecture.compile is not None)
    names = {*across.OBSERVATIONS, *across.ALSO, *also, *(name for names in asks.values() for name in names)}
    return {
        "verb": "run",
        "architecture": to_json(architecture),
        "routes": asks,
        "also": sorted(names),
        "keep": {route: str(folder) for route, folder in keep.items()},
    }


def to_take(architecture: Architecture, files: Mapping[str, str], given: Path | None = None) -> dict[str, Any]:
    """The request that takes files up; `given` is the data of a recording."""
    return {
        "verb": "replay",
        "architecture": to_json(architecture),
        "routes": {route: list(FILES[route]) for route in files},
        "files": dict(files),
        **({} if given is None else {"given": str(given)}),
    }
