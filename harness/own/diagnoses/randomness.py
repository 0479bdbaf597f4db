"""Randomness: inference draws nothing, and what training draws is steered by the seeds that Keras keeps.

A layer that draws with `tf.random`, NumPy or Python's own `random` cannot be repeated; what Python draws in `call` is
drawn once when a graph is traced, and is the same ever after. A sub-layer that is told ``training=True`` for good
drops units in inference. A draw by a number for a seed is the same at each step of training: no noise at all.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import random
from collections.abc import Iterator
from typing import Any

import numpy as np

from harness.own.making import Made
from harness.own.report import Failure
from harness.worker import dialect, states
from harness.worker.dialect import tf

CHECK = "randomness"
MEND = (
    "make self.seed_generator = keras.random.SeedGenerator(seed) in __init__, and draw with"
    " keras.random.uniform(shape, seed=self.seed_generator)"
    if dialect.MAJOR >= 3
    else "let a layer of Keras draw (keras.layers.Dropout, GaussianNoise), or tf.random.stateless_uniform(shape, seed)"
    " with a seed that is a weight, self.add_weight(trainable=False, …), and is moved on in call(): Keras 2 keeps no"
    " state of a tf.random.Generator"
)


def diagnose(built: Made) -> Iterator[Failure]:
    """A failure for inference that is not repeatable, for training, draws of Python or NumPy, and fixed seeds."""
    name = type(built.layer or built.subject.model).__name__
    if not built.steady:
        apart = _apart(*(_outputs(built, training=False) for _ in range(2))) or 0.0
        yield Failure(
            CHECK,
            f"{name} computes other numbers at each call in inference",
            f"{name}.call(…, training=False)",
            size=f"max abs {apart:.3g}",
            mend="draw, and let sub-layers drop, where training is true alone; make no state in call()",
        )
        return
    before = random.getstate(), _numpy_state()
    outputs = [_outputs(built, training=True, rewound=True)]
    python = random.getstate() != before[0]
    numbers = _numpy_state() != before[1]
    outputs.append(_outputs(built, training=True, rewound=True))
    apart = _apart(*outputs)
    if python or numbers:
        yield Failure(
            CHECK,
            f"{name} draws from {'Python’s random' if python else 'numpy.random'} when it is called: a graph that is"
            " traced holds that one number for ever",
            f"{name}.call(…, training=True)",
            mend=MEND,
        )
    elif apart is not None:
        yield Failure(
            CHECK,
            f"{name} draws other numbers in training from one state of all of its seeds",
            f"{name}.call(…, training=True)",
            size=f"max abs {apart:.3g}",
            mend=MEND,
        )
    elif fixed := _fixed_seeds(built):
        yield Failure(
            CHECK,
            f"{name} draws with a seed that never changes: the same noise at each call in training",
            f"{name}.call(…, training=True)",
            "another seed at each call",
            ", ".join(sorted(f"{function} with seed {list(seed)}" for function, seed in fixed)),
            mend=MEND,
        )


def _fixed_seeds(built: Made) -> set[tuple[str, tuple[int, ...]]]:
    """What is drawn with the same seed in two calls that follow each other in training, and not in inference.

    What inference draws, too, is meant to be the same: a fixed projection, say. Draws are held against each other in
    their order: of several generators one may come to where another was a call before.
    """
    model = built.subject.model
    seen = []
    with _put_back(model):
        for training in (True, True, False):
            with _seeds_noted() as noted:
                model(built.subject.inputs, training=training)
            seen.append(noted)
    return {one for one, other in zip(*seen[:2]) if one == other} - {*seen[2]}


@contextlib.contextmanager
def _seeds_noted() -> Iterator[list[tuple[str, tuple[int, ...]]]]:
    """While open, notes what is drawn by TensorFlow's stateless functions, as all of Keras 3 is, and by which seed."""
    places = [(tf.random, name) for name in dir(tf.random) if name.startswith("stateless_")]
    places.append((tf.nn.experimental, "stateless_dropout"))
    noted: list[tuple[str, tuple[int, ...]]] = []

    def noting(name: str, original: Any) -> Any:
        signature = inspect.signature(original)

        @functools.wraps(original)
        def draw(*args: Any, **kwargs: Any) -> Any:
            with contextlib.suppress(Exception):  # the function itself says what does not fit; a graph has no numbers
                seed = signature.bind(*args, **kwargs).arguments["seed"]
                noted.append((name, tuple(np.asarray(tf.convert_to_tensor(seed)).ravel().tolist())))
            return original(*args, **kwargs)

        return draw

    own = [(module, name, getattr(module, name)) for module, name in places]
    for module, name, original in own:
        setattr(module, name, noting(name, original))
    try:
        yield noted
    finally:
        for module, name, original in own:
            setattr(module, name, original)


def _outputs(built: Made, *, training: bool, rewound: bool = False) -> list[np.ndarray[Any, Any]]:
    """What is computed; what a call in training moves is put back."""
    model = built.subject.model
    state = random.getstate(), np.random.get_state()
    with _put_back(model) if training else contextlib.nullcontext():
        if rewound:
            states.rewind(model, built.case.seed)
            random.setstate(state[0])  # theirs alone is looked at
            np.random.set_state(state[1])
        else:
            states.reset_states(model)
        return [dialect.array(each) for each in dialect.flat(model(built.subject.inputs, training=training))]


@contextlib.contextmanager
def _put_back(model: Any) -> Iterator[None]:
    """What a call in training moves is as it was before."""
    kept = [(each, dialect.array(each)) for each in model.variables if hasattr(each, "assign")]
    try:
        yield
    finally:
        for variable, value in kept:
            variable.assign(value)


def _apart(one: list[np.ndarray[Any, Any]], other: list[np.ndarray[Any, Any]]) -> float | None:
    """The largest difference; None where there is none."""
    found = None
    for a, b in zip(one, other, strict=True):
        if a.dtype.kind in "OSU" or a.shape != b.shape:
            if a.shape != b.shape or (a != b).any():
                found = float("inf")
        elif not np.array_equal(a, b, equal_nan=a.dtype.kind == "f"):
            gap = np.abs(a.astype("float64") - b.astype("float64"))
            found = max(found or 0.0, float(np.nanmax(gap)))
    return found


def _numpy_state() -> tuple[Any, ...]:
    kind, keys, *rest = np.random.get_state()
    return (kind, np.asarray(keys).tobytes(), *rest)
