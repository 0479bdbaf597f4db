"""Layers with a vocabulary: StringLookup, IntegerLookup, TextVectorization.

The vocabulary is given, or learnt by `adapt` from data that holds every token for all practical purposes, so
that its size, which output shapes depend on, is known here.
"""

from __future__ import annotations

import string
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from harness.architectures import inputs
from harness.architectures.families.encoding import SALTS, encoded, encodings
from harness.architectures.rules import Arguments, LayerRule, Placement, chance
from harness.architectures.spec import Spec
from harness.protocol.architecture import Data, Method, Values

_DOCUMENTS = 64  # so many that each of a few tokens is in one of them, millions of draws aside
_TEXTS = ("The red fox, again!", "A blue fox", "red, red and blue", "never seen before?")
_WITH_MODES = ("sparse", "pad_to_max_tokens", "idf_weights")  # what goes with other modes than indices
_WORDS = ("red", "green", "blue", "never seen")
_encodings = st.sampled_from(("latin-1", "ascii"))
# An adapted vocabulary is saved as a file of lines: words that a reader of lines may take for two, and one for none.
_OF_TWO_LINES = ("new\u2028line", "new\x0bline", "new\rline", "new\nline")
_STRANGE_ONE_IN = 5  # what lies behind a lookup that comes back with other words is not seen in that model


@dataclass(frozen=True)
class _Learnt:
    """A vocabulary: its tokens without special ones, its size with them, and the methods that learn it."""

    tokens: tuple[Any, ...]
    size: int
    methods: tuple[Method, ...] = ()


def _mode(a: Arguments, modes: list[str], plain: tuple[str, ...] = ()) -> tuple[str, str | None]:
    """Draws `output_mode` and, of the arguments that exclude each other, the one that shall be given.

    `modes` are those beside indices; the arguments `plain` go with indices alone, others with one of `modes`.
    """
    with_modes = _WITH_MODES if "tf_idf" in modes else _WITH_MODES[:2] if modes else ()
    fitting = (*plain, *with_modes)
    wishes = [wish for wish in fitting if wish in a.wanted]
    if not wishes:
        others = with_modes if "output_mode" in a.wanted else fitting
        wishes = [wish for wish in others if a.chance(wish)]
    wish = a.draw(st.sampled_from(wishes)) if wishes else None
    if wish is None and "tf_idf" in modes and a.adapts("vocabulary") and a.draw(st.booleans()):
        return a.give("output_mode", "tf_idf"), wish  # in which more is learnt than the words
    if wish is None:
        return a.optional("output_mode", st.sampled_from(modes), default="int") if modes else "int", None
    if wish in plain:
        return "int", wish
    if wish == "idf_weights":
        return a.give("output_mode", "tf_idf"), wish
    if wish == "sparse":
        a.give("sparse", True)
        # Keras 3 multiplies a sparse tensor of counts by dense weights, and fails.
        modes = [mode for mode in modes if mode != "tf_idf" or a.major < 3]
    return a.required("output_mode", st.sampled_from(modes)), wish


def _vocabulary(
    a: Arguments,
    tokens: tuple[Any, ...],
    others: tuple[Any, ...],
    special: list[Any],
    mode: str,
    wish: str | None,
    data: Data,
    strange: tuple[str, ...] = (),
) -> _Learnt:
    """Draws `vocabulary` or leaves it to `adapt`, and how large it may grow.

    `tokens` are those of the data, `others` may stand beside them, `special` stand in front of them; of the `strange`
    ones, which are hard to keep in a file of lines, one is learnt now and then.
    """
    pads = wish == "pad_to_max_tokens" or (mode != "int" and a.chance("pad_to_max_tokens"))
    grows = pads or a.chance("max_tokens")
    covering = a.get("num_oov_indices") == 0
    given = covering or not tokens or wish == "idf_weights"
    if given or (not a.adapts("vocabulary") and a.chance("vocabulary")):
        pool = [*tokens, *others]
        listed = pool if covering else a.draw(st.lists(st.sampled_from(pool), min_size=1, unique=True))
        whole = [*special, *listed]
        words = a.required("vocabulary", st.sampled_from((list(listed), tuple(listed), whole)))
        if mode == "tf_idf":
            weights = st.sampled_from((0.25, 0.5, 1.5))
            a.required("idf_weights", st.lists(weights, min_size=len(words), max_size=len(words)))
        learnt = _Learnt(tuple(listed), len(whole))
        limit = a.required("max_tokens", st.integers(max(learnt.size, 2), learnt.size + 3)) if grows else 0
    else:
        if strange and chance(a.draw, _STRANGE_ONE_IN):
            word = a.draw(st.sampled_from(strange))
            tokens, data = (*tokens, word), _with(data, word)
        size = len(special) + len(tokens)
        limit = a.required("max_tokens", st.integers(max(len(special) + 1, 2), size + 2)) if grows else size
        learnt = _Learnt(tokens, min(size, limit), (a.adapted(data),))
    if pads:
        a.give("pad_to_max_tokens", True)
        return replace(learnt, size=limit)
    return learnt


def _with(data: Data, word: str) -> Data:
    """The data with one word more; the empty one is the rarest, for it is as the last that it can be lost."""
    words = data.values.words
    if word:
        return replace(data, values=replace(data.values, words=(*words, word)))
    shape = (4 * _DOCUMENTS, *data.shape[1:])  # in which the rarest is, too
    return replace(data, shape=shape, values=replace(data.values, words=(*words, *words, word)))


def _data(a: Arguments, x: Spec, mode: str, dtype: str, values: Values) -> Data:
    """What a layer adapts to."""
    shape = tuple(axis or 2 for axis in x.shape)
    # Keras 2 cannot put together documents of which each has another number of distinct tokens.
    if a.major < 3 and mode == "tf_idf" and x.rank == 1:
        shape = (1,)
    return Data((_DOCUMENTS, *shape), dtype, values)


def _result(a: Arguments, x: Spec, mode: str, size: int) -> Spec:
    """What comes out of a lookup that does not invert."""
    if mode == "int":
        return x.but(kind="int", limit=size, words=(), masked=False, differentiable=False, dtype=None)
    # Keras 3 promises floats where it returns integers, except for weighted ones.
    whole = a.major >= 3 and mode != "tf_idf"
    limit = None if not whole else (x.shape[-1] or 0) + 1 if mode == "count" else 2
    out = encoded(x, mode, size, sparse=a.get("sparse", False))
    return out.but(kind="int" if whole else "float", limit=limit)


def _modes(a: Arguments, x: Spec) -> list[str]:
    modes = encodings(a, x)
    return [*modes, "tf_idf"] if "count" in modes else modes


def _oov_indices(a: Arguments, *, known: bool) -> int:
    """The number of buckets for what is not in the vocabulary; none only where all of the data is `known`."""
    counts = [2, 3, *([0] if known else [])]
    if a.get("invert", False):
        counts = [2]
    return int(a.optional("num_oov_indices", st.sampled_from(counts), default=1))


def _string_lookup(a: Arguments, x: Spec) -> Placement:
    words = x.values().words if x.kind == "string" else _WORDS
    if x.kind == "string":
        mode, wish = _mode(a, _modes(a, x))
    else:
        a.give("invert", True)
        mode, wish = "int", "invert"
    hidden = a.optional("mask_token", st.sampled_from(("", "blue")))
    unknown = a.optional("oov_token", st.sampled_from(("[OOV]", "?")), default="[UNK]")
    if a.chance("salt"):
        a.required("salt", SALTS)
        buckets = a.required("num_oov_indices", st.sampled_from((2, 3)))
    else:
        buckets = _oov_indices(a, known=x.kind == "string")
    # What is not ASCII, other encodings cannot read.
    foreign = () if a.optional("encoding", _encodings) else ("grün",)
    tokens = tuple(word for word in (*words, *foreign) if word not in (hidden, unknown))
    front = [hidden] if hidden is not None and mode == "int" else []
    data = _data(a, x, mode, "string", Values("word", words=(*words, *foreign)))
    special = [*front, *[unknown] * buckets]
    strange: tuple[str, ...] = ()
    if foreign and wish != "invert":  # what an inverted one gives, other layers are to read
        # Whether an empty word is there shows by the width of what comes out.
        empty = hidden != "" and "" not in words and mode != "int"
        strange = (*_OF_TWO_LINES, *[""] * (2 if empty else 0))
    learnt = _vocabulary(a, tokens, ("yellow", "two words"), special, mode, wish, data, strange)
    if wish == "invert":
        seen = (*learnt.tokens, unknown, *([hidden] if hidden is not None else []))
        out = x.but(kind="string", words=seen, limit=None, masked=False, differentiable=False, dtype=None)
        return Placement((out,), methods=learnt.methods)
    return Placement((_result(a, x, mode, learnt.size),), methods=learnt.methods)


def _integer_lookup(a: Arguments, x: Spec) -> Placement:
    mode, wish = _mode(a, _modes(a, x), ("invert",))
    inverted = wish == "invert"
    if inverted:
        a.give("invert", True)
    hidden = a.optional("mask_token", st.sampled_from((0, 2)))
    unknown = a.optional("oov_token", st.sampled_from((-2, 1000)), default=-1)
    a.optional("vocabulary_dtype", st.just("int64"))
    known = x.limit is not None and not inverted
    if a.chance("salt"):
        a.required("salt", SALTS)
        a.give("oov_method", "farmhash")
    else:
        a.optional("oov_method", st.just("farmhash"))
    if "oov_method" in a.values:
        buckets = a.required("num_oov_indices", st.sampled_from((2, 3)))
    else:
        buckets = _oov_indices(a, known=known)
    numbers = range(x.limit if buckets == 0 and x.limit is not None else 4)
    tokens = tuple(number for number in numbers if number not in (hidden, unknown))
    front = [hidden] if hidden is not None and mode == "int" else []
    data = _data(a, x, mode, "int64", Values("integer", low=0, high=4))
    learnt = _vocabulary(a, tokens, (100, -7), [*front, *[unknown] * buckets], mode, wish, data)
    if inverted:
        out = x.but(limit=None, masked=False, differentiable=False, dtype=None)
        return Placement((out,), methods=learnt.methods)
    return Placement((_result(a, x, mode, learnt.size),), methods=learnt.methods)


def _tokens(text: str, standardize: str | None, split: str | None, ngrams: Any) -> list[str]:
    """What TextVectorization makes of a text, as its documentation has it."""
    if standardize in ("lower", "lower_and_strip_punctuation"):
        text = text.lower()
    if standardize in ("strip_punctuation", "lower_and_strip_punctuation"):
        text = text.translate(str.maketrans("", "", string.punctuation))
    parts = {"whitespace": text.split(), "character": list(text), None: [text]}[split]
    if ngrams is None:
        return parts
    widths = range(1, ngrams + 1) if isinstance(ngrams, int) else ngrams
    return [" ".join(parts[start : start + width]) for width in widths for start in range(len(parts) - width + 1)]


def _text_vectorization(a: Arguments, x: Spec) -> Placement:
    texts = x.values().words
    ways = st.sampled_from((None, "lower", "strip_punctuation"))
    standardize = a.optional("standardize", ways, default="lower_and_strip_punctuation")
    splits = ["character"] if x.rank == 0 else ["character", None]
    split: str | None = "whitespace"
    # Keras 3 is wrong about the rank of what comes out of a column of texts that are split, indices aside.
    column = a.major >= 3 and x.rank == 1
    encodes = column and bool(a.wanted.intersection(_WITH_MODES)) and a.draw(st.booleans())
    if x.rank == 1 and (x.shape != (1,) or encodes):
        split = a.give("split", None)
    else:
        split = a.optional("split", st.sampled_from(splits), default="whitespace")
    ngrams = None
    if split is not None:
        widths: list[Any] = [2, 3, (1, 3), (2,), (2, 3)]
        whole = [width for width in widths if all(_tokens(text, standardize, split, width) for text in texts)]
        ngrams = a.optional("ngrams", st.sampled_from(whole)) if whole else None
    modes = ["multi_hot", "count", "tf_idf"] if not column or split is None else []
    mode, wish = _mode(a, modes, ("ragged", "output_sequence_length"))
    length = None
    if wish == "ragged":
        a.give("ragged", True)
    if wish == "output_sequence_length" or (wish == "ragged" and a.major >= 3 and a.draw(st.booleans())):
        length = a.required("output_sequence_length", st.integers(1, 5))
    a.optional("encoding", _encodings)
    strange = _OF_TWO_LINES if split is None and "encoding" not in a.values else ()
    tokens = {token for text in texts for token in _tokens(text, standardize, split, ngrams)} - {"", "[UNK]"}
    data = _data(a, x, mode, "string", Values("word", words=texts))
    special = ["", "[UNK]"] if mode == "int" else ["[UNK]"]
    learnt = _vocabulary(a, tuple(sorted(tokens)), ("yellow", "two words"), special, mode, wish, data, strange)
    if mode != "int":
        counted = x.but(shape=(None,)) if split is not None else x
        out = _result(a, counted, mode, learnt.size)
        if mode == "count" and split is not None:
            out = out.but(limit=None)
        return Placement((out.but(words=(), differentiable=False),), methods=learnt.methods)
    shape: tuple[int | None, ...] = (length,)
    if a.major < 3 and split is None:
        # The padding is computed from the shape; of one known in full, TensorFlow folds it.
        shape = x.shape if length is None else (length if x.fixed_batch else None,)
    # A ragged tensor, like a sparse one, is nothing that other layers take.
    out = Spec(shape, "int", learnt.size, differentiable=False, fixed_batch=x.fixed_batch, sparse=wish == "ragged")
    return Placement((out,), methods=learnt.methods)


def _texts() -> st.SearchStrategy[Spec]:
    shapes = st.sampled_from(((), (), (1,), (1,), (1,), (2,)))
    return shapes.map(lambda shape: Spec(shape, "string", words=_TEXTS, differentiable=False))


def _is_text(spec: Spec) -> bool:
    return spec.kind == "string" and spec.rank <= 1 and spec.static and not spec.sparse


def _is_word_or_index(spec: Spec) -> bool:
    return (spec.kind == "string" and spec.rank >= 1 and not spec.sparse) or _is_index(spec)


def _is_index(spec: Spec) -> bool:
    return spec.kind == "int" and spec.rank >= 1 and not spec.sparse


_single = st.just(Spec((1,), "int", limit=6, differentiable=False))
_TAGS = frozenset({"preprocessing", "opaque"})

RULES = (
    LayerRule(
        "StringLookup",
        _string_lookup,
        lambda: st.one_of(*[inputs.words()] * 5, inputs.words(rank=2), *[inputs.indices()] * 2),
        _is_word_or_index,
        common=(),
        tags=_TAGS,
    ),
    LayerRule(
        "IntegerLookup",
        _integer_lookup,
        lambda: st.one_of(*[inputs.indices()] * 3, inputs.indices(rank=2), _single),
        _is_index,
        common=(),
        tags=_TAGS,
    ),
    LayerRule("TextVectorization", _text_vectorization, _texts, _is_text, common=(), tags=_TAGS),
)
