"""All routes by name."""

from __future__ import annotations

from collections.abc import Mapping

from harness.routes import (
    by_parts,
    checkpoint,
    elsewhere,
    export,
    extraction,
    hdf5,
    keras_zip,
    other_source,
    rebuild,
    resave,
    transfer,
    weights_only,
)
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
        checkpoint.CHECKPOINT,
        rebuild.FROM_CONFIG,
        rebuild.JSON,
        rebuild.CLONE,
        rebuild.CLONE_FUNCTION,
        rebuild.CLONE_INPUTS,
        resave.KERAS,
        resave.HDF5,
        elsewhere.KERAS,
        elsewhere.HDF5,
        other_source.BY_NAME,
        other_source.SKIP_MISMATCH,
        other_source.REFUSED,
        extraction.EXTRACTION,
        transfer.TRANSFER,
        export.EXPORT,
        by_parts.PAIR,
        by_parts.HDF5,
    )
}
