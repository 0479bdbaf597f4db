"""Each weight of each layer of Keras is held against the config: what is gone or too large is seen, and nothing else.

The lines of `fixtures/weights` are what `benchmarks/every_weight.py record` wrote of models that those releases saved:
the config, and the name, shape and dtype of every weight.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from harness.inspection import Limits, inspect, variables
from harness.inspection.hdf5_process import Reader
from tests.inspection import building as b

FOLDER = Path(__file__).resolve().parents[2] / "fixtures" / "weights"
Line = dict[str, Any]
LINES: dict[str, list[Line]] = {
    path.name.removesuffix(".jsonl.gz"): [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    for path in sorted(FOLDER.glob("*.gz"))
}
# Its width is that of one of two tensors that flow in, which HDF5 of Keras 2 does not tell, and no other weight does.
UNTOLD = ("keras-2.15.0", "AdditiveAttention", "scale")


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    made = Reader(Limits())
    yield made
    made.stop()


def saved(folder: Path, line: Line, without: str = "", larger: str = "") -> Path:
    """The model of a line as a file, its weights all different; one of them left out, or made larger by one."""
    root = "model_weights/" if "names" in line else ""
    values = {}
    for at, (name, (shape, dtype)) in enumerate(line["weights"].items()):
        size = [each + 1 for each in shape] or [2] if name == larger else shape
        drawn = np.random.default_rng(at).uniform(1, 9, size)  # no bits of bfloat16 that are none of float16
        halves = np.asarray(drawn, "f4").view("u4") >> 16  # bfloat16, as Keras puts it into HDF5
        values[root + name] = halves.astype("u2").view("V2") if dtype in ("bfloat16", "|V2") else drawn.astype(dtype)
    values.pop(root + without, None)

    def tell(file: h5py.File) -> None:
        for name, (_, dtype) in line["weights"].items():
            if dtype == "bfloat16" and name != without:
                file[root + name].attrs["dtype"] = dtype
        if root:
            file.attrs["model_config"] = json.dumps(line["config"])
            file.attrs["keras_version"], file.attrs["backend"] = line["release"], "tensorflow"
            file.require_group(root).attrs["layer_names"] = line["layers"]
            for layer, names in line["names"].items():
                file.require_group(root + layer).attrs["weight_names"] = names

    written = b.hdf5(values, tell)
    if not root:
        return b.keras(folder, line["config"], weights=written, about=b.metadata(line["release"]))
    made = folder / "model.h5"
    made.write_bytes(written)
    return made


# Rows that no model here has: the class under its other name, one of `keras.applications`, and words that are counted.
ELSEWHERE = frozenset({"GroupedQueryAttention", "LayerScale", "TextVectorization"})


def test_there_is_a_model_around_every_layer_that_has_weights() -> None:
    around = {line["name"].rpartition("-")[0] for lines in LINES.values() for line in lines}
    assert variables.ROWS.keys() - around == ELSEWHERE


def test_the_weights_of_those_that_no_model_has_are_computed_too() -> None:
    def shapes(layer: b.Config, shape: Any = None) -> list[tuple[str, Any]]:
        return [(f"{each.inside}/{each.name}", each.shape) for each in variables.of(layer, shape) or ()]

    assert shapes(b.layer("LayerScale", projection_dim=96, init_values=1e-6)) == [("/", (96,))]
    words = {"max_tokens": 9, "vocabulary_size": 7, "output_mode": "tf_idf"}
    held = [("/idf_weights", (7,)), ("_lookup_layer/idf_weights", (7,))]
    assert shapes(b.layer("TextVectorization", **words)) == held
    padded = shapes(b.layer("TextVectorization", pad_to_max_tokens=True, **words))
    assert padded == [(place, (9,)) for place, _ in held]
    assert shapes(b.layer("TextVectorization", **words | {"output_mode": "count"})) == []
    heads = {"head_dim": 2, "num_query_heads": 4, "num_key_value_heads": 1, "use_bias": False, "use_gate": True}
    found = shapes(
        b.layer("GroupedQueryAttention", **heads), {"query_shape": [None, 5, 3], "value_shape": [None, 5, 6]}
    )
    assert found == [
        ("query_dense/", (3, 4, 2)), ("key_dense/", (6, 1, 2)), ("value_dense/", (6, 1, 2)), ("gate_dense/", (3, 4, 2)),
        ("output_dense/", (4, 2, 3)),
    ]  # fmt: skip


@pytest.mark.parametrize("release", LINES)
def test_all_of_them_are_whole_and_every_weight_of_theirs_is_compared(
    release: str, reader: Reader, tmp_path: Path
) -> None:
    for line in LINES[release]:
        report = inspect(saved(tmp_path, line), reader=reader)
        found = [(each.rule, each.where, each.what) for each in report.findings]
        assert report.verdict in ("ok", "unsupported", "incompatible", "unsafe"), (line["name"], found)
        assert not report.not_computed, line["name"]


@pytest.mark.parametrize(
    ("release", "how"),
    [(release, "without") for release in LINES]
    + [(each, "larger") for each in ("attentions-3.15.1", "keras-2.15.0", "keras-3.15.1", "quantized-3.13.1")],
)
def test_a_weight_that_is_gone_or_too_large_is_seen(release: str, how: str, reader: Reader, tmp_path: Path) -> None:
    """One of each model, another one in each file of the same layer."""
    seen = 0
    for line in LINES[release]:
        names = list(line["weights"])
        name = names[zlib.crc32(line["name"].encode()) % len(names)]
        of = (release, line["name"].rpartition("-")[0], name.removesuffix(":0").rpartition("/")[2])
        if "names" in line and how == "larger" and of == UNTOLD:
            continue
        report = inspect(saved(tmp_path, line, **{how: name}), reader=reader)
        rules = {each.rule for each in report.findings}
        assert report.verdict == "corrupt", (line["name"], name, rules)
        assert rules & {"weight-missing", "weight-shape", "weight-surplus"}, (line["name"], name, rules)
        seen += 1
    assert seen > 60


@pytest.mark.parametrize("rank", [2, "2", None, -1, 0, [2], {}, 2.5, True, 10**30])
def test_a_rank_of_lora_that_no_layer_has_is_no_fault_of_ours(rank: Any, reader: Reader, tmp_path: Path) -> None:
    line = next(each for each in LINES["keras-3.15.1"] if each["name"] == "Dense-1.h5")
    config = json.loads(json.dumps(line["config"]).replace('"units": ', f'"lora_rank": {json.dumps(rank)}, "units": '))
    assert "lora_rank" in json.dumps(config)
    report = inspect(saved(tmp_path, {**line, "config": config}), reader=reader)
    assert not report.error
    assert report.verdict == "corrupt" or rank != 2  # its two kernels are not there
