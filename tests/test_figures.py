"""Every cell of the table has a planted fault that it must report, and there are as many faults as were promised."""

from __future__ import annotations

import re
from pathlib import Path

from harness.expectations.known import SHIPPED, KnownIssues
from harness.expectations.table import parse
from tests.planted.figures import by_cell, distinct, printed
from tests.planted.tracker_switch import faults
from tests.test_every_cell import BROKEN


def test_no_cell_of_the_table_is_without_a_planted_fault() -> None:
    proved = by_cell()
    bare = {(route, name) for route, row in parse().items() for name in row if not proved[route, name]}
    assert bare == BROKEN  # what Keras breaks on every model needs no fault to be seen


def test_a_hundred_faults_are_planted() -> None:
    assert sum(distinct().values()) >= 100


def test_bugs_of_the_tracker_are_not_written_down_twice() -> None:
    patches = [
        fault.plant.__code__.co_code + repr(fault.plant.__code__.co_consts).encode() for fault in faults().values()
    ]
    assert len(set(patches)) == len(patches)


def test_the_figures_are_printed_by_route_and_observation() -> None:
    lines = printed().splitlines()
    assert lines[1].split()[0] == "keras_zip"
    assert lines[-1].endswith(" in all")


def test_the_readme_counts_what_keras_is_known_to_break() -> None:
    said = re.search(
        r"(\d+) of Keras 3\.15, of which the nightly build of 3\.16 \(October 2026\) has mended\s+(\d+)\.",
        (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8"),
    )
    now = [entry for entry in KnownIssues.read(SHIPPED).entries if entry.about_keras("3.15.1")]
    mended = [entry for entry in now if not entry.about_keras("3.16.0")]
    assert said is not None
    assert tuple(map(int, said.groups())) == (len(now), len(mended))
