"""Operations that go element by element: functions of one tensor, and of two that broadcast."""

from __future__ import annotations

from hypothesis import strategies as st

from harness.architectures.operations.operation import (
    FLOATS,
    Applied,
    Operation,
    Place,
    X,
    array,
    kept,
    length_of,
    lost,
    of_kind,
    operator_row,
    out,
    rows,
    told,
    tuned,
)
from harness.architectures.rules import Draw
from harness.architectures.shapes import broadcast
from harness.architectures.spec import Spec

INTEGERS = of_kind("int")
BOOLEANS = of_kind("bool")
POSITIVE = (("ops.softplus", (X,)),)
ABOVE_ONE = (*POSITIVE, ("operator.add", (X, 1.5)))
INSIDE_ONE = (("ops.sin", (X,)), ("operator.mul", (X, 0.9)))


def pair(*, gradient: bool = True, kind: str | None = None) -> Place:
    """A second tensor of the same shape, or of one that broadcasts to it; `kind` of the result, if another."""

    def place(draw: Draw, x: Spec) -> Applied:
        narrow = draw(st.integers(0, x.rank)) if draw(st.integers(0, 3)) == 3 else x.rank
        shape = tuple(1 if axis >= narrow else length for axis, length in enumerate(x.shape))
        other = out(x, shape, differentiable=x.kind == "float")
        passes = x.differentiable and gradient
        result = out(x, broadcast(x.shape, shape), differentiable=passes, kind=kind or x.kind)
        return Applied((X, other), (result.but(limit=None),))

    return place


def number(*values: float, left: bool = False, gradient: bool = True, kind: str | None = None) -> Place:
    """A number as the second operand, or with `left` as the first (``2 - x``)."""

    def place(draw: Draw, x: Spec) -> Applied:
        value = draw(st.sampled_from(values))
        result = out(x, differentiable=x.differentiable and gradient, kind=kind or x.kind)
        return Applied((value, X) if left else (X, value), (result.but(limit=None),))

    return place


def with_array(draw: Draw, x: Spec) -> Applied:
    """A constant array as long as the last axis."""
    return Applied((X, array(length_of(x, -1))), (out(x),))


def _where(draw: Draw, x: Spec) -> Applied:
    condition = Spec(x.shape, "bool", differentiable=False)
    other = draw(st.sampled_from((0.5, out(x, differentiable=True))))
    return Applied((condition, X, other), (out(x),))


def _select(draw: Draw, x: Spec) -> Applied:
    condition = Spec(x.shape, "bool", differentiable=False)
    return Applied(([condition], [X]), (out(x),), {"default": draw(st.sampled_from((0.0, 0.5)))})


def _cast(draw: Draw, x: Spec) -> Applied:
    return Applied((X, draw(st.sampled_from(("float32", "float64", "float16")))), (out(x),))


def _cast_to_int(draw: Draw, x: Spec) -> Applied:
    return Applied((X, draw(st.sampled_from(("int32", "int64", "int8")))), (out(x, kind="int", limit=None),))


def _cast_from_bool(draw: Draw, x: Spec) -> Applied:
    return Applied((X, "float32"), (out(x, kind="float", differentiable=False),))


def _cast_from_int(draw: Draw, x: Spec) -> Applied:
    return Applied((X, draw(st.sampled_from(("float32", "bfloat16")))), (out(x, kind="float", differentiable=False),))


def _clip(draw: Draw, x: Spec) -> Applied:
    low = draw(st.sampled_from((-1.0, 0.0, -0.5)))
    return Applied((X, low, draw(st.sampled_from((1.0, 2.5)))), (out(x),))


def _filled(draw: Draw, x: Spec) -> Applied:
    return Applied((X, draw(st.sampled_from((0.5, -2.0)))), (out(x, differentiable=False),))


def _threshold(draw: Draw, x: Spec) -> Applied:
    return Applied((X, 0.2, draw(st.sampled_from((0.0, -1.0)))), (out(x, differentiable=False),))


def _ldexp(draw: Draw, x: Spec) -> Applied:
    return Applied((X, Spec(x.shape, "int", limit=4, differentiable=False)), (out(x),))


def _bins(draw: Draw, x: Spec) -> Applied:
    return Applied((X, array(1)), (out(x, kind="int", limit=2),))


SMOOTH = (
    "abs absolute arcsinh arctan celu conj conjugate copy cos cosh deg2rad elu erf erfc exp exp2 expm1 fabs gelu"
    " hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu log_sigmoid negative rad2deg real relu relu6 selu"
    " sigmoid silu sin sinc sinh softplus softsign sparse_plus sparse_sigmoid square squareplus swish tanh tanh_shrink"
    " nan_to_num i0 soft_shrink"
)
NUMBERS = (0.5, 2.0, -1.0, 2)
COMPARISONS = "equal greater greater_equal less less_equal not_equal"

ELEMENTWISE: tuple[Operation, ...] = (
    *rows(SMOOTH, kept, FLOATS),
    *rows("celu elu", tuned(alpha=st.sampled_from((0.5, 1.5))), FLOATS),
    *rows("leaky_relu", tuned(negative_slope=st.sampled_from((0.1, 0.5))), FLOATS),
    *rows("soft_shrink", tuned(threshold=st.sampled_from((0.2, 1.0))), FLOATS),
    *rows("squareplus", tuned(b=st.sampled_from((1, 2.5))), FLOATS),
    *rows("gelu", tuned(approximate=st.just(False)), FLOATS),
    *rows("nan_to_num", tuned(nan=st.just(1.0), posinf=st.just(9.0), neginf=st.just(-9.0)), FLOATS),
    *rows("log log10 log2 log1p sqrt rsqrt reciprocal cbrt", kept, FLOATS, before=POSITIVE),
    *rows("arccosh", kept, FLOATS, before=ABOVE_ONE),
    *rows("arcsin arccos arctanh erfinv tan", kept, FLOATS, before=INSIDE_ONE),
    *rows("stop_gradient ones_like zeros_like", lost, FLOATS),
    *rows("full_like", _filled, FLOATS),
    *rows("floor ceil round trunc sign angle imag", lost, FLOATS, exact=True),
    *rows("round", tuned(gradient=False, decimals=st.sampled_from((1, 2))), FLOATS, exact=True),
    *rows("hard_shrink", tuned(gradient=False, threshold=st.just(0.2)), FLOATS, exact=True),
    *rows("threshold", _threshold, FLOATS, exact=True),
    *rows("isfinite isinf isnan isneginf isposinf isreal signbit", told, FLOATS, exact=True),
    *rows("add subtract multiply maximum minimum fmax fmin hypot logaddexp logaddexp2 divide_no_nan", pair(), FLOATS),
    *rows("divide true_divide", pair(), FLOATS),
    *rows("add subtract multiply divide maximum minimum", number(*NUMBERS), FLOATS),
    *rows("add multiply maximum", with_array, FLOATS),
    *rows("subtract", number(*NUMBERS, left=True), FLOATS),
    *rows("divide", number(*NUMBERS, left=True), FLOATS, before=POSITIVE),
    *rows("power", number(2.0, 3, 2), FLOATS),
    *rows("power", number(0.5, -1.0), FLOATS, before=POSITIVE),
    *rows("power", number(2.0, 0.5, left=True), FLOATS),
    *rows("arctan2", pair(), FLOATS, exact=True),
    *rows("floor_divide nextafter heaviside", pair(gradient=False), FLOATS, exact=True),
    *rows("mod fmod", pair(), FLOATS, exact=True),
    *rows("mod", number(2, 1.5), FLOATS, exact=True),
    *rows(COMPARISONS, pair(kind="bool"), FLOATS, exact=True),
    *rows(COMPARISONS, number(0.0, 0.5, kind="bool"), FLOATS, exact=True),
    *rows("isclose", pair(kind="bool"), FLOATS, exact=True),
    *rows("digitize", _bins, FLOATS, exact=True),
    *rows("logical_and logical_or logical_xor", pair(), BOOLEANS),
    *rows("logical_not", kept, BOOLEANS),
    *rows("bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift", pair(), INTEGERS),
    *rows("left_shift right_shift", pair(), INTEGERS),
    # With a batch of unknown size they cannot be traced: known issue ops-traced-without-the-batch.
    *rows("gcd lcm", pair(), INTEGERS, fixed=True),
    *rows("bitwise_invert bitwise_not", lambda draw, x: Applied((X,), (out(x, limit=None),)), INTEGERS),
    *rows("ldexp", _ldexp, FLOATS),
    *rows("where", _where, FLOATS),
    *rows("select", _select, FLOATS),
    *rows("clip", _clip, FLOATS),
    *rows("cast saturate_cast", _cast, FLOATS),
    *rows("cast saturate_cast", _cast_to_int, FLOATS, exact=True),
    *rows("cast", _cast_from_bool, BOOLEANS),
    *rows("cast", _cast_from_int, INTEGERS),
)

OPERATORS: tuple[Operation, ...] = (
    *(operator_row(name, pair()) for name in ("add", "sub", "mul")),
    *(operator_row(name, number(*NUMBERS)) for name in ("add", "sub", "mul", "truediv")),
    *(operator_row(name, number(*NUMBERS, left=True)) for name in ("add", "sub", "mul")),
    *(operator_row(name, with_array) for name in ("add", "mul")),
    operator_row("truediv", pair(), exact=True),
    operator_row("truediv", number(2, 0.5, left=True), exact=True),
    operator_row("pow", number(2, 3, 2.0)),
    operator_row("pow", number(2, 0.5, left=True)),
    operator_row("neg", kept),
    operator_row("abs", kept),
    operator_row("floordiv", number(1, 2, 0.5, gradient=False), exact=True),
    operator_row("floordiv", number(2, gradient=False, left=True), exact=True),
    operator_row("mod", number(2, 1.5, gradient=False), exact=True),
    operator_row("mod", number(2, gradient=False, left=True), exact=True),
    *(operator_row(name, pair(kind="bool"), exact=True) for name in ("lt", "le", "gt", "ge", "ne")),
    *(operator_row(name, number(0.0, 0.5, kind="bool"), exact=True) for name in ("lt", "le", "gt", "ge", "ne")),
    # In Keras 3 `x == y` asks whether it is the same tensor.
    operator_row("eq", pair(kind="bool"), exact=True, majors=(2,)),
    *(operator_row(name, pair(), BOOLEANS) for name in ("and_", "or_", "xor")),
    operator_row("invert", kept, BOOLEANS),
    operator_row("add", number(1, 2), INTEGERS),
    operator_row("mod", number(2, 3), INTEGERS),
    operator_row("floordiv", number(2), INTEGERS),
)
