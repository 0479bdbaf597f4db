"""What each cause is recognised by: a break for every row of `causes.toml`, and findings that look like one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from harness.expectations.finding import Finding
from harness.gate.causes import Break, diagnose
from harness.protocol.architecture import Architecture, Call, Compile, Data, Input, Name, Node, Ref
from tests.gate.test_status import failed

AUTO = Compile({"optimizer": "sgd", "loss": "mse", "steps_per_execution": "auto"}, Data((2, 1)), 1)
DENSE = Call("layers.Dense")
CONV_LSTM = Call("layers.ConvLSTM1D", {"filters": 3, "kernel_size": 3})
TOLD = Node("n", Call("layers.Dropout", {"rate": 0.5}), (Ref("x"),), {"training": True})
LEGACY = "Note that the legacy SavedModel format is not supported by `load_model()` in Keras 3."


def with_layers(finding: Finding, *layers: object, form: str = "functional") -> Finding:
    """The finding, of a model with these: layers, nodes, and what it is compiled with."""
    compiled = next((each for each in layers if isinstance(each, Compile)), None)
    held = [each for each in layers if each is not compiled] or [Call("layers.Dense", {"units": 1})]
    nodes = tuple(
        layer if isinstance(layer, Node) else Node(f"n{number}", layer, (Ref("x"),))  # type: ignore[arg-type]
        for number, layer in enumerate(held)
    )
    outputs = Ref(nodes[0].name)
    model = Architecture("m", inputs=(Input("x", (3,)),), nodes=nodes, outputs=outputs, compile=compiled)
    return replace(finding, architecture=replace(model, form=form))


@dataclass(frozen=True)
class Case(Break):
    """A break of a model with that layer: by default its file does not load in the later release."""

    observation: str = "travel"
    direction: str = "forward"
    layer: object = DENSE
    form: str = "functional"

    @property
    def finding(self) -> Finding:
        """The finding that shows it."""
        return self.of(self.layer)

    def of(self, *layers: object) -> Finding:
        """The finding that shows it in a model with these layers."""
        found = with_layers(failed(self.said, observation=self.observation), *layers, form=self.form)
        error = found.error if self.said else None
        return replace(
            found, direction=self.direction, where=self.where, kind=self.kind, layers=self.layers, error=error
        )


of_a_later_keras = partial(Case, direction="back", saved_by="3.15.1")
of_another_sum = partial(Case, observation="outputs", kind="value", keras="3.15.1", saved_by="2.15.0")


def told_of(case: Case, *layers: object) -> str:
    """The id of the cause of that, in a model with these layers; empty where it has none."""
    cause = diagnose(case.of(*layers), case.keras, case.saved_by)
    return cause.id if cause else ""


SAID = {
    "own-code-not-imported": Case(said="No module named 'keras.engine'", observation="import"),
    "keras-2-module-path": Case(
        said="Could not deserialize class 'Functional' because its parent module keras.src.engine cannot be imported."
    ),
    "json-text-of-keras-2": Case(
        said="Could not locate class 'Functional'. Make sure custom classes and functions are decorated"
    ),
    "depthwise-groups": Case(
        said="Exception encountered: Unrecognized keyword arguments passed to DepthwiseConv2D: {'groups': 1}",
        layer=Call("layers.DepthwiseConv2D"),
    ),
    "separable-kernel-arguments": Case(
        said="Unrecognized keyword arguments passed to SeparableConv2D: {'groups': 1, 'kernel_initializer': {}}",
        layer=Call("layers.SeparableConv2D"),
    ),
    "time-major": Case(
        said="Unrecognized keyword arguments passed to LSTM: {'time_major': False}", layer=Call("layers.LSTM")
    ),
    "shapes-of-an-attention": Case(
        said="Unrecognized keyword arguments passed to MultiHeadAttention: {'query_shape': [None, 4, 6]}",
        layer=Call("layers.MultiHeadAttention"),
    ),
    "functional-in-a-sequential": Case(
        said="ValueError: Cannot convert '((None, 4), 2)' to a shape. Found invalid dimension '(None, 4)'",
        layer=Architecture("inner", inputs=(Input("x", (4,)),)),
        form="sequential",
    ),
    "nested-models": Case(
        said="Invalid Functional model configuration. The graph of layers in the model either has loops",
        layer=Architecture("inner"),
    ),
    "training-configuration-only": Case(
        said="Could not deserialize 'keras.metrics.mse' because it is not a KerasSaveable subclass"
    ),
    "batch-shape-of-an-input": Case(
        said="Error when deserializing class 'InputLayer' using config={}. Unrecognized keyword arguments:"
        " ['batch_shape']",
        direction="back",
    ),
    "operations-in-h5": Case(said="Unknown layer: 'GreaterEqual'.", direction="", layer=Name("operator.ge")),
    "built-in-layer-removed": Case(said="Unknown layer: 'ThresholdedReLU'.", layer=Call("layers.ThresholdedReLU")),
    "hard-sigmoid-formula": Case(layer=Call("layers.Dense", {"activation": "hard_sigmoid"}), observation="outputs"),
    "told-to-train": Case(layer=TOLD, observation="repeats"),
    "function-in-a-loss": Case(
        said="Exception encountered: SparseCategoricalCrossentropy.__init__() got an unexpected keyword argument 'fn'"
    ),
    "dtype-policy-of-keras-2": Case(said="'str' object has no attribute 'quantization_mode'"),
    "spatial-dropout-arguments": Case(
        said="SpatialDropout2D.__init__() got an unexpected keyword argument 'trainable'",
        layer=Call("layers.SpatialDropout2D"),
    ),
    "tensors-as-call-arguments": Case(
        said="The following argument value should be passed as a keyword argument: input_2 (of type <class 'str'>)",
        layer=Call("layers.StackedRNNCells"),
    ),
    "trainable-of-a-discretization": Case(
        said="Discretization.__init__() got an unexpected keyword argument 'trainable'",
        layer=Call("layers.Discretization"),
    ),
    "hdf5-under-a-keras-name": Case(
        said="File not found: filepath=/x/model.keras. Please ensure the file is an accessible `.keras` zip file."
    ),
    "numbers-of-layers-of-one-class": Case(
        said="A total of 1 objects could not be loaded. Layer 'a' expected 2 variables, but received 0 variables",
        layer=Call("layers.Conv2D"),
    ),
    "wrapped-layer-not-found": Case(
        said="Could not locate class 'EinsumDense'. Make sure custom classes and functions are decorated",
        layer=Call("layers.TimeDistributed", {"layer": Call("layers.EinsumDense")}),
    ),
    "hdf5-under-another-name": Case(said=f"File format not supported: filepath=/x/model. {LEGACY}", format="hdf5"),
    "keras-zip-under-another-name": Case(
        said=f"File format not supported: filepath=/x/model.KERAS. {LEGACY}", direction="", format="keras"
    ),
    "saved-model-folder": Case(said=f"File format not supported: filepath=/x. {LEGACY}", format="saved_model"),
    "one-tensor-becomes-a-list": Case(observation="structure", where="takes", keras="3.4.1"),
    "tf-keras-module-path": Case(
        said="Could not deserialize class 'Functional' because its parent module tf_keras.src.engine cannot be"
        " imported.",
        direction="back",
    ),
    "conv-lstm-recurrent-activation": Case(layer=CONV_LSTM, observation="outputs", where="inner/conv_lstm1_d"),
    "order-of-the-axes-of-a-layer-normalization": Case(
        said="Shape mismatch in layer #3 (named layer_normalization)for weight layer_normalization/beta. Weight expects"
        " shape (3, 2, 1). Received saved weight with shape (1, 3, 2)",
        layer=Call("layers.LayerNormalization", {"axis": [4, 2, 3]}),
    ),
    "slash-in-a-name": Case(
        said="Argument `name` must be a string and cannot contain character `/`. Received: name=a/b (of type"
        " <class 'str'>)",
        direction="",
        observation="build",
    ),
    "crossing-of-three": Case(
        said="Exception encountered when calling HashedCrossing.call().\n\nExpected as input a list/tuple of 2"
        " tensors.",
        direction="",
        layer=Call("layers.HashedCrossing"),
        observation="build",
    ),
    "steps-per-execution-auto": Case(
        said="'str' object cannot be interpreted as an integer", direction="", layer=AUTO, observation="training"
    ),
    "random-crop-when-not-training": Case(
        layer=Call("layers.RandomCrop", {"height": 2, "width": 2}), observation="outputs"
    ),
    "layers-of-a-subclassed-model": Case(
        said="Layer 'lstm_cell' expected 3 variables, but received 0 variables during loading. Expected:"
        " ['a/kernel:0']",
        direction="back",
        layer=Call("custom.Steps"),
    ),
    "dtype-policy-of-keras-3": Case(
        said="'str' object has no attribute 'name'", direction="back", layer=Call("custom.TwoBranches")
    ),
    "own-weights-of-a-model": Case(
        said="Shape mismatch in layer #0 (named late)for weight late/factor. Weight expects shape (2,).",
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
        said="Layer 'value' expected 1 variables, but received 0 variables during loading. Expected:"
        " ['a/value/kernel:0']",
        direction="back",
        layer=Call("layers.MultiHeadAttention", {"num_heads": 1, "key_dim": 2}),
    ),
    "batch-normalization-over-several-axes": Case(
        said="int() argument must be a string, a bytes-like object or a real number, not 'list'",
        direction="",
        layer=Call("layers.BatchNormalization", {"axis": [1, 2]}),
        observation="build",
    ),
    "crossentropy-as-a-metric": Case(
        said="Could not interpret metric identifier: ce\nInvalid `metrics`. `metrics` should contain metrics objects",
        direction="",
        observation="training",
    ),
    "sizes-of-an-einsum-dense": Case(
        layer=Call("layers.EinsumDense", {"equation": "abc,cd->abd", "output_shape": [None, 1]}),
        observation="structure",
        where="outputs/0/0/1",
        keras="3.15.1",
    ),
    "batch-of-a-sparse-encoding": Case(
        layer=Call("layers.Hashing", {"num_bins": 4, "output_mode": "multi_hot", "sparse": True}),
        observation="structure",
        where="outputs/0/0/0",
        keras="3.15.1",
    ),
    "lookups-compute-in-int64": Case(
        layer=Call("layers.StringLookup", {"output_mode": "count"}),
        observation="outputs",
        where="outputs",
        kind="dtype",
    ),
    "dtype-of-a-discretization": Case(
        layer=Call("layers.Discretization", {"bin_boundaries": [0.0], "output_mode": "multi_hot", "sparse": True}),
        direction="back",
        observation="outputs",
        where="inner/bins",
        layers=("Discretization",),
        kind="dtype",
        keras="2.15.0",
        saved_by="3.15.1",
    ),
    "optimizer-arguments-of-keras-2": Case(
        said="Argument(s) not recognized: {'jit_compile': False, 'is_legacy_optimizer': False}"
    ),
    "arguments-of-keras-3": Case(
        said="Exception encountered: ('Keyword argument not understood:', 'quantization_config')", direction="back"
    ),
    "arguments-of-a-later-keras": of_a_later_keras(
        said="Exception encountered: GlorotUniform.__init__() got an unexpected keyword argument 'input_axes'",
        keras="3.13.1",
    ),
    "layers-of-a-later-keras": of_a_later_keras(
        said="Could not locate class 'AutoContrast'. Make sure custom classes are decorated with",
        layer=Call("layers.AutoContrast"),
        keras="3.6.0",
    ),
    "activations-of-a-later-keras": of_a_later_keras(
        said="Exception encountered: Could not interpret activation function identifier: squareplus",
        layer=Call("layers.Dense", {"units": 1, "activation": Name("activations.squareplus")}),
        keras="3.6.0",
    ),
    "orthogonal-of-a-later-keras": of_a_later_keras(
        said="Could not interpret initializer identifier: {'module': 'keras.initializers', 'class_name': 'Orthogonal',",
        layer=CONV_LSTM,
        keras="3.3.3",
    ),
    "one-tensor-of-a-later-keras": of_a_later_keras(
        said="functional_from_config.<locals>.get_tensor() takes 3 positional arguments but 5 were given", keras="3.3.3"
    ),
    "quantized-policy-of-a-later-keras": of_a_later_keras(
        said="'str' object has no attribute 'quantization_mode'", keras="3.13.1"
    ),
    "pipeline-of-keras-3-6": Case(
        said="Error encountered: 'TrackedDict' object has no attribute '_call_has_mask_arg'",
        layer=Call("layers.Pipeline"),
        keras="3.6.0",
        saved_by="3.6.0",
    ),
    "interpolation-removed": Case(
        said="Invalid value for argument `interpolation`. Expected of one ('bilinear', 'nearest'). Received: gaussian",
        direction="",
        layer=Call("layers.Resizing"),
        observation="build",
    ),
    "summary-of-a-discretization": Case(
        layer=Call("layers.Discretization", {"num_bins": 4}), observation="weights", where="discretization/summary"
    ),
    "discretization-among-layers-with-weights": Case(
        said="Layer count mismatch when loading weights from file. Model expected 0 layers, found 1 saved layers.",
        layer=Call("layers.Discretization", {"num_bins": 4}),
    ),
    "shape-of-a-symbolic-discretization": Case(
        layer=Call("layers.Discretization", {"bin_boundaries": [0.0], "output_mode": "one_hot"}),
        observation="structure",
        where="outputs/0/0",
        keras="3.15.1",
        saved_by="3.6.0",
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
        said="Shapes used to initialize variables must be fully-defined (no `None` dimensions). Received:"
        " shape=(None, 12)",
        direction="",
        layer=Call("layers.EinsumDense", {"equation": "...ab,bc->...ac", "output_shape": (None, 2)}),
        observation="build",
    ),
    "axis-of-a-batch-normalization": Case(
        said="Sequential could not be deserialized properly.\n\nException encountered: int() argument must be a"
        " string, a"
        " bytes-like object or a real number, not 'list'",
        layer=Call("layers.BatchNormalization"),
        keras="3.15.1",
        saved_by="2.15.0",
    ),
    "equality-of-symbolic-tensors": Case(
        said="'bool' object has no attribute 'shape'", direction="", layer=Name("operator.eq"), observation="build"
    ),
    "dilation-of-a-conv3d-transpose": Case(
        direction="",
        layer=Call("layers.Conv3DTranspose", {"filters": 2, "kernel_size": 3, "dilation_rate": (2, 1, 1)}),
        observation="shape",
        where="flatten",
    ),
    "sparse-document-frequencies": Case(
        said="Exception encountered when calling StringLookup.call().\n\nindex innermost dimension length must"
        " be <= params"
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
    "lookup-among-layers-with-weights": Case(
        said="Layer count mismatch when loading weights from file. Model expected 2 layers, found 3 saved layers.",
        layer=Call("layers.IntegerLookup", {"output_mode": "tf_idf"}),
    ),
    "an-axis-too-many-of-a-text-vectorization": Case(
        direction="", layer=Call("layers.TextVectorization"), observation="shape", where="TextVectorization"
    ),
    "bidirectional-of-a-layer-that-goes-backwards": Case(
        said="Forward layer and backward layer should have different `go_backwards` value.",
        direction="",
        observation="build",
    ),
    "input-shape-of-an-inner-layer": Case(
        said="Unrecognized keyword arguments passed to Embedding: {'batch_input_shape': [None, None]}",
        saved_by="2.15.0",
    ),
    "integers-out-of-a-spectral-normalization": Case(
        said="Exception encountered when calling AveragePooling1D.call().\n\nValue passed to parameter 'value' has"
        " DataType int32 not in list of allowed values: float16, bfloat16, float32, float64",
        direction="",
        layer=Call("layers.SpectralNormalization", {"layer": Call("layers.Embedding", {"input_dim": 9})}),
        observation="training",
    ),
    "causal-separable-convolution": Case(
        said="The `padding` argument must be a list/tuple or one of {'same', 'valid'}. Received: causal",
        direction="",
        layer=Call("layers.SeparableConv1D", {"filters": 1, "kernel_size": 2, "padding": "causal"}),
        observation="build",
    ),
    "bias-along-the-width": of_another_sum(
        layer=Call("layers.Conv1D", {"data_format": "channels_first", "filters": 4, "kernel_size": 3}),
        where="inner/conv1_d",
    ),
    "summand-taken-for-a-bias": of_another_sum(
        layer=Call("layers.Average"), where="inner/average_layer", layers=("Average",)
    ),
    "layers-in-a-dict": Case(
        layer=Call("custom.Gate", {"units": 2, "kept": "dict"}),
        observation="weights",
        where="gate",
        layers=("Gate",),
        kind="moved",
        format="hdf5",
        keras="3.15.1",
        saved_by="2.15.0",
    ),
    "own-layers-in-another-order": Case(
        layer=Call("custom.Gate", {"units": 2}),
        observation="weights",
        where="gate",
        kind="moved",
        format="hdf5",
        keras="3.15.1",
        saved_by="2.15.0",
        own=True,
    ),
    "layers-in-nested-containers": Case(
        layer=Call("custom.Gate", {"units": 2, "kept": "list of lists"}),
        observation="weights",
        where="gate/gate/kernel",
        layers=("Gate",),
        format="keras",
        keras="3.15.1",
        saved_by="3.14.0",
    ),
    "weights-of-an-activation-refused": Case(
        said="Weight count mismatch for layer #0 (named d in the current model). Layer expects 2 weight(s). Received 3",
        layer=Call("layers.Dense", {"units": 2, "activation": Call("layers.PReLU")}),
        keras="3.15.1",
        saved_by="2.15.0",
    ),
    "weights-of-an-activation-told-late": Case(
        layer=Call("layers.Dense", {"units": 2, "activation": Call("layers.PReLU", {"shared_axes": (1,)})}),
        observation="weights",
        direction="back",
        where="d/p_re_lu/alpha",
        kind="surplus",
        keras="2.15.0",
        saved_by="3.15.1",
    ),
    "checkpoint-leaves-out-lists": Case(
        layer=Call("layers.StackedRNNCells", {"cells": [Call("layers.GRUCell", {"units": 2})]}),
        observation="tracked",
        where="cells",
        layers=("StackedRNNCells",),
        kind="value",
        keras="3.15.1",
        saved_by="2.15.0",
    ),
    "own-class-missing": Case(said="Unknown layer: 'mine>Scale'.", direction="", layer=Call("custom.Scale"), own=True),
}
