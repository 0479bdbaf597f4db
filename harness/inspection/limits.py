"""How much of everything a file may ask for, in one place. Over a limit, the verdict is `bomb`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

KB, MB, GB = 1 << 10, 1 << 20, 1 << 30


@dataclass(frozen=True, slots=True)
class Limits:
    """Every limit; `Limits(json_bytes=...)` changes one."""

    zip_entries: int = 10_000
    zip_directory: int = 4 * MB  # is read as a whole before its entries can be counted
    zip_ratio: float = 200  # of one entry; Keras stores without compressing
    zip_ratio_floor: int = 16 * MB  # entries smaller than that are never a bomb
    zip_total: int = 64 * GB
    zip_total_ratio: float = 20  # of all entries over the file; weights do not compress, many small entries add up
    zip_total_floor: int = 64 * MB
    unpacked_bytes: int = 4 * GB  # of weights that are compressed, which are unpacked to a temporary folder
    json_bytes: int = 64 * MB
    json_depth: int = 200
    json_items: int = 4_000_000
    json_memory: int = 320 * MB  # that it is reckoned to take when it is read
    json_string: int = 16 * MB
    integer_digits: int = 40
    layers: int = 20_000
    references: int = 250_000  # classes, functions and names of them in one config
    nodes: int = 200_000  # and calls of layers, those in models that are called counted each time
    parameters: int = 200_000_000_000
    parameters_over_file: float = 1000  # bytes that a config asks for, over the bytes of its file
    parameters_floor: int = 1 * GB  # configs that ask for less are never a bomb
    parameters_memory: int = 0  # bytes for a config without weights; 0 is what the machine has
    sample_bytes: int = 16 * GB  # that flow out of a layer for one sample
    hdf5_objects: int = 200_000
    hdf5_depth: int = 64
    hdf5_ratio: float = 1000  # declared bytes over stored bytes
    hdf5_ratio_floor: int = 64 * MB
    hdf5_total_ratio: float = 200  # declared bytes of all datasets over those of the file; many small ones add up
    hdf5_total_floor: int = 256 * MB
    hdf5_chunk: int = 256 * MB
    hdf5_attribute: int = 64 * MB
    protobuf_bytes: int = 256 * MB
    protobuf_messages: int = 2_000_000
    folder_files: int = 10_000
    fetched_bytes: int = 8 * GB  # of all files of a run that lie elsewhere
    seconds: float = 4.0  # for the child that reads HDF5, and one more for each 100 MB
    total_seconds: float = 4.5  # for a whole inspection, and one more for each 100 MB
    child_memory: int = 384 * MB
    findings: int = 200  # that are kept of one rule in one file; the others are counted

    def hdf5(self) -> dict[str, Any]:
        """What the child process is told."""
        return {each.name: getattr(self, each.name) for each in fields(self) if each.name.startswith("hdf5_")}
