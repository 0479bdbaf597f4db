"""What is drawn follows from the seed, and from nothing else in the process."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.architectures.drawing import draws
from harness.architectures.families import all_rules
from harness.architectures.graph import Goal
from harness.architectures.models import architectures
from harness.protocol.architecture import Call, Data, layer_calls
from tests.processes import printed
from tests.vocabularies import vocabulary

GRU = "layers.GRU"
DRAWS = """
from hypothesis import strategies as st
from harness.architectures.drawing import draws
for drawn in draws(st.lists(st.integers(0, 10**9) | st.text(max_size=4), min_size=8), 30, seed_value=3):
    print(drawn)
"""


def test_two_arguments_of_a_layer_seldom_get_the_same_value() -> None:
    """Else a config that takes one of them for the other would say nothing that is wrong."""
    goal = Goal("GRU", frozenset({"dropout", "recurrent_dropout"}))
    strategy = architectures(vocabulary=vocabulary(), rules=all_rules(), goals=[goal])
    layers = [call for each in draws(strategy, 40, seed_value=1) for call in layer_calls(each)]
    pairs = [(each.arguments["dropout"], each.arguments["recurrent_dropout"]) for each in layers if each.name == GRU]
    assert len(pairs) >= 40
    assert sum(one == other for one, other in pairs) <= 2


@pytest.mark.parametrize("version", ["2.15", "3.15"])
def test_some_embeddings_are_given_vectors_of_their_own_size(version: str) -> None:
    strategy = architectures(vocabulary=vocabulary(version), rules=all_rules(), goals=[Goal("Embedding")])
    found = [call.arguments for each in draws(strategy, 40, seed_value=1) for call in layer_calls(each)]
    given = [
        (each["embeddings_initializer"].arguments["value"].shape, (each["input_dim"], each["output_dim"]))
        for each in found
        if isinstance(start := each.get("embeddings_initializer"), Call)
        and isinstance(start.arguments.get("value"), Data)
    ]
    assert 4 <= len(given) <= 20
    assert [vectors for vectors, _ in given] == [size for _, size in given]


def test_the_same_seed_gives_the_same_draws_whatever_numbers_stand_in_the_modules_that_are_imported(
    tmp_path: Path,
) -> None:
    module = tmp_path / "numbers_and_words.py"
    module.write_text("\n".join(f"x{number} = {number * 999_983}, 'w{number}'" for number in range(1, 300)))
    imported = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import numbers_and_words\n"
    assert printed(imported + DRAWS) == printed(DRAWS)
