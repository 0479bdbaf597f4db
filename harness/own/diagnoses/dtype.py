"""Dtype: a layer holds its weights and gives its outputs in the dtypes of its policy, whichever that is.

A dtype that `call` or `build` has for good goes unseen in float32, and takes away what mixed precision or float64 is
for. A layer may compute in another dtype as long as it casts back; outputs that are no floats are its own affair, as
are weights that are not trained and sub-layers with a policy of their own.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any

from harness.own.case import LayerCase
from harness.own.diagnoses.diagnosis import NotChecked
from harness.own.making import Made, arguments_of
from harness.own.parts import Part, part_of
from harness.own.report import Failure, essence
from harness.worker import dialect
from harness.worker.dialect import keras, tf

CHECK = "dtype"
USUAL = "float32"
TRIED = ("float64", "mixed_float16")
# What TensorFlow says of two dtypes that do not go together; that an operation has no kernel is nobody's fault.
_APART = r"expected to be a .* tensor|requested dtype|does not match type|same (?:d?type)|[dD]types? mismatch"


def diagnose(built: Made) -> Iterator[Failure]:
    """A failure for each policy under which an output or a weight has another dtype, or the layer raises for it."""
    if not isinstance(built.case, LayerCase):
        raise NotChecked("it is a model")
    part = part_of(built.case)
    if not (part.writes("call") or part.writes("build")):
        raise NotChecked("its call() and build() are those of Keras")
    given = arguments_of(built.case)
    if any(isinstance(each, keras.layers.Layer) for each in dialect.flat(list(given.values()))):
        raise NotChecked("it is given layers, which have dtypes of their own")
    try:
        usual = _outputs(built, _made(built, USUAL), USUAL)
    except Exception as error:
        raise NotChecked(f"it does not work with dtype={USUAL!r}: {essence(error)}") from error
    unmade = []
    for policy in TRIED:
        try:
            yield from _under(policy, usual, built, part)
        except _Unmade as error:
            unmade.append(f"it does not work with dtype={policy!r}: {error}")
    if len(unmade) == len(TRIED):
        raise NotChecked("; ".join(unmade))


class _Unmade(Exception):
    """Raises under a policy, for a reason that has nothing to do with dtypes."""


def _under(policy: str, usual: list[str], built: Made, part: Part) -> Iterator[Failure]:
    """What is told of a layer under one policy; `usual` are the dtypes of its outputs in float32. Raises _Unmade."""
    name = part.cls.__name__
    layer, raised, outputs = None, None, []
    try:
        layer = _made(built, policy)
        outputs = _outputs(built, layer, policy)
    except Exception as error:
        raised = error
    # A weight of another dtype may well be why it raises.
    told = [] if layer is None else list(_weights(layer, part, policy))
    yield from told
    if raised is not None:
        if told:
            return
        if not re.search(_APART, essence(raised)):
            raise _Unmade(essence(raised))
        yield Failure(
            CHECK,
            f"{name} cannot be called with dtype={policy!r}: {type(raised).__name__}: {essence(raised)}",
            part.place("call"),
            mend="cast to self.compute_dtype, and let add_weight choose the dtype: no dtype is written in call()"
            " or build()",
        )
        return
    assert layer is not None
    if any(each.compute_dtype != layer.compute_dtype for each in layer._flatten_layers()):
        return  # a part that computes in another dtype may be meant so
    for number, (before, after) in enumerate(zip(usual, outputs)):
        if before == USUAL and after != layer.compute_dtype:
            which = f"output {number}" if len(outputs) > 1 else "output"
            yield Failure(
                CHECK,
                f"the {which} of {name} with dtype={policy!r} is of another dtype than its policy says",
                part.place("call"),
                layer.compute_dtype,
                after,
                mend="cast what call() returns to self.compute_dtype, and write no dtype of its own in it; a layer"
                f' that is to give {after} says so: super().__init__(dtype="{after}")',
            )


def _made(built: Made, policy: str) -> Any:
    """A layer made under a policy, which it and the whole program have."""
    with _policy(policy):
        layer = built.case.layer(**{**arguments_of(built.case), "dtype": policy})  # type: ignore[union-attr,arg-type]
    if (kept := getattr(layer.dtype_policy, "name", None)) != policy:
        raise TypeError(f"it keeps dtype={kept!r}, see the check `base_arguments`")
    return layer


def _outputs(built: Made, layer: Any, policy: str) -> list[str]:
    """The dtypes of what a layer gives; empty for what is no tensor."""
    with _policy(policy):
        inputs = tf.nest.map_structure(lambda each: _as(each, layer.compute_dtype), built.subject.inputs)
        outputs = dialect.flat(built.fed.call(layer, inputs))
    return [dialect.dtype_name(each.dtype) if hasattr(each, "dtype") else "" for each in outputs]


def _as(tensor: Any, dtype: str) -> Any:
    return tf.cast(tensor, dtype) if dialect.is_dense_float(tensor) else tensor


def _weights(layer: Any, part: Part, policy: str) -> Iterator[Failure]:
    """A failure for each trained weight that is not of the dtype that its own layer's policy says."""
    for each in layer._flatten_layers():
        inner = {id(one) for below in each._flatten_layers(include_self=False) for one in below.trainable_weights}
        for weight in each.trainable_weights:
            dtype = dialect.dtype_name(weight.dtype)
            if id(weight) in inner or not dtype.startswith("float") or dtype == each.variable_dtype:
                continue
            yield Failure(
                CHECK,
                f"the weight {weight.name!r} of {type(each).__name__} with dtype={policy!r} is of another dtype than"
                " its policy says",
                part.place("build"),
                each.variable_dtype,
                dtype,
                mend="leave dtype out of add_weight(): it is self.variable_dtype then",
            )


@contextlib.contextmanager
def _policy(name: str) -> Iterator[None]:
    before = dialect.policy()
    try:
        dialect.set_policy(name)
        yield
    finally:
        dialect.set_policy(before)
