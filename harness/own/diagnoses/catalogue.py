"""All diagnoses by name, in the order of `harness.own.names`."""

from __future__ import annotations

from collections.abc import Mapping

from harness.own import names
from harness.own.diagnoses import (
    arguments,
    base_arguments,
    dtype,
    graph,
    mask,
    nested,
    output_shape,
    randomness,
    registration,
    state,
    training_argument,
    weight_names,
)
from harness.own.diagnoses.diagnosis import Diagnosis

_ALL: Mapping[str, Diagnosis] = {
    "arguments": arguments.diagnose,
    "base_arguments": base_arguments.diagnose,
    "dtype": dtype.diagnose,
    "graph": graph.diagnose,
    "mask": mask.diagnose,
    "nested": nested.diagnose,
    "output_shape": output_shape.diagnose,
    "randomness": randomness.diagnose,
    "registration": registration.diagnose,
    "state": state.diagnose,
    "training_argument": training_argument.diagnose,
    "weight_names": weight_names.diagnose,
}
DIAGNOSES: Mapping[str, Diagnosis] = {name: _ALL[name] for name in names.DIAGNOSES}
