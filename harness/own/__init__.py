"""A user's own layers and models, checked in their own process: no architecture is needed, and a debugger works.

The routes, the observations and the table are those of `keras-harness check`; what is travelled is yours. Beside them
come diagnoses of what layers get wrong most often, each with the argument and what mends it.

Importing this imports no TensorFlow; checking something does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from harness.own.case import Case, LayerCase, ModelCase
from harness.own.marking import parametrize_with_checks
from harness.own.names import CHECKS
from harness.own.report import ChecksFailed, Failure, Report, known_names

__all__ = [
    "CHECKS",
    "ChecksFailed",
    "Failure",
    "LayerCase",
    "ModelCase",
    "Report",
    "check_layer",
    "check_model",
    "parametrize_with_checks",
]


def check_layer(
    layer: type,
    arguments: Mapping[str, Any] | Callable[[], Mapping[str, Any]] | None = None,
    *,
    inputs: Any,
    keywords: Mapping[str, Any] | None = None,
    custom_objects: Mapping[str, Any] | None = None,
    expected_failures: Mapping[str, str] | None = None,
    raise_on_failure: bool = True,
    seed: int = 5,
) -> Report:
    """Checks a layer class of one's own, alone in a functional model.

    `arguments` are those of its constructor, as unlike their defaults as can be, or a function that returns them.
    `inputs` is a shape without the batch axis (``(8,)``), an array of samples, or a list, tuple or dict of these;
    `keywords` are further tensors that its call takes, by argument.
    `expected_failures` says by check why it fails; one that no longer does is a failure.

    Raises ChecksFailed (an AssertionError) with every failed check, unless `raise_on_failure` is false; ValueError
    for a check that is none; TypeError for inputs that cannot be read.

        check_layer(MyDense, {"units": 3}, inputs=(8,))
    """
    case = LayerCase(layer, arguments or {}, inputs, keywords or {}, custom_objects, expected_failures or {}, seed)
    return _checked(case, raise_on_failure)


def check_model(
    model: Any,
    *,
    inputs: Any = None,
    targets: Any = None,
    custom_objects: Mapping[str, Any] | None = None,
    expected_failures: Mapping[str, str] | None = None,
    raise_on_failure: bool = True,
    seed: int = 5,
) -> Report:
    """Checks a model of one's own: functional, Sequential or subclassed.

    `model` is a function that builds it (better: what loads weights alone needs another one of the same code), or the
    model itself, which is looked at as it is and left so. `inputs` may be left out where the model states its inputs.
    `targets` are needed to train a model that is compiled; one that is not is compiled with a mean squared error.

    Raises as `check_layer` does.

        check_model(build_my_model, inputs=(224, 224, 3))
    """
    case = ModelCase(model, inputs, targets, custom_objects, expected_failures or {}, seed)
    return _checked(case, raise_on_failure)


def _checked(case: Case, raise_on_failure: bool) -> Report:
    known_names(case.expected_failures, CHECKS, "expected_failures")
    from harness.own.examination import examine

    report = examine(case)
    if raise_on_failure and not report.ok:
        raise ChecksFailed(report)
    return report
