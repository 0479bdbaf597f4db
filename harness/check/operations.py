"""Which operations a check draws: models of their own for them, and what was reached of `keras.ops`.

A graph with an operation in it cannot travel every route, and hides its layers there: operations go together, with a
layer or two between them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import strategies as st

from harness.architectures.drawing import draws
from harness.architectures.graph import Goal
from harness.architectures.models import architectures
from harness.architectures.operations import known_operations
from harness.architectures.operations.exclusions import reasons
from harness.architectures.rules import LayerRule
from harness.architectures.vocabulary import Vocabulary
from harness.protocol.architecture import Architecture, Name, nodes_of

PER_MODEL = 8
DRAWS = 2  # of each row, where it is counted what the table reaches
# Layers whose weights a gradient must reach through the operations, and that travel every route.
BETWEEN = ("Dense", "Conv1D", "Conv2D", "BatchNormalization", "Embedding", "LSTM")


def operations_in(architecture: Architecture) -> Iterator[str]:
    """The name of each operation that the graph calls, nested ones too."""
    return (node.layer.name for node in nodes_of(architecture.nodes) if isinstance(node.layer, Name))


def operation_models(
    vocabulary: Vocabulary, rules: Mapping[str, LayerRule], *, of: int, seed: int
) -> Iterator[st.SearchStrategy[Architecture]]:
    """Models that hold every row of the table once, or one in `of` of them; each with a layer or two."""
    shuffled = random.Random(seed)
    rows = known_operations(vocabulary)
    shuffled.shuffle(rows)
    rows = rows[: -(-len(rows) // of)]
    # Those that must know the size of the batch go together: the others should also see an unknown one.
    rows.sort(key=lambda row: row.fixed)
    for start in range(0, len(rows), PER_MODEL):
        known = [name for name in BETWEEN if name in rules]
        names = shuffled.sample(known, min(2, len(known)))
        yield architectures(
            vocabulary=vocabulary,
            rules=rules,
            goals=[Goal(name) for name in names],
            operations=rows[start : start + PER_MODEL],
        )


def public_operations(vocabulary: Vocabulary) -> list[str]:
    """The public functions of `keras.ops`, each by its shortest name; Keras 2 has none."""
    found = [name for name in vocabulary.arguments if name.startswith("ops.")]
    short = {name for name in found if name.count(".") == 1}
    return sorted(
        short | {name for name in found if name.count(".") > 1 and f"ops.{name.rpartition('.')[2]}" not in short}
    )


def operations_reached(vocabulary: Vocabulary, rules: Mapping[str, LayerRule]) -> dict[str, Any]:
    """Draws every row, and counts what came: functions and operators drawn, left out with a reason, not reached."""
    seen: set[str] = set()
    for row in known_operations(vocabulary):
        strategy = architectures(vocabulary=vocabulary, rules=rules, goals=[], operations=[row], plain=True)
        for drawn in draws(strategy, DRAWS, seed_value=0):
            seen |= set(operations_in(drawn))
    public = public_operations(vocabulary)
    why = reasons()
    left_out: dict[str, list[str]] = {}
    for name in public:
        if name not in seen and name in why:
            left_out.setdefault(why[name], []).append(name)
    return {
        "functions": len(public),
        "drawn": sorted(seen & set(public)),
        "operators": sorted(name for name in seen if name.startswith("operator.")),
        "left out": left_out,
        "not reached": [name for name in public if name not in seen and name not in why],
    }


def missed(vocabulary: Vocabulary, counted: Mapping[str, int]) -> list[str]:
    """The operations of the table that no model holds."""
    names = dict.fromkeys(row.name for row in known_operations(vocabulary))
    return [name for name in names if not counted.get(name)]
