"""Saved, loaded, saved again: the second file says what the first one said.

Where a round trip changes a config each time, files drift away from the code that made them.
"""

from __future__ import annotations

from pathlib import Path

from harness.routes import hdf5, keras_zip
from harness.routes.route import Arrival, Route
from harness.worker.subject import Subject


def _keras(subject: Subject, folder: Path) -> Arrival:
    once = keras_zip.load(keras_zip.save(subject, folder))
    return Arrival(keras_zip.load(keras_zip.save(subject.of(once), folder)))


def _hdf5(subject: Subject, folder: Path) -> Arrival:
    once = hdf5.load(hdf5.save(subject, folder))
    return Arrival(hdf5.load(hdf5.save(subject.of(once), folder)))


KERAS = Route("keras_zip_twice", _keras)
HDF5 = Route("hdf5_twice", _hdf5, needs=frozenset({"graph"}))
