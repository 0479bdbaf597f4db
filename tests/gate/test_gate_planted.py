"""What differs between two releases is found, with the right name; two of the same release differ in nothing.

One release is installed here, so the other is the same with a difference planted in one worker (`planted/`), which is
forked from a process of that release (`tests/warm.py`).
"""

from __future__ import annotations

import pytest

from harness.dispatch.scratch import Scratch
from harness.expectations.finding import Finding
from harness.gate.comparison import FILES, rows
from harness.gate.exchange import Exchange
from harness.gate.release import Side
from harness.gate.result import kind
from tests.gate.sides import side
from tests.test_planted import MODEL

pytestmark = pytest.mark.slow
FORWARD, BACK = "incompatible-forward", "incompatible-back"
# The fault, and of what it makes findings: status, route and observation.
FAULTS = {
    "another_formula": {(FORWARD, "outputs"), (BACK, "outputs")},
    "another_order_of_weights": {(FORWARD, "weights"), (BACK, "weights")},
    "a_refused_key": {(FORWARD, "travel")},
    "a_lost_argument": {("regression", "config")},
    "a_renamed_slot": {(FORWARD, "optimizer"), (BACK, "optimizer")},
    "swapped_slots": {(FORWARD, "slots"), (BACK, "slots")},
    "another_loss": {(FORWARD, "loss"), (BACK, "loss")},
    "unfrozen_by_loading": {("regression", "flags"), ("regression", "config")},
    "a_new_default": set(),
    "another_name": {("regression", "structure"), ("regression", "config")},
    "a_hdf5_that_is_refused": {(FORWARD, "travel")},
}


def found(baseline: Side, candidate: Side, scratch: Scratch) -> list[Finding]:
    exchange = Exchange(baseline, candidate, scratch)
    trip = exchange.trip(MODEL, {route: row for route, row in rows().items() if route in FILES})
    assert trip.built
    assert trip.compared == 2 * len(FILES)  # there and back
    return [each for each in trip.findings if kind(each) != "pre-existing"]  # a bug of the release that is installed


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_difference_is_found_and_named(fault: str, sound: Side, scratch: Scratch, warm: str) -> None:
    other = side("candidate", scratch, fault, python=warm)
    try:
        findings = found(sound, other, scratch)
    finally:
        other.pool.close()
    # A bug of the installed release may hide behind the fault, and is then called fixed.
    told = {(kind(each), each.observation) for each in findings if kind(each) != "fixed"}
    assert told == FAULTS[fault]


def test_the_same_release_twice_differs_in_nothing(sound: Side, scratch: Scratch, warm: str) -> None:
    again = side("candidate", scratch, python=warm)
    try:
        assert found(sound, again, scratch) == []
    finally:
        again.pool.close()


def test_what_the_candidate_has_mended_is_called_fixed(sound: Side, scratch: Scratch, warm: str) -> None:
    broken = side("baseline", scratch, "mended", python=warm)
    try:
        assert {kind(each) for each in found(broken, sound, scratch)} == {"fixed"}
    finally:
        broken.pool.close()
