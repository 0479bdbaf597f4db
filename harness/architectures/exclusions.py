"""What is not drawn, and why: layers, and arguments of layers. All else is drawn or reported."""

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


def reason(layer: str, argument: str | None = None) -> str | None:
    """Why a layer (without ``layers.``) or an argument of it is not drawn; None where no exclusion is stated."""
    if argument is None:
        return LAYERS.get(layer)
    return ARGUMENTS.get(layer, {}).get(argument) or ARGUMENTS["*"].get(argument) or LAYERS.get(layer)
