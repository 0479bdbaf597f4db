"""Everything custom by name: `PUBLIC` to architectures as ``custom.<Name>``, and passed to loaders as users do."""

from __future__ import annotations

from typing import Any

from harness.worker.custom_layers import Gate, Maybe, Mix, Scale, Shift
from harness.worker.custom_models import Counted, Late, Steps, Twice, TwoBranches

# Registration alone would be enough for Keras 3.
CUSTOM_OBJECTS: dict[str, Any] = {
    cls.__name__: cls for cls in (Scale, Gate, Mix, Maybe, Shift, TwoBranches, Steps, Late, Twice, Counted)
}


def spared(optimizer: Any, words: list[str]) -> Any:
    """The optimizer, told to spare variables that hold one of these words in their names its weight decay."""
    optimizer.exclude_from_weight_decay(var_names=words)
    return optimizer


PUBLIC: dict[str, Any] = {**CUSTOM_OBJECTS, "spared": spared}
