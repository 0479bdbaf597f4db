"""Everything custom by name: `PUBLIC` to architectures as ``custom.<Name>``, and passed to loaders as users do."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from harness.worker.custom_layers import Gate, Maybe, Mix, Scale, Shift
from harness.worker.custom_models import Counted, Late, Steps, Twice, TwoBranches
from harness.worker.dialect import keras

# Registration alone would be enough for Keras 3.
CUSTOM_OBJECTS: dict[str, Any] = {
    cls.__name__: cls for cls in (Scale, Gate, Mix, Maybe, Shift, TwoBranches, Steps, Late, Twice, Counted)
}


@contextlib.contextmanager
def known(objects: Mapping[str, Any]) -> Iterator[None]:
    """While open, loaders are given these classes as well, and find them by their names: a user's own.

    Of two scopes of Keras 3 the inner one alone counts, so it holds what the outer one does.
    """
    kept = dict(CUSTOM_OBJECTS)
    CUSTOM_OBJECTS.update(objects)
    try:
        with keras.utils.custom_object_scope(CUSTOM_OBJECTS):
            yield
    finally:
        CUSTOM_OBJECTS.clear()
        CUSTOM_OBJECTS.update(kept)


def spared(optimizer: Any, words: list[str]) -> Any:
    """The optimizer, told to spare variables that hold one of these words in their names its weight decay."""
    optimizer.exclude_from_weight_decay(var_names=words)
    return optimizer


PUBLIC: dict[str, Any] = {**CUSTOM_OBJECTS, "spared": spared}
