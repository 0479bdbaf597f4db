"""The strategy that draws whole models: goals to reach, a topology around them, and how it is trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from harness.architectures.graph import Goal, Graph
from harness.architectures.rules import LayerRule
from harness.architectures.vocabulary import Vocabulary
from harness.protocol.architecture import Architecture


@st.composite
def architectures(
    draw: st.DrawFn,
    *,
    vocabulary: Vocabulary,
    rules: Mapping[str, LayerRule],
    goals: Sequence[Goal],
    name: str = "model",
) -> Architecture:
    """Models that hold every one of `goals`, in an order and a topology that are drawn."""
    # A layer can be stateful only where the batch size is fixed.
    fixed = any("stateful" in goal.arguments for goal in goals) or draw(st.sampled_from((False, False, False, True)))
    graph = Graph(draw, vocabulary, rules, batch=draw(st.sampled_from((2, 3))), fixed_batch=fixed)
    for goal in draw(st.permutations(list(goals))):
        graph.add(rules[goal.layer], goal.arguments)
    leaves = graph.leaves()
    outputs: Any = [ref for ref, _ in leaves]
    if len(outputs) == 1:
        outputs = outputs[0]
    return graph.architecture(name, outputs, seed=draw(st.integers(0, 2**16)))
