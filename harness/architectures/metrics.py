"""Metrics: what each asks of an output and of its target, and the arguments that it takes.

Rows as in `losses`. Not here: ``Mean``, ``Sum`` and ``MeanTensor`` reduce one tensor and are no metrics of
a target and an output; ``Metric`` is a base class.
"""

from __future__ import annotations

from hypothesis import strategies as st

from harness.architectures.losses import HINGED, SAME, SHARES, SPARSE, Row, Shape, Strategies, classes
from harness.protocol.architecture import Data, Name, Values

BINARY = ("binary", "one_hot")
_AXIS_IN_2 = {"axis": 2}
_DTYPE_IN_3 = {"dtype": 3}  # Keras 2 does not cast all that it computes with
_fractions = st.sampled_from((0.25, 0.5, 0.75))
_names = st.sampled_from(("my_metric", "a.b"))


def _flat(shape: Shape) -> bool:
    return len(shape) == 1


def _flat_classes(shape: Shape) -> bool:
    return len(shape) == 1 and shape[0] >= 2


def _axis(shape: Shape) -> Strategies:
    return {"axis": st.just(1)} if len(shape) > 1 else {}


def _thresholds(shape: Shape) -> Strategies:
    return {"name": _names, "thresholds": st.sampled_from((0.25, [0.25, 0.75], [0.0, 0.5, 1.0]))}


def _retrieval(shape: Shape) -> Strategies:
    return {
        **_thresholds(shape),
        "top_k": st.integers(1, shape[-1]),
        "class_id": st.integers(0, shape[-1] - 1),
    }


def _at(name: str) -> Row:
    """A metric at a given value of another."""
    required = {
        "Sensitivity": "specificity",
        "Specificity": "sensitivity",
        "Precision": "recall",
        "Recall": "precision",
    }
    other = required[name]
    return Row(
        f"{name}At{other.capitalize()}",
        targets=BINARY,
        needs="probability",
        required=(other,),
        arguments=lambda shape: {
            other: _fractions,
            "name": _names,
            "num_thresholds": st.sampled_from((1, 5, 50)),
            "class_id": st.integers(0, shape[-1] - 1),
        },
    )


def _auc(shape: Shape) -> Strategies:
    several: Strategies = {
        "name": _names,
        "num_thresholds": st.sampled_from((2, 10, 50)),
        "curve": st.sampled_from(("PR", "ROC")),
        "summation_method": st.sampled_from(("minoring", "majoring")),
        "thresholds": st.sampled_from(([0.5], [0.1, 0.9])),
    }
    return several


def _auc_labels(shape: Shape) -> Strategies:
    return {
        **_auc(shape),
        "multi_label": st.just(True),
        "label_weights": st.lists(_fractions, min_size=shape[-1], max_size=shape[-1]),
        "num_labels": st.just(shape[-1]),
    }


def _auc_logits(shape: Shape) -> Strategies:
    return {**_auc(shape), "from_logits": st.just(True)}


def _f_score(shape: Shape) -> Strategies:
    return {
        "name": _names,
        "average": st.sampled_from(("micro", "macro", "weighted")),
        "threshold": _fractions,
        "beta": st.sampled_from((0.5, 2.0)),
    }


def _overlap(shape: Shape) -> Strategies:
    last = shape[-1]
    return {
        "name": _names,
        "num_classes": st.just(last),
        "target_class_ids": st.sampled_from(([0], [last - 1], [0, last - 1], (0,))),
        "sparse_y_pred": st.just(False),
        "ignore_class": st.sampled_from((0, last - 1)),
        "axis": st.just(len(shape)),  # Keras 3 sums its result along this axis too, and fails
    }


def _overlap_one_hot(shape: Shape) -> Strategies:
    # Its sparse_y_pred is off already.
    return {name: values for name, values in _overlap(shape).items() if name != "sparse_y_pred"}


def _overlap_dense(shape: Shape) -> Strategies:
    return {**_overlap(shape), "sparse_y_true": st.just(False)}


def _top(shape: Shape) -> Strategies:
    return {"name": _names, "k": st.integers(1, shape[-1])}


def _top_sparse(shape: Shape) -> Strategies:
    return {**_top(shape), "from_sorted_ids": st.just(True)}


def _smoothing(shape: Shape) -> Strategies:
    return {"name": _names, "label_smoothing": st.sampled_from((0.1, 0.25)), **_axis(shape)}


def _ignored(shape: Shape) -> Strategies:
    return {"name": _names, "ignore_class": st.sampled_from((0, shape[-1] - 1)), "axis": st.just(len(shape))}


def _named(shape: Shape) -> Strategies:
    return {"name": _names}


def _named_axis(shape: Shape) -> Strategies:
    return {"name": _names, **_axis(shape)}


METRICS: tuple[Row, ...] = (
    Row(
        "MeanSquaredError",
        "mean_squared_error",
        aliases=("mse", "MSE"),
        synonyms=("mse", "MSE"),
        arguments=_named,
    ),
    Row("RootMeanSquaredError", arguments=_named),
    Row(
        "MeanAbsoluteError",
        "mean_absolute_error",
        aliases=("mae", "MAE"),
        synonyms=("mae", "MAE"),
        arguments=_named,
    ),
    Row(
        "MeanAbsolutePercentageError",
        "mean_absolute_percentage_error",
        targets=("positive", "sign"),
        aliases=("mape", "MAPE"),
        synonyms=("mape", "MAPE"),
        arguments=_named,
    ),
    Row(
        "MeanSquaredLogarithmicError",
        "mean_squared_logarithmic_error",
        targets=("positive", "binary", "simplex"),
        aliases=("msle", "MSLE"),
        synonyms=("msle", "MSLE"),
        arguments=_named,
    ),
    Row("LogCoshError", "log_cosh", synonyms=("logcosh",), arguments=_named),
    Row(None, "huber"),
    Row(
        "CosineSimilarity",
        "cosine_similarity",
        targets=("real", "positive", "simplex"),
        arguments=_named_axis,
    ),
    Row("PearsonCorrelation", "pearson_correlation", targets=("real", "positive"), arguments=_named_axis),
    Row(
        "ConcordanceCorrelation",
        "concordance_correlation",
        targets=("real", "positive"),
        arguments=_named_axis,
    ),
    Row(
        "R2Score",
        only=_DTYPE_IN_3,
        targets=("real", "positive"),
        fits=_flat,
        arguments=lambda shape: {
            "name": _names,
            "class_aggregation": st.sampled_from((None, "variance_weighted_average")),
            "num_regressors": st.just(1),
        },
    ),
    Row(
        "MeanRelativeError",
        targets=("real", "positive"),
        required=("normalizer",),
        arguments=_named,
        batched=lambda shape, batch: {
            "normalizer": st.just(Data((batch, *shape), "float32", Values("uniform", 0.5, 2.0)))
        },
    ),
    Row("Hinge", "hinge", targets=HINGED, arguments=_named),
    Row("SquaredHinge", "squared_hinge", targets=HINGED, arguments=_named),
    Row("CategoricalHinge", "categorical_hinge", targets=("one_hot",), arguments=_named),
    Row(
        "KLDivergence",
        "kl_divergence",
        targets=SHARES,
        aliases=("kld", "KLD"),
        synonyms=("kld", "KLD", "kullback_leibler_divergence"),
        arguments=_named,
    ),
    Row("Poisson", "poisson", targets=("positive", "binary"), needs="nonnegative", arguments=_named),
    Row(
        "BinaryCrossentropy",
        "binary_crossentropy",
        targets=BINARY,
        logits=True,
        arguments=lambda shape: {**_smoothing(shape), "axis": st.nothing()},
        aliases=("bce", "BCE"),
    ),
    Row(None, "binary_focal_crossentropy", targets=BINARY, needs="probability"),
    Row(
        "CategoricalCrossentropy",
        "categorical_crossentropy",
        targets=SHARES,
        needs="distribution",
        logits=True,
        arguments=_smoothing,
        fits=classes,
    ),
    Row(None, "categorical_focal_crossentropy", targets=SHARES, needs="distribution", fits=classes),
    Row(
        "SparseCategoricalCrossentropy",
        "sparse_categorical_crossentropy",
        targets=SPARSE,
        needs="distribution",
        logits=True,
        arguments=_ignored,
        fits=classes,
    ),
    Row("Accuracy", called="accuracy", arguments=_named),
    Row(
        None,
        aliases=("accuracy", "acc"),
        called="accuracy",
        targets=(*SAME, *SPARSE),
    ),
    Row(
        "BinaryAccuracy",
        "binary_accuracy",
        targets=BINARY,
        arguments=lambda shape: {"name": _names, "threshold": st.sampled_from((0.25, 0.75))},
    ),
    Row("CategoricalAccuracy", "categorical_accuracy", targets=SHARES, arguments=_named, fits=classes),
    Row(
        "SparseCategoricalAccuracy",
        "sparse_categorical_accuracy",
        targets=SPARSE,
        arguments=_named,
        fits=classes,
    ),
    Row(
        "TopKCategoricalAccuracy",
        "top_k_categorical_accuracy",
        only=_DTYPE_IN_3,
        targets=SHARES,
        arguments=_top,
        fits=classes,
    ),
    Row(
        "SparseTopKCategoricalAccuracy",
        "sparse_top_k_categorical_accuracy",
        only=_DTYPE_IN_3,
        targets=SPARSE,
        arguments=_top_sparse,
        fits=classes,
    ),
    Row("TruePositives", targets=BINARY, needs="probability", arguments=_thresholds),
    Row("TrueNegatives", targets=BINARY, needs="probability", arguments=_thresholds),
    Row("FalsePositives", targets=BINARY, needs="probability", arguments=_thresholds),
    Row("FalseNegatives", targets=BINARY, needs="probability", arguments=_thresholds),
    Row(
        "Precision",
        only=_DTYPE_IN_3,
        aliases=("precision",),
        targets=BINARY,
        needs="probability",
        arguments=_retrieval,
    ),
    Row(
        "Recall",
        only=_DTYPE_IN_3,
        aliases=("recall",),
        targets=BINARY,
        needs="probability",
        arguments=_retrieval,
    ),
    _at("Sensitivity"),
    _at("Specificity"),
    _at("Precision"),
    _at("Recall"),
    Row("AUC", targets=BINARY, needs="probability", arguments=_auc, called="auc", aliases=("auc",)),
    Row(
        "AUC",
        targets=BINARY,
        needs="probability",
        required=("multi_label",),
        arguments=_auc_labels,
        fits=_flat_classes,
        called="auc",
    ),
    Row("AUC", targets=BINARY, required=("from_logits",), arguments=_auc_logits, called="auc"),
    Row(
        "F1Score",
        aliases=("f1_score",),
        only=_DTYPE_IN_3,
        targets=BINARY,
        fits=_flat_classes,
        arguments=_f_score,
    ),
    Row("FBetaScore", only=_DTYPE_IN_3, targets=BINARY, fits=_flat_classes, arguments=_f_score),
    Row(
        "BinaryIoU",
        targets=BINARY,
        arguments=lambda shape: {
            "name": _names,
            "target_class_ids": st.sampled_from(([0], [1])),
            "threshold": st.sampled_from((0.25, 0.75)),
        },
    ),
    # An output holds numbers for each class, and no class: sparse_y_pred must be off.
    Row(
        "IoU",
        only=_AXIS_IN_2,
        targets=SPARSE,
        required=("num_classes", "target_class_ids", "sparse_y_pred"),
        arguments=_overlap,
        fits=classes,
    ),
    Row(
        "IoU",
        only=_AXIS_IN_2,
        targets=("one_hot",),
        arguments=_overlap_dense,
        fits=classes,
        required=("num_classes", "target_class_ids", "sparse_y_pred", "sparse_y_true"),
    ),
    Row(
        "MeanIoU",
        only=_AXIS_IN_2,
        targets=SPARSE,
        required=("num_classes", "sparse_y_pred"),
        arguments=_overlap,
        fits=classes,
    ),
    Row(
        "MeanIoU",
        only=_AXIS_IN_2,
        targets=("one_hot",),
        arguments=_overlap_dense,
        fits=classes,
        required=("num_classes", "sparse_y_pred", "sparse_y_true"),
    ),
    Row(
        "OneHotIoU",
        only=_AXIS_IN_2,
        targets=("one_hot",),
        required=("num_classes", "target_class_ids"),
        arguments=_overlap_one_hot,
        fits=classes,
    ),
    Row(
        "OneHotMeanIoU",
        only=_AXIS_IN_2,
        targets=("one_hot",),
        required=("num_classes",),
        arguments=_overlap_one_hot,
        fits=classes,
    ),
    Row(
        "MeanMetricWrapper",
        required=("fn", "name"),
        arguments=lambda shape: {
            "fn": st.sampled_from((Name("losses.mean_squared_error"), Name("metrics.mean_absolute_error"))),
            "name": _names,
        },
    ),
    Row(
        None,
        aliases=("crossentropy", "ce"),
        majors=(2,),
        targets=("binary",),
        fits=lambda shape: shape[-1] == 1,
        called="crossentropy",
    ),
    Row(
        None,
        aliases=("crossentropy", "ce"),
        majors=(2,),
        targets=("one_hot", *SPARSE),
        needs="distribution",
        fits=classes,
        called="crossentropy",
    ),
)
