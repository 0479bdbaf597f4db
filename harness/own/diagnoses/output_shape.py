"""Output shape: what `compute_output_shape` says is what `call` gives, and the symbolic outputs tell shape and dtype.

Keras 3 believes `compute_output_shape` and does not look: a wrong one makes the layers behind it of a wrong size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from harness.own.case import LayerCase
from harness.own.diagnoses.diagnosis import NotChecked
from harness.own.making import Made
from harness.own.parts import Part, part_of
from harness.own.report import Failure
from harness.worker import dialect
from harness.worker.dialect import tf

CHECK = "output_shape"


def diagnose(built: Made) -> Iterator[Failure]:
    """A failure for each output whose shape or dtype is not as was said."""
    model = built.subject.model
    alone = isinstance(built.case, LayerCase)  # a graph of Keras drops what it was not told of
    given = built.fed.call(built.layer, built.subject.inputs) if alone else model(built.subject.inputs, training=False)
    outputs = dialect.flat(given)
    other = next((each for each in outputs if not hasattr(each, "shape")), None)
    if other is not None:
        yield _no_tensor(built, other)
        return
    actual = [tuple(each.shape) for each in outputs]
    said: list[tuple[str, list[tuple[Any, ...]]]] = []
    where = ""
    if dialect.is_graph(model) and getattr(model, "outputs", None):
        symbolic = dialect.flat(model.outputs)
        said.append(("its symbolic outputs", [tuple(each.shape) for each in symbolic]))
        for one, other in zip(symbolic, outputs):
            if dialect.dtype_name(one.dtype) != dialect.dtype_name(other.dtype):
                yield Failure(
                    CHECK,
                    f"{built.case.name.partition('(')[0]} says of its output that it is of another dtype than it is",
                    "compute_output_spec",
                    dialect.dtype_name(other.dtype),
                    dialect.dtype_name(one.dtype),
                    mend="compute_output_spec must give the dtype that call() gives",
                )
    if isinstance(built.case, LayerCase):
        part = part_of(built.case)
        where = part.place("compute_output_shape")
        if part.writes("compute_output_shape") and not built.fed.keywords:
            given = built.fed.pack([tuple(each.shape) for each in dialect.flat(built.subject.inputs)])
            said.insert(0, ("compute_output_shape", _shapes(built.layer.compute_output_shape(given))))
        elif not (part.writes("compute_output_shape") or part.writes("compute_output_spec")):
            raise NotChecked("compute_output_shape is Keras's own, which calls the layer")
    further = _of_more_samples(built, part) if alone else []
    for source, shapes, actual in [*((*each, actual) for each in said), *further]:
        if len(shapes) != len(actual) or not all(map(_agree, shapes, actual)):
            yield Failure(
                CHECK,
                f"{source} and call() give other shapes",
                where or source,
                actual,
                shapes,
                mend="let compute_output_shape return the shape that call() gives, or leave it out: Keras then calls",
            )
            return


def _of_more_samples(built: Made, part: Part) -> list[tuple[str, list[tuple[Any, ...]], list[tuple[Any, ...]]]]:
    """What is said of a sample more, and what is given: a shape may hold by the number of samples of the check alone.

    Nothing where the inputs are not one sample each, or so many samples and no more are taken.
    """
    inputs = dialect.flat(built.subject.inputs)
    if not all(isinstance(each, tf.Tensor) and each.shape.rank for each in inputs):
        return []
    if len({each.shape[0] for each in inputs}) != 1:
        return []
    try:
        more = [tf.concat([each, each[:1]], axis=0) for each in inputs]
        outputs = dialect.flat(built.fed.call(built.layer, built.fed.pack(more)))
        actual = [tuple(each.shape) for each in outputs]
        said = []
        if part.writes("compute_output_shape") and not built.fed.keywords:
            shapes = built.fed.pack([tuple(each.shape) for each in more])
            said.append(("compute_output_shape", _shapes(built.layer.compute_output_shape(shapes)), actual))
        symbolic = [tuple(each.shape) for each in dialect.flat(built.subject.model.outputs)]
        said.append(("its symbolic outputs", symbolic, actual))
    except Exception:
        return []
    return said


def _no_tensor(built: Made, other: Any) -> Failure:
    name = type(built.layer or built.subject.model).__name__
    return Failure(
        CHECK,
        f"{name} gives no tensor, outside of a graph, but {type(other).__name__}",
        f"{name}.call",
        "tensors alone",
        other,
        mend="let call() return tensors wherever it is called: what stands behind it is given what it returns",
    )


def _shapes(value: Any) -> list[tuple[Any, ...]]:
    """The shapes in a structure of shapes."""
    if hasattr(value, "as_list"):
        return [tuple(value.as_list())]
    if isinstance(value, dict):
        return [shape for key in sorted(value) for shape in _shapes(value[key])]
    if all(each is None or isinstance(each, int) for each in value):
        return [tuple(value)]
    return [shape for each in value for shape in _shapes(each)]


def _agree(said: Sequence[Any], actual: Sequence[Any]) -> bool:
    """Whether the shapes may be of one tensor: an axis that is not known contradicts nothing."""
    return len(said) == len(actual) and all(a is None or a == b for a, b in zip(said, actual, strict=True))
