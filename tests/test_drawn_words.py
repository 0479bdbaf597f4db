"""What lookups learn is drawn so that a file of lines, which is what Keras saves it as, can lose some of it."""

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

import pytest

from harness.architectures.drawing import draws
from harness.architectures.families import all_rules
from harness.architectures.graph import Goal
from harness.architectures.models import architectures
from harness.protocol.architecture import Architecture, Call, nodes_of
from tests.vocabularies import vocabulary

VERSIONS = ("2.15", "3.15")
DRAWS = 300
ENDS = {"\u2028", "\x0b", "\r", "\n"}


def _data(architecture: Architecture, layer: str) -> Iterator[tuple[str, ...]]:
    for node in nodes_of(architecture.nodes):
        if isinstance(node.layer, Call) and node.layer.name == layer:
            yield from (method.arguments[0].values.words for method in node.methods)


@lru_cache
def learnt_from(version: str, layer: str) -> list[tuple[str, ...]]:
    """The words of the data that layers of this name adapt to."""
    learns = {f"layers.{layer}.adapt": frozenset[str]()}
    strategy = architectures(vocabulary=vocabulary(version), rules=all_rules(), goals=[Goal(layer)], wanted=learns)
    return [words for each in draws(strategy, DRAWS, seed_value=1) for words in _data(each, f"layers.{layer}")]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("layer", ["StringLookup", "TextVectorization"])
def test_some_words_look_like_two_lines(version: str, layer: str) -> None:
    torn = [word for words in learnt_from(version, layer) for word in words if len(word.splitlines()) > 1]
    assert {end for end in ENDS for word in torn if end in word} == ENDS
    # Few of them: what lies behind a lookup that comes back with other words is not seen in that model.
    assert len(torn) < DRAWS // 4


@pytest.mark.parametrize("version", VERSIONS)
def test_an_empty_word_is_the_rarest_so_that_it_stands_last(version: str) -> None:
    with_empty = [words for words in learnt_from(version, "StringLookup") if "" in words]
    assert with_empty
    for words in with_empty:
        assert words[-1] == ""
        counts = Counter(words)
        assert counts.pop("") == 1
        assert set(counts.values()) == {2}
