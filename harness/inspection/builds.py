"""What the build configs of a config ask for, wherever they stand.

Keras builds each object that has one as soon as it is read, on the shapes that stand there: a layer in a wrapper, in an
argument, among the compile settings. So they are counted wherever they are, and not only where layers belong.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.inspection import sizes
from harness.inspection.clock import Clock
from harness.inspection.shapes import Config, Shape, is_shape, layers_in

SHAPES = 16  # of one layer that are tried; the layers of Keras have four at most


def total(config: Any, clock: Clock) -> int:
    """The parameters of all layers that are built so; of a model, whose layers are counted by themselves, if more."""
    count = most = 0
    waiting = [config]
    while waiting:
        clock.tick()
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, dict):
            waiting.extend(value.values())
            if isinstance(value.get("config"), dict | list) and "class_name" in value:
                asked = max((sizes.alone(value, shape, clock) for shape in _shapes(value)), default=0)
                if layers_in(value) is None:
                    count += asked
                else:
                    most = max(most, asked)
    return max(count, most)


def _shapes(layer: Config) -> Iterator[Shape]:
    """Every shape in a build config: one, some by their names, or some in a list."""
    waiting, found = [layer.get("build_config")], 0
    while waiting and found < SHAPES:
        value: Any = waiting.pop()
        if is_shape(value):
            found += 1
            yield value
        elif isinstance(value, dict | list):
            waiting.extend(list(value.values() if isinstance(value, dict) else value)[:SHAPES])
