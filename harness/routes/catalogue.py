"""All routes by name."""

from __future__ import annotations

from collections.abc import Mapping

from harness.routes import hdf5, keras_zip, rebuild, resave, weights_only
from harness.routes.route import Route

ROUTES: Mapping[str, Route] = {
    route.name: route
    for route in (
        keras_zip.ZIP,
        keras_zip.FOLDER,
        keras_zip.UNCOMPILED,
        hdf5.HDF5,
        hdf5.UNCOMPILED,
        weights_only.FILE,
        weights_only.SHARDED,
        weights_only.BY_HAND,
        weights_only.NPZ,
        rebuild.FROM_CONFIG,
        rebuild.JSON,
        rebuild.CLONE,
        rebuild.CLONE_FUNCTION,
        resave.KERAS,
        resave.HDF5,
    )
}
