"""What an argument alone makes Keras take memory for, when the object is made, before any weight is read.

The thresholds and the confusion matrix of a metric, the n-grams of a text, what stands for unknown words, the rarity of
words that are not there, the history that a quantization keeps: a number of eleven letters in the config, and a hundred
gigabytes. Counted as parameters are, four bytes each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.inspection.variable_rows import Odd, whole

Config = dict[str, Any]


def _thresholds(config: Config) -> int:
    """Four variables, and a list of Python's numbers; of several labels the variables hold one for each."""
    if config.get("thresholds") is not None:
        return 0  # as many as stand there
    return whole(config.get("num_thresholds", 200)) * (8 + 4 * whole(config.get("num_labels") or 1))


def _matrix(config: Config) -> int:
    return int(whole(config.get("num_classes", 2)) ** 2)


def _n_grams(config: Config) -> int:
    """Each width up to the widest, as one of Python's numbers in a tuple."""
    given = config.get("ngrams")
    return _rarity(config) + (9 * whole(given) if isinstance(given, int | float) else 0)


def _rarity(config: Config) -> int:
    """How rare each word is, in eight bytes, with room for all that there may be."""
    asked = config.get("output_mode") in ("tf_idf", "tf-idf") and config.get("pad_to_max_tokens")
    return 2 * whole(config.get("max_tokens") or 0) if asked else 0


def _outside(config: Config) -> int:
    """Where a vocabulary is given, a list of what stands for words that are not in it, and an array of that."""
    return _rarity(config) + 9 * whole(config.get("num_oov_indices", 1))


def _history(config: Config) -> int:
    """Of the inputs, the kernel and the gradient of each layer."""
    return 3 * whole(config.get("amax_history_length", 1024))


ROWS: dict[str, Callable[[Config], int]] = {
    **dict.fromkeys(
        ("AUC", "PrecisionAtRecall", "RecallAtPrecision", "SensitivityAtSpecificity", "SpecificityAtSensitivity"),
        _thresholds,
    ),
    **dict.fromkeys(("IoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU"), _matrix),
    **dict.fromkeys(("IntegerLookup", "StringLookup"), _outside),
    "TextVectorization": _n_grams,
    **dict.fromkeys(("Float8QuantizationConfig", "QuantizedFloat8DTypePolicy"), _history),
}


def of(name: str, config: Config) -> int:
    """How many numbers an object of this class asks for; none where its arguments are no numbers."""
    try:
        return ROWS[name](config) if name in ROWS else 0
    except Odd:
        return 0
