"""The cases of `packages.py`: layers and models of public packages, with what goes into them, and what is not tried.

Arguments are as unlike their defaults as can be: a default would hide what a config forgets.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np


class Case(NamedTuple):
    """A class by its path, what its constructor is given, and what goes into it (see `check_layer`)."""

    path: str
    arguments: Mapping[str, Any]
    inputs: Any
    keywords: Mapping[str, Any] = {}
    is_model: bool = False

    @property
    def name(self) -> str:
        """The class's name, and the keywords of the call."""
        return self.path.rpartition(".")[2] + (f" ({', '.join(self.keywords)})" if self.keywords else "")


class Package(NamedTuple):
    """What is tried of a distribution, and what is not, with the reason."""

    cases: tuple[Case, ...]
    not_tried: Mapping[str, str]


def _integers(*shape: int, high: int = 8) -> Any:
    return np.random.default_rng(3).integers(1, high, shape).astype("int32")


def _complex(*shape: int) -> Any:
    random = np.random.default_rng(3)
    return (random.standard_normal(shape) + 1j * random.standard_normal(shape)).astype("complex64")


IDS = _integers(4, 5)
MASK = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 1, 0], [1, 1, 1, 0, 0], [1, 1, 0, 0, 0]], "int32")
INITIALIZERS = {"kernel_initializer": "he_normal", "bias_initializer": "ones"}

_HUB = "keras_hub.layers."
_ENCODER = {"intermediate_dim": 8, "num_heads": 2, "dropout": 0.2, "activation": "gelu", "layer_norm_epsilon": 1e-3}
_ENCODER |= {**INITIALIZERS, "normalize_first": True}
_IDS_AND_MASK = {"token_ids": IDS, "padding_mask": MASK}
_SMALL = {"vocabulary_size": 8, "num_layers": 1, "num_heads": 2, "hidden_dim": 4, "intermediate_dim": 8}
_SMALL |= {"dropout": 0.2, "max_sequence_length": 6}
_FILES = "it is made for one preset of a model, whose sizes it needs"

KERAS_HUB = Package(
    (
        Case(_HUB + "AlibiBias", {"alibi_bias_max": 4}, (2, 5, 5)),
        Case(
            _HUB + "AnchorGenerator",
            {"bounding_box_format": "yxyx", "min_level": 3, "max_level": 4, "num_scales": 2}
            | {"aspect_ratios": [0.5, 1.0], "anchor_size": 2.0},
            (16, 16, 3),
        ),
        Case(
            _HUB + "BoxMatcher",
            {"thresholds": [0.2, 0.6], "match_values": [-1, 0, 1], "force_match_for_each_col": True},
            (6, 3),
        ),
        Case(
            _HUB + "CachedMultiHeadAttention",
            {"num_heads": 2, "key_dim": 3, "value_dim": 4, "dropout": 0.2, "use_bias": False, "seed": 7}
            | {"kernel_initializer": "he_normal"},
            (5, 4),
            {"value": (5, 4)},
        ),
        Case(
            _HUB + "FNetEncoder",
            {key: value for key, value in _ENCODER.items() if key not in ("num_heads", "normalize_first")},
            (5, 4),
        ),
        Case(
            _HUB + "MaskedLMHead",
            {"vocabulary_size": 8, "intermediate_activation": "gelu", "activation": "softmax"}
            | {"layer_norm_epsilon": 1e-3, **INITIALIZERS},
            (5, 4),
            {"mask_positions": _integers(4, 2, high=5)},
        ),
        Case(
            _HUB + "NonMaxSuppression",
            {"bounding_box_format": "yxyx", "from_logits": True, "iou_threshold": 0.4, "confidence_threshold": 0.3}
            | {"max_detections": 4},
            (6, 4),
            {"class_prediction": (6, 3)},
        ),
        Case(_HUB + "PositionEmbedding", {"sequence_length": 7, "initializer": "he_normal"}, (5, 4)),
        Case(_HUB + "PositionEmbedding", {"sequence_length": 7}, (5, 4), {"positions": _integers(4, 5, high=6)}),
        Case(
            _HUB + "ReversibleEmbedding",
            {"input_dim": 8, "output_dim": 3, "tie_weights": False, "embeddings_initializer": "he_normal"}
            | {"mask_zero": True, "logit_soft_cap": 2.0},
            IDS,
        ),
        Case(_HUB + "RMSNormalization", {"input_dim": 4}, (5, 4)),
        Case(
            _HUB + "RotaryEmbedding",
            {"max_wavelength": 1000, "scaling_factor": 2.0, "sequence_axis": 2, "feature_axis": 3}
            | {"rope_type": "yarn", "beta_fast": 16.0, "beta_slow": 2.0, "truncate": False}
            | {"original_max_position_embeddings": 64},
            (2, 5, 4),
        ),
        Case(_HUB + "SinePositionEncoding", {"max_wavelength": 1000}, (5, 4)),
        Case(
            _HUB + "TokenAndPositionEmbedding",
            {"vocabulary_size": 8, "sequence_length": 7, "embedding_dim": 4, "tie_weights": False, "mask_zero": True}
            | {"embeddings_initializer": "he_normal"},
            IDS,
        ),
        Case(_HUB + "TransformerDecoder", _ENCODER, (5, 4)),
        Case(_HUB + "TransformerDecoder", _ENCODER, (5, 4), {"encoder_sequence": (3, 4)}),
        Case(_HUB + "TransformerEncoder", _ENCODER, (5, 4)),
        Case(_HUB + "TransformerEncoder", _ENCODER, (5, 4), {"padding_mask": MASK}),
        Case(
            _HUB + "MaskedLMMaskGenerator",
            {"vocabulary_size": 8, "mask_selection_rate": 0.5, "mask_token_id": 7, "mask_selection_length": 2},
            IDS,
        ),
        Case(_HUB + "MultiSegmentPacker", {"sequence_length": 8, "start_value": 1, "end_value": 2}, IDS),
        Case(_HUB + "RandomDeletion", {"rate": 0.4, "max_deletions": 2, "seed": 7}, IDS),
        Case(_HUB + "RandomSwap", {"rate": 0.4, "max_swaps": 2, "seed": 7}, IDS),
        Case(_HUB + "StartEndPacker", {"sequence_length": 8, "start_value": 1, "end_value": 2, "pad_value": 3}, IDS),
        Case(_HUB + "ImageConverter", {"image_size": (4, 4), "scale": 0.5, "offset": 0.1}, (6, 6, 3)),
        Case(_HUB + "VideoConverter", {"image_size": (4, 4), "scale": 0.5, "offset": 0.1}, (2, 6, 6, 3)),
        Case("keras_hub.models.BertBackbone", _SMALL, {**_IDS_AND_MASK, "segment_ids": 0 * IDS}, is_model=True),
        Case("keras_hub.models.GPT2Backbone", _SMALL, _IDS_AND_MASK, is_model=True),
    ),
    {
        "AudioConverter": "a base class",
        "tokenizers": "they need a vocabulary in a file",
        "SAM…, SAM3…": "parts of one model each, with four and more inputs that hang together",
        "…AudioConverter, …ImageConverter, …VideoConverter of single models": _FILES,
    },
)

KERAS_TCN = Package(
    (
        Case(
            "tcn.TCN",
            {"nb_filters": 4, "kernel_size": 2, "nb_stacks": 2, "dilations": (1, 2), "padding": "same"}
            | {"use_skip_connections": False, "dropout_rate": 0.2, "return_sequences": True, "activation": "tanh"}
            | {"kernel_initializer": "glorot_uniform", "use_layer_norm": True, "go_backwards": True},
            (8, 3),
        ),
        Case("tcn.TCN", {"nb_filters": 4, "dilations": (1, 2), "return_state": True}, (8, 3)),
        Case(
            "tcn.TCN",
            {"nb_filters": [4, 3], "dilations": [1, 2], "use_batch_norm": True, "use_skip_connections": False},
            (8, 3),
        ),
    ),
    {},
)

_FIRST, _LAST = "channels_first", "channels_last"
_STFT = {"n_fft": 8, "win_length": 6, "hop_length": 3, "input_data_format": _FIRST, "output_data_format": _FIRST}
_BANK = {"sample_rate": 800, "n_freq": 5, "n_mels": 3, "f_min": 10.0, "f_max": 300.0}

KAPRE = Package(
    (
        Case("kapre.STFT", {**_STFT, "window_name": "hamming_window", "pad_begin": True, "pad_end": True}, (2, 24)),
        Case("kapre.InverseSTFT", {**_STFT, "forward_window_name": "hamming_window"}, _complex(4, 2, 6, 5)),
        Case("kapre.Magnitude", {}, _complex(4, 6, 5, 2)),
        Case("kapre.Phase", {"approx_atan_accuracy": 50}, _complex(4, 6, 5, 2)),
        Case("kapre.MagnitudeToDecibel", {"ref_value": 2.0, "amin": 1e-4, "dynamic_range": 60.0}, (6, 5, 2)),
        Case(
            "kapre.ApplyFilterbank",
            {"type": "mel", "filterbank_kwargs": _BANK, "data_format": _FIRST},
            (2, 6, 5),
        ),
        Case("kapre.Delta", {"win_length": 3, "mode": "reflect", "data_format": _FIRST}, (1, 6, 5)),
        Case("kapre.Delta", {"win_length": 3}, (6, 5, 2)),
        Case("kapre.ConcatenateFrequencyMap", {"data_format": _FIRST}, (2, 6, 5)),
        Case(
            "kapre.Frame",
            {"frame_length": 4, "hop_length": 2, "pad_end": True, "pad_value": 1, "data_format": _FIRST},
            (2, 24),
        ),
        Case(
            "kapre.Energy",
            {"sample_rate": 800, "ref_duration": 0.2, "frame_length": 4, "hop_length": 2, "pad_end": True}
            | {"pad_value": 1, "data_format": _FIRST},
            (2, 24),
        ),
        Case("kapre.MuLawEncoding", {"quantization_channels": 16}, (24, 2)),
        Case("kapre.MuLawDecoding", {"quantization_channels": 16}, _integers(4, 24, 2)),
        Case("kapre.LogmelToMFCC", {"n_mfccs": 3, "data_format": _FIRST}, (2, 6, 5)),
        Case("kapre.augmentation.ChannelSwap", {"data_format": _FIRST}, (2, 6, 5)),
        Case("kapre.STFTTflite", {"n_fft": 8, "win_length": 6, "hop_length": 3}, np.ones((1, 24, 1), "float32")),
        Case("kapre.MagnitudeTflite", {}, (6, 5, 2, 2)),
        Case("kapre.PhaseTflite", {"approx_atan_accuracy": 50}, (6, 5, 2, 2)),
    ),
    {},
)

_CONV = "spektral.layers."
_CHANNELS = {"channels": 3, "activation": "tanh", **INITIALIZERS}
_LINKS = np.array([[0, 1, 0, 1, 1], [1, 0, 1, 0, 0], [0, 1, 0, 1, 0], [1, 0, 1, 0, 1], [1, 0, 0, 1, 0]], "float32")
_A = np.stack([_LINKS] * 4)
_X = np.random.default_rng(3).standard_normal((4, 5, 4)).astype("float32")
_E = np.random.default_rng(4).standard_normal((4, 5, 5, 2)).astype("float32")
_MLP = {"mlp_hidden": [3], "mlp_activation": "tanh"}
_POOL = {"k": 2, "return_selection": True, **INITIALIZERS}
_SPARSE = "it takes a sparse adjacency matrix alone, and check_layer has no sparse inputs"

SPEKTRAL = Package(
    (
        Case(
            _CONV + "APPNPConv", {**_CHANNELS, **_MLP, "alpha": 0.3, "propagations": 2, "dropout_rate": 0.2}, [_X, _A]
        ),
        Case(
            _CONV + "ARMAConv",
            {**_CHANNELS, "order": 2, "iterations": 2, "share_weights": True, "gcn_activation": "elu"}
            | {"dropout_rate": 0.2},
            [_X, _A],
        ),
        Case(_CONV + "ChebConv", {**_CHANNELS, "K": 2}, [_X, _A]),
        Case(_CONV + "DiffusionConv", {"channels": 3, "K": 2, "kernel_initializer": "he_normal"}, [_X, _A]),
        Case(_CONV + "ECCConv", {**_CHANNELS, "kernel_network": [3], "root": False}, [_X, _A, _E]),
        Case(
            _CONV + "GATConv",
            {**_CHANNELS, "attn_heads": 2, "concat_heads": False, "dropout_rate": 0.2, "add_self_loops": False},
            [_X, _A],
        ),
        Case(_CONV + "GCNConv", _CHANNELS, [_X, _A]),
        Case(_CONV + "GCSConv", _CHANNELS, [_X, _A]),
        Case(_CONV + "GTVConv", {**_CHANNELS, "delta_coeff": 0.5, "epsilon": 1e-2}, [_X, _A]),
        Case(_CONV + "GINConvBatch", {**_CHANNELS, **_MLP, "epsilon": 0.1, "mlp_batchnorm": False}, [_X, _A]),
        Case(
            _CONV + "XENetConvBatch",
            {"stack_channels": [3], "node_channels": 3, "edge_channels": 2, "attention": False},
            [_X, _A, _E],
        ),
        Case(_CONV + "AsymCheegerCutPool", {**_POOL, **_MLP, "totvar_coeff": 0.5, "balance_coeff": 0.5}, [_X, _A]),
        Case(_CONV + "DiffPool", {"k": 2, "channels": 3, "activation": "tanh", "return_selection": True}, [_X, _A]),
        Case(_CONV + "DMoNPool", {**_POOL, **_MLP, "collapse_regularization": 0.2}, [_X, _A]),
        Case(_CONV + "JustBalancePool", {**_POOL, **_MLP, "normalized_loss": True}, [_X, _A]),
        Case(_CONV + "MinCutPool", {**_POOL, **_MLP}, [_X, _A]),
        Case(_CONV + "GlobalAttentionPool", {"channels": 3, **INITIALIZERS}, _X),
        Case(_CONV + "GlobalAttnSumPool", {"attn_kernel_initializer": "he_normal"}, _X),
        Case(_CONV + "GlobalAvgPool", {}, _X),
        Case(_CONV + "GlobalMaxPool", {}, _X),
        Case(_CONV + "GlobalSumPool", {}, _X),
        Case(_CONV + "SortPool", {"k": 3}, _X),
        Case(_CONV + "InnerProduct", {"trainable_kernel": True, "activation": "tanh"}, _X[0]),
        Case(_CONV + "MinkowskiProduct", {"activation": "tanh"}, _X[0]),
        Case(_CONV + "GraphMasking", {}, (5, 4)),
    ),
    {
        "AGNNConv, CrystalConv, EdgeConv, GatedGraphConv, GeneralConv": _SPARSE,
        "GINConv, GraphSageConv, TAGConv, XENetConv, LaPool, SparseDropout": _SPARSE,
        "SAGPool, TopKPool, Disjoint2Batch": "their samples are the nodes of several graphs",
        "CensNetConv": "its inputs are nested, (x, (a, b, c), e), and those of check_layer are not",
        "MessagePassing, SRCPool": "base classes",
    },
)

_SELF = "keras_self_attention."
KERAS_SELF_ATTENTION = Package(
    (
        Case(
            _SELF + "SeqSelfAttention",
            {"units": 3, "attention_width": 3, "attention_type": "multiplicative", "history_only": True}
            | {"kernel_initializer": "he_normal", "attention_activation": "tanh", "attention_regularizer_weight": 0.1},
            (5, 4),
        ),
        Case(_SELF + "SeqSelfAttention", {"units": 3, "use_additive_bias": False, "return_attention": True}, (5, 4)),
        Case(_SELF + "SeqWeightedAttention", {"use_bias": False, "return_attention": True}, (5, 4)),
        Case(_SELF + "ScaledDotProductAttention", {"return_attention": True, "history_only": True}, (5, 4)),
        Case(_SELF + "ResidualScaledDotProductAttention", {"history_only": True}, [(5, 4), (5, 5)]),
    ),
    {},
)

PACKAGES = {
    "keras-hub": KERAS_HUB,
    "keras-tcn": KERAS_TCN,
    "kapre": KAPRE,
    "spektral": SPEKTRAL,
    "keras-self-attention": KERAS_SELF_ATTENTION,
}
