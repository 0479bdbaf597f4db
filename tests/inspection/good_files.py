"""Good files, made by hand: for each way to be bad, what comes near it and is not."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np

from tests.inspection import building as b
from tests.inspection.bad_calls import many_calls, widened
from tests.inspection.bad_configs import adam, named, nested_hdf5, picture, scaled_adam, two_dense, with_state
from tests.inspection.bad_places import index
from tests.inspection.bad_quantized import attention_file, attention_hdf5, calibrated
from tests.inspection.bad_references import with_lambda, with_layer
from tests.inspection.bad_sizes import built, measured, sized
from tests.inspection.bad_zips import aligned, with_large_end
from tests.inspection.case import Case
from tests.inspection.changing import (
    changed_bytes,
    deflated,
    unzipped,
    with_config,
    with_entries,
    with_entry,
    with_weights,
)
from tests.inspection.stowaways import npy

# Vocabularies, a word a line, whose words are the first opcodes of a pickle, or are near to other things than text.
WORDS = (
    b"\n[UNK]\ne\nd\nc\nb\na", b"[UNK]\nb\na", b"-1\n3\n7", b"(\n)\nc\nthe\n", b"c\nb\na\n.\n", b"(", b"c", b".", b"",
    b"cat\ndog\n.\nR\n", b"cos\nto\n.\n", b"(in\nthe\nof\n", b"I\nN\nV\n(\nt\nR\n.", b"N\n.\n", b"Very\nIn\n",
    b"cat\ndog\n(t\nR.", "Jay\n\u1109\n\u1f01\u03b9\n!':\nmd2".encode(),
    "\u0441\u043b\u043e\u0432\u043e\n".encode(), b"MZ\nRar\n#\nPK\n", b"a\r\r\nb\r\n",
)  # fmt: skip


def _good(name: str, make: Callable[[Path], Path], rule: str | None = None) -> Case:
    return Case(name, "ok", rule, make)


def _with_alpha(file: h5py.File) -> None:
    group = file["model_weights/dense"]
    group.attrs["weight_names"] = [b"dense/kernel:0", b"dense/bias:0", b"dense/p_re_lu/alpha:0"]
    group["dense/p_re_lu/alpha:0"] = np.ones(4, "float32")


def configs() -> Iterator[Case]:
    operation = b.layer("TFOpLambda", module="keras.src.layers.core.tf_op_layer", registered="TFOpLambda",
                        name="o", function="math.multiply")  # fmt: skip
    more = [b.layer("TFOpLambda", module="keras.src.layers.core.tf_op_layer", registered="TFOpLambda", name=f"o_{at}",
                    function=name) for at, name in enumerate((
                        "keras.backend.mean", "random.normal", "experimental.numpy.sum", "image.resize", "nn.relu",
                        "convert_to_tensor", "linalg.matmul", "compat.v1.transpose", "compat.v1.pad",
                        "debugging.check_numerics", "io.decode_raw"))]  # fmt: skip
    slicing = b.layer("SlicingOpLambda", module="keras.src.layers.core.tf_op_layer", registered="SlicingOpLambda",
                      name="s", function="__operators__.getitem")  # fmt: skip
    adam = b.layer("Adam", module="keras.optimizers", learning_rate=b.layer(
        "ExponentialDecay", module="keras.optimizers.schedules", initial_learning_rate=0.1))  # fmt: skip
    compiled = {
        "optimizer": adam,
        "loss": {"out": "mse"},
        "metrics": [["accuracy", b.layer("Mean", module="keras.metrics")]],
    }
    array = {"class_name": "__numpy__", "config": {"value": [1.0], "dtype": "float32"}}
    spec = {"class_name": "__typespec__", "module": "tensorflow.python.framework.tensor_spec", "config": [[None]],
            "spec_name": "TensorSpec", "registered_name": None}  # fmt: skip
    data = [{"class_name": "__tuple__", "items": [1, 2]}, {"class_name": "TensorShape", "items": [None, 3]},
            {"class_name": "__bytes__", "config": {"value": "a"}}, {"class_name": "__bytes__", "value": "a"},
            {"class_name": "__ellipsis__"}, {"class_name": "__ellipsis__", "config": {}},
            {"class_name": "__slice__", "config": {"start": 0, "stop": None, "step": 1}},
            {"class_name": "TypeSpec", "type_spec": "tf.TensorSpec", "serialized": []}]  # fmt: skip
    for name, config in {
        "sequential": b.model(),
        "data that is written as classes are": b.model() | {"extra": data},
        "functional": b.graph(),
        "lambda of an activation": with_lambda(b.function("relu", "keras.activations", "relu")),
        "lambda of an operation": with_lambda(b.function("sin", "keras.ops", "sin")),
        "lambda of a function by its name": with_lambda(b.function("relu")),
        "lambda of a layer": with_lambda(b.layer("ReLU", name="r")),
        "activation as a layer": b.model(activation=b.layer("ReLU", name="r")),
        "activation with weights that were not made yet": b.model(activation=b.layer("PReLU", name="p")),
        "activation by an older name": b.model(activation="swish"),
        "initializer by its name": b.model(kernel_initializer="glorot_uniform"),
        "initializers of TensorFlow": b.model(
            kernel_initializer=b.layer("RandomNormal", module="tensorflow.python.ops.init_ops_v2",
                                       registered="RandomNormal", mean=0.0, stddev=0.02, seed=None),
            bias_initializer=b.layer("Zeros", module="tensorflow.python.ops.init_ops", registered="Zeros",
                                     dtype="float32")),
        "a model of Keras that makes its layers": b.layer(
            "LinearModel", module="keras.experimental", name="l", units=4, activation="linear", use_bias=True,
            kernel_initializer=b.initializer("Zeros"), bias_initializer=b.initializer("Zeros"),
            kernel_regularizer=None, bias_regularizer=None),
        "regularizer": b.model(kernel_regularizer=b.layer("L2", module="keras.regularizers", l2=0.1)),
        "constraint": b.model(kernel_constraint=b.layer("MaxNorm", module="keras.constraints", max_value=1)),
        "vocabulary in the file": with_layer(b.layer("StringLookup", name="s", vocabulary=["a", "b", "/etc/passwd"])),
        "operation of TensorFlow": with_layer(operation, slicing),
        "operations of TensorFlow": with_layer(*more),
        "methods of tensors": with_layer(*(
            b.layer(kind, module="keras.src.layers.core.tf_op_layer", registered=kind, name=kind, **what)
            for kind, what in (("ClassMethod", {"cls_symbol": "RaggedTensor", "method_name": "from_tensor"}),
                               ("InstanceMethod", {"attr_name": "with_values"}),
                               ("InstanceProperty", {"attr_name": "values"})))),
        "compiled": b.model() | {"compile_config": compiled},
        "compiled by names": b.model() | {"compile_config": {"optimizer": "sgd", "loss": "mse", "metrics": ["acc"]}},
        "metrics of their sizes": b.model()
        | {"compile_config": compiled | {"metrics": list(measured(100_000, 1_000).values())}},
        "many metrics": b.model() | {"compile_config": {"optimizer": "sgd", "loss": "mse", "metrics": ["mse"] * 5_000}},
        "many layers": with_layer(*[b.layer("ReLU", name=f"r{at}") for at in range(3_000)]),
        "a vocabulary of 300,000 words": with_layer(b.layer("StringLookup", name="s", vocabulary=[
            f"a word of some length {at}" for at in range(300_000)])),
        "a long key over many lists": b.model() | {"extra": {"k" * 1_000_000: [[]] * 1_000}},
        "array in the config": b.model() | {"extra": array},
        "type specification": b.model() | {"extra": spec},
        "a type that is called lambda, of nothing and of a number": b.model()
        | {"extra": {"schedule_type": "lambda", "step": 0.1, "step_type": "lambda", "kind": "lambda"}},
        "files and addresses by other names": b.model()
        | {"extra": {"vocabulary_file_format": "text", "vocabulary_size": 3, "path": "a/b", "my_file": "a.txt"}},
        "text that looks like a path": b.model() | {"note": "/etc/passwd and ../.. and os.system"},
        "an address in a text": b.model() | {"note": "see https://keras.io"},
        "name with letters of all kinds": b.sequential(b.dense("schön ☃", 4, 3), b.dense("dense_1", 2, 4)),
        "one initializer at two places": b.model(kernel_initializer=b.initializer("GlorotUniform", seed=3)
                                                 | {"shared_object_id": 140_000_000_000_000})
        | {"extra": b.initializer("GlorotUniform", seed=3) | {"shared_object_id": 140_000_000_000_000}},
        "seed generator": with_layer(b.layer("Dropout", name="d", rate=0.1, seed=3)),
        "class of an older release": b.layer("Functional", module="keras.engine.functional", registered="Functional",
                                             **b.graph()["config"]),
        "registered by Keras itself": b.model()
        | {"compile_config": compiled | {"optimizer": b.layer("Adam", module="keras.optimizers",
                                                              registered="Custom>Adam")}},
        "function that is registered by its name": with_lambda(b.function("relu", "keras.activations", "relu")),
        "feature of a space": b.model()
        | {"extra": b.layer("Feature", module="keras.src.layers.preprocessing.feature_space", registered="Feature")},
    }.items():  # fmt: skip
        yield _good(name, with_config(config))
    nested = b.functional(
        b.called(b.functional(b.called(b.dense("dense", 4, 3), "input_layer"), outputs="dense"), "input_layer",
                 name="functional"),
        outputs="functional",
    )  # fmt: skip
    values = {path.replace("layers/", "layers/functional/layers/"): value for path, value in b.arrays().items()
              if "dense_1" not in path}  # fmt: skip
    yield _good("model in a model", lambda folder: b.keras(folder, nested, weights=b.hdf5(values)))
    second = b.called(b.dense("dense_1", 2, 4), "dense")
    second["inbound_nodes"] = [[["dense", 0, 0, {}]]]
    first = b.called(b.dense("dense", 4, 3), "input_layer")
    first["inbound_nodes"] = [[["input_layer", 0, 0, {}]]]
    two = b.functional(first, second, inputs=[["input_layer", 0, 0]], outputs=[["dense_1", 0, 0]])
    yield _good("graph as Keras 2 writes it", with_config(two))
    for name, first in (("Keras 2", 1), ("Keras 3", 0)):
        yield _good(f"model called twice, as {name} writes it", lambda folder, at=first: b.keras(
            folder, _twice(at), weights=b.hdf5({})))  # fmt: skip
    yield _good("model called twice, counted from 0 and at the ends from 1", lambda folder: b.keras(
        folder, _twice(0, ends=1), weights=b.hdf5({})))  # fmt: skip
    dict_of_inputs = b.layer("Average", name="a") | {
        "name": "a",
        "inbound_nodes": [
            {"x": ["input_layer", 0, 0, {}], "args": [["input_layer", 0, 0, {}], ["_CONSTANT_VALUE", -1, 0.5, {}]]}
        ],
    }
    yield _good("layer called on a dict, as Keras 2 writes it", lambda folder: b.keras(
        folder, b.functional(dict_of_inputs, outputs=[["a", 0, 0]]), weights=b.hdf5({})))  # fmt: skip

    for constant in (2, 0.5, [1, 2]):  # whole, it looks like the number of a tensor
        power = b.layer("TFOpLambda", module="keras.src.layers.core.tf_op_layer", registered="TFOpLambda", name="p",
                        function="math.pow") | {"name": "p"}  # fmt: skip
        power["inbound_nodes"] = [["_CONSTANT_VALUE", -1, constant, {"y": ["input_layer", 0, 0]}]]
        yield _good(f"operation of Keras 2 on the constant {constant} first", lambda folder, p=power: b.keras(
            folder, b.functional(p, outputs="p"), weights=b.hdf5({})))  # fmt: skip
    for name, config in {"last": {}, "first": {"data_format": "channels_first"}}.items():
        yield _good(f"picture whose channels are {name}", lambda folder, c=config: b.keras_json(
            folder, picture(3, 3, **c)))  # fmt: skip
    # What is added up is spread out first: as wide as the widest of it, and not as the longest.
    wide, long = ([None, 1, 4], [None, 9, 1])
    one, other = (b.layer("InputLayer", batch_shape=shape, name=name, dtype="float32") | {
        "name": name, "inbound_nodes": []} for name, shape in (("w", wide), ("l", long)))  # fmt: skip
    added = b.layer("Add", name="a") | {"name": "a", "inbound_nodes": [
        {"args": [[b.tensor("l"), b.tensor("w")]], "kwargs": {}}]}  # fmt: skip
    spread = b.functional(one, other, added, b.called(b.dense("dense_1", 2, 4), "a"),
                          inputs=[["w", 0, 0], ["l", 0, 0]])  # fmt: skip
    spread["config"]["layers"].pop(0)
    yield _good("a Dense after a sum of what is long and what is wide", lambda folder: b.keras_json(folder, spread))
    states = b.called(b.layer("LSTM", name="l", units=1, return_state=True), "input_layer")
    third = b.called(b.layer("ReLU", name="r")) | {"inbound_nodes": [{"args": [b.tensor("l", tensor=2)], "kwargs": {}}]}
    yield _good("third tensor of a layer that has three", lambda folder: b.keras_json(
        folder, b.functional(states, third, outputs="r")))  # fmt: skip


def _twice(first: int, *, ends: int | None = None) -> b.Config:
    """f(f(x)): a layer that takes its own output, and a graph without a cycle. Keras 2 counts a node before the first.

    Keras 3 does not, where f is a Sequential; where it is a functional model, it does in `output_layers` alone.
    """
    ends = first if ends is None else ends
    inner = b.layer("Sequential", module="keras", name="f", layers=[b.input_layer(), b.layer("ReLU", name="r")])
    inner |= {"name": "f", "inbound_nodes": [[["input_layer", 0, 0, {}]], [["f", first, 0, {}]]]}
    after = b.called(b.layer("ReLU", name="s"), "f")
    after["inbound_nodes"] = [[["f", first + 1, 0, {}]]]
    return b.functional(inner, after, inputs=[["input_layer", 0, 0]], outputs=[["f", ends + 1, 0], ["s", 0, 0]])


def containers() -> Iterator[Case]:
    def bfloat16(file: h5py.File) -> None:
        del file["layers/dense/vars/0"]
        data = file.create_dataset("layers/dense/vars/0", data=np.ones((3, 4), "V2"))
        data.attrs["dtype"] = "bfloat16"

    def groups(file: h5py.File) -> None:
        file.create_group("layers/flatten/vars").attrs["name"] = "flatten"

    def optimizer(file: h5py.File) -> None:
        file["optimizer/vars/0"] = np.int64(3)

    def generator(file: h5py.File) -> None:
        file["layers/dense/seed_generator/vars/0"] = np.zeros(2, "u4")

    half = b.arrays() | {"layers/dense/vars/0": np.ones((3, 4), "f4")}
    yield _good("deflated", lambda folder: b.zipped(folder / "m.keras", b.entries(), zipfile.ZIP_DEFLATED))
    learnt = with_layer(b.layer("TextVectorization", name="s", vocabulary=None))
    yield _good("vocabulary as an asset", lambda folder: b.zipped(folder / "model.keras", b.entries(learnt) | {
        "assets/layers/text_vectorization/vocabulary.txt": b"a"}))  # fmt: skip
    yield _good("names beside the weights", lambda folder: named(folder, "dense", "dense_1"))
    yield _good("names beside the weights, of layers that were called otherwise", lambda folder: named(
        folder, "first", "second"))  # fmt: skip
    other = {**b.arrays(), "x": np.ones((5, 5))}
    for kind, made, like in (
        ("Adam", adam(), b.arrays()),
        ("an optimizer around another", scaled_adam(), b.arrays()),
        ("a larger model, which is not taken", adam(amsgrad=True), other),
        ("Adafactor", b.layer("Adafactor", module="keras.optimizers"), other),
    ):
        yield _good(f"state of {kind}", lambda folder, o=made, v=like: with_state(folder, o, v))
    mapped = b.layer("DTypePolicyMap", module="keras.dtype_policies", default_policy=None,
                     policy_map={"d/query": b.layer("QuantizedDTypePolicy", module="keras.dtype_policies", mode="int8",
                                                    source_name="float32")})  # fmt: skip
    yield _good("a policy for each layer inside", lambda folder: b.keras(folder, b.sequential(b.dense(
        "dense", 4, 3, dtype=mapped)), weights=b.hdf5({"layers/dense/vars/0": np.ones(3, "i1")})),
        "weights-not-compared")  # fmt: skip
    given = b.layer("Normalization", name="n", mean=[0.0], variance=[1.0])
    yield _good("a scale that is given", with_config(with_layer(given)))
    yield _good("asset", with_entry("assets/layers/text/vocabulary.txt", b"a\nb\n"))
    for at, words in enumerate(WORDS):
        yield _good(f"asset of words, {at}", with_entry("assets/layers/text/vocabulary.txt", words))
    for name, array in {"numbers": np.ones((3, 2)), "text": np.array(["a", "bc"]), "times": np.zeros(2, "M8[ns]"),
                        "records": np.zeros(2, [("a", "f4"), ("b", "i8", (2, 3))])}.items():  # fmt: skip
        yield _good(f"asset of an array of {name}", with_entry("assets/layers/scale/mean.npy", npy(array)))
    yield _good("asset of raw numbers", with_entry("assets/layers/scale/mean", np.arange(1000, dtype="f4").tobytes()))
    yield _good("assets by names that differ in an accent", with_entries("assets/caf\xe9", "assets/cafe"))
    yield _good("asset that packs well", deflated("assets/a.txt", b"abc" * 1_000_000))
    yield _good("release to come", lambda folder: b.keras(folder, about=b.metadata("99.0.0")), "newer-release")
    yield _good("release on the way", lambda folder: b.keras(folder, about=b.metadata("3.15.2.dev2026010203")))
    halves = np.zeros((1000, 1000), "f4")
    halves[::10] = np.random.default_rng(0).normal(size=(100, 1000))
    pruned = {"layers/dense/vars/0": halves, "layers/dense/vars/1": np.ones(1000, "f4")}
    yield _good("weights of which nine in ten are zeros, deflated", lambda folder: b.zipped(
        folder / "m.keras", b.entries(b.sequential(b.dense("dense", 1000, 1000), inputs=1000), b.hdf5(pruned)),
        zipfile.ZIP_DEFLATED))  # fmt: skip
    yield _good("zip with the ends of a large one", changed_bytes(with_large_end))
    yield _good("entry of somebody's", with_entry("README.md", b"my model"), "zip-foreign")
    short = b.model(dtype="bfloat16")
    for grouped in (False, True):
        yield _good(
            f"attention{', grouped' * grouped}", lambda folder, g=grouped: attention_file(folder, "", grouped=g)
        )
    yield _good("h5: attention", lambda folder: attention_hdf5(folder, ""))
    yield _good("bfloat16", lambda folder: b.keras(folder, short, weights=b.hdf5(b.arrays(), bfloat16)))
    yield _good(
        "a long release", lambda folder: b.keras(folder, about=b.metadata("3.16.0.dev2026110403+local.build-12"))
    )
    yield _good("groups without weights", with_weights(groups))
    yield _good("an activation with weights", lambda folder: b.keras(
        folder, b.model(activation=b.layer("PReLU", name="p")),
        weights=b.hdf5(b.arrays() | {"layers/dense/activation/vars/0": np.ones(4, "float32")})))  # fmt: skip
    yield _good("optimizer", with_weights(optimizer))
    yield _good("seed", with_weights(generator))
    yield _good("ones", with_weights(values=half))
    yield _good("compressed weights", _compressed)
    yield _good("weights where HDF5 is looked for", aligned("m.keras", "model.weights.h5", b.hdf5(b.arrays())))
    yield _good("HDF5 just beside where it is looked for", aligned("m.KERAS", "model.weights.h5", b.hdf5(b.arrays()),
                                                                    (1 << 15) + 1))  # fmt: skip
    yield _good("weights alone", _alone)
    yield _good("weights in shards", lambda folder: index(folder, None))
    yield _good("folder", unzipped)
    yield _good("whole HDF5", b.whole_hdf5)
    yield _good("whole HDF5 of two layers", lambda folder: two_dense(folder, [b"dense", b"dense_1"]))
    yield _good("whole HDF5 of a nested model", lambda folder: nested_hdf5(
        folder, {"kernel:0": np.ones((3, 4), "f4"), "bias:0": np.ones(4, "f4")}))  # fmt: skip
    yield _good("whole HDF5 of long ago", lambda folder: b.whole_hdf5(
        folder, change=lambda file: file.attrs.__setitem__("keras_version", b"2.0.2")))  # fmt: skip
    yield _good(".keras as Keras 2 writes it", lambda folder: b.keras(folder, b.sequential(
        b.dense("dense", 4, 3), b.dense("dense_1", 2, 4), first=b.layer("InputLayer", name="i", dtype="float32",
        sparse=False, ragged=False, batch_input_shape=[None, 3])), about=b.metadata("2.12.0")))  # fmt: skip
    yield _good(
        "whole HDF5 of an activation with weights",
        lambda folder: b.whole_hdf5(
            folder, b.legacy(b.legacy_dense(activation=b.legacy_layer("PReLU", name="p"))), change=_with_alpha
        ),
    )
    yield _good("whole HDF5, compiled", lambda folder: b.whole_hdf5(folder, training={
        "loss": "mse", "metrics": [[b.legacy_layer("MeanMetricWrapper", name="mae", fn="mean_absolute_error")]],
        "optimizer_config": b.legacy_layer("Custom>Adam", name="Adam")}))  # fmt: skip
    for what, node in {"": {"name": "a", "op": "AddV2"}, ", in bytes": "\n\x01a\x12\x05AddV2"}.items():
        layer = b.legacy_layer("TensorFlowOpLayer", name="o", node_def=node, constants={})
        yield _good(f"node of an operation{what}", lambda folder, o=layer: b.whole_hdf5(
            folder, b.legacy(b.legacy_dense(), o)))  # fmt: skip
    yield _good("config alone", lambda folder: b.keras_json(folder, b.graph()))
    yield _good("config and its weights", b.pair)
    for ending in (".h5", ".hdf5", "_weights.h5"):
        yield _good(f"config and its weights by name, {ending}", lambda folder, e=ending: b.keras_json(
            b.by_name(folder, e).parent, b.legacy(b.legacy_dense())))  # fmt: skip
    yield _good("config and its weights by name, of a layer that was called otherwise", lambda folder: b.keras_json(
        b.by_name(folder).parent, b.legacy(b.legacy_dense("dense_7"))))  # fmt: skip
    yield _good("config and its weights in a whole model", lambda folder: b.keras_json(
        b.whole_hdf5(folder).parent, b.legacy(b.legacy_dense())))  # fmt: skip
    yield _good("config alone, and a weight map in it",
                lambda folder: b.keras_json(folder, b.graph() | {"weight_map": {}}))  # fmt: skip
    yield _good("a Dense without units, as Keras 2 makes it", lambda folder: b.keras_json(
        folder, b.legacy(b.legacy_dense(units=0))))  # fmt: skip
    unbuilt = {key: value for key, value in b.dense("dense", 4, 3).items() if key != "build_config"}
    yield _good("model that was never built", lambda folder: b.keras(folder, b.layer(
        "Sequential", module="keras", name="s", layers=[unbuilt]), weights=b.hdf5({})))  # fmt: skip
    for made in (b.layer("GroupQueryAttention", name="a", head_dim=2, num_query_heads=2, num_key_value_heads=1),
                 b.layer("Attention", name="a"), b.layer("MixUp", name="a"), b.layer("ConvLSTM1D", name="a", filters=1,
                 kernel_size=1, return_state=True)):  # fmt: skip
        several = b.functional(b.called(made, "input_layer"), outputs=[["a", 0, 1]])
        yield _good(f"second tensor of {made['class_name']}", lambda folder, m=several: b.keras_json(folder, m))
    yield _good("HDF5 under another name", _renamed, "format-named-otherwise")
    zeros = b.arrays() | {"layers/dense/vars/0": np.zeros((3, 4), "f4")}
    yield _good("few zeros", with_weights(values=zeros))
    kernel = np.zeros((8, 8), "f4")
    square = b.sequential(b.dense("dense", 8, 8), inputs=8)
    twin = b.sequential(b.dense("dense", 8, 8), b.dense("dense_1", 8, 8), inputs=8)
    both = {f"layers/{name}/vars/{at}": value for name in ("dense", "dense_1")
            for at, value in enumerate((np.eye(8, dtype="f4"), np.ones(8, "f4")))}  # fmt: skip
    yield _good("one kernel twice", lambda folder: b.keras(folder, twin, weights=b.hdf5(both)), "duplicate-weights")
    wrapped = with_layer(b.layer("SpectralNormalization", name="s", layer=b.dense("inner", 4, 2)))
    inside = {"layer/vars/0": (2, 4), "layer/vars/1": (4,), "vars/0": (2, 4), "vars/1": (1, 4)}
    yield _good("wrapped", lambda folder: b.keras(folder, wrapped, weights=b.hdf5(b.arrays() | {
        f"layers/spectral_normalization/{name}": np.arange(np.prod(shape), dtype="f4").reshape(shape)
        for name, shape in inside.items()})))  # fmt: skip
    quantized = b.layer("QuantizedDTypePolicy", module="keras.dtype_policies", mode="int8", source_name="float32")
    packed = {"layers/dense/vars/0": np.ones((3, 4), "i1"), "layers/dense/vars/1": np.ones(4, "f4"),
              "layers/dense/vars/2": np.ones(4, "f4")}  # fmt: skip
    yield _good("weights of int8", lambda folder: b.keras(folder, b.sequential(b.dense(
        "dense", 4, 3, dtype=quantized)), weights=b.hdf5(packed)))  # fmt: skip
    for how in ("gptq", "awq"):
        yield _good(f"weights of {how}", lambda folder, h=how: calibrated(folder, h))
    around = b.layer("LSTM", name="l", units=1)
    for at in range(40):
        around = b.layer("Bidirectional", name=f"b{at}", layer=around)
    yield _good("forty layers, one around the other", lambda folder: b.keras_json(folder, b.sequential(around)))
    # What comes of a Lambda is not known, and a layer that is called twice has the shape of each call.
    large = b.input_layer(10**9)
    mean = b.layer("Lambda", name="l", function=b.function("mean", "keras.ops", "mean"))
    shrunk = b.sequential(mean, b.dense("dense", 10**3, 1), first=large)
    yield _good("a Dense after what makes a large input small", lambda folder: b.keras_json(folder, shrunk))
    twice = b.called(b.layer("ReLU", name="r"), "input_layer")
    twice["inbound_nodes"] += b.called(b.layer("ReLU"), "m", name="r")["inbound_nodes"]
    small = b.called(b.dense("d", 10**3, 1), "r")
    small["inbound_nodes"][0]["args"] = [b.tensor("r", 1)]
    shared = b.functional(twice, b.called(b.layer("Mean", module="keras.src.ops.numpy", axis=-1, keepdims=True),
                                          "r", name="m"), small, outputs="d")  # fmt: skip
    shared["config"]["layers"][0] |= {"config": {**large["config"], "name": "input_layer"}}
    yield _good("a layer that is called on much and on little", lambda folder: b.keras_json(folder, shared))
    for name, config in built(3).items():
        yield _good(f"built on enough: {name}", lambda folder, c=config: b.keras_json(folder, c))
    for name, config in sized(10, 9, 8).items():
        yield _good(f"not too much of {name}", lambda folder, c=config: b.keras_json(folder, c))
    for name, config in (widened(1000, 200) | many_calls(3, 6)).items():
        if "author" not in name:
            yield _good(f"widened, and not too much, by {name}", lambda folder, c=config: b.keras_json(folder, c))
    for name, shrinking in {
        "AdaptiveAveragePooling2D": b.layer("AdaptiveAveragePooling2D", name="p", output_size=[2, 2]),
        "Cropping2D": b.layer("Cropping2D", name="p", cropping=[[4995, 4995], [4995, 4995]]),
        "DepthwiseConv2D": b.layer("DepthwiseConv2D", name="p", kernel_size=[2, 2], strides=[5000, 5000]),
    }.items():  # fmt: skip
        small = b.sequential(shrinking, b.layer("Flatten", name="f"), b.layer("Dense", name="d", units=10**4))
        small["config"]["layers"][0]["config"]["batch_shape"] = [None, 10**4, 10**4, 3]
        yield _good(f"a large picture made small by {name}", lambda folder, c=small: b.keras_json(folder, c))
    yield _good("a kernel of zeros", lambda folder: b.keras(folder, square, weights=b.hdf5(
        {"layers/dense/vars/0": kernel, "layers/dense/vars/1": np.ones(8, "f4")})), "all-zero")  # fmt: skip


def _compressed(folder: Path) -> Path:
    values = {"layers/dense/vars/0": np.ones((300, 400), "f4"), "layers/dense/vars/1": np.ones(400, "f4")}
    data = b.hdf5(values, compression="gzip", shuffle=True, fletcher32=True)
    return b.keras(folder, b.sequential(b.dense("dense", 400, 300), inputs=300), weights=data)


def _alone(folder: Path) -> Path:
    path = folder / "m.weights.h5"
    path.write_bytes(b.hdf5(b.arrays()))
    return path


def _renamed(folder: Path) -> Path:
    return b.whole_hdf5(folder).rename(folder / "model.keras")


CASES = [*configs(), *containers()]
