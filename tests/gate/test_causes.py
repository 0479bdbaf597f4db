"""Every cause is recognised by what it says and holds, and by nothing less."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import pytest

from harness.expectations.finding import Finding
from harness.gate.causes import Break, cause_of, causes, diagnose
from harness.protocol.architecture import Architecture, Call, Compile, Data, Input, Name, Node, Ref, dumps
from tests.gate.test_status import failed

AUTO = Compile({"optimizer": "sgd", "loss": "mse", "steps_per_execution": "auto"}, Data((2, 1)), 1)
DENSE = Call("layers.Dense")
CONV_LSTM = Call("layers.ConvLSTM1D", {"filters": 3, "kernel_size": 3})
TOLD = Node("n", Call("layers.Dropout", {"rate": 0.5}), (Ref("x"),), {"training": True})


def with_layer(finding: Finding, call: object) -> Finding:
    compiled = call if isinstance(call, Compile) else None
    layer = Call("layers.Dense", {"units": 1}) if compiled else call
    node = layer if isinstance(layer, Node) else Node("n", layer, (Ref("x"),))
    model = Architecture("m", inputs=(Input("x", (3,)),), nodes=(node,), outputs=Ref("n"), compile=compiled)
    return replace(finding, architecture=model)


LEGACY = "Note that the legacy SavedModel format is not supported by `load_model()` in Keras 3."


@dataclass(frozen=True)
class Case:
    """What is said in the release that reads, and what else a break shows; `own` is of a file of the author's own."""

    said: str = ""
    layer: object = DENSE
    direction: str = "forward"
    observation: str = "travel"
    where: str = ""
    keras: str = ""
    saved_by: str = ""
    format: str = ""
    kind: str = ""
    own: bool = False

    @property
    def finding(self) -> Finding:
        found = with_layer(failed(self.said, observation=self.observation), self.layer)
        error = found.error if self.said else None
        return replace(found, direction=self.direction, where=self.where, kind=self.kind, error=error)


SAID = {
    "own-code-not-imported": Case("No module named 'keras.engine'", observation="import"),
    "keras-2-module-path": Case(
        "Could not deserialize class 'Functional' because its parent module keras.src.engine cannot be imported."
    ),
    "json-text-of-keras-2": Case(
        "Could not locate class 'Functional'. Make sure custom classes and functions are decorated"
    ),
    "depthwise-groups": Case(
        "Exception encountered: Unrecognized keyword arguments passed to DepthwiseConv2D: {'groups': 1}",
        layer=Call("layers.DepthwiseConv2D"),
    ),
    "separable-kernel-arguments": Case(
        "Unrecognized keyword arguments passed to SeparableConv2D: {'groups': 1, 'kernel_initializer': {}}",
        layer=Call("layers.SeparableConv2D"),
    ),
    "time-major": Case(
        "Unrecognized keyword arguments passed to LSTM: {'time_major': False}", layer=Call("layers.LSTM")
    ),
    "shapes-of-an-attention": Case(
        "Unrecognized keyword arguments passed to MultiHeadAttention: {'query_shape': [None, 4, 6]}",
        layer=Call("layers.MultiHeadAttention"),
    ),
    "nested-sequential": Case(
        "Invalid Functional model configuration. The graph of layers in the model either has loops",
        layer=Architecture("inner", form="sequential"),
    ),
    "training-configuration-only": Case(
        "Could not deserialize 'keras.metrics.mse' because it is not a KerasSaveable subclass"
    ),
    "batch-shape-of-an-input": Case(
        "Error when deserializing class 'InputLayer' using config={}. Unrecognized keyword arguments: ['batch_shape']",
        direction="back",
    ),
    "operations-in-h5": Case("Unknown layer: 'GreaterEqual'.", direction="", layer=Name("operator.ge")),
    "built-in-layer-removed": Case("Unknown layer: 'ThresholdedReLU'.", layer=Call("layers.ThresholdedReLU")),
    "hard-sigmoid-formula": Case(layer=Call("layers.Dense", {"activation": "hard_sigmoid"}), observation="outputs"),
    "told-to-train": Case(layer=TOLD, observation="repeats"),
    "function-in-a-loss": Case(
        "Exception encountered: SparseCategoricalCrossentropy.__init__() got an unexpected keyword argument 'fn'"
    ),
    "dtype-policy-of-keras-2": Case("'str' object has no attribute 'quantization_mode'"),
    "spatial-dropout-arguments": Case(
        "SpatialDropout2D.__init__() got an unexpected keyword argument 'trainable'",
        layer=Call("layers.SpatialDropout2D"),
    ),
    "tensors-as-call-arguments": Case(
        "The following argument value should be passed as a keyword argument: input_2 (of type <class 'str'>)",
        layer=Call("layers.StackedRNNCells"),
    ),
    "trainable-of-a-discretization": Case(
        "Discretization.__init__() got an unexpected keyword argument 'trainable'", layer=Call("layers.Discretization")
    ),
    "hdf5-under-a-keras-name": Case(
        "File not found: filepath=/x/model.keras. Please ensure the file is an accessible `.keras` zip file."
    ),
    "numbers-of-layers-of-one-class": Case(
        "A total of 1 objects could not be loaded. Layer 'a' expected 2 variables, but received 0 variables",
        layer=Call("layers.Conv2D"),
    ),
    "wrapped-layer-not-found": Case(
        "Could not locate class 'EinsumDense'. Make sure custom classes and functions are decorated",
        layer=Call("layers.TimeDistributed", {"layer": Call("layers.EinsumDense")}),
    ),
    "hdf5-under-another-name": Case(f"File format not supported: filepath=/x/model. {LEGACY}", format="hdf5"),
    "keras-zip-under-another-name": Case(
        f"File format not supported: filepath=/x/model.KERAS. {LEGACY}", direction="", format="keras"
    ),
    "saved-model-folder": Case(f"File format not supported: filepath=/x. {LEGACY}", format="saved_model"),
    "one-tensor-becomes-a-list": Case(observation="structure", where="takes", keras="3.4.1"),
    "tf-keras-module-path": Case(
        "Could not deserialize class 'Functional' because its parent module tf_keras.src.engine cannot be imported.",
        direction="back",
    ),
    "conv-lstm-recurrent-activation": Case(layer=CONV_LSTM, observation="outputs", where="inner/conv_lstm1_d"),
    "order-of-the-axes-of-a-layer-normalization": Case(
        "Shape mismatch in layer #3 (named layer_normalization)for weight layer_normalization/beta. Weight expects"
        " shape (3, 2, 1). Received saved weight with shape (1, 3, 2)",
        layer=Call("layers.LayerNormalization", {"axis": [4, 2, 3]}),
    ),
    "slash-in-a-name": Case(
        "Argument `name` must be a string and cannot contain character `/`. Received: name=a/b (of type <class 'str'>)",
        direction="",
        observation="build",
    ),
    "crossing-of-three": Case(
        "Exception encountered when calling HashedCrossing.call().\n\nExpected as input a list/tuple of 2 tensors.",
        direction="",
        layer=Call("layers.HashedCrossing"),
        observation="build",
    ),
    "steps-per-execution-auto": Case(
        "'str' object cannot be interpreted as an integer", direction="", layer=AUTO, observation="training"
    ),
    "random-crop-when-not-training": Case(
        layer=Call("layers.RandomCrop", {"height": 2, "width": 2}), observation="outputs"
    ),
    "layers-of-a-subclassed-model": Case(
        "Layer 'lstm_cell' expected 3 variables, but received 0 variables during loading. Expected: ['a/kernel:0']",
        direction="back",
        layer=Call("custom.Steps"),
    ),
    "dtype-policy-of-keras-3": Case(
        "'str' object has no attribute 'name'", direction="back", layer=Call("custom.TwoBranches")
    ),
    "own-weights-of-a-model": Case(
        "Shape mismatch in layer #0 (named late)for weight late/factor. Weight expects shape (2,).",
        layer=Call("custom.Late"),
    ),
    "contrast-in-one-direction": Case(
        layer=Call("layers.RandomContrast", {"factor": 1.0}),
        observation="config",
        where="layers/inner/config/layers/random_contrast/config/factor",
    ),
    "center-crop-that-enlarges": Case(
        layer=Call("layers.CenterCrop", {"height": 9, "width": 9, "dtype": "mixed_bfloat16"}),
        observation="outputs",
        where="inner/center_crop",
    ),
    "dtype-behind-a-spectral-normalization": Case(
        layer=Call(
            "layers.SpectralNormalization", {"layer": Call("layers.Dense", {"units": 2}), "dtype": "mixed_bfloat16"}
        ),
        observation="outputs",
    ),
    "h5-optimizer-built-for-no-variables": Case(observation="slots", where="slots", keras="3.16.0.dev2026102704"),
    "optimizer-of-keras-2": Case(
        observation="optimizer", where="iterations", keras="3.15.1", format="keras", saved_by="2.15.0"
    ),
    "names-of-an-attention-in-weights": Case(
        "Layer 'value' expected 1 variables, but received 0 variables during loading. Expected: ['a/value/kernel:0']",
        direction="back",
        layer=Call("layers.MultiHeadAttention", {"num_heads": 1, "key_dim": 2}),
    ),
    "batch-normalization-over-several-axes": Case(
        "int() argument must be a string, a bytes-like object or a real number, not 'list'",
        direction="",
        layer=Call("layers.BatchNormalization", {"axis": [1, 2]}),
        observation="build",
    ),
    "crossentropy-as-a-metric": Case(
        "Could not interpret metric identifier: ce\nInvalid `metrics`. `metrics` should contain metrics objects",
        direction="",
        observation="training",
    ),
    "sizes-of-an-einsum-dense": Case(
        layer=Call("layers.EinsumDense", {"equation": "abc,cd->abd", "output_shape": [None, 1]}),
        observation="structure",
        where="outputs/0/0/1",
        keras="3.15.1",
    ),
    "lookups-compute-in-int64": Case(
        layer=Call("layers.StringLookup", {"output_mode": "count"}),
        observation="outputs",
        where="outputs",
        kind="dtype",
    ),
    "optimizer-arguments-of-keras-2": Case(
        "Argument(s) not recognized: {'jit_compile': False, 'is_legacy_optimizer': False}"
    ),
    "arguments-of-keras-3": Case(
        "Exception encountered: ('Keyword argument not understood:', 'quantization_config')", direction="back"
    ),
    "interpolation-removed": Case(
        "Invalid value for argument `interpolation`. Expected of one ('bilinear', 'nearest'). Received: gaussian",
        direction="",
        layer=Call("layers.Resizing"),
        observation="build",
    ),
    "summary-of-a-discretization": Case(
        layer=Call("layers.Discretization", {"num_bins": 4}), observation="weights", where="discretization/summary"
    ),
    "discretization-among-layers-with-weights": Case(
        "Layer count mismatch when loading weights from file. Model expected 0 layers, found 1 saved layers.",
        layer=Call("layers.Discretization", {"num_bins": 4}),
    ),
    "dtype-of-a-symbolic-output": Case(
        layer=Call("layers.ZeroPadding1D"),
        observation="structure",
        where="outputs/0/1",
        keras="3.15.1",
        saved_by="2.15.0",
    ),
    "h5-optimizer-with-defaults": Case(
        observation="compile", where="config/beta_2", keras="3.15.1", format="hdf5", saved_by="2.15.0"
    ),
    "size-unknown-behind-an-einsum-dense": Case(
        "Shapes used to initialize variables must be fully-defined (no `None` dimensions). Received: shape=(None, 12)",
        direction="",
        layer=Call("layers.EinsumDense", {"equation": "...ab,bc->...ac", "output_shape": (None, 2)}),
        observation="build",
    ),
    "axis-of-a-batch-normalization": Case(
        "Sequential could not be deserialized properly.\n\nException encountered: int() argument must be a string, a"
        " bytes-like object or a real number, not 'list'",
        layer=Call("layers.BatchNormalization"),
        keras="3.15.1",
        saved_by="2.15.0",
    ),
    "equality-of-symbolic-tensors": Case(
        "'bool' object has no attribute 'shape'", direction="", layer=Name("operator.eq"), observation="build"
    ),
    "dilation-of-a-conv3d-transpose": Case(
        direction="",
        layer=Call("layers.Conv3DTranspose", {"filters": 2, "kernel_size": 3, "dilation_rate": (2, 1, 1)}),
        observation="shape",
        where="flatten",
    ),
    "sparse-document-frequencies": Case(
        "Exception encountered when calling StringLookup.call().\n\nindex innermost dimension length must be <= params"
        " rank; saw: 2 vs. 1 [Op:GatherNd] name: ",
        direction="",
        layer=Call("layers.StringLookup", {"output_mode": "tf_idf", "sparse": True}),
        observation="outputs",
    ),
    "document-frequencies-of-a-lookup": Case(
        layer=Call("layers.TextVectorization", {"output_mode": "tf_idf"}),
        observation="weights",
        where="text_vectorization/string_lookup/Variable#2",
    ),
    "an-axis-too-many-of-a-text-vectorization": Case(
        direction="", layer=Call("layers.TextVectorization"), observation="shape", where="TextVectorization"
    ),
    "bidirectional-of-a-layer-that-goes-backwards": Case(
        "Forward layer and backward layer should have different `go_backwards` value.",
        direction="",
        observation="build",
    ),
    "input-shape-of-an-inner-layer": Case(
        "Unrecognized keyword arguments passed to Embedding: {'batch_input_shape': [None, None]}", saved_by="2.15.0"
    ),
    "own-class-missing": Case("Unknown layer: 'mine>Scale'.", direction="", layer=Call("custom.Scale"), own=True),
}


@pytest.mark.parametrize("cause", SAID)
def test_a_cause_is_recognised_by_what_is_said_and_what_is_held(cause: str) -> None:
    case = SAID[cause]
    finding = case.finding
    broken = Break(
        case.observation, case.direction, case.said, case.where, dumps(finding.architecture), case.keras, case.format,
        own=case.own, saved_by=case.saved_by,
    )  # fmt: skip
    told = cause_of(broken) if case.format or case.own else diagnose(finding, case.keras, case.saved_by)
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
AGAIN = ('"axis":[1,', '"LayerNormalization","config"', '"arguments":{"dtype":"float16","layer":',
         "'InputLayer'", '"SpectralNormalization","config"',
         "'InputLayer'Unrecognized keyword arguments", '"registered_name":"a',
         "Unrecognized keyword arguments ", "layernormalization", "Cannot assign value to variable",
         '"layer":{"$":"Call",', '"output_shape":[null]', '"EinsumDense","config"',
         '"BatchNormalization","config"', '"output_mode":"count"', 'StringLookup"',
         "mixed types to Tensor", '"dilation_rate":2',
         '"layer":{"$":"Call","arguments":"dilation_rate":', '"output_mode":"tf_idf"',
         '"output_shape":[null]TextVectorization"', "incompatible with the layer")  # fmt: skip


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
    finding = SAID["keras-2-module-path"].finding
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
    assert diagnose(with_layer(differs, Call("layers.TextVectorization", {"output_mode": "count"}))) == told
    assert diagnose(with_layer(differs, Call("layers.TextVectorization", {"output_mode": "int"}))) is None


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


def told_of(said: str, layer: object, observation: str = "travel", direction: str = "forward", **more: str) -> str:
    """The cause of what is said of a model with this layer, or nothing."""
    finding = replace(with_layer(failed(said, observation=observation), layer), direction=direction)
    cause = diagnose(finding, **more)
    return cause.id if cause else ""


def told_for(said: str, *layers: Call, observation: str) -> str:
    """The cause of what is said, or of a difference, in a model with these layers."""
    nodes = tuple(Node(f"n{number}", layer, (Ref("x"),)) for number, layer in enumerate(layers))
    finding = failed(said, observation=observation)
    model = Architecture("m", inputs=(Input("x", (3,)),), nodes=nodes, outputs=Ref("n0"))
    cause = diagnose(replace(finding, architecture=model, error=finding.error if said else None))
    return cause.id if cause else ""


def test_one_axis_in_a_list_is_a_cause_where_keras_2_has_saved_it_and_several_are_another() -> None:
    said = SAID["axis-of-a-batch-normalization"].said
    one, several = Call("layers.BatchNormalization", {"axis": 1}), Call("layers.BatchNormalization", {"axis": [1, 2]})
    forward = {"keras": "3.15.1", "saved_by": "2.15.0"}
    assert told_of(said, one, **forward) == "axis-of-a-batch-normalization"
    assert told_of(said.replace("a real number", "a number"), one, **forward) == "axis-of-a-batch-normalization"
    assert told_of(said, several, **forward) == "batch-normalization-over-several-axes"
    assert told_of(said, DENSE, **forward) == ""
    assert told_of(said, one, keras="3.15.1", saved_by="3.6.0") == ""
    assert told_of(said, one, direction="back", **forward) == ""


def test_what_a_class_of_one_s_own_makes_of_a_policy_of_keras_2_is_told_by_it() -> None:
    said = "Cannot convert 'Policy' to a mixed precision DTypePolicy. Valid policies include 'mixed_float16'"
    assert told_of(said, Call("custom.TwoBranches")) == "dtype-policy-of-keras-2"
    assert told_of("'str' object has no attribute 'compute_dtype'", Call("custom.Counted")) == "dtype-policy-of-keras-2"
    assert told_of(said.replace("'Policy'", "'float17'"), Call("custom.TwoBranches")) == ""
    assert told_of(said, Call("custom.TwoBranches"), direction="back") == ""


def test_a_tensor_that_is_written_as_its_place_in_the_graph_is_told_by_that_and_no_other_mixture() -> None:
    said = (
        "Exception encountered when calling Shift.call().\n\nCan't convert Python sequence with mixed types to Tensor."
    )
    place, other = (f"{said}\n\n• by={given}\n• times=1.0" for given in ("[\"'input_5'\", '0', '0']", "['1', '0.5']"))
    assert told_of(place, Call("custom.Shift"), "outputs") == "tensors-as-call-arguments"
    assert told_of(other, Call("custom.Shift"), "outputs") == ""
    missing = with_layer(failed("'args'"), Call("custom.Mix"))
    for kind, cause in (("KeyError", "tensors-as-call-arguments"), ("TypeError", "")):
        told = diagnose(replace(missing, direction="forward", error={**(missing.error or {}), "type": kind}))
        assert (told.id if told else "") == cause


def test_a_size_that_a_model_does_not_state_is_told_by_the_layer_that_leaves_it_open() -> None:
    case = SAID["size-unknown-behind-an-einsum-dense"]
    for shape, cause in (((None, 2), "size-unknown-behind-an-einsum-dense"), ((3, 2), "")):
        layer = Call("layers.EinsumDense", {"equation": "...ab,bc->...ac", "output_shape": shape})
        assert told_of(case.said, layer, "build", "") == cause
    assert told_of(case.said, Call("layers.MultiHeadAttention", {"output_shape": (None, 2)}), "build", "") == ""


def test_an_image_of_another_size_is_the_cause_of_errors_of_sizes_alone() -> None:
    crop = Call("layers.RandomCrop", {"height": 2, "width": 2})
    size = "Input 0 of layer 'head' is incompatible with the layer: expected axis -1 of input shape to have value 541"
    for observation in ("outputs", "travel", "training"):
        assert told_of(size, crop, observation, "") == "random-crop-when-not-training"
        assert told_of("no table", crop, observation, "") == ""
    assert told_of(size, DENSE, "travel", "") == ""


def test_what_equals_what_is_told_by_that_operation_alone() -> None:
    says = (
        "'bool' object has no attribute 'shape'",
        "All `outputs` values must be KerasTensors. Received: outputs=[True] including invalid value True of type"
        " <class 'bool'>",
        "The following argument value should be passed as a keyword argument: False (of type <class 'bool'>)",
    )
    for said in says:
        assert told_of(said, Name("operator.eq"), "build", "") == "equality-of-symbolic-tensors"
        assert told_of(said, Name("operator.ne"), "build", "") == ""
    assert told_of("no", Name("operator.eq"), "build", "") == ""


@pytest.mark.parametrize("observation", ["shape", "outputs", "travel"])
def test_a_dilation_is_the_cause_where_that_layer_has_one(observation: str) -> None:
    said = "The shape of the target variable and the shape of the target value do not match" * (observation == "travel")
    for rate, cause in ((2, True), ((2, 1, 1), True), ([1, 2, 1], True), (1, False), ((1, 1, 1), False)):
        layer = Call("layers.Conv3DTranspose", {"dilation_rate": rate, "filters": 2, "kernel_size": 3})
        assert (told_for(said, layer, observation=observation) == "dilation-of-a-conv3d-transpose") is cause
    plain = Call("layers.Conv3DTranspose", {"filters": 2, "kernel_size": 3})
    other = Call("layers.Conv3D", {"dilation_rate": 2, "filters": 2, "kernel_size": 3})
    for layers in ((plain,), (other,), (other, plain), (plain, other)):
        assert told_for(said, *layers, observation=observation) == ""
    assert told_for("no table", Call("layers.Conv3DTranspose", {"dilation_rate": 2}), observation="travel") == ""


def test_a_variable_without_a_name_is_told_where_documents_are_counted() -> None:
    for mode, where, cause in (
        ("tf_idf", "a/string_lookup/Variable", True),
        ("tf_idf", "a/kernel", False),
        ("count", "a/string_lookup/Variable", False),
    ):
        finding = with_layer(failed("", observation="weights"), Call("layers.StringLookup", {"output_mode": mode}))
        told = diagnose(replace(finding, error=None, where=where))
        assert (told is not None) is cause


def test_a_recurrent_activation_that_the_code_gives_is_not_the_one_that_was_changed() -> None:
    given = Call("layers.ConvLSTM2D", {"filters": 1, "kernel_size": 2, "recurrent_activation": "tanh"})
    finding = replace(with_layer(failed("", observation="outputs"), given), where="inner/conv_lstm2_d")
    assert diagnose(finding) is None
