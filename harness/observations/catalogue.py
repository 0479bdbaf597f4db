"""All observations by name, in the order in which they are made (those that change the model come last)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from harness.observations import (
    adapters,
    compiling,
    config,
    flags,
    loss,
    losses,
    optimizer,
    outputs,
    repeats,
    sensitivity,
    slots,
    structure,
    summary,
    training,
    training_outputs,
    weights,
)
from harness.worker.subject import Subject

OBSERVATIONS: Mapping[str, Callable[[Subject], Any]] = {
    "structure": structure.observe,
    "summary": summary.observe,
    "config": config.observe,
    "weights": weights.observe,
    "adapters": adapters.observe,
    "flags": flags.observe,
    "compile": compiling.observe,
    "optimizer": optimizer.observe,
    "slots": slots.observe,
    "outputs": outputs.observe,
    "repeats": repeats.observe,
    "sensitivity": sensitivity.observe,
    "loss": loss.observe,
    "training outputs": training_outputs.observe,
    "losses": losses.observe,
    "training": training.observe,
}
# They call the model, which may move by that.
CALLING = frozenset({"outputs", "repeats", "sensitivity", "loss", "training outputs", "losses"})
LAST = ("training",)
