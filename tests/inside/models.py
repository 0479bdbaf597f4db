"""Small models and what an observation or a route looks at of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.protocol.architecture import Architecture, Call, Compile, Input, Node, Ref
from harness.worker.arrays import Arrays
from harness.worker.build import tensors_of
from harness.worker.dialect import keras
from harness.worker.run import prepare
from harness.worker.subject import Subject

layers = keras.layers
ONES = np.ones((2, 3), "float32")
COMPILED = {"optimizer": "sgd", "loss": "mse", "run_eagerly": True}


def subject_of(model: Any, inputs: Any = ONES, targets: Any = None, **changes: Any) -> Subject:
    """A subject of a model that was made by hand."""
    given = tensors_of(inputs), None if targets is None else tensors_of(targets)
    return Subject(model, Architecture("m", **changes), *given, Arrays())


def chain(*made: Any, size: int = 3, **settings: Any) -> Any:
    """A functional model of layers, one behind another."""
    given = keras.Input((size,), name="x", **settings)
    tensor = given
    for each in made:
        tensor = each(tensor)
    return keras.Model(given, tensor, name="m")


def compiled(*made: Any, optimizer: Any = "sgd", **settings: Any) -> Subject:
    """A subject of a chain that gives two numbers, and is trained on ones."""
    model = chain(*made)
    model.compile(**{**COMPILED, "optimizer": optimizer, **settings})
    return subject_of(model, targets=np.ones((2, 2), "float32"), compile=Compile(dict(COMPILED)))


def value(subject: Subject, told: Any) -> np.ndarray:
    """The array that an observation told of."""
    return np.frombuffer(subject.arrays.blobs[told["array"]], told["kept"]).reshape(told["shape"])


def dense(name: str, source: str, units: int = 2, **arguments: Any) -> Node:
    """A node of a Dense."""
    return Node(name, Call("layers.Dense", {"units": units, **arguments}), (Ref(source),))


def described(*nodes: Node, **changes: Any) -> Subject:
    """A subject as a worker prepares it: built as an architecture says, and filled."""
    last = Ref(nodes[-1].name)
    made = {"inputs": (Input("x", (3,)),), "nodes": nodes, "outputs": last, "seed": 5, **changes}
    return prepare(Architecture("m", **made), Arrays())[0]
