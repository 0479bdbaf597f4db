"""SavedModels for the layer that reads one (TFSMLayer): exported when they are asked for, once for each architecture.

Keras takes such a layer out of a file only from who says that the file is trusted. These are our own, so it is said:
for models that hold such a layer, and for no other.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from harness.protocol.architecture import Architecture, Exported, calls
from harness.worker import dialect

_state: dict[str, Any] = {"folder": None, "trusted": False}


def keep_in(folder: Path) -> None:
    """Exports go below `folder`, removed with the worker: another worker may ask for them after the example."""
    _state["folder"] = folder


def path_of(exported: Exported) -> str:
    """The folder of the SavedModel."""
    from harness.worker.build import build, fill

    architecture = exported.architecture
    base = _state["folder"] or Path(tempfile.mkdtemp(prefix="keras-harness-"))
    path = Path(base) / architecture.digest()
    if not path.exists():
        model = build(architecture).model
        fill(model, architecture.seed)
        model.export(str(path))
    return str(path)


def trust(architecture: Architecture) -> None:
    """Turns safe mode off for this model where it needs that; `dialect.clear` has turned it on again before."""
    _state["trusted"] = any(call.name == "layers.TFSMLayer" for call in calls(architecture))
    if _state["trusted"] and dialect.MAJOR >= 3:  # in Keras 2 nothing turns it off again, and `safe_mode` is enough
        dialect.allow_code()


def safe_mode() -> bool:
    """What to give `load_model`."""
    return not _state["trusted"]
