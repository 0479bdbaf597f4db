"""`.keras`: the whole model in one zip file, and the same unpacked as a folder.

Everything must come back: structure, config, weights, compile settings, optimizer. It breaks where two layers
share a path inside the archive, or a layer keeps state that it does not save (keras#20110).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.routes.route import by_file, file_of
from harness.worker import dialect
from harness.worker.custom import CUSTOM_OBJECTS
from harness.worker.dialect import keras
from harness.worker.exported import safe_mode
from harness.worker.subject import Subject


def save(subject: Subject, folder: Path) -> Path:
    """Saves as a zip file."""
    return file_of(subject, folder, "model.keras", subject.model.save)


def save_folder(subject: Subject, folder: Path) -> Path:
    """Saves as a folder."""
    path = folder / "model"
    subject.model.save(path, zipped=False)
    return path


def load(path: Path) -> Any:
    """Loads either."""
    return keras.models.load_model(path, custom_objects=CUSTOM_OBJECTS, safe_mode=safe_mode())


def load_uncompiled(path: Path) -> Any:
    """Loads without optimizer, loss and metrics."""
    return keras.models.load_model(path, custom_objects=CUSTOM_OBJECTS, compile=False, safe_mode=safe_mode())


ZIP = by_file("keras_zip", save, load)
FOLDER = by_file("keras_folder", save_folder, load, majors=(3,) if dialect.takes(keras.Model.save, "zipped") else ())
UNCOMPILED = by_file("keras_uncompiled", save, load_uncompiled, needs=frozenset({"compiled"}))
