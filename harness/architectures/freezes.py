"""What is frozen, at any level of a model and at any time."""

from __future__ import annotations

from hypothesis import strategies as st

from harness.architectures.rules import Draw, chance
from harness.protocol.architecture import Architecture, Call, Freeze


def freezes(draw: Draw, architecture: Architecture, compiled: bool) -> tuple[Freeze, ...]:
    """Up to two layers frozen, at any level and at any time."""
    if not chance(draw, 3):
        return ()
    paths = list(_paths(architecture))
    moments = ("built", "compiled", "trained") if compiled else ("built",)
    return tuple(
        Freeze(draw(st.sampled_from(paths)), draw(st.sampled_from(moments))) for _ in range(draw(st.integers(1, 2)))
    )


def _paths(architecture: Architecture) -> list[tuple[str, ...]]:
    paths: list[tuple[str, ...]] = []
    for node in architecture.nodes:
        if isinstance(node.layer, Call):
            paths.append((node.name,))
        elif isinstance(node.layer, Architecture):
            paths.append((node.name,))
            paths += [(node.name, *path) for path in _paths(node.layer)]
    return paths or [()]
