"""Operators and `keras.ops` as nodes of a functional graph: ``x + y``, ``x[:, 1:]``, ``ops.reshape(x, ...)``.

A row per operation and form of its call, a file per family.
"""

from __future__ import annotations

from harness.architectures.operations.elementwise import ELEMENTWISE, OPERATORS
from harness.architectures.operations.neural import NEURAL
from harness.architectures.operations.operation import Operation
from harness.architectures.operations.rearranging import REARRANGING
from harness.architectures.operations.reductions import REDUCTIONS
from harness.architectures.vocabulary import Vocabulary

OPERATIONS: tuple[Operation, ...] = (*OPERATORS, *ELEMENTWISE, *REARRANGING, *REDUCTIONS, *NEURAL)


def known_operations(vocabulary: Vocabulary) -> list[Operation]:
    """The rows that this Keras has; Keras 2 has no `keras.ops`, and makes layers of the operators."""
    return [
        each
        for each in OPERATIONS
        if vocabulary.major in each.majors and (each.name.startswith("operator.") or vocabulary.has(each.name))
    ]
