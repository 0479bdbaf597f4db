"""What is frozen, at any level of a model and at any time."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st

from harness.architectures.rules import Draw, chance
from harness.protocol.architecture import FIRST, Architecture, Call, Freeze

Path = tuple[str, ...]
WRAPPERS = frozenset({"layers.TimeDistributed", "layers.Bidirectional"})
LATER = ("built", "compiled", "trained")


def freezes(draw: Draw, architecture: Architecture, compiled: bool) -> tuple[Freeze, ...]:
    """Up to two layers frozen, at any level and at any time."""
    if not chance(draw, 3):
        return ()
    paths = list(_paths(architecture))
    moments = LATER if compiled else ("built",)
    return tuple(
        Freeze(draw(st.sampled_from(paths)), draw(st.sampled_from(moments))) for _ in range(draw(st.integers(1, 2)))
    )


def _paths(architecture: Architecture) -> list[Path]:
    paths: list[Path] = []
    for node in architecture.nodes:
        if isinstance(node.layer, Call) and architecture.form != "subclass":
            paths.append((node.name,))
        elif isinstance(node.layer, Architecture):
            paths.append((node.name,))
            paths += [(node.name, *path) for path in _paths(node.layer)]
    return paths or [()]


def layers(architecture: Architecture) -> list[Path]:
    """The layers of the model itself."""
    return [path for path in _paths(architecture) if len(path) == 1]


def deep(architecture: Architecture) -> list[Path]:
    """The layers of models inside of the model."""
    return [path for path in _paths(architecture) if len(path) > 1]


def bases(architecture: Architecture) -> list[Path]:
    """The models that are layers of the model."""
    return [(node.name,) for node in architecture.nodes if isinstance(node.layer, Architecture)]


def whole(architecture: Architecture) -> list[Path]:
    """The model."""
    return [()]


def wrapped(architecture: Architecture) -> list[Path]:
    """The layers with weights inside of wrappers (`topology_steps.wrapper` makes such)."""
    return [
        (node.name, FIRST)
        for node in architecture.nodes
        if isinstance(node.layer, Call) and node.layer.name in WRAPPERS and node.name.startswith("wrapper")
    ]


def at(places: Callable[[Architecture], list[Path]], *moments: str) -> Callable[[Draw, Architecture], list[Freeze]]:
    """Freezes one of these places, at one of these moments."""

    def freeze(draw: Draw, architecture: Architecture) -> list[Freeze]:
        found = places(architecture)
        return [Freeze(draw(st.sampled_from(found)), draw(st.sampled_from(moments)))] if found else []

    return freeze


def thawed_inside(draw: Draw, architecture: Architecture) -> list[Freeze]:
    """A whole base frozen, and one layer of it trained again: how models are fine-tuned."""
    found = deep(architecture)
    if not found:
        return []
    path, when = draw(st.sampled_from(found)), draw(st.sampled_from(("built", "trained")))
    return [Freeze(path[:1], when), Freeze(path, when, trainable=True)]
