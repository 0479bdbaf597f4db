"""Damaged configs and graphs, and weights that are not those of the config."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from tests.inspection import building as b
from tests.inspection.case import Case
from tests.inspection.changing import with_config, with_weights


def damage() -> Iterator[Case]:
    good = json.dumps(b.model())
    for name, data, rule in (
        ("no JSON", b"{", "json-invalid"),
        ("empty config", b"", "json-invalid"),
        ("null", b"null", "json-invalid"),
        ("no UTF-8", good.replace("relu", "r\xff", 1).encode("latin-1"), "json-invalid"),
        ("byte order mark", b"\xef\xbb\xbf" + good.encode(), "json-invalid"),
        ("UTF-16", good.encode("utf-16"), "json-invalid"),
        ("UTF-16 without a byte order mark", good.encode("utf-16-le"), "json-invalid"),
        ("UTF-32 without a byte order mark", good.encode("utf-32-be"), "json-invalid"),
        ("config is a list", b"[]", "config-shape"),
        ("config is a number", b"1", "config-shape"),
        ("config without a class", b'{"config": {}}', "config-shape"),
        ("class_name is a number", good.replace('"Dense"', "7", 1).encode(), "config-shape"),
        ("units are text", good.replace('"units": 4', '"units": "four"').encode(), "config-shape"),
        ("units are negative", good.replace('"units": 4', '"units": -4').encode(), "config-shape"),
        ("no units", json.dumps(b.sequential(b.layer("LSTM", name="l", units=0))).encode(), "config-shape"),
        (
            "no filters",
            json.dumps(b.sequential(b.layer("Conv1D", name="c", filters=0, kernel_size=[1]))).encode(),
            "config-shape",
        ),
        ("units are missing", good.replace('"units": 4, ', "").encode(), "config-shape"),
        ("an object without a class", good.replace('"class_name": "GlorotUniform", ', "", 1).encode(), "config-shape"),
        (
            "config of a layer is text",
            good.replace('"config": {"seed": null}', '"config": "x"', 1).encode(),
            "config-shape",
        ),
        ("trainable is a number", good.replace('"trainable": true', '"trainable": 7', 1).encode(), "config-shape"),
        ("dtype is a number", good.replace('"dtype": "float32"', '"dtype": 7', 1).encode(), "config-shape"),
        (
            "class registered otherwise",
            json.dumps(b.sequential(b.layer("ReLU", registered="Dense"))).encode(),
            "config-shape",
        ),
        ("an argument that no release has", good.replace('"use_bias"', '"use_bas"', 1).encode(), "config-shape"),
        ("name twice", good.replace('"dense_1"', '"dense"').encode(), "name-twice"),
    ):
        yield Case(f"config: {name}", "corrupt", rule, with_config(data))
    for name, odd in {
        "a layer that is another by its number": b.layer(
            "Sequential",
            module="keras",
            name="t",
            layers=[
                b.layer("ReLU", name="r") | {"shared_object_id": 1},
                b.layer("ELU", name="r") | {"shared_object_id": 1},
            ],
        ),
        "a layer of other arguments than that of its number": b.layer(
            "Sequential",
            module="keras",
            name="t",
            layers=[b.layer("ReLU", name=each) | {"shared_object_id": 1} for each in ("r", "s")],
        ),
        "a number that is a list": b.layer("ReLU", name="r") | {"shared_object_id": []},
        "a layer without a config": {"class_name": "ReLU", "module": "keras.layers"},
        "a convolution whose config is a list": b.layer("Conv2D")
        | {"config": [b.layer("ReLU", name="r")], "build_config": {"input_shape": [None, 3, 8, 8]}},
        "a lookup without a config": {"class_name": "StringLookup", "module": "keras.layers"},
        "a first layer whose class is an object": {"class_name": {}, "config": {}},
    }.items():
        yield Case(f"config: {name}", "corrupt", "config-shape", lambda folder, o=odd: b.keras(
            folder, b.layer("Sequential", module="keras", name="s", layers=[o]), weights=b.hdf5({})))  # fmt: skip
    yield Case("config: duplicate key", "unsafe", "json-duplicate-key",
               with_config(good.replace('"units": 4', '"units": 5, "units": 4').encode()))  # fmt: skip
    first, second = b.called(b.dense("dense", 4, 3), "input_layer"), b.called(b.dense("dense_1", 2, 4), "dense")
    for name, config in {
        "input is not there": b.functional(first, b.called(b.dense("dense_1", 2, 4), "nowhere")),
        "node is not there": b.functional(first, second | {"inbound_nodes": [{"args": [b.tensor("dense", 3)]}]}),
        "cycle": b.functional(b.called(b.dense("dense", 4, 3), "dense_1"), second),
        "output is not there": b.functional(first, second, outputs="nowhere"),
        "no outputs": b.functional(first, second, outputs=[]),
        "input is not listed": b.functional(first, second, inputs="dense"),
        "model that takes its own last output": _in_itself(),
        "model that is counted from 0 and from 1 by layers": _counted_twice(),
        "layer on nothing": b.functional(b.called(b.dense("dense", 4, 3)), second),
        "layer on what is not as wide as its kernel": b.functional(first, b.called(
            b.dense("dense_1", 2, 4), "input_layer")),
        "sequence of layers that do not fit": b.sequential(b.dense("dense", 3, 3), b.dense("dense_1", 2, 4)),
        "picture of other channels": picture(channels=5, built_on=3),
        "operation on constants alone": b.functional(_computed_at_once(), first, second),
        "second tensor of a layer that has one": b.functional(first, b.called(b.dense("dense_1", 2, 4)) | {
            "inbound_nodes": [{"args": [b.tensor("dense", tensor=1)], "kwargs": {}}]}),
        "second tensor of an output that has one": b.functional(first, second, outputs=[["dense_1", 0, 1]]),
        "second tensor of an input": b.functional(first, second, inputs=[["input_layer", 0, 1]]),
        "second tensor of a layer, as Keras 2 writes it": b.functional(first, second | {
            "inbound_nodes": [[["dense", 0, 1, {}]]]}),
    }.items():  # fmt: skip
        yield Case(f"graph: {name}", "corrupt", "graph-broken", lambda folder, c=config: b.keras(folder, c))
    for part in ("args", "kwargs"):
        half = b.functional(first, second | {"inbound_nodes": [{part: [b.tensor("dense")]}]})
        yield Case(f"graph: a call of {part} alone", "corrupt", "config-shape",
                   lambda folder, c=half: b.keras(folder, c))  # fmt: skip
    yield from _weight_cases()


def _computed_at_once() -> b.Config:
    """What is read back is called, and a call without a tensor of the graph is no node but memory: 1.6 GB here."""
    tiled = b.layer("Tile", module="keras.src.ops.numpy", registered="Tile", name="t", repeats=[20_000, 20_000])
    return tiled | {"name": "t", "inbound_nodes": [{"args": [[[1.0]]], "kwargs": {}}]}


def picture(channels: int, built_on: int, **config: Any) -> b.Config:
    """A convolution after an input."""
    layer = b.layer("Conv2D", name="c", filters=2, kernel_size=[1, 1], **config)
    shape = [None, channels, 8, 8] if config else [None, 8, 8, channels]
    built = [None, built_on, 8, 8] if config else [None, 8, 8, built_on]
    first = b.layer("InputLayer", batch_shape=shape, dtype="float32", name="i")
    return b.sequential(layer | {"build_config": {"input_shape": built}}, first=first)


def _counted_twice() -> b.Config:
    """A nested model that is called once, and of which two layers take the output by two numbers."""
    inner = b.layer("Sequential", module="keras", name="f", layers=[b.input_layer(), b.layer("ReLU", name="r")])
    inner |= {"name": "f", "inbound_nodes": [[["input_layer", 0, 0, {}]]]}
    after = [
        b.layer("ReLU", name=f"r{at}") | {"name": f"r{at}", "inbound_nodes": [[["f", at, 0, {}]]]} for at in (0, 1)
    ]
    return b.functional(inner, *after, inputs=[["input_layer", 0, 0]], outputs=[["r0", 0, 0], ["r1", 0, 0]])


def _in_itself() -> b.Config:
    """A nested model that is called twice, the first time on the output of the second."""
    inner = b.layer("Sequential", module="keras", name="f", layers=[b.input_layer(), b.layer("ReLU", name="r")])
    inner |= {"name": "f", "inbound_nodes": [[["f", 2, 0, {}]], [["f", 1, 0, {}]]]}
    return b.functional(inner, inputs=[["input_layer", 0, 0]], outputs=[["f", 2, 0]])


def _weight_cases() -> Iterator[Case]:
    missing = b.arrays()
    del missing["layers/dense_1/vars/1"]
    surplus = b.arrays() | {"layers/dense/vars/2": np.ones((4,), "f4")}
    stranger = b.arrays() | {"layers/conv2d/vars/0": np.ones((4,), "f4")}
    shape = b.arrays() | {"layers/dense/vars/0": np.ones((3, 5), "f4")}
    swapped = b.arrays()
    swapped["layers/dense/vars/0"], swapped["layers/dense_1/vars/0"] = (
        swapped["layers/dense_1/vars/0"], swapped["layers/dense/vars/0"])  # fmt: skip
    kind = b.arrays() | {"layers/dense/vars/0": np.ones((3, 4), "i4")}
    wide = b.arrays() | {"layers/dense/vars/0": np.ones((3, 4), "f8")}
    for name, values, rule in (
        ("missing", missing, "weight-missing"),
        ("surplus", surplus, "weight-surplus"),
        ("of a layer that is not there", stranger, "weight-surplus"),
        ("of another shape", shape, "weight-shape"),
        ("swapped", swapped, "weight-shape"),
        ("whole numbers", kind, "weight-dtype"),
        ("of another precision", wide, "weight-dtype"),
    ):
        yield Case(f"weights: {name}", "corrupt", rule, with_weights(values=values))
    yield from _beside()
    told = b.layer("Mine", module="mine", registered="mine>Mine", layers=[b.dense("dense", 4, 3)])
    yield Case("custom: model that tells of its layers, and has others", "corrupt", "weight-surplus",
               lambda folder: b.keras(folder, told))  # fmt: skip
    untold = {**told, "config": {}}
    yield Case("custom: model that tells of no layers", "needs custom objects", "custom-object",
               lambda folder: b.keras(folder, untold))  # fmt: skip

    def bfloat16(file: h5py.File) -> None:
        del file["layers/dense/vars/0"]
        data = file.create_dataset("layers/dense/vars/0", data=np.full((3, 4), 0x7FC0, "<u2").view("V2"))
        data.attrs["dtype"] = "bfloat16"

    yield Case("weights: NaN in bfloat16", "non-finite", "not-finite", lambda folder: b.keras(
        folder, b.model(dtype="bfloat16"), weights=b.hdf5(b.arrays(), bfloat16)))  # fmt: skip
    for name, value in (("NaN", np.nan), ("infinity", np.inf), ("minus infinity", -np.inf)):
        spoilt = b.arrays()
        spoilt["layers/dense/vars/0"][1, 1] = value
        yield Case(f"weights: {name}", "non-finite", "not-finite", with_weights(values=spoilt))
    yield Case("h5: another shape", "corrupt", "weight-shape", lambda folder: b.whole_hdf5(folder, kernel=(3, 5)))
    yield Case("h5: weight is gone", "corrupt", "weight-missing", lambda folder: b.whole_hdf5(
        folder, change=lambda file: file.__delitem__("model_weights/dense/dense/bias:0")))  # fmt: skip
    yield Case("h5: layer by another name", "corrupt", "weight-surplus", lambda folder: b.whole_hdf5(
        folder, b.legacy(b.legacy_dense("other"))))  # fmt: skip
    yield Case("h5: no weights", "corrupt", "entry-missing", lambda folder: b.whole_hdf5(
        folder, change=lambda file: file.__delitem__("model_weights")))  # fmt: skip
    yield Case("h5: config is a number", "corrupt", "config-shape", lambda folder: b.whole_hdf5(
        folder, change=lambda file: file.attrs.__setitem__("model_config", 7)))  # fmt: skip
    yield Case("h5: two weights of one name", "corrupt", "weight-missing", lambda folder: b.whole_hdf5(
        folder, change=lambda file: file["model_weights/dense"].attrs.__setitem__(
            "weight_names", [b"dense/kernel:0", b"dense/kernel:0"])))  # fmt: skip
    yield Case("h5: weights of a layer in another order", "corrupt", "weight-shape", lambda folder: b.whole_hdf5(
        folder, change=lambda file: file["model_weights/dense"].attrs.__setitem__(
            "weight_names", [b"dense/bias:0", b"dense/kernel:0"])))  # fmt: skip
    yield Case("h5: layers in another order", "corrupt", "weight-shape", lambda folder: two_dense(
        folder, [b"dense_1", b"dense"]))  # fmt: skip
    for name, values, rule in (
        ("of another shape", {"kernel:0": np.ones((3, 5), "f4"), "bias:0": np.ones(4, "f4")}, "weight-shape"),
        ("too few", {"kernel:0": np.ones((3, 4), "f4")}, "weight-missing"),
        ("too many", {each: np.ones(4, "f4") for each in ("kernel:0", "bias:0", "b:0")}, "weight-surplus"),
        ("none", {}, "weight-missing"),
    ):
        yield Case(f"h5: weights of a nested model, {name}", "corrupt", rule, lambda folder, v=values: nested_hdf5(
            folder, v))  # fmt: skip
    yield Case("metadata of null", "corrupt", "json-invalid", lambda folder: b.keras(folder, about=b"null"))
    yield Case("h5: config of null", "corrupt", "json-invalid", lambda folder: b.whole_hdf5(folder, b"null"))
    for name, root in {
        "a loss": b.layer("MeanSquaredError", module="keras.losses"),
        "an optimizer": b.legacy_layer("SGD", learning_rate=0.1),
        "a function": b.function("relu", "keras.activations", "relu"),
        "an array": {"class_name": "__numpy__", "config": {"value": [1.0], "dtype": "float32"}},
    }.items():
        yield Case(f"{name} in the place of a model", "corrupt", "wrong-kind", with_config(root))
    policy = b.layer("DTypePolicy", module="keras", name="object")
    for kind in ("__numpy__", "__tensor__"):
        for dtype, called, rule in (
            ("object", "unsafe", "object-array"), ("|O", "unsafe", "object-array"), (policy, "unsafe", "object-array"),
            ("S3", "corrupt", "config-shape"), ("float32x", "corrupt", "config-shape"),
            (None, "corrupt", "config-shape"),
        ):  # fmt: skip
            value = {"class_name": kind, "config": {"value": [1.0], "dtype": dtype}}
            yield Case(f"{kind} of the dtype {dtype if isinstance(dtype, str) else type(dtype).__name__}", called, rule,
                       with_config(b.model() | {"extra": value}))  # fmt: skip
        yield Case(f"{kind} without a config", "corrupt", "config-shape",
                   with_config(b.model() | {"extra": {"class_name": kind, "config": [1.0]}}))  # fmt: skip
    yield Case("a layer in the place of a model, with weights of others", "corrupt", "weight-surplus",
               with_config(b.dense("dense", 4, 3)))  # fmt: skip
    yield Case("h5: config is no JSON", "corrupt", "json-invalid", lambda folder: b.whole_hdf5(folder, b"{"))


def _beside() -> Iterator[Case]:
    """What is missing as a whole, and what lies beside the weights."""
    half = {path: value for path, value in b.arrays().items() if "dense_1" not in path}
    untold = {key: value for key, value in b.dense("dense_1", 2, 4).items() if key != "build_config"}
    first = b.dense("dense", 4, 3)
    einsum = b.layer("EinsumDense", name="e", equation="ab,bc->ac", output_shape=3)
    scaled = b.layer("Normalization", name="n", mean=None)
    for name, config, values in (
        ("a layer that is called in a graph", b.functional(b.called(first, "input_layer"), b.called(
            untold, "dense")), half),
        ("a layer after an input", b.sequential(first, untold), half),
        ("a layer that is not computed", b.sequential(first, b.dense("dense_1", 2, 4), einsum), b.arrays()),
        ("a scale that was learnt", b.sequential(scaled, first, b.dense("dense_1", 2, 4)), b.arrays()),
    ):  # fmt: skip
        yield Case(f"weights: none of {name}", "corrupt", "weight-missing",
                   lambda folder, c=config, v=values: b.keras(folder, c, weights=b.hdf5(v)))  # fmt: skip
    yield Case("weights: groups of two layers swapped, of one shape", "corrupt", "weight-shape",
               lambda folder: named(folder, "dense_1", "dense"))  # fmt: skip
    for name, optimizer in {"Adam": adam(), "an optimizer around another": scaled_adam()}.items():
        yield Case(f"optimizer: state of another model, {name}", "corrupt", "weight-shape",
                   lambda folder, o=optimizer: with_state(folder, o, {**b.arrays(), "x": np.ones((5, 5))}))  # fmt: skip
    for kind in ("StringLookup", "TextVectorization", "IntegerLookup"):
        lookup = b.layer(kind, name="s", vocabulary=None)
        yield Case(f"vocabulary of a {kind} that is nowhere", "corrupt", "entry-missing", with_config(
            b.sequential(first, b.dense("dense_1", 2, 4), lookup)))  # fmt: skip


def named(folder: Path, *names: str) -> Path:
    """Two layers of one shape, as Keras 3 writes them: with their names beside their weights."""
    config = b.sequential(b.dense("dense", 3, 3), b.dense("dense_1", 3, 3))
    values = {}
    for number, layer in enumerate(("dense", "dense_1"), 1):
        values[f"layers/{layer}/vars/0"] = np.full((3, 3), number, "f4")
        values[f"layers/{layer}/vars/1"] = np.full(3, number, "f4")

    def change(file: h5py.File) -> None:
        for layer, name in zip(("dense", "dense_1"), names, strict=True):
            file[f"layers/{layer}/vars"].attrs["name"] = name

    return b.keras(folder, config, weights=b.hdf5(values, change))


def adam(**config: Any) -> b.Config:
    return b.layer("Adam", module="keras.optimizers", **config)


def scaled_adam() -> b.Config:
    return b.layer("LossScaleOptimizer", module="keras.optimizers", inner_optimizer=adam(amsgrad=False))


def with_state(folder: Path, optimizer: b.Config, like: dict[str, np.ndarray]) -> Path:
    """A model that was trained: its optimizer keeps two variables for each weight, here for the last four of these."""
    settings = {"optimizer": optimizer, "loss": "mse", "metrics": []}
    kept = [np.ones(value.shape, "f4") for value in list(like.values())[-4:] for _ in range(2)]
    numbers = [np.float32(at) for at in range(6 if optimizer["class_name"] == "LossScaleOptimizer" else 2)]
    state = {f"optimizer/vars/{at}": value for at, value in enumerate((*numbers, *kept))}
    return b.keras(folder, b.model() | {"compile_config": settings}, weights=b.hdf5(b.arrays() | state))


def two_dense(folder: Path, names: list[bytes]) -> Path:
    """Two layers that take each other's weights without a word."""
    square = {"kernel:0": np.eye(4, dtype="f4"), "bias:0": np.ones(4, "f4")}

    def change(file: h5py.File) -> None:
        group = file["model_weights"]
        group.attrs["layer_names"] = names
        del group["dense"]
        for at, name in enumerate(("dense", "dense_1")):
            group.create_group(name).attrs["weight_names"] = list(map(str.encode, square))
            for each, value in square.items():
                group[f"{name}/{each}"] = value * (at + 1)

    config = b.legacy(b.legacy_dense(), b.legacy_dense("dense_1"))
    config["config"]["layers"][0]["config"]["batch_input_shape"] = [None, 4]
    return b.whole_hdf5(folder, config, change=change)


def nested_hdf5(folder: Path, values: dict[str, np.ndarray]) -> Path:
    """A Sequential in a model; all weights of it are in one group."""
    inner = b.legacy(b.legacy_dense())
    inner["config"]["name"] = "inner"

    def change(file: h5py.File) -> None:
        weights = file["model_weights"]
        weights.attrs["layer_names"] = [b"inner"]
        del weights["dense"]
        weights.create_group("inner").attrs["weight_names"] = [each.encode() for each in values]
        for each, value in values.items():
            weights[f"inner/{each}"] = value

    inner["inbound_nodes"] = [[["input_1", 0, 0, {}]]]
    return b.whole_hdf5(folder, b.legacy(inner), change=change)


CASES = [*damage()]
