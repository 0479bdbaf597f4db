"""Compile settings: optimizer, loss, metrics, their weights, as `get_compile_config()` states them.

A model that is loaded to be trained further must be trained in the same way: learning rate, decay, loss and all.
"""

from __future__ import annotations

from typing import Any

from harness.observations.config import plain
from harness.worker.subject import Subject


def observe(subject: Subject) -> Any:
    """Whether it is compiled, the compile config, and the optimizer's own config."""
    model = subject.model
    optimizer = getattr(model, "optimizer", None)
    if optimizer is None:
        return {"compiled": False}
    return {
        "compiled": bool(getattr(model, "compiled", True)),
        "config": plain(model.get_compile_config() or {}),
        "optimizer": {"class": type(optimizer).__name__, "config": plain(optimizer.get_config())},
    }
