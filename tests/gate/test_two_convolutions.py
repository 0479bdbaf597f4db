"""keras#18830: what TensorFlow 2.13 saves of two Conv2D layers in a .keras file, 2.14 loads into the wrong ones."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from harness.dispatch.scratch import Scratch
from harness.gate.causes import diagnose
from harness.gate.comparison import rows
from harness.gate.exchange import Exchange
from harness.gate.release import Side
from harness.gate.result import Options, kind
from harness.gate.session import Gate
from harness.protocol.architecture import Architecture, Call, Input, Node, Ref
from tests.gate.sides import releases

pytestmark = pytest.mark.slow
BEFORE, AFTER = "python==3.11 tensorflow-cpu==2.13.1", "python==3.11 tensorflow-cpu==2.14.1"


def convolution(name: str, source: str) -> Node:
    arguments = {"filters": 3, "kernel_size": 3, "padding": "same"}
    stand_ins = (Input(f"{name}_in", (4, 4, 3)),)
    return Node(name, Call("layers.Conv2D", arguments), (Ref(source),), shapes=((4, 4, 3),), stand_ins=stand_ins)


def other(name: str, layer: str, source: str, shape: tuple[int, ...], **arguments: object) -> Node:
    stand_ins = (Input(f"{name}_in", shape),)
    return Node(name, Call(f"layers.{layer}", arguments), (Ref(source),), shapes=(shape,), stand_ins=stand_ins)


MODEL = Architecture(
    "m",
    inputs=(Input("x", (4, 4, 3)),),
    nodes=(
        convolution("second", "x"),
        other("norm", "BatchNormalization", "second", (4, 4, 3)),
        convolution("first", "norm"),
        other("relu", "ReLU", "first", (4, 4, 3)),
        other("flat", "Flatten", "relu", (48,)),
        other("head", "Dense", "flat", (2,), units=2),
    ),
    outputs=Ref("head"),
    seed=3,
)
TABLE = {"keras_zip": rows()["keras_zip"]}


@pytest.fixture(scope="module")
def sides(scratch: Scratch) -> Iterator[dict[str, Side]]:
    """A worker of each release."""
    with releases(scratch, {"before": BEFORE, "after": AFTER, "again": AFTER}) as found:
        yield found


def test_it_is_incompatible_forward_and_shrunk_to_two_convolutions(sides: dict[str, Side], scratch: Scratch) -> None:
    exchange = Exchange(sides["before"], sides["after"], scratch)
    trip = exchange.trip(MODEL, TABLE)
    (finding,) = [each for each in trip.findings if each.direction == "forward"]
    assert (kind(finding), finding.observation) == ("incompatible-forward", "travel")
    assert finding.error is not None
    assert "expected 2 variables, but received 0 variables" in finding.error["message"]
    cause = diagnose(finding)
    assert cause is not None
    assert cause.id == "numbers-of-layers-of-one-class"
    gate = Gate(Options(None, BEFORE, AFTER), lambda *_: None)
    key = f"{kind(finding)} {finding.id}"
    gate.result.findings[key] = finding
    gate._smaller(exchange, key, TABLE, time.monotonic() + 60, apart=False)
    small = gate.result.findings[key]
    assert small.architecture is not None
    assert [node.layer.name for node in small.architecture.nodes] == ["layers.Conv2D", "layers.Conv2D"]


def test_within_the_later_release_there_is_none(sides: dict[str, Side], scratch: Scratch) -> None:
    trip = Exchange(sides["after"], sides["again"], scratch).trip(MODEL, TABLE)
    assert (trip.findings, trip.compared) == ([], 2)
