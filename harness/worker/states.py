"""What a model draws from and what it remembers between two calls: seeds, random generators, recurrent states."""

from __future__ import annotations

import importlib
import random
import re
import zlib
from typing import Any

import numpy as np

from harness.worker import dialect
from harness.worker.dialect import keras


def set_seed(seed: int) -> None:
    """Seeds Python, NumPy and TensorFlow, and Keras's own generator."""
    keras.utils.set_random_seed(seed)


def reseed(seed: int) -> None:
    """Seeds what Keras draws from: `set_seed`, without making TensorFlow forget every kernel where Keras 3 needs none.

    Keras 3 draws by Python's generator and by states of its own; `tf.random.set_seed` clears the kernel cache.
    """
    if dialect.MAJOR < 3:
        set_seed(seed)
        return
    _global_generator().state.assign(_state(seed, -1))
    random.seed(seed)  # after that, for a generator that is made draws its first state here
    np.random.seed(seed)


def rewind(model: Any, seed: int) -> None:
    """Puts every random generator that a model calls, and every recurrent state, into one known state.

    Keras 3 keeps them in variables of the layers; Keras 2 in the global state that `set_seed` sets, and those of
    preprocessing layers in generators of their own.
    """
    reset_states(model)
    reseed(seed)
    if dialect.MAJOR >= 3:
        for number, variable in enumerate(_generator_states(model)):
            variable.assign(_state(seed, number))
        return
    for layer in model._flatten_layers():
        # By name: the order of the layers may be another in a model that was loaded.
        number = zlib.crc32(re.sub(r"(_\d+)+$", "", layer.name).encode()) % 1_000_000
        own = getattr(layer, "_random_generator", None)
        if getattr(own, "_generator", None) is not None:
            own._generator.reset_from_seed(seed + number)
        elif hasattr(own, "_seed"):
            # Counted up at each call. A layer without a seed would draw by the order of all that draw.
            own._seed = seed + 1000 * number


def reset_states(model: Any) -> None:
    """Puts the states of recurrent layers back to zero: they are no weights, and no file holds them."""
    for _, layer in dialect.layers_of(model):
        if getattr(layer, "stateful", False) is not True or isinstance(layer, keras.Model):
            continue
        if dialect.MAJOR >= 3:
            # By hand: RNN.reset_state raises where the states are nested, as those of stacked LSTM cells are.
            for state in dialect.flat(getattr(layer, "states", None)):
                if hasattr(state, "assign"):
                    state.assign(np.zeros(state.shape))
        elif hasattr(layer, "reset_states"):
            layer.reset_states()


def _generator_states(model: Any) -> list[Any]:
    """The variables that hold the states of a model's random generators (none in Keras 2)."""
    return [each for each in model.variables if each.name.startswith("seed_generator_state")]


def _global_generator() -> Any:
    """The generator that Keras 3 draws from where a layer or an operation was given none."""
    return importlib.import_module("keras.src.random.seed_generator").global_seed_generator()


def _state(seed: int, number: int) -> np.ndarray:
    """A state of a generator of Keras 3."""
    return np.array([seed, number % 2**32], dtype="uint32")
