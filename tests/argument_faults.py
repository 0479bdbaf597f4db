"""Faults that need one layer and one argument of it, over all families: what a reduction must find, and leave alone.

Each is hidden in a model that was drawn around it and five other layers.
"""

from __future__ import annotations

from harness.architectures.drawing import draws
from harness.architectures.families import all_rules
from harness.architectures.graph import Goal
from harness.architectures.models import architectures
from harness.protocol.architecture import Architecture, Call, layer_calls
from tests.vocabularies import vocabulary

# By layer and argument: what the layer cannot be without.
FAULTS = {
    ("Conv1D", "padding"): "filters kernel_size",
    ("Conv2D", "strides"): "filters kernel_size",
    ("Conv3D", "use_bias"): "filters kernel_size",
    ("Conv2DTranspose", "dilation_rate"): "filters kernel_size",
    ("SeparableConv1D", "depth_multiplier"): "filters kernel_size",
    ("DepthwiseConv2D", "padding"): "kernel_size",
    ("Dense", "activation"): "units",
    ("EinsumDense", "kernel_initializer"): "equation output_shape",
    ("Embedding", "mask_zero"): "input_dim output_dim",
    ("LSTM", "go_backwards"): "units",
    ("GRU", "return_sequences"): "units",
    ("SimpleRNN", "dropout"): "units",
    ("ConvLSTM1D", "recurrent_activation"): "filters kernel_size",
    ("BatchNormalization", "momentum"): "",
    ("LayerNormalization", "epsilon"): "",
    ("GroupNormalization", "center"): "groups",  # 32 of them, unless it is told
    ("UnitNormalization", "axis"): "",
    ("MultiHeadAttention", "use_bias"): "num_heads key_dim",
    ("Attention", "use_scale"): "",
    ("AveragePooling2D", "padding"): "pool_size",
    ("MaxPooling1D", "strides"): "pool_size",
    ("GlobalAveragePooling2D", "keepdims"): "",
    ("LeakyReLU", "negative_slope"): "",
    ("PReLU", "shared_axes"): "",
    ("ReLU", "max_value"): "",
    ("Softmax", "axis"): "",
    ("Concatenate", "axis"): "",
    ("Dot", "normalize"): "axes",
    ("UpSampling2D", "interpolation"): "",
    ("ZeroPadding2D", "padding"): "",
    ("GaussianDropout", "seed"): "rate",
    ("Dropout", "noise_shape"): "rate",
    ("Rescaling", "offset"): "scale",
    ("CategoryEncoding", "output_mode"): "num_tokens",
    ("RandomFlip", "mode"): "",
    ("Hashing", "salt"): "num_bins",
    ("ActivityRegularization", "l2"): "",
}
OTHERS = ("Dense", "Conv2D", "LSTM", "BatchNormalization", "Activation", "MaxPooling2D", "Reshape", "Multiply")
SEEDS = 40  # that are tried until a model holds layer and argument


def hidden(layer: str, argument: str, *, seed: int = 0) -> Architecture:
    """A model of five other layers at least, with the layer that has the argument somewhere in it."""
    rules, keras = all_rules(), vocabulary()
    others = [each for each in OTHERS if each != layer][:5]
    goals = [Goal(name) for name in others[:3]] + [Goal(layer, frozenset({argument}))] + [Goal(n) for n in others[3:]]
    strategy = architectures(vocabulary=keras, rules=rules, goals=goals)
    for number in range(SEEDS):
        (model,) = draws(strategy, 1, seed_value=1000 * seed + number)
        if holds(model, layer, argument) and len(list(layer_calls(model))) > 5:
            return model
    raise LookupError(f"no model of {SEEDS} holds {layer} with {argument}")


def holds(architecture: Architecture, layer: str, argument: str) -> bool:
    """Whether the fault would show: the layer is there with the argument, and nothing that it needs is missing."""
    return any(
        call.name == f"layers.{layer}" and {argument, *needed(layer, argument)} <= set(call.arguments)
        for call in layer_calls(architecture)
    )


def needed(layer: str, argument: str) -> set[str]:
    """The arguments that the layer cannot be without."""
    return set(FAULTS[layer, argument].split())


def superfluous(small: Architecture, layer: str, argument: str) -> list[str]:
    """What a reduced model holds beside the one layer, the one argument and what the layer cannot be without.

    A nested model around the layer is nothing more: a failure is called by the place where it shows, inside of it.
    """
    calls = list(layer_calls(small))
    left = [call.name for call in calls if call.name != f"layers.{layer}"]
    left += [call.name for call in calls if call.name == f"layers.{layer}"][1:]
    for call in calls:
        if call.name == f"layers.{layer}":
            left += sorted(set(call.arguments) - needed(layer, argument) - {argument, "name"})
    left += [str(node.name) for node in small.nodes if not isinstance(node.layer, (Call, Architecture))]
    left += ["compile"] if small.compile is not None else []
    left += ["freezes"] if small.freezes else []
    return left + (["policy"] if small.policy else [])
