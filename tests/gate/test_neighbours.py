"""keras#19959: one tensor that a model takes is a list of one when Keras 3.4 has loaded it, and no more in 3.5."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.dispatch.scratch import Scratch
from harness.gate.causes import diagnose
from harness.gate.comparison import rows
from harness.gate.exchange import Exchange
from harness.gate.models import Given, verdicts
from harness.gate.release import Side
from harness.gate.result import kind
from harness.protocol.architecture import Architecture, Input, Node, Ref
from tests.gate.sides import releases
from tests.small import DENSE

pytestmark = pytest.mark.slow
RELEASES = ("3.3.3", "3.4.1", "3.5.0")
# With a stand-in for what the layer is called with, so that it can be cut out.
MODEL = Architecture(
    "m",
    inputs=(Input("input", (3,)),),
    nodes=(Node(DENSE.name, DENSE.layer, DENSE.inputs, {}, DENSE.shapes, stand_ins=(Input("dense_in", (3,)),)),),
    outputs=Ref(DENSE.name),
    seed=1,
)
TABLE = {"keras_zip": rows()["keras_zip"]}


@pytest.fixture(scope="module")
def neighbours(scratch: Scratch) -> Iterator[dict[str, Side]]:
    """A worker of each, under one TensorFlow."""
    asked = {keras: f"python==3.11 tensorflow-cpu==2.17.1 keras=={keras}" for keras in RELEASES}
    with releases(scratch, asked) as found:
        yield found


@pytest.mark.parametrize(("before", "after", "status"), [("3.3.3", "3.4.1", "regression"), ("3.4.1", "3.5.0", "fixed")])
def test_it_came_and_went(before: str, after: str, status: str, neighbours: dict[str, Side], scratch: Scratch) -> None:
    trip = Exchange(neighbours[before], neighbours[after], scratch).trip(MODEL, TABLE)
    (finding,) = [each for each in trip.findings if each.observation == "structure" and not each.direction]
    assert (kind(finding), finding.where) == (status, "takes")
    cause = diagnose(finding, "3.4.1")
    assert cause is not None
    assert cause.id == "one-tensor-becomes-a-list"


def test_a_sequential_out_of_a_file_that_does_not_know_its_input_yet_is_called_all_the_same(
    neighbours: dict[str, Side], scratch: Scratch
) -> None:
    exchange = Exchange(neighbours["3.3.3"], neighbours["3.5.0"], scratch)
    sequential = Path(__file__).parents[2] / "fixtures" / "models" / "keras-3.3.3" / "maxpooling3d.keras"
    (found,) = verdicts(exchange, scratch, [sequential], Given())
    assert (found.verdict, found.why) == ("same", "")
