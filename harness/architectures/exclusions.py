"""What is not drawn, and why: layers, losses and so on, and arguments of them. All else is drawn or reported."""

from __future__ import annotations

LAYERS = {
    "AbstractRNNCell": "a base class of Keras 2, to be subclassed; its children are drawn",
    "DenseFeatures": "needs tf.feature_column, which is deprecated and no part of Keras",
    "FlaxLayer": "needs flax, and runs on JAX alone",
    "JaxLayer": "needs JAX, and holds a function that no config can describe",
    "Layer": "the base class; it computes nothing",
    "Wrapper": "a base class that computes nothing; its children are drawn",
    "TorchModuleWrapper": "needs PyTorch, and runs on its backend alone",
}
_NAME = "every layer is given a name; as an argument of this layer it is the same"
ARGUMENTS: dict[str, dict[str, str]] = {
    "InputLayer": {
        "input_tensor": "wraps a tensor of another program; deprecated in both Kerases",
        "ragged": "Keras 3 on TensorFlow takes ragged inputs for layers of its own only experimentally",
    },
    "TFSMLayer": {"dtype": "a SavedModel computes in the dtype that it was exported in"},
    "*": {"name": _NAME},
}

_BASE = "the base class; its children are drawn"
_ONE_TENSOR = "reduces one tensor, and is no metric of a target and an output"
_DATA = "quantizes by running the model over texts: it needs a tokenizer and a data set"
_CAST = "Keras 2 casts only some of what this metric computes with, and raises"
_SUMMED = "Keras 3 takes the result's sum along the axis of the classes too, and raises"
_OUTPUT = "an output that is trained holds a number for each class, and no class"
# By public name.
OBJECTS = {
    "activations.glu": "halves the last axis, and every layer that takes an activation states the shape that it had",
    "activations.threshold": "takes two more arguments, which no layer passes on",
    "constraints.Constraint": _BASE,
    "dtype_policies.AWQDTypePolicy": _DATA,
    "dtype_policies.FloatDTypePolicy": "an old name of DTypePolicy, equal to it and loaded as one",
    "dtype_policies.GPTQDTypePolicy": _DATA,
    "initializers.Initializer": _BASE,
    "initializers.STFT": "makes the kernels of STFTSpectrogram alone; that layer is drawn",
    "losses.Loss": _BASE,
    "losses.categorical_generalized_cross_entropy": "has a third argument without a default: the class is drawn",
    "losses.Reduction": "holds the names of reductions, and is no loss",
    "metrics.Mean": _ONE_TENSOR,
    "metrics.MeanTensor": _ONE_TENSOR,
    "metrics.Metric": _BASE,
    "metrics.Sum": _ONE_TENSOR,
    "mode.awq": _DATA,
    "mode.gptq": _DATA,
    "optimizers.Optimizer": _BASE,
    "optimizers.legacy.Optimizer": _BASE,
    "optimizers.schedules.LearningRateSchedule": _BASE,
    "quantizers.AWQConfig": _DATA,
    "quantizers.GPTQConfig": _DATA,
    "quantizers.QuantizationConfig": _BASE,
    "quantizers.Quantizer": _BASE,
    "regularizers.Regularizer": _BASE,
    "regularizers.l1_l2": "a function that makes an L1L2, which is drawn",
}
OBJECT_ARGUMENTS: dict[str, dict[str, str]] = {
    "Model.compile": {"pss_evaluation_shards": "takes a cluster of parameter servers"},
    "metrics.F1Score": {"dtype": _CAST},
    "metrics.FBetaScore": {"dtype": _CAST},
    "metrics.IoU": {"axis": _SUMMED},
    "metrics.MeanIoU": {"axis": _SUMMED},
    "metrics.OneHotIoU": {"axis": _SUMMED, "sparse_y_pred": _OUTPUT},
    "metrics.OneHotMeanIoU": {"axis": _SUMMED, "sparse_y_pred": _OUTPUT},
    "metrics.Precision": {"dtype": _CAST},
    "metrics.R2Score": {"dtype": _CAST},
    "metrics.Recall": {"dtype": _CAST},
    "metrics.SparseTopKCategoricalAccuracy": {"dtype": _CAST},
    "metrics.TopKCategoricalAccuracy": {"dtype": _CAST},
    "quantizers.AbsMaxQuantizer": {"output_dtype": "every quantized layer keeps its weights in int8"},
}


def reason_for(name: str, argument: str | None = None) -> str | None:
    """Why what goes by this public name, or an argument of it, is not drawn; None where no exclusion is stated."""
    if argument is None:
        return OBJECTS.get(name)
    return OBJECT_ARGUMENTS.get(name, {}).get(argument)


def reason(layer: str, argument: str | None = None) -> str | None:
    """Why a layer (without ``layers.``) or an argument of it is not drawn; None where no exclusion is stated."""
    if argument is None:
        return LAYERS.get(layer)
    return ARGUMENTS.get(layer, {}).get(argument) or ARGUMENTS["*"].get(argument) or LAYERS.get(layer)
