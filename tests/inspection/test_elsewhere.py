"""What it means for a file which Keras is here: told where it is not loaded, and certain only of what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from harness.inspection.recognise import inspect
from harness.loading.elsewhere import installed, meaning
from tests.inspection import building as b
from tests.inspection.test_loading import run


def _of_keras_2(folder: Path, module: str = "keras.src.engine.functional") -> Path:
    config = json.dumps(b.graph() | {"module": module}).replace('"batch_shape"', '"batch_input_shape"')
    return b.keras(folder, config.encode(), about=b.metadata("2.15.0"))


def _with_time_major(folder: Path) -> Path:
    def change(file: h5py.File) -> None:
        group = file["model_weights/dense"]
        group["dense/recurrent_kernel:0"] = np.ones((4, 4), "float32")
        group.attrs["weight_names"] = [b"dense/kernel:0", b"dense/recurrent_kernel:0", b"dense/bias:0"]

    layer = b.legacy_layer("SimpleRNN", name="dense", units=4, time_major=False)
    return b.whole_hdf5(folder, b.legacy(layer), change=change)


def _nested(folder: Path, *, node: int = 1, training: object = None) -> Path:
    """A model of Keras 2 with another in it, which it counts from one."""
    inner = b.legacy(b.legacy_dense())
    inner["config"]["name"] = "inner"
    dense = b.legacy_dense("after", 4)
    layers = [
        b.legacy_layer("InputLayer", batch_input_shape=[None, 3], name="x") | {"name": "x", "inbound_nodes": []},
        inner | {"name": "inner", "inbound_nodes": [[["x", 0, 0, {}]]]},
        dense | {"name": "after", "inbound_nodes": [[["inner", node, 0, {}]]]},
    ]
    ends = {"input_layers": [["x", 0, 0]], "output_layers": [["after", 0, 0]]}

    def change(file: h5py.File) -> None:
        weights = file["model_weights"]
        weights.attrs["layer_names"] = [b"x", b"inner", b"after"]
        weights.move("dense", "inner")
        weights.create_group("x").attrs["weight_names"] = np.zeros(0, "S1")
        after = weights.create_group("after")
        after["kernel:0"], after["bias:0"] = np.ones((4, 4), "f4"), np.ones(4, "f4")
        after.attrs["weight_names"] = [b"kernel:0", b"bias:0"]

    return b.whole_hdf5(folder, b.legacy_layer("Functional", name="m", layers=layers, **ends), training=training,
                        change=change)  # fmt: skip


@pytest.mark.parametrize(
    ("make", "here", "told"),
    [
        (_of_keras_2, "3.15.1", "refuses it. A .keras file names the module"),
        (_of_keras_2, "2.15.0", ""),
        (_of_keras_2, "2.14.0", "only loading it tells"),
        (_of_keras_2, "", ""),
        (lambda folder: _of_keras_2(folder, "keras"), "3.15.1", "only loading it tells"),
        (_with_time_major, "3.0.5", "refuses it. Keras 2 writes time_major"),
        (_nested, "3.15.1", "refuses it. Keras 2 counts the construction of a nested model"),
        (lambda folder: _nested(folder, node=0), "3.15.1", "only loading it tells"),
        (lambda folder: _nested(folder, training={"loss": "mse"}), "3.15.1", "refuses it. Keras 2 counts"),
        (b.whole_hdf5, "3.15.1", "only loading it tells"),
        (b.keras, "2.15.0", "refuses it. Keras 3 writes the shape of an InputLayer"),
        (b.keras, "3.16.0", ""),
        (b.keras, "3.12.0", "only loading it tells"),
    ],
)
def test_what_another_release_means_is_told_by_the_file_and_the_release_here(
    make, here: str, told: str, tmp_path: Path
) -> None:
    report = inspect(make(tmp_path))
    assert report.keras_version is not None
    said = meaning(report, here)
    assert told in said
    assert bool(told) is bool(said)


def test_it_is_told_of_a_file_that_is_not_loaded_by_the_keras_that_lies_there(tmp_path: Path) -> None:
    (tmp_path / "keras-2.15.0.dist-info").mkdir()  # the folder that it runs in comes first
    code, said, (file,) = run(b.keras(tmp_path), "--no-load", folder=tmp_path)
    assert (code, file["verdict"]) == (0, "ok")
    assert [each["rule"] for each in file["findings"]] == ["another-release"]
    assert "Another Keras wrote it than is here: 3.15.1, and not 2.15.0, which refuses it." in said


@pytest.mark.parametrize("options", [(), ("--no-load",)])
def test_an_environment_that_there_is_not_is_told_of_once(options: tuple[str, ...], tmp_path: Path) -> None:
    code, said, (file,) = run(b.keras(tmp_path), "--env", "no-such-package-anywhere==1", *options, folder=tmp_path)
    assert (code, file["loaded"]) == (3, None)
    assert said.count("no environment can be made") == 1, said


def test_of_a_config_that_is_there_in_part_nothing_is_said_for_certain(tmp_path: Path) -> None:
    report = inspect(_nested(tmp_path))
    report.configs = [report.configs[0][:-9]]
    assert "only loading it tells" in meaning(report, "3.15.1")


@pytest.mark.slow
@pytest.mark.parametrize("make", [_of_keras_2, _with_time_major, _nested])
def test_what_is_said_to_be_refused_is_refused(make, tmp_path: Path) -> None:
    if not installed().startswith("3."):
        pytest.skip("it is said of Keras 3")
    path = make(tmp_path)
    assert "refuses it" in meaning(inspect(path), installed())
    code, said, (file,) = run(path, folder=tmp_path)
    assert (code, file["verdict"]) == (1, "incompatible"), said
    rules = {each["rule"] for each in file["findings"]}
    assert "does-not-load" in rules
    assert "another-release" not in rules
