"""Graph: `fit` and `predict` run the layer as a traced graph, which computes what the eager call does.

What Python does in `call` (an if, a number drawn, NumPy) is done once when the graph is traced.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.expectations.compare import CLOSE
from harness.own.diagnoses.diagnosis import NotChecked
from harness.own.making import Made
from harness.own.report import Failure, essence
from harness.worker import dialect, states
from harness.worker.dialect import tf

CHECK = "graph"


def diagnose(built: Made) -> Iterator[Failure]:
    """A failure where tracing raises, or the graph computes something else."""
    if not built.steady:
        raise NotChecked("it computes other numbers at each call, see the check `randomness`")
    model = built.subject.model
    name = type(built.layer or model).__name__
    states.reset_states(model)
    expected = [dialect.array(each) for each in dialect.flat(model(built.subject.inputs, training=False))]
    states.reset_states(model)
    try:
        traced = tf.function(lambda inputs: model(inputs, training=False))
        actual = [dialect.array(each) for each in dialect.flat(traced(built.subject.inputs))]
    except Exception as error:
        yield Failure(
            CHECK,
            f"{name} cannot be traced: {type(error).__name__}: {essence(error)}",
            f"{name}.call",
            mend="use operations on tensors alone in call(): no NumPy, no .numpy(), no if on what a tensor holds",
        )
        return
    for one, other in zip(expected, actual):
        if one.dtype.kind not in "fc" or not one.size:
            continue
        apart = float(np.nanmax(np.abs(one.astype("float64") - other.astype("float64")), initial=0.0))
        largest = max(1.0, float(np.nanmax(np.abs(one.astype("float64")), initial=0.0)))
        if apart > CLOSE.get(one.dtype.name, 1e-1) * largest:
            yield Failure(
                CHECK,
                f"{name} computes other numbers in a graph than in an eager call",
                f"{name}.call",
                size=f"max abs {apart:.3g}",
                mend="keep what Python decides out of call(): it is decided once, when the graph is traced",
            )
