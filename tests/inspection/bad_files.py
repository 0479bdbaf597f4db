"""All bad files. Each is harmless: what a payload would do is make a marker file."""

from __future__ import annotations

from tests.inspection import (
    bad_calls,
    bad_configs,
    bad_hdf5,
    bad_places,
    bad_quantized,
    bad_references,
    bad_sizes,
    bad_zips,
)

ROOMS = (bad_references, bad_zips, bad_hdf5, bad_sizes, bad_configs, bad_places, bad_quantized, bad_calls)
CASES = [case for room in ROOMS for case in room.CASES]
