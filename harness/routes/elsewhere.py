"""Taken up under other global settings: another dtype policy, another `floatx`, another seed.

A file says what its layers compute in; what the loading program has set for its own models must not matter.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.routes import hdf5, keras_zip
from harness.routes.route import by_file
from harness.worker import dialect, states
from harness.worker.dialect import keras


def _under_other_settings(load: Any, path: Path) -> Any:
    policy, floatx = dialect.policy(), keras.backend.floatx()
    try:
        keras.backend.set_floatx("float64")
        dialect.set_policy("mixed_bfloat16")
        states.set_seed(987)
        return load(path)
    finally:
        keras.backend.set_floatx(floatx)
        dialect.set_policy(policy)


KERAS = by_file("keras_elsewhere", keras_zip.save, lambda path: _under_other_settings(keras_zip.load, path))
HDF5 = by_file(
    "hdf5_elsewhere",
    hdf5.save,
    lambda path: _under_other_settings(hdf5.load, path),
    needs=frozenset({"graph"}),
)
