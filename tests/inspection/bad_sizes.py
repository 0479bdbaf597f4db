"""Files that ask for far more than they hold: JSON, models, zips."""

from __future__ import annotations

import json
import os
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tests.inspection import building as b
from tests.inspection.case import Case
from tests.inspection.changing import changed_bytes, deflated


def sizes() -> Iterator[Case]:
    good = json.dumps(b.model())
    for name, text in {
        "too deep": lambda: b"[" * 100_000 + b"]" * 100_000,
        "deeper than Keras writes": lambda: good.replace('"relu"', "[" * 300 + "1" + "]" * 300, 1).encode(),
        "with a huge integer": lambda: good.replace('"units": 4', f'"units": {"9" * 5000}').encode(),
        "with many brackets": lambda: good.replace('"relu"', "[" + "[]," * 700_000 + "[]]", 1).encode(),
        "with a long string": lambda: good.replace("relu", "r" * (17 << 20), 1).encode(),
        "that takes four bytes a letter": _wide,
        "of many bytes": lambda: b" " * (65 << 20) + good.encode(),
    }.items():
        yield Case(f"JSON {name}", "bomb", "json-bomb", lambda folder, text=text: b.keras(folder, text()))
    yield Case("metrics without end", "bomb", "json-bomb", lambda folder: b.keras(folder, b.model() | {
        "compile_config": {"optimizer": "sgd", "loss": "mse", "metrics": ["m"] * 250_001}}))  # fmt: skip
    for name, changed in {"10^12 units": {"units": 10**12}, "an embedding": {}}.items():
        if changed:
            config = b.sequential(b.dense("dense", 4, 3), b.dense("dense_1", changed["units"], 4))
        else:
            config = b.sequential(b.layer("Embedding", name="e", input_dim=10**9, output_dim=10**6))
        yield Case(f"model of {name}", "bomb", "model-bomb", lambda folder, c=config: b.keras(folder, c))
        yield Case(
            f"model of {name}, JSON alone", "bomb", "model-bomb", lambda folder, c=config: b.keras_json(folder, c)
        )
    wide = b.legacy(b.legacy_dense(units=4), b.legacy_dense("wide", units=10**12))
    yield Case("model of 10^12 units, h5", "bomb", "model-bomb", lambda folder: b.whole_hdf5(folder, wide))
    million = {"units": 10**6, "use_bias": True, "name": "a"}
    chain = b.sequential(
        b.layer("Dense", **million), b.layer("ReLU", name="r"), b.layer("Dense", **million | {"name": "b"})
    )
    yield Case("a million by a million, JSON alone", "bomb", "model-bomb", lambda folder: b.keras_json(folder, chain))
    flat = b.sequential(b.layer("Conv2D", name="c", filters=64, kernel_size=[3, 3], strides=[1, 1]),
                        b.layer("Flatten", name="f"), b.layer("Dense", units=10**4, name="d"))  # fmt: skip
    flat["config"]["layers"][0]["config"]["batch_shape"] = [None, 4000, 4000, 3]
    yield Case("a large picture flattened, JSON alone", "bomb", "model-bomb", lambda folder: b.keras_json(folder, flat))
    joined = b.functional(b.called(b.layer("Dense", **million), "input_layer"), b.called(
        b.layer("Dense", **million | {"name": "dense_1"}), "a"))  # fmt: skip
    yield Case("a million by a million, functional", "bomb", "model-bomb", lambda folder: b.keras_json(folder, joined))
    yield Case("kernel of 10^6 by 10^6", "bomb", "model-bomb", lambda folder: b.keras(folder, b.sequential(
        b.layer("Conv2D", name="c", filters=10**6, kernel_size=[1000, 1000]))))  # fmt: skip
    back = b.functional(b.called(b.layer("Dense", name="y", units=10**6), "x"),
                        b.called(b.layer("Dense", name="x", units=10**7), "input_layer"), outputs="y")  # fmt: skip
    yield Case(
        "a million by ten, the last layer first", "bomb", "model-bomb", lambda folder: b.keras_json(folder, back)
    )
    for name, config in sized(10**12, 10**9, 10**4).items():
        yield Case(f"too much of {name}", "bomb", "model-bomb", lambda folder, c=config: b.keras(folder, c))
        yield Case(f"too much of {name}, JSON alone", "bomb", "model-bomb",
                   lambda folder, c=config: b.keras_json(folder, c))  # fmt: skip
    for name, metric in measured(10**12, 10**7).items():
        for what, make in _compiled(metric).items():
            yield Case(f"too much of {name}{what}", "bomb", "model-bomb", make)
    for name, config in built(10**10).items():
        yield Case(f"built on too much: {name}", "bomb", "model-bomb", lambda folder, c=config: b.keras_json(folder, c))
    half = {"class_name": "MeanIoU", "module": "keras.metrics", "config": {"num_classes": 12_000}}
    yield Case("too much of metrics that are each small enough", "bomb", "model-bomb",
               _compiled([half, half, half])[""])  # fmt: skip
    yield Case("too many layers", "bomb", "model-bomb", lambda folder: b.keras_json(folder, b.sequential(
        *[b.layer("ReLU", name=f"r{at}") for at in range(20_001)])))  # fmt: skip
    for name, parts in {
        "an asset": lambda: {"assets/zeros": bytes(64 << 20)},
        "the config": lambda: {"config.json": b" " * (64 << 20)},
        "many small assets": lambda: {f"assets/{at}": bytes(15 << 20) for at in range(6)},
    }.items():
        yield Case(f"zip bomb in {name}", "bomb", "zip-bomb", lambda folder, parts=parts: b.zipped(
            folder / "model.keras", b.entries() | parts(), zipfile.ZIP_DEFLATED))  # fmt: skip
    yield Case("zip bomb of weights", "bomb", "zip-bomb", _sparse_weights)
    yield Case("zip with too many entries", "bomb", "zip-bomb", lambda folder: b.zipped(
        folder / "model.keras", b.entries() | {f"assets/{at}": b"" for at in range(10_001)}))  # fmt: skip
    yield Case("zip with too large a directory", "bomb", "zip-bomb", _long_comments)
    yield Case(
        "zip that lies about its size",
        "bomb",
        "zip-bomb",
        changed_bytes(_lie, deflated("assets/zeros", bytes(1 << 16))),
    )
    yield Case("file with holes", "bomb", "file-holes", _holes)


def _wide() -> bytes:
    """One letter beyond 16 bits makes Python keep all of them in four bytes each."""
    letters = json.dumps({"x": ["\U0001f600" + "a" * 12_000_000] * 4}, ensure_ascii=False)
    return json.dumps(b.model())[:-1].encode() + b", " + letters.encode()[1:]


def built(width: int) -> dict[str, b.Config]:
    """Layers that tell what they are built on where it is looked for last; what flows into them is three wide."""
    by_name = {"build_config": {"shapes_dict": {"input_shape": [None, width]}}}
    plain = {"build_config": {"input_shape": [None, width]}}
    attention = b.layer("GroupQueryAttention", name="a", head_dim=4, num_query_heads=4, num_key_value_heads=2)
    shapes = {"query_shape": [None, 5, 3], "value_shape": [None, 5, width]}
    inner = b.layer("Dense", name="d", units=4)
    cell = b.layer("LSTMCell", name="c", units=2) | plain
    first = b.called(b.dense("dense", 4, 3), "input_layer")
    first["inbound_nodes"][0]["kwargs"] = {"mask": inner | plain}
    halves = b.layer("Int4DTypePolicy", module="keras.dtype_policies", mode="int4/-1", source_name="float32")
    return {
        "a Dense, by a name": b.sequential(b.dense("dense", 4, 3) | by_name),
        "a Dense of int4": b.sequential(b.dense("dense", 4, 3, dtype=halves) | by_name),
        "EinsumDense": b.sequential(b.layer("EinsumDense", name="e", equation="ab,bc->ac", output_shape=3) | by_name),
        "an attention": b.sequential(attention | {"build_config": {"shapes_dict": shapes}}),
        "a layer in another": b.sequential(b.layer("SpectralNormalization", name="s", layer=inner | plain)),
        "a cell": b.sequential(b.layer("RNN", name="r", cell=cell)),
        "a model of layers alone": b.layer("Sequential", module="keras", name="s", layers=[inner]) | plain,
        "an activation": b.sequential(b.dense("dense", 4, 3, activation=inner | plain)),
        "a function of a Lambda": b.sequential(b.layer("Lambda", name="l", function=inner | plain)),
        "an argument of a call": b.functional(first, b.called(b.dense("dense_1", 2, 4), "dense")),
        "compile settings": b.model()
        | {"compile_config": {"optimizer": "sgd", "loss": "mse", "loss_weights": inner | plain}},
    }


def measured(many: int, some: int) -> dict[str, b.Config]:
    """Metrics that take memory for what their arguments say, as soon as they are made."""
    return {name: b.layer(name, module="keras.metrics", name="m", **config) for name, config in {
        "AUC": {"num_thresholds": many},
        "PrecisionAtRecall": {"recall": 0.5, "num_thresholds": many},
        "MeanIoU": {"num_classes": some},
        "OneHotIoU": {"num_classes": some, "target_class_ids": [0]},
    }.items()}  # fmt: skip


def _compiled(metric: Any) -> dict[str, Callable[[Path], Path]]:
    """A model with that metric, or those metrics."""
    metrics = metric if isinstance(metric, list) else [metric]
    whole = b.model() | {"compile_config": {"optimizer": "sgd", "loss": "mse", "metrics": metrics}}
    plain = [{"class_name": each["class_name"], "config": each["config"]} for each in metrics]
    training = {"loss": "mse", "metrics": [plain], "optimizer_config": b.legacy_layer("Adam", name="Adam")}
    return {"": lambda folder: b.keras(folder, whole), ", h5": lambda folder: b.whole_hdf5(folder, training=training)}


def sized(units: int, many: int, some: int) -> dict[str, b.Config]:
    """Layers whose weights are not computed exactly, or before which the shape changes: large, or small."""
    quantized = {"module": "keras.dtype_policies", "class_name": "QuantizedDTypePolicy", "registered_name": None,
                 "config": {"mode": "int8", "source_name": "float32"}}  # fmt: skip
    cell = b.layer("LSTMCell", name="c", units=many)
    rows = b.layer("RepeatVector", name="v", n=many)
    pixels = b.layer("Reshape", name="p", target_shape=[1, 1, 3])
    flat, last = b.layer("Flatten", name="f"), b.layer("Dense", name="d", units=some)
    return {name: b.sequential(*layers) for name, layers in {
        "an adapted Dense": [b.dense("d", units, 3, lora_rank=4)],
        "an adapter of many columns": [b.dense("d", 3, 3, lora_rank=units)],
        "an EinsumDense with an adapter": [
            b.layer("EinsumDense", name="e", equation="ab,bc->ac", output_shape=3, lora_rank=units)],
        "a history of float8": [b.dense("d", 3, 3, dtype=b.layer(
            "QuantizedFloat8DTypePolicy", module="keras.dtype_policies", mode="float8", source_name="float32",
            amax_history_length=units))],
        "unknown words": [b.layer("StringLookup", name="t", num_oov_indices=many, vocabulary=["a"])],
        "how rare words are": [b.layer("StringLookup", name="t", vocabulary=["a"], idf_weights=[1.0], max_tokens=many,
                                       output_mode="tf_idf", pad_to_max_tokens=True)],
        "how rare words of a text are": [b.layer("TextVectorization", name="t", max_tokens=many, output_mode="tf_idf",
                                                 pad_to_max_tokens=True)],
        "n-grams": [b.layer("TextVectorization", name="t", ngrams=units)],
        "steps that are unrolled": [rows, b.layer("SimpleRNN", name="r", units=1, unroll=True)],
        "steps that are unrolled both ways": [rows, b.layer("Bidirectional", name="r", layer=b.layer(
            "SimpleRNN", name="r", units=1, unroll=True))],
        "a Dense of int8": [b.dense("d", units, 3, dtype="int8_from_float32")],
        "a quantized Dense": [b.dense("d", units, 3, dtype=quantized)],
        "EinsumDense": [b.layer("EinsumDense", name="e", equation="ab,bc->ac", output_shape=units)],
        "EinsumDense of any rank": [b.layer("EinsumDense", name="e", equation="...b,bc->...c", output_shape=[units])],
        "ConvLSTM2D": [b.layer("ConvLSTM2D", name="l", filters=many, kernel_size=[3, 3])],
        "SpectralNormalization": [b.layer("SpectralNormalization", name="s", layer=b.dense("d", units, 3))],
        "RNN": [b.layer("RNN", name="r", cell=cell)],
        "RNN of two cells": [b.layer("RNN", name="r", cell=b.layer("StackedRNNCells", name="s", cells=[cell, cell]))],
        "an attention with an output of many": [_attention(output_shape=[many, some])],
        "an attention with values of many": [_attention(value_dim=many, output_shape=[some])],
        "GroupQueryAttention": [b.layer("GroupQueryAttention", name="a", head_dim=many, num_query_heads=some,
                                        num_key_value_heads=4)],
        "ReversibleEmbedding": [b.layer("ReversibleEmbedding", name="e", input_dim=many, output_dim=some)],
        "CategoryEncoding": [b.layer("CategoryEncoding", name="t", num_tokens=many), last],
        "Hashing": [b.layer("Hashing", name="t", num_bins=many, output_mode="multi_hot"), last],
        "RepeatVector": [rows, flat, last],
        "Permute": [rows, b.layer("Permute", name="p", dims=[2, 1]), last],
        "UpSampling2D": [pixels, b.layer("UpSampling2D", name="u", size=[some, some]), flat, last],
        "ZeroPadding2D": [pixels, b.layer("ZeroPadding2D", name="z", padding=[[some, 0], [0, some]]), flat, last],
        "Resizing": [pixels, b.layer("Resizing", name="z", height=some, width=some), flat, last],
        **_told_elsewhere(many, some),
    }.items()}  # fmt: skip


def _attention(**config: Any) -> b.Config:
    made = b.layer("MultiHeadAttention", name="a", num_heads=2, key_dim=2, **config)
    return made | {"build_config": {"shapes_dict": {"query_shape": [None, 5, 3], "value_shape": [None, 5, 3]}}}


def _told_elsewhere(many: int, some: int) -> dict[str, list[b.Config]]:
    """Layers whose weights depend on what is not where it is looked for first."""
    rows, flat = b.layer("RepeatVector", name="v", n=many), b.layer("Flatten", name="f")
    dense = b.legacy_layer("Dense", name="d", units=many)
    two = b.layer("Sequential", module="keras", name="q", layers=[
        b.layer("Dense", name="x", units=many), b.layer("Dense", name="y", units=some * some)])  # fmt: skip
    words = {"max_tokens": many * some, "output_mode": "multi_hot", "pad_to_max_tokens": True}
    state = {"units": many, "stateful": True, "batch_input_shape": [many * some, 2, 1]}
    return {
        "a Dense that tells its own input": [
            b.layer("Dense", name="d", units=some, batch_input_shape=[None, many * some])
        ],
        "a Sequential of layers alone": [b.layer("Dense", name="w", units=3), two],
        "a Sequential that is a list": [{**two, "config": two["config"]["layers"]}],
        "a Sequential in TimeDistributed": [rows, b.layer("TimeDistributed", name="t", layer=two)],
        "a Dense that says otherwise what it is built on": [
            b.layer("Dense", name="w", units=many), {**dense, "build_config": {"input_shape": [None, 1]}}],
        "LocallyConnected1D": [rows, b.legacy_layer("LocallyConnected1D", name="l", filters=some, kernel_size=[4])],
        "LocallyConnected1D of a full kernel": [rows, b.legacy_layer(
            "LocallyConnected1D", name="l", filters=1, kernel_size=[1], implementation=2)],
        "Normalization": [b.layer("RepeatVector", name="v", n=many * some), flat, b.layer("Normalization", name="n")],
        "STFTSpectrogram": [rows, b.layer("STFTSpectrogram", name="s", mode="log", frame_length=some, fft_length=many)],
        "TextVectorization": [b.layer("TextVectorization", name="t", **words), b.layer("Dense", name="d", units=some)],
        "StringLookup": [b.layer("StringLookup", name="t", **words), b.layer("Dense", name="d", units=some)],
        "a batch of states": [b.legacy_layer("LSTM", name="l", **state)],
        "Dense after a picture with its channels first": [
            b.layer("Dense", name="l", units=3, batch_input_shape=[None, many, 1, 1]),
            b.layer("GlobalAveragePooling2D", name="g", data_format="channels_first"),
            b.layer("Dense", name="d", units=many)],
    }  # fmt: skip


def _long_comments(folder: Path) -> Path:
    """Its directory is read in one go, and what an entry takes in memory is many times what it takes there."""
    path = b.keras(folder)
    with zipfile.ZipFile(path, "a") as file:
        for at in range(100):
            info = zipfile.ZipInfo(f"assets/{at}")
            info.comment = b"c" * 60_000
            file.writestr(info, b"")
    return path


def _sparse_weights(folder: Path) -> Path:
    """Weights of which a part is drawn, so that they unpack to less than 200 times what they take."""
    draw = np.random.default_rng(0)
    block = draw.bytes(8_000) + bytes((1 << 20) - 8_000)
    return b.zipped(folder / "model.keras", b.entries(weights=b.hdf5(b.arrays()) + block * 80), zipfile.ZIP_DEFLATED)


def _lie(data: bytearray) -> bytearray:
    """The last entry says that it unpacks to 4 GB; its header too."""
    entry = data.rindex(b"PK\x01\x02")
    header = struct.unpack_from("<I", data, entry + 42)[0]
    struct.pack_into("<I", data, entry + 24, 0xFFFFFF00)
    struct.pack_into("<I", data, header + 22, 0xFFFFFF00)
    return data


def _holes(folder: Path) -> Path:
    path = b.keras(folder)
    os.truncate(path, 4 << 30)
    return path


CASES = [*sizes()]
