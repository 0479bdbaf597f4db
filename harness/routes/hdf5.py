"""`.h5`: the whole model in the HDF5 format of Keras 1 and 2, which Keras 3 still writes and reads.

The same is promised as of `.keras`; it holds weights by their place within a layer, not by path, and compile settings
as names that must be found again: ``compile("adam", "mse")`` has failed on the way back (keras#19441).
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from harness.routes.route import by_file, file_of
from harness.worker.custom import CUSTOM_OBJECTS
from harness.worker.dialect import keras
from harness.worker.exported import safe_mode
from harness.worker.subject import Subject


def save(subject: Subject, folder: Path) -> Path:
    """Saves with `model.save`, which warns that the format is old."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return file_of(subject, folder, "model.h5", subject.model.save)


def load(path: Path) -> Any:
    """Loads with compile settings."""
    return keras.models.load_model(path, custom_objects=CUSTOM_OBJECTS, safe_mode=safe_mode())


def load_uncompiled(path: Path) -> Any:
    """Loads without them."""
    return keras.models.load_model(path, custom_objects=CUSTOM_OBJECTS, compile=False, safe_mode=safe_mode())


HDF5 = by_file("hdf5", save, load, needs=frozenset({"graph"}))
UNCOMPILED = by_file("hdf5_uncompiled", save, load_uncompiled, needs=frozenset({"compiled", "graph"}))
