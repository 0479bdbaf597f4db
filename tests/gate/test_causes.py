"""Every cause is recognised by what it says and holds, and by nothing less."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from harness.expectations.finding import Finding
from harness.gate.causes import Break, cause_of, causes, diagnose
from harness.gate.result import Options, Result
from harness.protocol.architecture import Architecture, Call, Compile, Data, Input, Name, Node, Ref, dumps
from tests.gate.test_status import failed

AUTO = Compile({"optimizer": "sgd", "loss": "mse", "steps_per_execution": "auto"}, Data((2, 1)), 1)
CONV_LSTM = Call("layers.ConvLSTM1D", {"filters": 3, "kernel_size": 3})
TOLD = Node("n", Call("layers.Dropout", {"rate": 0.5}), (Ref("x"),), {"training": True})


def with_layer(finding: Finding, call: object) -> Finding:
    compiled = call if isinstance(call, Compile) else None
    layer = Call("layers.Dense", {"units": 1}) if compiled else call
    node = layer if isinstance(layer, Node) else Node("n", layer, (Ref("x"),))
    model = Architecture("m", inputs=(Input("x", (3,)),), nodes=(node,), outputs=Ref("n"), compile=compiled)
    return replace(finding, architecture=model)


LEGACY = "Note that the legacy SavedModel format is not supported by `load_model()` in Keras 3."
# For each cause: what is said in the release that reads, the direction, the layer, the observation; of some the place,
# the release, the format of a file of the user's, or that it holds something of its author's own, the kind of the
# difference, and the release that saved it.
SAID = {
    "own-code-not-imported": (
        "No module named 'keras.engine'", "forward", Call("layers.Dense"), "import",
    ),
    "keras-2-module-path": (
        "Could not deserialize class 'Functional' because its parent module keras.src.engine cannot be imported.",
        "forward", Call("layers.Dense"), "travel",
    ),
    "json-text-of-keras-2": (
        "Could not locate class 'Functional'. Make sure custom classes and functions are decorated",
        "forward", Call("layers.Dense"), "travel",
    ),
    "depthwise-groups": (
        "Exception encountered: Unrecognized keyword arguments passed to DepthwiseConv2D: {'groups': 1}",
        "forward", Call("layers.DepthwiseConv2D"), "travel",
    ),
    "separable-kernel-arguments": (
        "Unrecognized keyword arguments passed to SeparableConv2D: {'groups': 1, 'kernel_initializer': {}}",
        "forward", Call("layers.SeparableConv2D"), "travel",
    ),
    "time-major": (
        "Unrecognized keyword arguments passed to LSTM: {'time_major': False}",
        "forward", Call("layers.LSTM"), "travel",
    ),
    "shapes-of-an-attention": (
        "Unrecognized keyword arguments passed to MultiHeadAttention: {'query_shape': [None, 4, 6]}",
        "forward", Call("layers.MultiHeadAttention"), "travel",
    ),
    "nested-sequential": (
        "Invalid Functional model configuration. The graph of layers in the model either has loops",
        "forward", Architecture("inner", form="sequential"), "travel",
    ),
    "training-configuration-only": (
        "Could not deserialize 'keras.metrics.mse' because it is not a KerasSaveable subclass",
        "forward", Call("layers.Dense"), "travel",
    ),
    "batch-shape-of-an-input": (
        "Error when deserializing class 'InputLayer' using config={}. Unrecognized keyword arguments: ['batch_shape']",
        "back", Call("layers.Dense"), "travel",
    ),
    "operations-in-h5": ("Unknown layer: 'GreaterEqual'.", "", Name("operator.ge"), "travel"),
    "built-in-layer-removed": (
        "Unknown layer: 'ThresholdedReLU'.", "forward", Call("layers.ThresholdedReLU"), "travel",
    ),
    "hard-sigmoid-formula": ("", "forward", Call("layers.Dense", {"activation": "hard_sigmoid"}), "outputs"),
    "told-to-train": ("", "forward", TOLD, "repeats"),
    "function-in-a-loss": (
        "Exception encountered: SparseCategoricalCrossentropy.__init__() got an unexpected keyword argument 'fn'",
        "forward", Call("layers.Dense"), "travel",
    ),
    "dtype-policy-of-keras-2": (
        "'str' object has no attribute 'quantization_mode'", "forward", Call("layers.Dense"), "travel",
    ),
    "spatial-dropout-arguments": (
        "SpatialDropout2D.__init__() got an unexpected keyword argument 'trainable'",
        "forward", Call("layers.SpatialDropout2D"), "travel",
    ),
    "tensors-as-call-arguments": (
        "The following argument value should be passed as a keyword argument: input_2 (of type <class 'str'>)",
        "forward", Call("layers.StackedRNNCells"), "travel",
    ),
    "trainable-of-a-discretization": (
        "Discretization.__init__() got an unexpected keyword argument 'trainable'",
        "forward", Call("layers.Discretization"), "travel",
    ),
    "hdf5-under-a-keras-name": (
        "File not found: filepath=/x/model.keras. Please ensure the file is an accessible `.keras` zip file.",
        "forward", Call("layers.Dense"), "travel",
    ),
    "numbers-of-layers-of-one-class": (
        "A total of 1 objects could not be loaded. Layer 'a' expected 2 variables, but received 0 variables",
        "forward", Call("layers.Conv2D"), "travel",
    ),
    "wrapped-layer-not-found": (
        "Could not locate class 'EinsumDense'. Make sure custom classes and functions are decorated",
        "forward", Call("layers.TimeDistributed", {"layer": Call("layers.EinsumDense")}), "travel",
    ),
    "hdf5-under-another-name": (
        f"File format not supported: filepath=/x/model. {LEGACY}", "forward", Call("layers.Dense"), "travel",
        "", "", "hdf5",
    ),
    "keras-zip-under-another-name": (
        f"File format not supported: filepath=/x/model.KERAS. {LEGACY}", "", Call("layers.Dense"), "travel",
        "", "", "keras",
    ),
    "saved-model-folder": (
        f"File format not supported: filepath=/x. {LEGACY}", "forward", Call("layers.Dense"), "travel",
        "", "", "saved_model",
    ),
    "one-tensor-becomes-a-list": ("", "forward", Call("layers.Dense"), "structure", "takes", "3.4.1"),
    "tf-keras-module-path": (
        "Could not deserialize class 'Functional' because its parent module tf_keras.src.engine cannot be imported.",
        "back", Call("layers.Dense"), "travel",
    ),
    "conv-lstm-recurrent-activation": (
        "", "forward", CONV_LSTM, "outputs", "inner/conv_lstm1_d", "",
    ),
    "order-of-the-axes-of-a-layer-normalization": (
        "Shape mismatch in layer #3 (named layer_normalization)for weight layer_normalization/beta. Weight expects"
        " shape (3, 2, 1). Received saved weight with shape (1, 3, 2)",
        "forward", Call("layers.LayerNormalization", {"axis": [4, 2, 3]}), "travel",
    ),
    "slash-in-a-name": (
        "Argument `name` must be a string and cannot contain character `/`. Received: name=a/b (of type <class 'str'>)",
        "", Call("layers.Dense"), "build",
    ),
    "crossing-of-three": (
        "Exception encountered when calling HashedCrossing.call().\n\nExpected as input a list/tuple of 2 tensors.",
        "", Call("layers.HashedCrossing"), "build",
    ),
    "steps-per-execution-auto": (
        "'str' object cannot be interpreted as an integer", "", AUTO, "training",
    ),
    "random-crop-when-not-training": ("", "forward", Call("layers.RandomCrop", {"height": 2, "width": 2}), "outputs"),
    "layers-of-a-subclassed-model": (
        "Layer 'lstm_cell' expected 3 variables, but received 0 variables during loading. Expected: ['a/kernel:0']",
        "back", Call("custom.Steps"), "travel",
    ),
    "dtype-policy-of-keras-3": ("'str' object has no attribute 'name'", "back", Call("custom.TwoBranches"), "travel"),
    "own-weights-of-a-model": (
        "Shape mismatch in layer #0 (named late)for weight late/factor. Weight expects shape (2,).",
        "forward", Call("custom.Late"), "travel",
    ),
    "contrast-in-one-direction": (
        "", "forward", Call("layers.RandomContrast", {"factor": 1.0}), "config",
        "layers/inner/config/layers/random_contrast/config/factor", "",
    ),
    "center-crop-that-enlarges": (
        "", "forward", Call("layers.CenterCrop", {"height": 9, "width": 9, "dtype": "mixed_bfloat16"}), "outputs",
        "inner/center_crop", "",
    ),
    "dtype-behind-a-spectral-normalization": (
        "", "forward",
        Call("layers.SpectralNormalization", {"layer": Call("layers.Dense", {"units": 2}), "dtype": "mixed_bfloat16"}),
        "outputs",
    ),
    "h5-optimizer-built-for-no-variables": (
        "", "forward", Call("layers.Dense"), "slots", "slots", "3.16.0.dev2026102704",
    ),
    "optimizer-of-keras-2": (
        "", "forward", Call("layers.Dense"), "optimizer", "iterations", "3.15.1", "keras", "", "2.15.0",
    ),
    "names-of-an-attention-in-weights": (
        "Layer 'value' expected 1 variables, but received 0 variables during loading. Expected: ['a/value/kernel:0']",
        "back", Call("layers.MultiHeadAttention", {"num_heads": 1, "key_dim": 2}), "travel",
    ),
    "batch-normalization-over-several-axes": (
        "int() argument must be a string, a bytes-like object or a real number, not 'list'",
        "", Call("layers.BatchNormalization", {"axis": [1, 2]}), "build",
    ),
    "crossentropy-as-a-metric": (
        "Could not interpret metric identifier: ce\nInvalid `metrics`. `metrics` should contain metrics objects",
        "", Call("layers.Dense"), "training",
    ),
    "sizes-of-an-einsum-dense": (
        "", "forward", Call("layers.EinsumDense", {"equation": "abc,cd->abd", "output_shape": [None, 1]}), "structure",
        "outputs/0/0/1", "3.15.1",
    ),
    "lookups-compute-in-int64": (
        "", "forward", Call("layers.StringLookup", {"output_mode": "count"}), "outputs", "outputs", "", "", "dtype",
    ),
    "optimizer-arguments-of-keras-2": (
        "Argument(s) not recognized: {'jit_compile': False, 'is_legacy_optimizer': False}",
        "forward", Call("layers.Dense"), "travel",
    ),
    "arguments-of-keras-3": (
        "Exception encountered: ('Keyword argument not understood:', 'quantization_config')",
        "back", Call("layers.Dense"), "travel",
    ),
    "interpolation-removed": (
        "Invalid value for argument `interpolation`. Expected of one ('bilinear', 'nearest'). Received: gaussian",
        "", Call("layers.Resizing"), "build",
    ),
    "summary-of-a-discretization": (
        "", "forward", Call("layers.Discretization", {"num_bins": 4}), "weights", "discretization/summary",
    ),
    "discretization-among-layers-with-weights": (
        "Layer count mismatch when loading weights from file. Model expected 0 layers, found 1 saved layers.",
        "forward", Call("layers.Discretization", {"num_bins": 4}), "travel",
    ),
    "dtype-of-a-symbolic-output": (
        "", "forward", Call("layers.ZeroPadding1D"), "structure", "outputs/0/1", "3.15.1", "", "", "2.15.0",
    ),
    "h5-optimizer-with-defaults": (
        "", "forward", Call("layers.Dense"), "compile", "config/beta_2", "3.15.1", "hdf5", "", "2.15.0",
    ),
    "own-class-missing": ("Unknown layer: 'mine>Scale'.", "", Call("custom.Scale"), "travel", "", "", "own"),
}  # fmt: skip


@pytest.mark.parametrize("cause", SAID)
def test_a_cause_is_recognised_by_what_is_said_and_what_is_held(cause: str) -> None:
    message, direction, layer, observation, *rest = SAID[cause]
    place, keras, file, kind, saved_by = (*rest, "", "", "", "", "")[:5]
    finding = with_layer(failed(message, observation=observation), layer)
    finding = replace(finding, direction=direction, where=place, kind=kind)
    model = dumps(finding.architecture)
    told = (
        cause_of(
            Break(observation, direction, message, place, model, keras, file, own=file == "own", saved_by=saved_by)
        )
        if file
        else diagnose(finding, keras, saved_by)
    )
    assert told is not None
    assert told.id == cause
    assert told.explanation
    assert told.remedy


@pytest.mark.parametrize(
    ("cause", "observation", "said", "where", "config"),
    [
        ("contrast-in-one-direction", "config", "", "layers/random_contrast/config/factor",
         '{"class_name": "RandomContrast", "config": {"factor": 0.2}}'),
        ("random-crop-when-not-training", "outputs", "", "outputs/0",
         '{"class_name": "RandomCrop", "config": {"height": 2}}'),
        ("dtype-behind-a-spectral-normalization", "outputs", "", "outputs/0",
         '{"class_name": "SpectralNormalization", "config": {"dtype": {"config": {"name": "mixed_bfloat16"}}}}'),
        ("order-of-the-axes-of-a-layer-normalization", "travel", "in layer_normalization: shapes differ", "",
         '{"class_name": "LayerNormalization", "config": {"name": "layer_normalization", "axis": [3, 1, 2]}}'),
        ("operations-in-h5", "travel", "Unknown layer: 'NotEqual'.", "",
         '{"class_name": "NotEqual", "config": {"name": "not_equal"}, "name": "not_equal", "inbound_nodes": []}'),
        ("operations-in-h5", "travel", "Unknown layer: 'Sum'.", "",
         '{"class_name": "Sum", "config": {"name": "sum", "axis": 1, "keepdims": false}, "name": "sum"}'),
        ("own-weights-of-a-model", "travel", "Shape mismatch in layer #0 (named mine)for weight mine/factor.", "",
         '{"class_name": "Mine", "registered_name": "pkg>Mine"}'),
    ],
)  # fmt: skip
def test_a_cause_is_recognised_in_the_config_of_a_file_as_well(
    cause: str, observation: str, said: str, where: str, config: str
) -> None:
    told = cause_of(Break(observation, "forward", said, where, config))
    assert told is not None
    assert told.id == cause


@pytest.mark.parametrize("module", ["keras.src.engine.functional", "'keras.src.engine.functional'"])
def test_the_words_of_a_coming_release_are_understood(module: str) -> None:
    """Keras 3.16 puts quotation marks around the module."""
    said = f"TypeError: Could not deserialize class 'Functional' because its parent module {module} cannot be imported."
    told = cause_of(Break("travel", "forward", said))
    assert told is not None
    assert told.id == "keras-2-module-path"
    other = cause_of(Break("travel", "forward", said.replace("keras.src", "tf_keras.src")))
    assert other is not None
    assert other.id == "tf-keras-module-path"


# What expressions look for first, written again and again by somebody who means them no good.
AGAIN = ('"axis":[1,', '"LayerNormalization","config"', '"arguments":{"dtype":"float16","layer":', "'InputLayer'",
         '"SpectralNormalization","config"', "'InputLayer'Unrecognized keyword arguments", '"registered_name":"a',
         "Unrecognized keyword arguments ", "layernormalization", "Cannot assign value to variable",
         '"layer":{"$":"Call",', '"output_shape":[null]', '"EinsumDense","config"', '"BatchNormalization","config"',
         '"output_mode":"count"', 'StringLookup"')  # fmt: skip


@pytest.mark.parametrize("text", AGAIN)
def test_no_stranger_s_text_keeps_a_cause_searching(text: str) -> None:
    many = text * (300_000 // len(text))
    started = time.thread_time()
    cause_of(Break("travel", "forward", many))
    for row in causes():
        replace(row, observation="", direction="", error="", where="", keras="", format="").matches(
            Break("", "", model=many)
        )
    assert time.thread_time() - started < 5


def test_a_cause_of_some_releases_and_one_format_is_told_of_no_other() -> None:
    lost = Break("slots", "forward", where="slots", keras="3.15.1", format="hdf5")
    assert cause_of(lost) is not None
    for other in (replace(lost, keras="3.14.0"), replace(lost, keras=""), replace(lost, format="keras")):
        assert cause_of(other) is None


def test_a_layer_of_the_author_s_own_is_no_operation() -> None:
    own = '{"class_name": "Mine", "config": {"name": "mine", "trainable": true, "dtype": "float32"}, "name": "mine"}'
    assert cause_of(Break("travel", "forward", "Unknown layer: 'Mine'.", model=own, format="hdf5")) is None


def test_what_keras_2_says_of_a_class_that_a_keras_file_names_and_nobody_gave_is_understood() -> None:
    """It takes the name for the class, and calls it."""
    broken = Break("travel", "forward", "TypeError: 'str' object is not callable", keras="2.15.0", own=True)
    told = cause_of(broken)
    assert told is not None
    assert told.id == "own-class-missing"
    assert cause_of(replace(broken, own=False)) is None


def test_no_file_of_the_later_release_is_advised_for_the_way_back() -> None:
    message, _, layer, observation = SAID["keras-2-module-path"]
    finding = with_layer(failed(message, observation=observation), layer)
    forward, back = (diagnose(replace(finding, direction=way)) for way in ("forward", "back"))
    assert forward is not None
    assert back is not None
    assert "save it as .h5" in forward.what_to_do()
    assert back.what_to_do() == "build the model anew by its own code and load its weights alone"


def test_every_cause_has_a_case_and_a_name_of_its_own() -> None:
    assert [cause.id for cause in causes()] == list(SAID)


def test_what_fits_no_cause_has_none() -> None:
    assert diagnose(with_layer(failed("something else"), Call("layers.Dense"))) is None


def test_a_lookup_is_the_cause_of_another_dtype_and_of_no_other_number() -> None:
    layer = Call("layers.IntegerLookup", {"output_mode": "one_hot"})
    differs = replace(with_layer(failed("", observation="outputs"), layer), where="outputs", kind="dtype")
    told = diagnose(differs)
    assert told is not None
    assert told.id == "lookups-compute-in-int64"
    assert diagnose(replace(differs, kind="value")) is None
    assert diagnose(with_layer(differs, Call("layers.IntegerLookup", {"output_mode": "int"}))) is None
    assert diagnose(with_layer(differs, Call("layers.CategoryEncoding", {"output_mode": "one_hot"}))) is None


def test_a_layer_of_any_name_has_its_cause_by_its_class_and_what_stands_beside_it_changes_nothing() -> None:
    given = Call("layers.LSTM", {"units": 1, "recurrent_activation": "tanh"})
    for beside in ([given, CONV_LSTM], [CONV_LSTM, given], [Call("layers.Bidirectional", {"layer": given}), CONV_LSTM]):
        nodes = tuple(Node(f"n{number}", layer, (Ref("x"),)) for number, layer in enumerate(beside))
        model = Architecture("m", inputs=(Input("x", (3,)),), nodes=nodes, outputs=Ref("n0"))
        finding = replace(failed("", observation="outputs"), architecture=model, where="inner/dash-ed")
        told = diagnose(replace(finding, layers=("ConvLSTM1D",)))
        assert told is not None
        assert told.id == "conv-lstm-recurrent-activation"
        assert diagnose(replace(finding, layers=("LSTM",))) is None


def test_a_recurrent_activation_that_the_code_gives_is_not_the_one_that_was_changed() -> None:
    given = Call("layers.ConvLSTM2D", {"filters": 1, "kernel_size": 2, "recurrent_activation": "tanh"})
    finding = replace(with_layer(failed("", observation="outputs"), given), where="inner/conv_lstm2_d")
    assert diagnose(finding) is None


def test_the_way_forward_from_a_later_release_is_the_way_back() -> None:
    message, _, layer, observation = SAID["batch-shape-of-an-input"]
    finding = replace(with_layer(failed(message, observation=observation), layer), direction="forward")
    for older, newer, cause in (("3.15.1", "2.15.0", "batch-shape-of-an-input"), ("2.15.0", "3.15.1", None)):
        sides = {"baseline": {"keras": older}, "candidate": {"keras": newer}}
        told = Result(Options(None, "a", "b"), sides).cause(finding)
        assert (told and told.id) == cause
