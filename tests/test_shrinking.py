"""Faults of one layer and one argument, planted in a Keras: of a drawn model just these are left, within seconds.

`benchmarks/shrinking.py` plants all of them.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.check.reduce import reduce
from tests.argument_faults import FAULTS, hidden, holds, superfluous
from tests.shrinking import DAMAGES, LIMIT, Shrinking

SOME = list(FAULTS)[::3]


@pytest.mark.parametrize("seed", range(2))
def test_of_a_drawn_model_the_one_layer_and_the_one_argument_are_left(seed: int) -> None:
    left = {}
    for layer, argument in FAULTS:
        small, tries = reduce(
            hidden(layer, argument, seed=seed),
            lambda each, layer=layer, argument=argument: holds(each, layer, argument),
        )
        left[layer, argument] = superfluous(small, layer, argument)
        assert tries < 80
    assert {fault: more for fault, more in left.items() if more} == {}


@pytest.fixture(scope="module")
def shrinking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shrinking]:
    made = Shrinking(tmp_path_factory.mktemp("shrinking"))
    if not str(made.result.environment["keras"]).startswith("3."):
        made.close()
        pytest.skip("the fault is planted in Keras 3")
    yield made
    made.close()


@pytest.mark.slow
@pytest.mark.parametrize(("number", "fault"), list(enumerate(SOME)), ids=[" ".join(each) for each in SOME])
def test_of_a_fault_planted_in_keras_the_one_layer_and_the_one_argument_are_left(
    number: int, fault: tuple[str, str], shrinking: Shrinking
) -> None:
    told = shrinking.planted(*fault, DAMAGES[number % len(DAMAGES)])
    assert told.more == []
    assert told.layers > 5
    assert told.seconds < LIMIT
