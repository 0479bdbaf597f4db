"""Bad references: what a config names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.inspection import building as b
from tests.inspection.case import Case
from tests.inspection.changing import with_config, write
from tests.inspection.stowaways import pickles


def with_layer(*more: b.Config) -> b.Config:
    return b.sequential(b.dense("dense", 4, 3), b.dense("dense_1", 2, 4), *more)


def with_lambda(function: Any, **config: Any) -> b.Config:
    return with_layer(b.layer("Lambda", name="lambda", function=function, **config))


# Functions and classes of Keras that are no part of a model.
MISUSED = [
    ("keras.utils", "get_file"),
    ("keras.config", "enable_unsafe_deserialization"),
    ("keras.models", "load_model"),
    ("keras.saving", "load_model"),
    ("keras.saving", "load_weights"),
    ("keras.utils", "load_img"),
    ("keras.utils", "save_img"),
    ("keras.utils", "image_dataset_from_directory"),
    ("keras.utils", "plot_model"),
    ("keras.utils", "set_random_seed"),
    ("keras.saving", "deserialize_keras_object"),
    ("keras.layers", "deserialize"),
    ("keras.datasets.mnist", "load_data"),
    ("keras.applications", "ResNet50"),
    ("keras.models", "model_from_json"),
    ("keras.preprocessing.image", "load_img"),
    ("keras.backend", "clear_session"),
]
MISUSED_CLASSES = [
    ("keras.callbacks", "ModelCheckpoint"),
    ("keras.callbacks", "CSVLogger"),
    ("keras.callbacks", "RemoteMonitor"),
    ("keras.utils", "PyDataset"),
    ("keras.export", "ExportArchive"),
]
OUTSIDE = [
    ("os", "system"),
    ("posix", "system"),
    ("nt", "system"),
    ("subprocess", "run"),
    ("subprocess", "Popen"),
    ("builtins", "eval"),
    ("builtins", "exec"),
    ("builtins", "open"),
    ("builtins", "__import__"),
    ("importlib", "import_module"),
    ("pickle", "loads"),
    ("marshal", "loads"),
    ("code", "interact"),
    ("shutil", "rmtree"),
    ("socket", "create_connection"),
    ("urllib.request", "urlopen"),
    ("ctypes", "CDLL"),
    ("runpy", "run_path"),
    ("distutils.spawn", "spawn"),
    ("pip._internal", "main"),
    ("numpy", "load"),
    ("numpy.f2py", "compile"),
    ("tensorflow", "py_function"),
    ("tensorflow.io", "write_file"),
    ("torch", "load"),
    ("torch.hub", "load"),
    ("joblib", "load"),
    ("dill", "loads"),
    ("requests", "get"),
    ("pandas", "read_pickle"),
    ("webbrowser", "open"),
    ("multiprocessing", "Process"),
]
INTERNAL = [
    ("keras.src.utils.file_utils", "get_file"),
    ("keras.src.utils.python_utils", "func_load"),
    ("keras.src.saving.saving_api", "load_weights"),
    ("keras.src.saving.serialization_lib", "enable_unsafe_deserialization"),
    ("keras.utils.generic_utils", "func_load"),
    ("keras.src.backend.common.global_state", "set_global_attribute"),
    ("keras.src.models.cloning", "clone_graph_nodes"),
    ("keras.src.utils.file_utils", "copy"),
    ("keras.src.saving.saving_lib", "map"),
    ("keras.src.utils.file_utils", "Feature"),
]


def references() -> Iterator[Case]:
    """What is named, at the places where it can be named."""
    for module, name in MISUSED:
        yield Case(f"lambda of {module}.{name}", "unsafe", "builtin-misused",
                   with_config(with_lambda(b.function(name, module), arguments={"origin": b.MARKER})))  # fmt: skip
    for module, name in MISUSED_CLASSES:
        made = b.layer(name, module=module, filepath=b.MARKER)
        yield Case(f"{module}.{name} as a layer", "unsafe", "builtin-misused", with_config(with_layer(made)))
    for module, name in OUTSIDE:
        yield Case(f"function {module}.{name}", "unsafe", "outside-keras",
                   with_config(b.model(activation=b.function(name, module))))  # fmt: skip
    for module, name in (("os", "system"), ("subprocess", "Popen"), ("tensorflow.io", "write_file")):
        yield Case(f"class {module}.{name}", "unsafe", "outside-keras",
                   with_config(with_layer(b.layer(name, module=module, args=f"touch {b.MARKER}"))))  # fmt: skip
    for module, name in INTERNAL:
        yield Case(f"internal {module}.{name}", "unsafe", "keras-internal",
                   with_config(b.model(activation=b.function(name, module))))  # fmt: skip

    for name in ("print", "breakpoint", "exec", "exit"):
        for first in ("my_fn", "relu"):
            yield Case(f"function {first} that is registered as {name}", "unsafe", "outside-keras",
                       with_config(b.model(activation=b.function(first, registered=name))))  # fmt: skip
    yield Case("function of a class of Python's", "unsafe", "outside-keras",
               with_config(b.model(activation=b.function("type.mro"))))  # fmt: skip
    yield Case("function of Keras by its second name", "unsafe", "builtin-misused",
               with_config(b.model(activation=b.function("my_fn", "keras.models", "load_model"))))  # fmt: skip
    made = b.layer("Mine", module="keras.callbacks", registered="CSVLogger", name="m")
    yield Case("class of Keras by its second name", "unsafe", "builtin-misused", with_config(with_layer(made)))


def _system() -> b.Config:
    return b.function("system", "os", "system")


def _optimizer(**config: Any) -> b.Config:
    return b.layer("Adam", module="keras.optimizers", **config)


def places() -> Iterator[Case]:
    """`os.system`, wherever an object can stand."""
    inner = b.dense("inner", 4, 3, activation=_system())
    compiled = {"optimizer": "adam", "loss": "mse", "metrics": ["mae"]}
    spots: dict[str, Any] = {
        "in a wrapped layer": with_layer(b.layer("TimeDistributed", name="t", layer=inner)),
        "in a Bidirectional": with_layer(b.layer("Bidirectional", name="b", layer=inner)),
        "in a cell": with_layer(b.layer("RNN", name="r", cell=inner)),
        "in a list of cells": with_layer(
            b.layer("RNN", name="r", cell=b.layer("StackedRNNCells", name="s", cells=[inner]))
        ),
        "in a nested model": with_layer(b.sequential(inner)),
        "as an initializer": b.model(kernel_initializer=_system()),
        "as a regularizer": b.model(kernel_regularizer=_system()),
        "as a constraint": b.model(bias_constraint=_system()),
        "as a dtype": b.model(dtype=_system()),
        "as an argument of a Lambda": with_lambda(b.function("relu"), arguments={"f": _system()}),
        "as a Lambda's output shape": with_lambda(b.function("relu"), output_shape=_system()),
        "as a Lambda's mask": with_lambda(b.function("relu"), mask=_system()),
        "as the loss": b.model() | {"compile_config": compiled | {"loss": _system()}},
        "as the loss of an output": b.model() | {"compile_config": compiled | {"loss": {"out": _system()}}},
        "among the metrics": b.model() | {"compile_config": compiled | {"metrics": [["mae", _system()]]}},
        "as the optimizer": b.model() | {"compile_config": compiled | {"optimizer": _system()}},
        "as the learning rate": b.model()
        | {"compile_config": compiled | {"optimizer": _optimizer(learning_rate=_system())}},
        "in a build config": b.model() | {"build_config": {"input_shape": [None, 3], "f": _system()}},
        "in a list of lists": b.model(extra=[[[[{"a": _system()}]]]]),
        "where a name belongs": b.model(registered_name={"a": _system()}),
        "in a plain dictionary": b.model(extra={"a": {"b": {"c": _system()}}}),
        "in a layer of another class": with_layer(b.layer("Mine", module="mine", registered="my>Mine", f=_system())),
    }
    for name, config in spots.items():
        yield Case(f"os.system {name}", "unsafe", "outside-keras", with_config(config))
    call = b.called(b.dense("dense_1", 2, 4), "dense")
    call["inbound_nodes"][0]["kwargs"] = {"mask": _system()}
    yield Case("os.system in the arguments of a call", "unsafe", "outside-keras",
               with_config(b.functional(b.called(b.dense("dense", 4, 3), "input_layer"), call)))  # fmt: skip
    for name in ("__tuple__", "__bytes__", "__slice__", "__ellipsis__", "__keras_tensor__", "TensorShape",
                 "CompositeTensor", "TypeSpec", "__tensor__", "__numpy__"):  # fmt: skip
        made = b.layer(name, module="antigravity", name="t")
        yield Case(f"{name} of a module, as a layer", "unsafe", "outside-keras", with_config(with_layer(made)))
        yield Case(f"{name} of a module, as an initializer", "unsafe", "outside-keras",
                   with_config(b.model(kernel_initializer=made)))  # fmt: skip
        plain = {"class_name": name, "more": _system()}  # a dict of objects, without a config
        yield Case(f"os.system beside {name} without a config", "unsafe", "outside-keras",
                   with_config(b.model(kernel_initializer=plain)))  # fmt: skip
    home = "tensorflow.python.ops.init_ops_v2"
    for name, registered in (("math_ops", None), ("Constant", "math_ops"), ("_RandomGenerator", None)):
        beside = b.layer(name, module=home, registered=registered)
        yield Case(f"{name} beside TensorFlow's initializers, registered as {registered}", "unsafe", "outside-keras",
                   with_config(b.model(bias_initializer=beside)))  # fmt: skip
    for module, name in (("os", "TensorSpec"), ("tensorflow.evil", "TensorSpec"), ("keras.src", "TensorSpec"),
                         ("tensorflow.python.framework.tensor", "x.TensorSpec")):  # fmt: skip
        spec = {"class_name": "__typespec__", "module": module, "spec_name": name, "registered_name": None}
        yield Case(f"{module}.{name} as a type specification", "unsafe", "outside-keras",
                   with_config(b.model() | {"extra": spec | {"config": []}}))  # fmt: skip
    spec = {"class_name": "__typespec__", "module": "os", "spec_name": "system", "registered_name": None, "config": []}
    yield Case("os.system as a type specification", "unsafe", "outside-keras", with_config(b.model(extra=spec)))


def code() -> Iterator[Case]:
    """Python code and pickles."""
    yield Case("lambda in a Lambda", "unsafe", "python-code", with_config(with_lambda(b.python_lambda())))
    yield Case("lambda as an activation", "unsafe", "python-code", with_config(b.model(activation=b.python_lambda())))
    yield Case("lambda as a metric", "unsafe", "python-code",
               with_config(b.model() | {"compile_config": {"metrics": [b.python_lambda()]}}))  # fmt: skip
    yield Case("lambda as an output shape", "unsafe", "python-code",
               with_config(with_lambda(b.function("relu"), output_shape=b.python_lambda())))  # fmt: skip
    yield Case("code without its class", "unsafe", "python-code",
               with_config(b.model(f={"code": b.marshalled(), "defaults": None, "closure": None})))  # fmt: skip
    old = b.legacy_layer("Lambda", name="l", function=[b.marshalled(), None, None], function_type="lambda",
                         module="__main__", output_shape=None, output_shape_type="raw")  # fmt: skip
    yield Case(
        "h5 lambda", "unsafe", "python-code", lambda folder: b.whole_hdf5(folder, b.legacy(b.legacy_dense(), old))
    )
    shape = b.legacy_layer("Lambda", name="l", function="relu", function_type="function",
                           output_shape=[b.marshalled(), None, None], output_shape_type="lambda")  # fmt: skip
    yield Case("h5 lambda as an output shape", "unsafe", "python-code",
               lambda folder: b.whole_hdf5(folder, b.legacy(b.legacy_dense(), shape)))  # fmt: skip
    yield Case("h5 function of os", "unsafe", "outside-keras", lambda folder: b.whole_hdf5(folder, b.legacy(
        b.legacy_dense(), b.legacy_layer("Lambda", name="l", function="system", function_type="function",
                                         module="os"))))  # fmt: skip
    for module, name, rule in (("tensorflow._api.v2.io", "write_file", "outside-keras"),
                               ("keras.utils.data_utils", "get_file", "keras-internal"),
                               ("keras.utils", "get_file", "builtin-misused")):  # fmt: skip
        made = b.legacy_layer("Lambda", name="l", function=name, function_type="function", module=module)
        yield Case(f"h5 function {module}.{name}", "unsafe", rule, _whole(made))
    for key in ("output_shape", "mask"):
        for kind in ("function", "raw"):
            made = b.legacy_layer("Lambda", name="l", function="mine", function_type="function", module="__main__", **{
                key: "system" if kind == "function" else None, f"{key}_type": kind, f"{key}_module": "os"})  # fmt: skip
            yield Case(f"h5 {key} of os, {kind}", "unsafe", "outside-keras", _whole(made))
    for name, key in (("ResidualWrapper", "residual_fn"), ("DropoutWrapper", "dropout_fn"), ("Custom>Mine", "f")):
        for what, value in {"": [b.marshalled(), None, None], ", as text": b.marshalled()}.items():
            cell = b.legacy_layer(name, name="w", cell=b.legacy_layer("LSTMCell", name="c", units=3),
                                  **{key: value, f"{key}_type": "lambda", f"{key}_module": "x"})  # fmt: skip
            yield Case(f"h5 lambda as the {key} of a {name}{what}", "unsafe", "python-code",
                       _whole(b.legacy_layer("RNN", name="r", cell=cell)))  # fmt: skip
    for module in ("mypkg", None, "", 7):
        made = old | {"module": module, "registered_name": "my>L"}
        yield Case(f"h5 lambda of the module {module!r}", "unsafe", "python-code", _whole(made))
        yield Case(f"h5 lambda of the module {module!r}, wrapped", "unsafe", "python-code",
                   _whole(b.legacy_layer("TimeDistributed", name="t", layer=made)))  # fmt: skip
    yield Case("lambda of a module that is not known, wrapped", "unsafe", "python-code",
               with_config(with_layer(b.layer(
                   "TimeDistributed", name="t", layer=old | {"module": "mypkg"}))))  # fmt: skip
    yield Case("lambda by its second name", "unsafe", "python-code", with_config(with_layer(b.layer(
        "Mine", registered="Lambda", **old["config"]))))  # fmt: skip
    yield Case("h5 loss that is a lambda", "unsafe", "python-code", lambda folder: b.whole_hdf5(
        folder, training={"loss": b.python_lambda(), "optimizer_config": b.legacy_layer("Adam")}))  # fmt: skip
    yield Case("h5 metrics of os", "unsafe", "outside-keras", lambda folder: b.whole_hdf5(
        folder, training={"loss": "mse", "metrics": [_system()]}))  # fmt: skip
    yield Case(
        "json lambda", "unsafe", "python-code", lambda folder: b.keras_json(folder, with_lambda(b.python_lambda()))
    )
    for name, config in {
        "beside the config": with_lambda(b.python_lambda()) | {"weight_map": {}},
        "beside objects": {"weight_map": {}, "a": with_lambda(b.python_lambda())},
        "of objects": {"weight_map": {"a": b.python_lambda()}},
    }.items():
        yield Case(f"json lambda, a weight map {name}", "unsafe", "python-code", _json(config))

    def torch_module() -> b.Config:
        import base64

        return with_layer(b.layer("TorchModuleWrapper", name="t", module_=None) | {
            "config": {"name": "t", "module": base64.b64encode(b.pickled()).decode()}})  # fmt: skip

    yield Case("pickled torch module", "unsafe", "pickled-data", with_config(torch_module()))
    for ending in (".keras", ".h5"):
        for name, data in pickles().items():
            yield Case(f"a pickle named {ending}: {name}", "unsafe", "pickled-data",
                       lambda folder, at=f"m{ending}", data=data: write(folder / at, data))  # fmt: skip


def _json(config: Any) -> Callable[[Path], Path]:
    return lambda folder: b.keras_json(folder, config)


def _whole(*layers: b.Config) -> Callable[[Path], Path]:
    return lambda folder: b.whole_hdf5(folder, b.legacy(b.legacy_dense(), *layers))


def _features(**config: Any) -> b.Config:
    """Feature columns as Keras 2 keeps them."""
    column = b.legacy_layer("VocabularyFileCategoricalColumn", key="a", dtype="string", **config)
    columns = [b.legacy_layer("IndicatorColumn", categorical_column=column)]
    return b.layer("DenseFeatures", name="f", feature_columns=columns, partitioner=None)


def readers() -> Iterator[Case]:
    """Layers that read files or addresses, classes in the place of functions, and TensorFlow's functions by name."""
    outside: dict[str, b.Config] = {
        "TFSMLayer": b.layer("TFSMLayer", name="t", filepath="/tmp/somewhere", call_endpoint="serve"),
        "vocabulary file": b.layer("StringLookup", name="s", vocabulary="/etc/passwd"),
        "vocabulary at an address": b.layer("TextVectorization", name="s", vocabulary="https://example.org/v.txt"),
        "integer vocabulary": b.layer("IntegerLookup", name="s", vocabulary="../../secret"),
        "vocabulary file of a class of the author's": b.layer(
            "StringLookup", module="mypkg", registered="my>StringLookup", name="s", vocabulary="/etc/passwd"),
        "vocabulary file of a class without a module": b.layer("StringLookup", module=None, name="s", vocabulary="/v"),
        "vocabulary file of a feature": _features(vocabulary_file="/etc/passwd"),
        "vocabulary file of a feature, next to the model": _features(vocabulary_file="words"),
        "vocabulary file of a feature, at an address": _features(vocabulary_file="gs://mine/words.txt"),
        "checkpoint of a feature": _features(ckpt_to_load_from="/tmp/somewhere", tensor_name_in_ckpt="t"),
        "vocabulary file, wrapped": b.layer("TimeDistributed", name="t", layer=b.layer(
            "StringLookup", module="mypkg", name="s", vocabulary="/etc/passwd")),
        "hub layer": b.layer("KerasLayer", module="tensorflow_hub", handle="https://tfhub.dev/x"),
        "address of a custom layer": b.layer("Mine", module="mine", registered="my>Mine", url="http://example.org/a"),
    }  # fmt: skip
    for name, made in outside.items():
        yield Case(name, "unsafe", "reads-outside", with_config(with_layer(made)))
    for name, value in {"TFSMLayer": b.layer("Adam", module="keras.optimizers"),
                        "a metric": b.layer("Mean", module="keras.metrics"),
                        "Keras's own loader": b.layer("CSVLogger", module="keras.callbacks")}.items():  # fmt: skip
        yield Case(f"lambda of a class: {name}", "unsafe", "lambda-of-class", with_config(with_lambda(value)))
    for symbol in ("io.write_file", "io.read_file", "py_function", "numpy_function", "raw_ops.WriteFile",
                   "saved_model.load", "load_op_library", "keras.models.load_model", "no.such.symbol",
                   "experimental.numpy.experimental_enable_numpy_behavior", "experimental.numpy.random.seed",
                   "random.set_global_generator", "random.set_seed", "keras.backend.manual_variable_initialization",
                   "keras.backend.reset_uids", "keras.backend.experimental.disable_tf_random_generator",
                   "quantization.experimental.quantize_saved_model", "nn.fixed_unigram_candidate_sampler",
                   "no_gradient"):  # fmt: skip
        made = b.layer("TFOpLambda", module="keras.src.layers.core.tf_op_layer", registered="TFOpLambda",
                       name="o", function=symbol)  # fmt: skip
        yield Case(f"tf.{symbol}", "unsafe", "tensorflow-symbol", with_config(with_layer(made)))
    for kind, what in (("ClassMethod", {"cls_symbol": "io.TFRecordWriter", "method_name": "write"}),
                       ("ClassMethod", {"cls_symbol": "RaggedTensor", "method_name": "__new__"}),
                       ("ClassMethod", {"cls_ref": "RaggedTensor", "method_name": "from_tensor"}),
                       ("InstanceMethod", {"attr_name": "__reduce__"}),
                       ("InstanceProperty", {"attr_name": "__class__"})):  # fmt: skip
        made = b.layer(kind, module="keras.src.layers.core.tf_op_layer", registered=kind, name="o", **what)
        yield Case(f"{kind} {'.'.join(what.values())}", "unsafe", "tensorflow-symbol", with_config(with_layer(made)))
    for what, node in {
        "that writes": {"name": "w", "op": "WriteFile"},
        "that writes, in bytes": "\n\x01w\x12\x09WriteFile",
        "that writes, in bytes that look like text": '\n\x09op: "Add"\x12\x09WriteFile',
        "that writes, after another": "\n\x01w\x12\x03Add\x12\x09WriteFile",
        "in text": 'name: "w"\nop: "Add"\n',
        "that is not known": {"name": "w", "op": "Mine"},
        "that is a list": {"name": "w", "op": ["Add"]},
        "without an operation": {"name": "w"},
        "that is broken": "\n\x01w\x12\x09Add",
        "that is no text": 3,
    }.items():
        layer = b.legacy_layer("TensorFlowOpLayer", name="o", node_def=node)
        yield Case(f"node {what}", "unsafe", "tensorflow-symbol", _whole(layer))
    for place, config in {
        "a loss as a layer": with_layer(b.layer("MeanSquaredError", module="keras.losses", name="m")),
        "a layer as an initializer": b.model(kernel_initializer=b.dense("d", 1, 1)),
        "an initializer as the optimizer": b.model() | {"compile_config": {"optimizer": b.initializer("Zeros")}},
    }.items():
        yield Case(place, "corrupt", "wrong-kind", with_config(config))
    custom: dict[str, b.Config] = {
        "registered layer": with_layer(b.layer("Mine", module="mine.layers", registered="mine>Mine", name="m")),
        "features of which none is in a file": with_layer(
            _features(vocabulary_file="", vocabulary_path=None, ckpt_to_load_from=None)),
        "lookup of the author's, its words in the file": with_layer(
            b.layer("StringLookup", module="mypkg", registered="my>StringLookup", name="s", vocabulary=["/v"])),
        "Lambda of the author's, without a function": with_layer(
            b.layer("Lambda", module="mypkg", registered="my>Lambda", name="m", function=None)),
        "layer of __main__": with_layer(b.layer("Mine", module=None, registered="Mine", name="m")),
        "registered activation": b.model(activation=b.function("swoosh", "mine", "mine>swoosh")),
        "function by its name": b.model(activation=b.function("swoosh")),
        "activation that hides the author's": b.model(activation=b.function("relu", "keras.activations", "mine>relu")),
        "function that hides the author's": b.model(activation=b.function("relu", registered="mine>relu")),
        "layer that hides the author's": with_layer(b.layer("ReLU", registered="Custom>ReLU", name="r")),
        "a tuple that is registered": with_layer(b.layer("__tuple__", module=None, registered="mine>T", name="m")),
        "loss by its name": b.model() | {"compile_config": {"loss": "my_loss"}},
        "layer of keras_hub": with_layer(b.layer("X", module="keras_hub.layers", registered="keras_hub>X", name="m")),
        "layer of addons": with_layer(b.layer("GroupNormalization", module="tensorflow_addons.layers",
                                              registered="Addons>GroupNormalization", name="m")),
        "layer by the name of one of Keras's, with arguments of its own": with_layer(
            b.layer("Dense", module=None, registered="mine>Dense", name="m", u=3)),
        "layer by the name of one of Keras's, with weights of its own": with_layer(
            b.layer("LayerNormalization", module=None, registered="mine>LayerNormalization", name="m")
            | {"build_config": {"input_shape": [None, 2]}}),
        "metric by a name of Python's": b.model() | {"compile_config": {"metrics": [b.function("sum")]}},
        "operation by its name": with_lambda(b.function("abs")),
        "function that is registered by its name": b.model(activation=b.function("my_fn", registered="my_fn")),
        "function that is registered as one that computes": b.model(activation=b.function("my_fn", registered="abs")),
    }  # fmt: skip
    for name, config in custom.items():
        yield Case(f"custom: {name}", "needs custom objects", "custom-object", with_config(config))
    yield Case("custom: h5 layer", "needs custom objects", "custom-object", lambda folder: b.whole_hdf5(
        folder, b.legacy(b.legacy_dense(), b.legacy_layer("Custom>Mine", name="m"))))  # fmt: skip
    yield Case("custom: h5 layer by the name of one of Keras", "needs custom objects", "custom-object",
               _whole(b.legacy_layer("Custom>Attention", name="m")))  # fmt: skip
    yield Case("custom: h5 function of the author's", "needs custom objects", "custom-object", _whole(b.legacy_layer(
        "Lambda", name="l", function="mine", function_type="function", module="__main__", output_shape=None,
        output_shape_type="raw", output_shape_module=None)))  # fmt: skip
    yield Case("a class in another module than known", "unsupported", "unknown-part",
               with_config(with_layer(b.layer(
                   "ReLU", module="keras.src.layers.activations.rect", name="r"))))  # fmt: skip
    own = b.legacy_layer("LayerNormalization", name="m", my=2)
    yield Case("custom: h5 layer with an argument that Keras's has not", "needs custom objects", "custom-object",
               lambda folder: b.whole_hdf5(folder, b.legacy(b.legacy_dense(), own)))  # fmt: skip
    yield Case("an argument of a release to come", "unsupported", "unknown-part", lambda folder: b.keras(
        folder, b.model(new_argument=1), about=b.metadata("99.0.0")))  # fmt: skip
    yield Case("an argument of a release long ago", "unsupported", "unknown-part", lambda folder: b.whole_hdf5(
        folder, b.legacy(b.legacy_dense(old_argument=1)),
        change=lambda file: file.attrs.__setitem__("keras_version", b"2.3.1")))  # fmt: skip
    for name, more, verdict, rule in (
        ("ResidualWrapper", {}, "needs custom objects", "custom-object"),
        ("DropoutWrapper", {"input_keep_prob": 0.5, "seed": None}, "needs custom objects", "custom-object"),
        ("DropoutWrapper", {"dropout_fn": [b.marshalled(), None, None], "dropout_fn_type": "lambda"}, "unsafe",
         "outside-keras"),
        ("ResidualWrapper", {"residual_fn": [b.marshalled(), None, None], "residual_fn_type": "lambda"}, "unsafe",
         "outside-keras"),
        ("CompiledWrapper", {}, "unsafe", "outside-keras"),
    ):  # fmt: skip
        wrapper = b.layer(name, module="tensorflow.python.keras.layers.rnn_cell_wrapper_v2", registered=name, name="w",
                          cell=b.legacy_layer("SimpleRNNCell", name="c", units=3), **more)  # fmt: skip
        yield Case(f"{name} of tf.nn with {', '.join(more) or 'a cell'}", verdict, rule,
                   with_config(with_layer(b.layer("RNN", name="r", cell=wrapper))))  # fmt: skip
    yield Case("a layer that no release has", "unsupported", "unknown-part",
               with_config(with_layer(b.layer("HyperDense", name="h"))))  # fmt: skip


CASES = [*references(), *places(), *code(), *readers()]
