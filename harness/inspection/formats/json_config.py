"""JSON: the config of a model, with the weights that lie beside it, or the index of weights in several files."""

from __future__ import annotations

import os
import stat
from pathlib import PurePath
from typing import Any

from harness.inspection import metadata, weights, weights_by_name
from harness.inspection.formats import hdf5
from harness.inspection.hdf5_process import Contents
from harness.inspection.plain import read_plain
from harness.inspection.strict_json import parse_into
from harness.inspection.subject import Subject

ENDINGS = (".weights.h5", ".h5", ".hdf5", "_weights.h5")  # of weights that belong to a config, by its name


def inspect(subject: Subject) -> None:
    """A config is looked through with the weights beside it; of an index the files it names are read as well."""
    report = subject.report
    if not subject.is_json_size(report.size, ""):
        return
    data = read_plain(subject.path)
    if b'"weight_map"' in data[: 1 << 16] or b'"weight_map"' in data:
        index = parse_into(report, data, "", subject.limits)
        # Keras takes a config for what it is, whatever else stands in it.
        if isinstance(index, dict) and "weight_map" in index and not {"class_name", "config"} & index.keys():
            report.format = "weights index"
            subject.index(index, data)
            _shards(subject, index["weight_map"])
            return
    report.format = "json config"
    config = subject.config(data, "")
    if config is not None and "keras_version" in config:
        metadata.release(report, config["keras_version"], "$.keras_version")
        metadata.contradicts(report, config, "$.keras_version")
    contents = _weights(subject)
    if config is not None and not (contents and _compared(subject, config, contents)):
        weights.alone(report, config, subject.limits)


def _weights(subject: Subject) -> Contents | None:
    """What the weights beside a config hold; None where there are none, or they are not read, which is noted."""
    path, report = subject.path, subject.report
    if path.suffix != ".json":  # nobody takes it for a config by its name, and looks for weights
        return None
    named = (path.with_name(path.stem + ending) for ending in ENDINGS)
    beside = next((each for each in named if os.path.lexists(each)), None)
    if beside is None:
        return None
    found = beside.lstat()
    if stat.S_ISLNK(found.st_mode):
        report.add("link", beside.name, f"a symbolic link to {os.readlink(beside)}")
        return None
    if not stat.S_ISREG(found.st_mode):
        report.add("not-a-plain-file", beside.name, "a folder, pipe, socket or device")
        return None
    if subject.has_holes(beside.name, found):
        return None
    subject.parts = {path.name: path, beside.name: beside}
    subject.before[beside.name] = beside, found
    report.size += found.st_size
    report.clock.more(found.st_size)
    report.weights = beside
    return subject.hdf5(beside, beside.name)


def _compared(subject: Subject, config: dict[str, Any], contents: Contents) -> bool:
    """Holds a config against weights, however they are kept; whether they could be held against it."""
    report = subject.report
    assert report.weights is not None
    name = report.weights.name
    if hdf5.is_broken(contents):
        return False
    kept = hdf5.of_weights(contents)
    if kept == "weights.h5":
        weights.compare(report, config, contents, name, subject.limits)
    elif kept == hdf5.BY_NAME:
        weights_by_name.compare(report, config, contents, subject.limits, "", where=name)
    elif "/model_weights" in contents.groups:  # of a whole model: Keras takes the weights out of it
        weights_by_name.compare(report, config, contents, subject.limits, "/model_weights", where=name)
    else:
        report.add("format-unknown", f"{name}/", hdf5.NEITHER)
        return False
    return True


def _shards(subject: Subject, listed: Any) -> None:
    report = subject.report
    if not isinstance(listed, dict):
        report.add("json-invalid", "weight_map", "no object")
        return
    asked: dict[str, set[str]] = {}
    for group, names in listed.items():
        for name in names if isinstance(names, list) else [names]:
            if not isinstance(name, str):
                report.add("json-invalid", "weight_map", f"{group}: no name of a file")
                continue
            asked.setdefault(name, set()).add(group)
    # Keras opens the first before it looks into the index, and takes from it what the index does not name.
    asked.setdefault(f"{subject.path.stem.replace('.weights', '')}_00000.weights.h5", set())
    if len(asked) > subject.limits.folder_files:
        report.add("json-bomb", "weight_map", f"{len(asked):,} files")
        return
    held: dict[str, set[str]] = {}
    subject.parts[subject.path.name] = subject.path
    total = 0
    for name in sorted(asked):
        pure = PurePath(name)
        if pure.name != name or name in ("", ".", "..") or "\\" in name or "\0" in name:
            report.add("shard-path", "weight_map", name)
            continue
        path = subject.path.with_name(name)
        if path.is_symlink():
            report.add("link", name, "a symbolic link")
        elif not path.is_file():
            what = "named in the index" if asked[name] else "opened by Keras before all others"
            report.add("entry-missing", name, f"{what}, and not beside the index")
        else:
            subject.parts[name] = path
            report.clock.more(subject.stat(path, name).st_size)
            contents = subject.hdf5(path, name)
            total += weights.count(contents)
            for entry in contents.datasets:
                held.setdefault(entry["path"].rpartition("/")[0], set()).add(name)
    report.parameters = total
    for group, names in held.items():
        for name in names:
            if group not in asked.get(name, ()):
                report.add("weight-surplus", f"{name}{group}", "the index does not name it")
    for name, groups in asked.items():
        report.clock.check()
        group = next((each for each in groups if name not in held.get(each, ())), None)
        # One of a file is enough, and none where something else was said of it.
        if group is not None and not any(each.where.startswith(name) for each in report.findings):
            report.add("weight-missing", f"{name}{group}", "the index names it; the file does not hold it")
