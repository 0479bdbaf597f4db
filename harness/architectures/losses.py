"""Losses: what each asks of an output and of its target, and the arguments that it takes.

A row per public loss, in the three ways in which people write one: the object, its name, the function. What
an output may hold is ordered: every ``distribution`` (sums to one along the last axis) is a ``probability``
(from 0 to 1), every probability is ``nonnegative``, and all are ``real``. A loss that needs more than the
output promises is given `from_logits` where it has that, and else is not drawn, so that it never turns into
a NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from harness.architectures.rules import NOTHING, Arguments, Draw, Wanted
from harness.architectures.vocabulary import Vocabulary
from harness.protocol.architecture import Call, Data, Name, Values

Shape = tuple[int, ...]
Strategies = Mapping[str, st.SearchStrategy[Any]]

PROMISES = ("real", "nonnegative", "probability", "distribution")

# Kinds of target, by what may be asked of it.
SAME = ("real", "positive", "binary", "sign", "one_hot", "simplex")  # of the shape of the output
SHARES = ("simplex", "one_hot")
HINGED = ("sign", "binary")
SPARSE = ("sparse", "index")  # class numbers; an index never has the axis of length one
KINDS = (*SAME, *SPARSE, "labels", "ctc")


def keeps(held: str, needed: str) -> bool:
    """Whether an output of which `held` is promised is all that is `needed`."""
    return PROMISES.index(held) >= PROMISES.index(needed)


# What cannot be asked for by its name although it is public.
UNKNOWN_STRINGS: Mapping[tuple[str, int], frozenset[str]] = {
    ("losses", 3): frozenset({"CategoricalGeneralizedCrossEntropy"}),
    ("metrics", 3): frozenset(
        {"huber", "log_cosh", "kld", "KLD", "binary_focal_crossentropy", "categorical_focal_crossentropy"}
    ),
    ("metrics", 2): frozenset(
        {
            "huber", "kl_divergence", "kld", "KLD", "bce", "BCE", "binary_focal_crossentropy",
            "categorical_focal_crossentropy", "Accuracy", "auc", "precision", "recall", "f1_score",
        }
    ),
}  # fmt: skip


def _nothing(shape: Shape) -> Strategies:
    return {}


def _anywhere(shape: Shape) -> bool:
    return True


@dataclass(frozen=True)
class Row:
    """A loss or a metric: its class `cls`, its `function`, and `aliases`, strings that mean it too.

    `targets` are the kinds of target it takes, `needs` is what the output must hold (with `logits` any
    reals do as well, given that argument), `fits` says whether it takes an output of this shape (batch left
    out). `required` arguments are always given; then there is no string and no function.
    """

    cls: str | None
    function: str | None = None
    targets: tuple[str, ...] = SAME
    needs: str = "real"
    logits: bool = False
    aliases: tuple[str, ...] = ()
    arguments: Callable[[Shape], Strategies] = _nothing
    required: tuple[str, ...] = ()
    fits: Callable[[Shape], bool] = _anywhere
    majors: tuple[int, ...] = (2, 3)
    called: str | None = None  # the name in the logs, where another row has the same one
    batched: Callable[[Shape, int], Strategies] = field(default=lambda shape, batch: {})
    synonyms: tuple[str, ...] = ()  # further public names of the function, in Keras 2
    only: Mapping[str, int] = field(default_factory=dict)  # arguments that work in one major Keras alone

    @property
    def key(self) -> str:
        """What two rows may not share on one output: Keras 2 refuses two metrics of one name."""
        return self.called or self.cls or self.function or self.aliases[0]

    def forms(self, vocabulary: Vocabulary, room: str, shape: Shape, promise: str) -> tuple[str, ...]:
        """In which of the ways ``object``, ``string`` and ``function`` it can be written for this output."""
        if vocabulary.major not in self.majors or not self.fits(shape):
            return ()
        plain = keeps(promise, self.needs)
        public = f"{room}.{self.cls}"
        forms = []
        if self.cls and vocabulary.has(public) and (plain or (self.logits and vocabulary.has(public, "from_logits"))):
            forms.append("object")
        if plain and not self.required:
            if self.strings(vocabulary, room):
                forms.append("string")
            if self.functions(vocabulary, room):
                forms.append("function")
        return tuple(forms)

    def strings(self, vocabulary: Vocabulary, room: str) -> tuple[str, ...]:
        """The strings that mean it."""
        names = tuple(name for name in (self.cls, self.function) if name and vocabulary.has(f"{room}.{name}"))
        if not names and (self.cls or self.function):
            return ()
        silent = UNKNOWN_STRINGS.get((room, vocabulary.major), frozenset())
        return tuple(name for name in (*names, *self.aliases) if name not in silent)

    def functions(self, vocabulary: Vocabulary, room: str) -> tuple[str, ...]:
        """The names of its function."""
        names = (*((self.function,) if self.function else ()), *self.synonyms)
        return tuple(name for name in names if vocabulary.has(f"{room}.{name}"))

    def written(
        self,
        draw: Draw,
        vocabulary: Vocabulary,
        room: str,
        form: str,
        *,
        shape: Shape,
        promise: str,
        batch: int,
        wanted: Wanted = NOTHING,
    ) -> Any:
        """Draws it in one of its forms; a class in `wanted` is given the arguments that are wanted of it."""
        if form == "string":
            return draw(st.sampled_from(self.strings(vocabulary, room)))
        if form == "function":
            names = [f"{room}.{name}" for name in self.functions(vocabulary, room)]
            return Name(draw(st.sampled_from([name for name in names if name in wanted] or names)))
        public = f"{room}.{self.cls}"
        strategies = self.strategies(vocabulary, room, shape, batch)
        a = Arguments(draw, vocabulary, public, wanted=wanted.get(public, frozenset()))
        for name in self.required:
            a.required(name, strategies[name])
        if self.logits and a.has("from_logits") and (not keeps(promise, self.needs) or a.chance("from_logits")):
            a.give("from_logits", True)
        a.several({name: values for name, values in strategies.items() if name not in self.required})
        return Call(public, a.values)

    def strategies(self, vocabulary: Vocabulary, room: str, shape: Shape, batch: int) -> Strategies:
        """The arguments that this Keras takes of it for an output of this shape, `from_logits` left out."""
        everything = {**self.arguments(shape), **self.batched(shape, batch), **COMMON[room]}
        if room == "losses" and vocabulary.major >= 3:
            everything["reduction"] = _sum  # the other one is the default there
        return {
            name: values
            for name, values in everything.items()
            if self.only.get(name, vocabulary.major) == vocabulary.major and vocabulary.has(f"{room}.{self.cls}", name)
        }


def target(draw: Draw, vocabulary: Vocabulary, kind: str, shape: Shape, batch: int) -> Data:
    """Data of this kind for an output of this shape."""
    whole = (batch, *shape)
    dtype = "float32"
    values = Values(kind)
    if kind == "positive":
        values = Values("uniform", 0.25, 2.0)
    elif kind == "binary":
        values = Values("integer", 0, 2)
        # Some metrics of Keras 2 do not cast.
        dtype = draw(st.sampled_from(("float32", "int32"))) if vocabulary.major >= 3 else "float32"
    elif kind in SPARSE:
        values, dtype = Values("integer", 0, shape[-1]), "int32"
        whole = draw(st.sampled_from((whole[:-1], (*whole[:-1], 1)))) if kind == "sparse" else whole[:-1]
    elif kind == "labels":
        values, dtype, whole = Values("integer", 0, 2), "int32", (batch,)
    elif kind == "ctc":
        # A label that stands twice in a row takes three steps: outputs are twice as long as the labels.
        values, dtype, whole = Values("integer", 1, shape[-1]), "int32", (batch, min(3, shape[0] // 2))
    return Data(whole, dtype, values, draw(st.integers(0, 2**16)))


def classes(shape: Shape) -> bool:
    """There are two classes at least: where there is one, Keras takes the last axis away."""
    return shape[-1] >= 2


def _axis(shape: Shape) -> Strategies:
    # Not the last axis only, where there is another; TensorFlow's cross-entropy takes no negative one but -1.
    return {"axis": st.just(1)} if len(shape) > 1 else {}


def _smoothing(shape: Shape) -> Strategies:
    return {"label_smoothing": st.sampled_from((0.1, 0.25)), **_axis(shape)}


def _focal(shape: Shape) -> Strategies:
    return {
        "alpha": st.sampled_from((0.5, 0.75)),
        "gamma": st.sampled_from((1.0, 3.0)),
        "apply_class_balancing": st.just(True),
        **_smoothing(shape),
    }


def _ignored(shape: Shape) -> Strategies:
    return {"ignore_class": st.sampled_from((0, shape[-1] - 1, -1)), "axis": st.just(len(shape))}


def _sparse_focal(shape: Shape) -> Strategies:
    return {"alpha": st.sampled_from((0.5, 0.75)), "gamma": st.sampled_from((1.0, 3.0)), **_ignored(shape)}


def _image_axes(shape: Shape) -> Strategies:
    return {"axis": st.sampled_from((-1, 1, tuple(range(1, len(shape) + 1))))}


def _tversky(shape: Shape) -> Strategies:
    return {"alpha": st.sampled_from((0.25, 0.75)), "beta": st.sampled_from((0.3, 1.0)), **_image_axes(shape)}


_names = st.sampled_from(("my_loss", "a.b", "loss"))
_sum = st.just("sum")
COMMON: Mapping[str, Strategies] = {
    "losses": {
        # Not None: what is then returned is no scalar, and compile takes no such loss.
        "reduction": st.sampled_from(("sum", "sum_over_batch_size")),
        "name": _names,
        # Not bfloat16: one less its smallest epsilon is one, and the cross-entropies are infinite.
        "dtype": st.sampled_from(("float64", "float32")),
    },
    "metrics": {
        "dtype": st.sampled_from(("float64", "float32")),
    },
}

LOSSES: tuple[Row, ...] = (
    Row("MeanSquaredError", "mean_squared_error", aliases=("mse", "MSE"), synonyms=("mse", "MSE")),
    Row("MeanAbsoluteError", "mean_absolute_error", aliases=("mae", "MAE"), synonyms=("mae", "MAE")),
    Row(
        "MeanAbsolutePercentageError",
        "mean_absolute_percentage_error",
        targets=("positive", "sign"),
        aliases=("mape", "MAPE"),
        synonyms=("mape", "MAPE"),
    ),
    Row(
        "MeanSquaredLogarithmicError",
        "mean_squared_logarithmic_error",
        targets=("positive", "binary", "simplex"),
        aliases=("msle", "MSLE"),
        synonyms=("msle", "MSLE"),
    ),
    Row("LogCosh", "log_cosh", synonyms=("logcosh",)),
    Row("Huber", "huber", arguments=lambda shape: {"delta": st.sampled_from((0.5, 2.0))}),
    Row("CosineSimilarity", "cosine_similarity", targets=("real", "positive", "simplex"), arguments=_axis),
    Row("Hinge", "hinge", targets=HINGED),
    Row("SquaredHinge", "squared_hinge", targets=HINGED),
    Row("CategoricalHinge", "categorical_hinge", targets=("one_hot",)),
    Row(
        "KLDivergence",
        "kl_divergence",
        targets=SHARES,
        aliases=("kld", "KLD"),
        synonyms=("kld", "KLD", "kullback_leibler_divergence"),
    ),
    Row("Poisson", "poisson", targets=("positive", "binary"), needs="nonnegative"),
    # Keras clips what should be a probability here, so any reals do.
    Row(
        "BinaryCrossentropy",
        "binary_crossentropy",
        targets=("binary", "one_hot"),
        logits=True,
        arguments=_smoothing,
        aliases=("bce", "BCE"),
    ),
    Row(
        "BinaryFocalCrossentropy",
        "binary_focal_crossentropy",
        targets=("binary", "one_hot"),
        needs="probability",
        logits=True,
        arguments=_focal,
    ),
    Row(
        "CategoricalCrossentropy",
        "categorical_crossentropy",
        targets=SHARES,
        needs="distribution",
        logits=True,
        arguments=_smoothing,
        fits=classes,
    ),
    Row(
        "CategoricalFocalCrossentropy",
        "categorical_focal_crossentropy",
        targets=SHARES,
        needs="distribution",
        logits=True,
        arguments=_focal,
        fits=classes,
    ),
    Row(
        "SparseCategoricalCrossentropy",
        "sparse_categorical_crossentropy",
        targets=SPARSE,
        needs="distribution",
        logits=True,
        arguments=_ignored,
        fits=classes,
    ),
    Row(
        "SparseCategoricalFocalCrossentropy",
        "sparse_categorical_focal_crossentropy",
        targets=SPARSE,
        needs="distribution",
        logits=True,
        arguments=_sparse_focal,
        fits=classes,
    ),
    Row(
        "CategoricalGeneralizedCrossEntropy",
        targets=("index",),
        needs="distribution",
        fits=classes,
        arguments=lambda shape: {"q": st.sampled_from((0.25, 0.7))},
    ),
    Row("Dice", "dice", targets=("binary", "one_hot"), needs="nonnegative", arguments=_image_axes),
    Row("Tversky", "tversky", targets=("binary", "one_hot"), needs="nonnegative", arguments=_tversky),
    Row(
        "Circle",
        "circle",
        targets=("labels",),
        fits=lambda shape: len(shape) == 1 and shape[0] >= 2,
        arguments=lambda shape: {
            "gamma": st.sampled_from((2.0, 16.0)),
            "margin": st.sampled_from((0.25, 0.5)),
            "remove_diagonal": st.just(False),
        },
    ),
    Row("CTC", "ctc", targets=("ctc",), fits=lambda shape: len(shape) == 2 and shape[0] >= 2 and shape[1] >= 2),
    # Strings that Keras makes one of three losses of, by the shapes.
    Row(
        None,
        aliases=("crossentropy", "ce"),
        majors=(3,),
        targets=("binary",),
        fits=lambda shape: shape[-1] == 1,
        called="crossentropy",
    ),
    Row(
        None,
        aliases=("crossentropy", "ce"),
        majors=(3,),
        targets=("one_hot", *SPARSE),
        needs="distribution",
        fits=classes,
        called="crossentropy",
    ),
)
