"""Bad folders, indexes of weights, SavedModels, and what is no file."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np

from tests.inspection import building as b
from tests.inspection.case import Case
from tests.inspection.changing import unzipped, write
from tests.inspection.saved_models import field, saved_model


def places() -> Iterator[Case]:
    """Folders, indexes of weights, SavedModels, and what is no file."""
    yield Case("folder with a link", "unsafe", "link", _linked)
    yield Case(
        "folder without weights", "corrupt", "entry-missing", lambda folder: unzipped(folder, "model.weights.h5")
    )
    yield Case("shard elsewhere", "unsafe", "shard-path", lambda folder: index(folder, "../../etc/passwd"))
    yield Case("shard that is not there", "corrupt", "entry-missing", lambda folder: index(folder, "gone.weights.h5"))
    yield Case(
        "shard that lacks a layer",
        "corrupt",
        "weight-missing",
        lambda folder: index(folder, None, "/layers/gone/vars"),
    )
    linked = b.hdf5(b.arrays(), lambda file: file.__setitem__("layers/more", h5py.ExternalLink("/etc/passwd", "/x")))
    for what, verdict, rule, first in (
        ("no first shard", "corrupt", "entry-missing", None),
        ("a first shard that it does not name", "unsafe", "hdf5-link", linked),
    ):
        yield Case(f"index of weights with {what}", verdict, rule, lambda folder, first=first: _unnamed(folder, first))
    yield from _pairs(linked)
    for operation in ("WriteFile", "ReadFile", "PyFunc", "EagerPyFunc", "MatchingFiles", "CSVDatasetV2",
                      "CacheDatasetV2", "LoadAndRemapMatrix", "GenerateVocabRemapping", "InitializeTableFromTextFileV2",
                      "RemoteCall", "DistributedSave", "GrpcServer"):  # fmt: skip
        yield Case(
            f"SavedModel with {operation}", "unsafe", "unsafe-op", lambda folder, o=operation: saved_model(folder, o)
        )
        yield Case(f"SavedModel with {operation} in a function", "unsafe", "unsafe-op",
                   lambda folder, o=operation: saved_model(folder, "Add", inner=o))  # fmt: skip
    for name, verdict, rule in (
        ("__inference_adapt_step_12", "unsupported", "not-inspected"),
        ("__inference_adapt_step_12x", "unsafe", "unsafe-op"),
    ):
        yield Case(f"SavedModel with PyFunc in {name}", verdict, rule,
                   lambda folder, n=name: saved_model(folder, "Add", inner="PyFunc", name=n))  # fmt: skip
    yield Case("SavedModel", "unsupported", "saved-model", lambda folder: saved_model(folder, "Add"))
    yield Case("SavedModel with an operation that is not known", "unsupported", "not-inspected",
               lambda folder: saved_model(folder, "Mine>Operation"))  # fmt: skip
    twice = field(2, b"Add") + field(2, b"WriteFile")
    large = b"\x92\x80\x80\x80\x10" + b"\x09WriteFile"  # field 2 to who takes the lower 32 bits of its tag
    yield Case("SavedModel with two operations in a node", "unsafe", "unsafe-op",
               lambda folder: saved_model(folder, "Add", node=twice))  # fmt: skip
    yield Case("SavedModel with a tag that is too large", "corrupt", "hdf5-broken",
               lambda folder: saved_model(folder, "Add", node=field(2, b"Add") + large))  # fmt: skip
    group = b"\xa3\x06" + field(1, b"Add") + b"\xa4\x06"  # a field of a kind that nobody writes now, and all read over
    yield Case("SavedModel with a group before an operation", "unsafe", "unsafe-op",
               lambda folder: saved_model(folder, "Add", node=group + field(2, b"ReadFile")))  # fmt: skip
    yield Case("SavedModel with a group that does not end", "corrupt", "hdf5-broken",
               lambda folder: saved_model(folder, "Add", more=b"\xa3\x06"))  # fmt: skip
    yield Case("SavedModel with an operation before what is no protobuf", "unsafe", "unsafe-op",
               lambda folder: saved_model(folder, "ReadFile", more=b"\x0e"))  # fmt: skip
    layer = b.legacy_layer("Lambda", name="l", function=[b.marshalled(), None, None], function_type="lambda")
    caller = field(2, field(1, field(1, field(1, b"call")) + field(3, field(2, b"PartitionedCall") + field(
        5, field(1, b"f") + field(2, field(10, field(1, b"__inference__traced_save_1")))))))  # fmt: skip
    for who, more in {"of it": caller, "beside it": field(1, field(2, b"Add"))}.items():
        yield Case(f"SavedModel that saves by a function {who}", "unsafe" if who == "of it" else "unsupported",
                   "unsafe-op" if who == "of it" else "saved-model", lambda folder, more=more: saved_model(
                       folder, "Add", inner="SaveV2", name="__inference__traced_save_1", more=more))  # fmt: skip
    yield Case("SavedModel with a lambda in the graph's own metadata", "unsafe", "python-code",
               lambda folder: saved_model(folder, "Add", metadata=json.dumps(layer).encode()))  # fmt: skip
    # The cell of a ConvLSTM of Keras 2 is told of there without the number of its axes.
    cell = {"filters": 2, "kernel_size": [2, 2], "name": "c"}
    for verdict, rule, config in (("unsupported", "saved-model", cell), ("corrupt", "config-shape", {"name": "c"})):
        written = json.dumps(b.legacy_layer("ConvLSTMCell", **config)).encode()
        yield Case(f"SavedModel with a cell that is {verdict}", verdict, rule,
                   lambda folder, w=written: saved_model(folder, "Add", metadata=w))  # fmt: skip
    outside = b.sequential(b.layer("TFSMLayer", name="t", filepath="/tmp/somewhere", call_endpoint="serve"))
    for name, config, verdict, rule in (
        ("the config of a model", b.model(), "unsafe", "zip-ambiguous"),
        ("a config that reads files", outside, "unsafe", "reads-outside"),
        ("objects under a key", {"a": outside}, "unsafe", "reads-outside"),
        ("somebody's settings", {"model_type": "bert", "layers": 12, "path": "a/b"}, "unsupported", "saved-model"),
    ):
        yield Case(f"SavedModel beside {name}", verdict, rule, lambda folder, c=config: write(
            saved_model(folder, "Add") / "config.json", json.dumps(c).encode()).parent)  # fmt: skip
    yield Case("SavedModel of which a file has holes", "bomb", "file-holes", _with_holes)
    yield Case("folder with a config alone", "unsafe", "reads-outside", lambda folder: write(
        folder / "config.json", json.dumps(outside).encode()).parent)  # fmt: skip
    yield Case("SavedModel torn", "corrupt", None, lambda folder: saved_model(folder, "Add", torn=True))
    yield Case("empty file", "unsupported", "not-a-plain-file", lambda folder: write(folder / "m.keras", b""))
    yield Case("no such file", "unsupported", "not-a-plain-file", lambda folder: folder / "gone.keras")
    yield Case("text", "unsupported", "format-unknown", lambda folder: write(folder / "m.keras", b"hello, world"))
    yield Case("a pipe", "unsupported", "not-a-plain-file", _pipe)
    yield Case("empty folder", "unsupported", "format-unknown", lambda folder: folder)


def _pairs(linked: bytes) -> Iterator[Case]:
    """Configs with bad weights beside them."""
    nan = b.arrays() | {"layers/dense/vars/1": np.full(4, np.nan, "f4")}
    larger = b.arrays() | {"layers/dense/vars/0": np.ones((3, 5), "f4")}
    for what, verdict, rule, weights in (
        ("NaN", "non-finite", "not-finite", b.hdf5(nan)),
        ("a link to elsewhere", "unsafe", "hdf5-link", linked),
        ("weights of another model", "corrupt", "weight-shape", b.hdf5(larger)),
        ("too few weights", "corrupt", "weight-missing", b.hdf5({"layers/dense/vars/0": np.ones((3, 4), "f4")})),
        ("half of the weights", "corrupt", "hdf5-broken", b.hdf5(b.arrays())[:2000]),
        ("something else", "unsupported", "format-unknown", b.hdf5({"images": np.zeros((2, 2), "f4")})),
    ):
        yield Case(f"config beside {what}", verdict, rule, lambda folder, w=weights: b.pair(folder, w))
    for what, verdict, rule, units, bias in (
        ("NaN", "non-finite", "not-finite", 4, np.nan), ("those of another model", "corrupt", "weight-shape", 5, 0.0)
    ):  # fmt: skip
        config = b.legacy(b.legacy_dense(units=units))
        yield Case(f"config beside weights by name, {what}", verdict, rule,
                   lambda folder, c=config, v=bias: b.keras_json(b.by_name(folder, bias=v).parent, c))  # fmt: skip
    for ending in (".weights.h5", ".h5", ".hdf5", "_weights.h5"):
        yield Case(f"config beside a link, {ending}", "unsafe", "link", lambda folder, e=ending: _beside(
            folder, lambda path: path.symlink_to("/etc/passwd"), e))  # fmt: skip
    yield Case("config beside a link to nothing", "unsafe", "link", lambda folder: _beside(
        folder, lambda path: path.symlink_to("gone")))  # fmt: skip
    yield Case("config beside a pipe", "unsupported", "not-a-plain-file", lambda folder: _beside(folder, os.mkfifo))
    yield Case("config beside a folder", "unsupported", "not-a-plain-file", lambda folder: _beside(folder, Path.mkdir))
    yield Case("config beside a file with holes", "bomb", "file-holes", lambda folder: _beside(
        folder, lambda path: os.truncate(write(path, b"x"), 1 << 40)))  # fmt: skip


def _beside(folder: Path, make: Callable[[Path], object], ending: str = ".weights.h5") -> Path:
    make(folder / f"model{ending}")
    return b.keras_json(folder, b.model())


def _pipe(folder: Path) -> Path:
    os.mkfifo(folder / "m.keras")
    return folder / "m.keras"


def _linked(folder: Path) -> Path:
    unzipped(folder)
    (folder / "assets").mkdir()
    (folder / "assets" / "vocabulary.txt").symlink_to("/etc/passwd")
    return folder


def index(folder: Path, shard: str | None, more: str = "") -> Path:
    write(folder / "m_00000.weights.h5", b.hdf5(b.arrays()))
    groups = {f"/{path.rsplit('/', 1)[0]}": [shard or "m_00000.weights.h5"] for path in b.arrays()}
    if more:
        groups[more] = ["m_00000.weights.h5"]
    return write(folder / "m.weights.json", json.dumps({"metadata": {}, "weight_map": groups}).encode())


def _with_holes(folder: Path) -> Path:
    saved_model(folder, "Add")
    os.truncate(write(folder / "variables" / "variables.data-00000-of-00001", b"x"), 1 << 40)
    return folder


def _unnamed(folder: Path, first: bytes | None) -> Path:
    """An index that names no shard: Keras opens the first all the same, and takes from it what it looks for."""
    if first is not None:
        write(folder / "m_00000.weights.h5", first)
    return write(folder / "m.weights.json", json.dumps({"metadata": {}, "weight_map": {}}).encode())


CASES = [*places()]
