"""State: all variables of a layer are made by `__init__` and `build`, are in `layer.weights`, and are made once.

State that is made in `call` is the commonest fault in practice: a file has no place for it, an optimizer that was built
does not know it, and a new one at each call is never trained. So is a sub-layer in a container that Keras does not see.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Iterator
from typing import Any

from harness.own.case import LayerCase
from harness.own.diagnoses.diagnosis import NotChecked
from harness.own.making import Made, arguments_of
from harness.own.report import Failure
from harness.worker.dialect import keras, tf

CHECK = "state"
OF_KERAS = ("compile", "_init_batch_counters", "_create_state_variables", "reset_states", "reset_state")
KEEPERS = (keras.metrics.Metric, keras.optimizers.Optimizer)


def diagnose(built: Made) -> Iterator[Failure]:
    """A failure for what the second call makes, and one for what no list of weights holds."""
    # Made before one looks: layers among the arguments have seeds of their own, and the layer may take copies of them.
    arguments = arguments_of(built.case) if isinstance(built.case, LayerCase) else {}
    with created() as variables:
        if isinstance(built.case, LayerCase):
            layer, name = built.case.layer(**arguments), built.case.layer.__name__
        elif built.given:
            raise NotChecked("a model was given that is built: give a function that builds it")
        else:
            layer = built.subject.again()
            name = type(layer).__name__
        _call(built, layer)
        first = list(variables)
        made = len(variables)
        _call(built, layer)
        later = variables[made:]
    if later:
        yield Failure(
            CHECK,
            f"{name} makes {len(later)} new variable{'s' * (len(later) > 1)} at its second call: {_names(later)}",
            f"{name}.call",
            "no variable after the first call",
            len(later),
            mend="make weights and sub-layers in __init__ or build(), as attributes; call() only uses them",
        )
    tracked = {id(_bare(each)) for each in layer.variables}
    lost = [each for each in first if id(each) not in tracked]
    if lost and not later:
        yield Failure(
            CHECK,
            f"{name}.weights does not hold {len(lost)} of the variables that it makes: {_names(lost)}",
            name,
            f"{len(first)} variables",
            len(first) - len(lost),
            mend="keep weights (self.add_weight) and sub-layers in attributes of the layer, or in lists and dicts"
            " there; else they are neither trained nor saved",
        )


def _call(built: Made, layer: Any) -> None:
    if isinstance(built.case, LayerCase):
        built.fed.call(layer, built.subject.inputs)
    else:
        layer(built.subject.inputs)


@contextlib.contextmanager
def created() -> Iterator[list[Any]]:
    """While open, collects every variable that TensorFlow makes for a layer.

    Not what optimizers and metrics keep, nor what Keras keeps to itself: the states of recurrent layers and, in Keras
    2, of random generators, and the counters of a model's batches.
    """
    variables: list[Any] = []

    def creator(make: Any, **kwargs: Any) -> Any:
        variable = make(**kwargs)
        if "StateVar" not in str(kwargs.get("name")) and not _made_elsewhere():
            variables.append(variable)
        return variable

    with tf.variable_creator_scope(creator):
        yield variables


def _made_elsewhere() -> bool:
    """Whether a function of Keras is being called, or a method of an optimizer or metric, that keeps its own."""
    frame = inspect.currentframe()
    while frame is not None:
        if frame.f_code.co_name in OF_KERAS or isinstance(frame.f_locals.get("self"), KEEPERS):
            return True
        frame = frame.f_back
    return False


def _bare(variable: Any) -> Any:
    """TensorFlow's own variable under one of Keras."""
    inner = getattr(variable, "_variable", None)  # under the policies of Keras 2
    if inner is not None:
        return inner
    return variable if isinstance(variable, tf.Variable) else getattr(variable, "_value", variable)


def _names(variables: list[Any]) -> str:
    return ", ".join(dict.fromkeys(f"{str(each.name).partition(':')[0]} {tuple(each.shape)}" for each in variables))[
        :300
    ]
