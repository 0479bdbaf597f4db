"""Builds model files by hand, without Keras: good ones, and the parts that bad ones are made of."""

from __future__ import annotations

import base64
import io
import json
import marshal
import pickle
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np

MARKER = "keras-harness-payload-ran"  # every payload would make a file of this name in the working folder

Config = dict[str, Any]


def dense(name: str, units: int, inputs: int, **changed: Any) -> Config:
    """A Dense layer as Keras 3 writes it."""
    config: Config = {
        "name": name,
        "trainable": True,
        "dtype": {
            "module": "keras",
            "class_name": "DTypePolicy",
            "config": {"name": "float32"},
            "registered_name": None,
        },
        "units": units,
        "activation": "relu",
        "use_bias": True,
        "kernel_initializer": initializer("GlorotUniform", seed=None),
        "bias_initializer": initializer("Zeros"),
        "kernel_regularizer": None,
        "bias_regularizer": None,
        "kernel_constraint": None,
        "bias_constraint": None,
    }
    return layer("Dense", **{**config, **changed}) | {"build_config": {"input_shape": [None, inputs]}}


def initializer(name: str, /, **config: Any) -> Config:
    return {"module": "keras.initializers", "class_name": name, "config": config, "registered_name": None}


def layer(
    class_name: str, /, *, module: str | None = "keras.layers", registered: str | None = None, **config: Any
) -> Config:
    """A layer's config."""
    return {"module": module, "class_name": class_name, "config": config, "registered_name": registered}


def function(name: str, module: str | None = "builtins", registered: str | None = "function") -> Config:
    return {"module": module, "class_name": "function", "config": name, "registered_name": registered}


def input_layer(size: int = 3, name: str = "input_layer") -> Config:
    return layer("InputLayer", batch_shape=[None, size], dtype="float32", sparse=False, name=name)


def sequential(*layers: Config, inputs: int = 3, first: Config | None = None) -> Config:
    """A Sequential model."""
    listed = [first or input_layer(inputs), *layers]
    config = {"name": "sequential", "trainable": True, "dtype": "float32", "layers": listed}
    return layer("Sequential", module="keras", **config) | {"build_config": {"input_shape": [None, inputs]}}


def model(**changed: Any) -> Config:
    """Dense(4) and Dense(2) on three numbers."""
    return sequential(dense("dense", 4, 3, **changed), dense("dense_1", 2, 4))


def tensor(name: str, node: int = 0, shape: tuple[int | None, ...] = (None, 3), tensor: int = 0) -> Config:
    config = {"shape": list(shape), "dtype": "float32", "keras_history": [name, node, tensor]}
    return {"class_name": "__keras_tensor__", "config": config}


def called(made: Config, *inputs: str, name: str | None = None) -> Config:
    """The layer, called on the outputs of others."""
    nodes = [{"args": [tensor(each)], "kwargs": {}} for each in inputs]
    return made | {"name": name or made["config"]["name"], "inbound_nodes": nodes}


def functional(*layers: Config, inputs: Any = "input_layer", outputs: Any = "dense_1") -> Config:
    """A functional model."""
    ends = {"input_layers": [inputs, 0, 0] if isinstance(inputs, str) else inputs,
            "output_layers": [outputs, 0, 0] if isinstance(outputs, str) else outputs}  # fmt: skip
    first = input_layer() | {"name": "input_layer", "inbound_nodes": []}
    config = {"name": "functional", "trainable": True, "layers": [first, *layers], **ends}
    return layer("Functional", module="keras.src.models.functional", registered="Functional", **config)


def graph() -> Config:
    return functional(called(dense("dense", 4, 3), "input_layer"), called(dense("dense_1", 2, 4), "dense"))


def arrays(seed: int = 0) -> dict[str, np.ndarray]:
    """The weights of `model()` and `graph()`."""
    draw = np.random.default_rng(seed)
    shapes = {"layers/dense/vars/0": (3, 4), "layers/dense/vars/1": (4,),
              "layers/dense_1/vars/0": (4, 2), "layers/dense_1/vars/1": (2,)}  # fmt: skip
    return {path: draw.normal(size=shape).astype("float32") for path, shape in shapes.items()}


def hdf5(values: dict[str, np.ndarray], change: Any = None, **options: Any) -> bytes:
    """HDF5 in memory; `change` is given the open file."""
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        for path, value in values.items():
            file.create_dataset(path, data=value, **options)
        if change is not None:
            change(file)
    return stream.getvalue()


def metadata(release: str = "3.15.1") -> bytes:
    return json.dumps({"keras_version": release, "date_saved": "2026-01-01@00:00:00"}).encode()


def entries(config: Config | bytes | None = None, weights: bytes | None = None, about: bytes | None = None) -> Any:
    """The three entries of a `.keras` file."""
    config = model() if config is None else config
    data = config if isinstance(config, bytes) else json.dumps(config).encode()
    return {"metadata.json": metadata() if about is None else about, "config.json": data,
            "model.weights.h5": hdf5(arrays()) if weights is None else weights}  # fmt: skip


def zipped(path: Path, parts: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    """A zip of these entries."""
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, data in parts.items():
            file.writestr(name, data)
    return path


def keras(folder: Path, config: Config | bytes | None = None, **parts: Any) -> Path:
    """A `.keras` file."""
    return zipped(folder / "model.keras", entries(config, **parts))


def keras_json(folder: Path, config: Config) -> Path:
    """A config alone."""
    path = folder / "model.json"
    path.write_text(json.dumps(config))
    return path


def pair(folder: Path, weights: bytes | None = None) -> Path:
    """A config, and weights beside it."""
    (folder / "model.weights.h5").write_bytes(hdf5(arrays()) if weights is None else weights)
    return keras_json(folder, model())


def legacy_layer(class_name: str, /, **config: Any) -> Config:
    return {"class_name": class_name, "config": config}


def legacy(*layers: Config) -> Config:
    """A Sequential model as HDF5 files have it: classes by their name alone."""
    first = legacy_layer("InputLayer", batch_input_shape=[None, 3], dtype="float32", name="input_1")
    return legacy_layer("Sequential", name="sequential", layers=[first, *layers])


def legacy_dense(name: str = "dense", units: int = 4, **changed: Any) -> Config:
    config = {"name": name, "trainable": True, "dtype": "float32", "units": units, "activation": "linear",
              "use_bias": True, "kernel_initializer": legacy_layer("GlorotUniform", seed=None),
              "bias_initializer": legacy_layer("Zeros")}  # fmt: skip
    return legacy_layer("Dense", **{**config, **changed})


def whole_hdf5(folder: Path, config: Config | bytes | None = None, *, training: Any = None, change: Any = None,
               kernel: tuple[int, ...] = (3, 4)) -> Path:  # fmt: skip
    """A `.h5` file of a whole model, as Keras 2 writes it."""
    config = legacy(legacy_dense()) if config is None else config
    path = folder / "model.h5"
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = config if isinstance(config, bytes) else json.dumps(config).encode()
        file.attrs["keras_version"] = b"2.15.0"
        file.attrs["backend"] = b"tensorflow"
        if training is not None:
            file.attrs["training_config"] = json.dumps(training).encode()
        weights = file.create_group("model_weights")
        weights.attrs["layer_names"] = [b"dense"]
        group = weights.create_group("dense")
        group.attrs["weight_names"] = [b"dense/kernel:0", b"dense/bias:0"]
        group["dense/kernel:0"] = np.arange(1, np.prod(kernel) + 1, dtype="float32").reshape(kernel)
        group["dense/bias:0"] = np.zeros(4, "float32")
        if change is not None:
            change(file)
    return path


def by_name(folder: Path, ending: str = ".h5", *, bias: float = 0.0) -> Path:
    """The weights of `legacy(legacy_dense())` alone, as `save_weights` writes them to `.h5`."""
    path = folder / f"model{ending}"
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [b"dense"]
        group = file.create_group("dense")
        group.attrs["weight_names"] = [b"dense/kernel:0", b"dense/bias:0"]
        group["dense/kernel:0"] = np.arange(1, 13, dtype="float32").reshape(3, 4)
        group["dense/bias:0"] = np.full(4, bias, "float32")
    return path


class Payload:
    """Unpickled, it would make the marker."""

    def __reduce__(self) -> Any:
        return open, (MARKER, "w")


def pickled() -> bytes:
    return pickle.dumps(Payload(), protocol=4)


def marshalled() -> str:
    """Byte code that would make the marker."""
    code = compile(f"lambda x: open({MARKER!r}, 'w') and x", "payload", "eval").co_consts[0]
    return base64.b64encode(marshal.dumps(code)).decode()


def python_lambda() -> Config:
    config = {"code": marshalled(), "defaults": None, "closure": None}
    return {"class_name": "__lambda__", "config": config}
