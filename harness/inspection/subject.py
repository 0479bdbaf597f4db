"""What every format works with: the file, the limits, the child that reads HDF5, and the report that is written."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.inspection import exports, graph, positions
from harness.inspection.hdf5_process import Contents, Reader
from harness.inspection.limits import MB, Limits
from harness.inspection.references import SAVED, VALUES, References
from harness.inspection.report import Report
from harness.inspection.strict_json import parse_into

OURS = 64 * MB  # a file with more holes than that is not read


def _may_be_model(config: dict[str, Any]) -> bool:
    """Is it a model, or may it be one? Keras saves a layer and a space of features as it saves a model."""
    name, module = config["class_name"], config.get("module")
    found = exports.kinds(module, name) if isinstance(module, str) else exports.bare(name)
    return name not in VALUES and (not found or bool(found & positions.LAYERS) or name in SAVED)


def _state(found: os.stat_result) -> tuple[int, ...]:
    return found.st_size, found.st_mtime_ns, found.st_ino


def _state_now(path: Path) -> tuple[int, ...] | None:
    try:
        return _state(path.stat())
    except OSError:
        return None


@dataclass(slots=True)
class Subject:
    """One file or folder under inspection."""

    path: Path
    report: Report
    limits: Limits
    reader: Reader
    custom: dict[str, None] = field(default_factory=dict)
    parts: dict[str, Path] = field(default_factory=dict)  # the files that it consists of, where it is not one
    before: dict[str, tuple[Path, os.stat_result]] = field(default_factory=dict)  # each file as it was found

    def stat(self, path: Path, where: str) -> os.stat_result:
        """What the system says of one of the files, before it is read."""
        found = path.stat()
        self.before[where] = path, found
        return found

    def changed(self) -> list[str]:
        """Which of the files are others than they were found."""
        return [where for where, (path, found) in self.before.items() if _state(found) != _state_now(path)]

    def config(self, data: bytes, where: str) -> Any:
        """Parses the config of a model and looks through it; None where it is none."""
        config = parse_into(self.report, data, where, self.limits)
        self.report.clock.check()
        if config is None:
            return None
        if not isinstance(config, dict) or not isinstance(config.get("class_name"), str) or "config" not in config:
            self.report.add("config-shape", where, "no config of a model: class_name and config are missing")
            return None
        if not _may_be_model(config):
            self.report.add("wrong-kind", where, f"{config['class_name']}, where a model belongs")
        references = self._look(data, config, where)
        self.report.layers = (self.report.layers or 0) + references.layers
        if references.over:
            return None
        graph.look(self.report, config, self.limits, where)
        return config

    def index(self, parsed: dict[str, Any], data: bytes) -> None:
        """An index of weights: read as a config, it would be objects under keys, each of which Keras would make."""
        self._look(data, parsed, "")

    def objects(self, data: bytes, where: str, *, of_saved_model: bool = False) -> Any:
        """Parses JSON that is no config of a model, and looks through the objects in it, wherever they stand.

        Such are the compile settings of an HDF5 file, the metadata of a SavedModel, and what may be somebody else's.
        """
        config = parse_into(self.report, data, where, self.limits)
        if config is not None:
            self._look(data, config, where, of_saved_model=of_saved_model)
        return config

    def is_json_size(self, size: int, where: str) -> bool:
        """Whether so many bytes may be read as JSON; where not, that is noted."""
        most = self.limits.json_bytes
        if size > most:
            self.report.add("json-bomb", where, f"{size:,} bytes; the limit is {most:,}")
        return size <= most

    def has_holes(self, where: str, found: os.stat_result) -> bool:
        """Is far less of a file stored than it says? Then it is noted, and not read."""
        stored = getattr(found, "st_blocks", found.st_size) * 512
        holes = found.st_size > OURS and stored < found.st_size // 2
        if holes:
            self.report.add("file-holes", where, f"{found.st_size:,} bytes long, {stored:,} of them stored")
        return holes

    def _look(self, data: bytes, config: Any, where: str, *, of_saved_model: bool = False) -> References:
        self.report.keep(data)
        references = References(self.report, self.limits, where, self.custom, of_saved_model=of_saved_model)
        references.look(config)
        if len(self.custom) != len(self.report.custom_objects):
            self.report.custom_objects = sorted(self.custom)
        return references

    def hdf5(self, path: Path, where: str = "", *, offset: int = 0, length: int | None = None) -> Contents:
        """Reads HDF5, and notes what is wrong with it by itself."""
        clock = self.report.clock
        clock.check()
        contents = self.reader.read(path, offset=offset, length=length, most=clock.left())
        clock.waited += self.reader.took
        clock.check()
        for rule, place, what in contents.findings:
            self.report.add(rule, f"{where}{place}", what)
        for entry in contents.datasets:
            if entry.get("finite") is False:
                self.report.add("not-finite", f"{where}{entry['path']}", "NaN or infinity")
            if entry.get("dtype") == "object":
                self.report.add("object-array", f"{where}{entry['path']}", "values of variable length or references")
        unnamed = [entry["path"] for entry in contents.datasets if entry.get("dtype") == "bfloat16"]
        if unnamed:
            self.report.add("bfloat16-unnamed", f"{where}{unnamed[0]}", f"{len(unnamed):,} such datasets")
        return contents
