"""Categories as indices or hot vectors: CategoryEncoding, Discretization, Hashing, HashedCrossing."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from harness.architectures import inputs
from harness.architectures.families.augmentation import some_dtype
from harness.architectures.rules import Arguments, LayerRule, Placement
from harness.architectures.spec import Spec
from harness.protocol.architecture import Data, Method

SALTS: st.SearchStrategy[Any] = st.one_of(
    st.integers(0, 2**20), st.tuples(st.integers(0, 99), st.integers(0, 99)), st.just([3, 5])
)


def encodings(a: Arguments, x: Spec, *, any_rank: bool = True, any_samples: bool = False) -> list[str]:
    """The output modes beside indices that fit a tensor; Keras 2 has none beyond two axes, batch included.

    `any_rank`: Keras 3 encodes single elements of any shape; `any_samples`: it counts whole samples as well.
    """
    modes = []
    if x.shape == (1,) or (x.rank >= 1 and any_rank and a.major >= 3):
        modes.append("one_hot")
    if x.rank == 1 or (x.rank > 1 and any_samples and a.major >= 3):
        modes += ["multi_hot", "count"]
    return modes


def encoded(x: Spec, mode: str, depth: int, *, sparse: bool) -> Spec:
    """A hot axis behind the last one or instead of one of length 1, or counts of the first."""
    if mode == "one_hot":
        shape = (*(x.shape[:-1] if x.shape[-1] == 1 else x.shape), depth)
    else:
        shape = (*x.shape[1:], depth)
    return Spec(shape, differentiable=False, fixed_batch=x.fixed_batch, sparse=sparse)


def _indices(x: Spec, limit: int) -> Spec:
    return x.but(kind="int", limit=limit, image=False, masked=False, words=(), differentiable=False, dtype=None)


def _output(a: Arguments, x: Spec, modes: list[str], depth: int) -> Spec:
    """Draws `output_mode` and `sparse`: indices below `depth`, or an encoding of that depth."""
    if modes and a.chance("sparse"):
        mode = a.required("output_mode", st.sampled_from(modes))
        return encoded(x, mode, depth, sparse=a.give("sparse", True))
    mode = a.optional("output_mode", st.sampled_from(modes), default="int") if modes else "int"
    return _indices(x, depth) if mode == "int" else encoded(x, mode, depth, sparse=False)


def _category_encoding(a: Arguments, x: Spec) -> Placement:
    assert x.limit is not None
    depth = a.required("num_tokens", st.integers(x.limit, x.limit + 2))
    modes = [mode for mode in encodings(a, x) if mode != "multi_hot"]
    # In a graph Keras 3 makes floats of the indices, which no sparse count takes.
    sparse = (a.major < 3 or "one_hot" in modes) and bool(a.optional("sparse", st.just(True), default=False))
    if sparse and a.major >= 3:
        mode = a.give("output_mode", "one_hot")
    else:
        mode = a.optional("output_mode", st.sampled_from(modes), default="multi_hot")
    # What counts has no kernel for half precision.
    some_dtype(a, ("float64",))
    named = {}
    if mode == "count" and a.draw(st.booleans()):
        named["count_weights"] = Spec(x.shape)
    return Placement((encoded(x, mode, depth, sparse=sparse),), named=named)


def _discretization(a: Arguments, x: Spec) -> Placement:
    methods: tuple[Method, ...] = ()
    # The default of each is that the other one is given.
    ways = [way for way in ("bin_boundaries", "num_bins") if way in a.wanted] or ["bin_boundaries", "num_bins"]
    if a.adapts("bin_boundaries"):
        ways = ["num_bins"]
    if a.draw(st.sampled_from(ways)) == "bin_boundaries":
        edges = st.sampled_from((-1.5, -0.5, 0.0, 0.25, 1.0, 100.0))
        sets = st.lists(edges, min_size=1, max_size=4, unique=True)
        depth = len(a.required("bin_boundaries", sets.map(sorted))) + 1
        a.optional("epsilon", st.sampled_from((0.1, 0.001)))
    else:
        depth = a.required("num_bins", st.integers(2, 5))
        a.optional("epsilon", st.sampled_from((0.1, 0.001)))
        shape = (32, *(axis or 2 for axis in x.shape))
        methods = (a.adapted(Data(shape, values=x.values(), seed=a.draw(st.integers(0, 99)))),)
    return Placement((_output(a, x, encodings(a, x, any_samples=True), depth),), methods=methods)


def _hashing(a: Arguments, x: Spec) -> Placement:
    depth = a.required("num_bins", st.integers(2, 6))
    masks: tuple[Any, ...] = ("", "red") if x.kind == "string" else (0, 3)
    a.optional("mask_value", st.sampled_from(masks))
    a.optional("salt", SALTS)
    return Placement((_output(a, x, encodings(a, x, any_rank=False), depth),))


def _hashed_crossing(a: Arguments, x: Spec) -> Placement:
    depth = a.required("num_bins", st.integers(2, 6))
    kinds = st.sampled_from((Spec(x.shape, "string"), Spec(x.shape, "int", limit=8)))
    # Keras 3 takes more than two in its call, but not where it infers the shape.
    others = a.draw(st.lists(kinds, min_size=1, max_size=1 if a.major >= 3 else 2))
    out = _output(a, x, ["one_hot"] if x.rank == 1 else [], depth)
    return Placement((out,), tuple(other.but(differentiable=False) for other in others), as_list=True)


def _is_bounded(spec: Spec) -> bool:
    return _is_category(spec) and spec.limit is not None and spec.rank == 1 and spec.static


def _is_category(spec: Spec) -> bool:
    return spec.kind in ("int", "string") and spec.rank >= 1 and not spec.sparse


def _is_scalar(spec: Spec) -> bool:
    return spec.kind in ("int", "string") and spec.shape in ((), (1,)) and not spec.sparse


def _categories() -> st.SearchStrategy[Spec]:
    return st.one_of(*[inputs.words()] * 3, *[inputs.indices()] * 2, inputs.words(rank=2))


def _scalars() -> st.SearchStrategy[Spec]:
    shapes = st.sampled_from(((1,), (1,), ()))
    return shapes.flatmap(
        lambda shape: st.sampled_from(
            (Spec(shape, "string", differentiable=False), Spec(shape, "int", limit=8, differentiable=False))
        )
    )


def _columns() -> st.SearchStrategy[Spec]:
    return st.one_of(inputs.indices(), st.just(Spec((1,), "int", limit=5, differentiable=False)))


_TAGS = frozenset({"preprocessing", "opaque"})

RULES = (
    LayerRule("CategoryEncoding", _category_encoding, _columns, _is_bounded, common=("trainable",), tags=_TAGS),
    LayerRule(
        "Discretization",
        _discretization,
        inputs.any_floats,
        inputs.is_float(),
        common=("trainable",),
        tags=_TAGS,
    ),
    # Indices want an integer dtype, encodings a floating one: both are the default.
    LayerRule("Hashing", _hashing, _categories, _is_category, common=("trainable",), tags=_TAGS),
    LayerRule("HashedCrossing", _hashed_crossing, _scalars, _is_scalar, common=(), tags=_TAGS),
)
