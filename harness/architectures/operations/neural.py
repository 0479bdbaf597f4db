"""Operations of neural networks: normalisations, convolutions, pooling, attention, losses, products, images."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from harness.architectures.operations.operation import (
    Applied,
    Operation,
    Place,
    X,
    an_axis,
    array,
    as_argument,
    floats,
    length_of,
    of_kind,
    only,
    operator_row,
    out,
    replaced,
    rows,
)
from harness.architectures.operations.reductions import along
from harness.architectures.rules import Draw
from harness.architectures.shapes import window
from harness.architectures.spec import Spec

VECTORS = floats(1, 3, shortest=2)
# Height, width and channels, or a length and channels. A convolution wants a kernel of the dtype that the tensor has,
# and a layer may compute in another one than a constant has: those go on inputs.
GRIDS = floats(2, 3, shortest=3, longest=6)


def _one_hot(draw: Draw, x: Spec) -> Applied:
    limit = x.limit or 6
    axis = draw(st.integers(0, x.rank))
    given: dict[str, Any] = {} if axis == x.rank else {"axis": axis + 1}
    shape = (*x.shape[:axis], limit, *x.shape[axis:])
    return Applied((X, limit), (out(x, shape, kind="float"),), given)


def _multi_hot(draw: Draw, x: Spec) -> Applied:
    limit = x.limit or 6
    return Applied((X, limit), (out(x, (limit,), kind="float"),))


def _normalize(draw: Draw, x: Spec) -> Applied:
    axis = as_argument(draw, an_axis(draw, x, at_least=2), x.rank)
    return Applied((X,), (out(x),), {"axis": axis, "order": draw(st.sampled_from((1, 2)))})


def _layer_normalization(draw: Draw, x: Spec) -> Applied:
    length = length_of(x, -1)
    given: dict[str, Any] = {"gamma": array(length), "beta": array(length)} if draw(st.booleans()) else {}
    if draw(st.booleans()):
        given["epsilon"] = 0.01
    return Applied((X,), (out(x),), given)


def _rms_normalization(draw: Draw, x: Spec) -> Applied:
    given = {"scale": array(length_of(x, -1))} if draw(st.booleans()) else {}
    return Applied((X,), (out(x),), given)


def _batch_normalization(draw: Draw, x: Spec) -> Applied:
    axis = an_axis(draw, x)
    length = length_of(x, axis)
    given = {"offset": array(length), "scale": array(length)} if draw(st.booleans()) else {}
    arguments = (X, array(length), array(length, positive=True), as_argument(draw, axis, x.rank))
    return Applied(arguments, (out(x),), given)


def _glu(draw: Draw, x: Spec) -> Applied:
    axis = draw(st.sampled_from([n for n, length in enumerate(x.shape) if length is not None and length % 2 == 0]))
    shape = replaced(x.shape, axis, length_of(x, axis) // 2)
    return Applied((X,), (out(x, shape),), {"axis": as_argument(draw, axis, x.rank)})


def _sliding(draw: Draw, x: Spec) -> tuple[int, int, str, tuple[int, ...]]:
    """Size, stride, padding of a window, and the lengths that it leaves."""
    size, stride = draw(st.sampled_from(((1, 1), (2, 1), (2, 2), (3, 1))))
    padding = draw(st.sampled_from(("valid", "same")))
    lengths = [window(length, size, stride, padding) for length in x.shape[:-1]]
    return size, stride, padding, tuple(length or 0 for length in lengths)


def _conv(draw: Draw, x: Spec) -> Applied:
    size, stride, padding, lengths = _sliding(draw, x)
    filters = draw(st.integers(1, 3))
    kernel = array(*[size] * (x.rank - 1), length_of(x, -1), filters)
    given = {"strides": stride, "padding": padding, "data_format": "channels_last"}
    return Applied((X, kernel), (out(x, (*lengths, filters)),), given)


def _depthwise(draw: Draw, x: Spec) -> Applied:
    size, stride, padding, lengths = _sliding(draw, x)
    channels = length_of(x, -1)
    kernel = array(*[size] * (x.rank - 1), channels, 2)
    given = {"strides": stride, "padding": padding, "data_format": "channels_last"}
    return Applied((X, kernel), (out(x, (*lengths, 2 * channels)),), given)


def _separable(draw: Draw, x: Spec) -> Applied:
    depthwise = _depthwise(draw, x)
    channels = length_of(depthwise.outputs[0], -1)
    pointwise = array(*[1] * (x.rank - 1), channels, 3)
    shape = (*depthwise.outputs[0].shape[:-1], 3)
    return Applied((*depthwise.inputs, pointwise), (out(x, shape),), depthwise.keywords)


def _pool(draw: Draw, x: Spec) -> Applied:
    size, stride, padding, lengths = _sliding(draw, x)
    given = {"strides": stride, "padding": padding, "data_format": "channels_last"}
    return Applied((X, size), (out(x, (*lengths, x.shape[-1])),), given)


def _attention(draw: Draw, x: Spec) -> Applied:
    """Query, key and value of as many heads, as wide; the keys may be more or fewer than the queries."""
    memory = out(x, replaced(x.shape, 0, draw(st.integers(2, 4))), differentiable=True)
    given = {"scale": 0.5} if draw(st.booleans()) else {}
    return Applied((X, memory, memory), (out(x),), given)


def _crossentropy(draw: Draw, x: Spec) -> Applied:
    return Applied((out(x, differentiable=True), X), (out(x),), {"from_logits": True})


def _categorical(draw: Draw, x: Spec) -> Applied:
    return Applied((out(x, differentiable=True), X), (out(x, x.shape[:-1]),), {"from_logits": True})


def _sparse_categorical(draw: Draw, x: Spec) -> Applied:
    target = Spec(x.shape[:-1], "int", limit=length_of(x, -1), differentiable=False)
    return Applied((target, X), (out(x, x.shape[:-1]),), {"from_logits": True})


def _by_matrix(draw: Draw, x: Spec) -> Applied:
    columns = draw(st.integers(1, 3))
    matrix = array(length_of(x, -1), columns)
    return Applied((X, matrix), (out(x, replaced(x.shape, x.rank - 1, columns)),))


def _tensordot(draw: Draw, x: Spec) -> Applied:
    placed = _by_matrix(draw, x)
    axes = draw(st.sampled_from((1, [[x.rank], [0]])))
    return Applied(placed.inputs, placed.outputs, {"axes": axes})


def _matmul(draw: Draw, x: Spec) -> Applied:
    columns = draw(st.integers(1, 3))
    other = out(x, (*x.shape[:-2], x.shape[-1], columns), differentiable=True)
    return Applied((X, other), (out(x, (*x.shape[:-1], columns)),))


def _einsum(draw: Draw, x: Spec) -> Applied:
    columns = draw(st.integers(1, 3))
    other = out(x, (x.shape[-1], columns), differentiable=True)
    letters = "ijk"[: x.rank - 1]
    return Applied((f"b{letters}x,bxy->b{letters}y", X, other), (out(x, (*x.shape[:-1], columns)),))


def _cross(draw: Draw, x: Spec) -> Applied:
    return Applied((X, out(x, differentiable=True)), (out(x),))


def _linear(name: str) -> Place:
    """Outputs of decompositions of square matrices, by name."""

    def place(draw: Draw, x: Spec) -> Applied:
        vector, matrix, number = x.shape[:-1], x.shape, x.shape[:-2]
        shapes = {
            "inv": [matrix], "pinv": [matrix], "det": [number], "qr": [matrix, matrix],
            "svd": [matrix, vector, matrix], "eigh": [vector, matrix],
        }[name]  # fmt: skip
        return Applied((X,), tuple(out(x, shape) for shape in shapes))

    return place


def _solve(draw: Draw, x: Spec) -> Applied:
    other = out(x, (*x.shape[:-1], 2), differentiable=True)
    return Applied((X, other), (out(x, (*x.shape[:-1], 2)),))


def _squares(*, rank: int = 3) -> dict[str, Any]:
    lengths = (2, 3)
    return only(
        lambda: st.sampled_from(lengths).map(lambda n: Spec((*[2] * (rank - 2), n, n))),
        lambda x: x.rank == rank and x.shape[-1] == x.shape[-2],
    )


def _images(channels: int | None = None) -> dict[str, Any]:
    """Height, width (even) and channels."""
    return only(
        lambda: st.tuples(st.sampled_from((4, 6)), st.sampled_from((4, 6)), st.just(channels or 4)).map(Spec),
        lambda x: (
            x.rank == 3 and min(length_of(x, 0), length_of(x, 1)) >= 4 and length_of(x, 0) % 2 == 0
            and length_of(x, 1) % 2 == 0 and x.shape[-1] == (channels or 4)
        ),
    )  # fmt: skip


def _resize(draw: Draw, x: Spec) -> Applied:
    size = (draw(st.integers(2, 5)), draw(st.integers(2, 5)))
    given: dict[str, Any] = {"interpolation": draw(st.sampled_from(("bilinear", "nearest", "bicubic")))}
    return Applied((X, size), (out(x, (*size, x.shape[-1])),), {**given, "data_format": "channels_last"})


def _in_last(channels: int | None) -> Place:
    def place(draw: Draw, x: Spec) -> Applied:
        shape = (*x.shape[:-1], channels or x.shape[-1])
        return Applied((X,), (out(x, shape),), {"data_format": "channels_last"})

    return place


def _crop(draw: Draw, x: Spec) -> Applied:
    height, width = draw(st.integers(2, 3)), draw(st.integers(2, 3))
    given = {"top_cropping": 1, "left_cropping": 0, "target_height": height, "target_width": width}
    return Applied((X,), (out(x, (height, width, x.shape[-1])),), {**given, "data_format": "channels_last"})


def _pad_images(draw: Draw, x: Spec) -> Applied:
    given = {"top_padding": 1, "left_padding": 0, "bottom_padding": 0, "right_padding": 2}
    shape = (length_of(x, 0) + 1, length_of(x, 1) + 2, x.shape[-1])
    return Applied((X,), (out(x, shape),), {**given, "data_format": "channels_last"})


def _patches(draw: Draw, x: Spec) -> Applied:
    size, stride, padding, lengths = _sliding(draw, x)
    shape = (*lengths, size ** (x.rank - 1) * length_of(x, -1))
    given = {"strides": stride, "padding": padding, "data_format": "channels_last"}
    return Applied((X, size), (out(x, shape),), given)


def _sobel(draw: Draw, x: Spec) -> Applied:
    return Applied((X,), (out(x, (*x.shape, 2)),), {"data_format": "channels_last"})


def _affine(draw: Draw, x: Spec) -> Applied:
    return Applied((X, array(8, positive=True)), (out(x),), {"data_format": "channels_last"})


def _to_depth(draw: Draw, x: Spec) -> Applied:
    shape = (length_of(x, 0) // 2, length_of(x, 1) // 2, 4 * length_of(x, -1))
    return Applied((X, 2), (out(x, shape),))


def _from_depth(draw: Draw, x: Spec) -> Applied:
    shape = (2 * length_of(x, 0), 2 * length_of(x, 1), length_of(x, -1) // 4)
    return Applied((X, 2), (out(x, shape),))


def _unfold(draw: Draw, x: Spec) -> Applied:
    """Channels first: every window of 2 by 2 becomes a column."""
    channels, height, width = (length_of(x, axis) for axis in range(3))
    return Applied((X, 2), (out(x, (4 * channels, (height - 1) * (width - 1))),))


def _fold(draw: Draw, x: Spec) -> Applied:
    """The inverse, of windows that do not overlap: columns of 2 by 2 windows of a 4 by 4 image."""
    return Applied((X, 4, 2), (out(x, (length_of(x, 0) // 4, 4, 4)),), {"stride": 2})


NEURAL: tuple[Operation, ...] = (
    *rows("softmax log_softmax sparsemax", along(), VECTORS),
    *rows("one_hot", _one_hot, of_kind("int")),
    *rows("multi_hot", _multi_hot, of_kind("int", high=1)),
    *rows("normalize", _normalize, VECTORS),
    *rows("layer_normalization", _layer_normalization, VECTORS),
    *rows("rms_normalization", _rms_normalization, VECTORS),
    *rows("batch_normalization", _batch_normalization, VECTORS),
    *rows("glu", _glu, only(lambda: st.just(Spec((2, 4))), lambda x: any((n or 1) % 2 == 0 for n in x.shape))),
    *rows("conv", _conv, GRIDS, exact=True),
    *rows("depthwise_conv", _depthwise, GRIDS, exact=True),
    *rows("separable_conv", _separable, GRIDS, exact=True),
    *rows("max_pool average_pool", _pool, GRIDS),
    *rows("dot_product_attention", _attention, only(floats(3, 3)["fresh"], lambda x: x.rank == 3)),
    *rows("binary_crossentropy", _crossentropy, VECTORS),
    *rows("categorical_crossentropy", _categorical, floats(2, 3, shortest=2)),
    *rows("sparse_categorical_crossentropy", _sparse_categorical, floats(2, 3, shortest=2)),
    *rows("matmul dot", _by_matrix, VECTORS),
    *rows("tensordot", _tensordot, VECTORS),
    *rows("matmul", _matmul, floats(2, 3)),
    *rows("einsum", _einsum, floats(1, 3)),
    *rows("cross", _cross, only(lambda: st.just(Spec((2, 3))), lambda x: x.shape[-1] == 3)),
    *(row for name in ("inv", "pinv", "qr", "svd", "eigh")
      for row in rows(name, _linear(name), _squares(rank=2), exact=True)),
    *rows("det", _linear("det"), _squares(), exact=True),
    *rows("solve", _solve, _squares(rank=2), exact=True),
    *rows("solve_triangular", _solve, _squares(rank=2), exact=True),
    *rows("space_to_depth", _to_depth, _images()),
    *rows("depth_to_space", _from_depth, _images()),
    *rows("unfold", _unfold, _images(), fixed=True),
    *rows("fold", _fold, only(lambda: st.just(Spec((8, 4))), lambda x: x.shape == (8, 4))),
    *rows("image.resize", _resize, _images()),
    *rows("image.rgb_to_grayscale", _in_last(1), _images(3)),
    *rows("image.rgb_to_hsv image.hsv_to_rgb", _in_last(None), _images(3), exact=True),
    *rows("image.gaussian_blur", _in_last(None), _images()),
    *rows("image.sobel_edges", _sobel, _images()),
    *rows("image.crop_images", _crop, _images()),
    *rows("image.pad_images", _pad_images, _images()),
    *rows("image.extract_patches", _patches, _images()),
    *rows("image.affine_transform", _affine, _images()),
    operator_row("matmul", _by_matrix, VECTORS),
    operator_row("matmul", _matmul, floats(2, 3), exact=True),
)  # fmt: skip
