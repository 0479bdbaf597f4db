"""A SavedModel that holds no Keras model, called by its signature as TensorFlow serves it.

`model.export` writes such a folder, as do programs that are not Keras; `load_model` of no release takes it up. What two
releases can be held to is what it computes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.worker.dialect import keras, tf

SIGNATURE = "serving_default"
OF_KERAS = "keras_metadata.pb"  # by which Keras 2 finds its own models again
SEEN = frozenset({"outputs", "repeats", "sensitivity"})  # observations that ask for no Keras model


def is_served(path: Path) -> bool:
    """Whether this is such a folder."""
    return (path / "saved_model.pb").is_file() and not (path / OF_KERAS).exists()


class Served(keras.Model):
    """Takes a dict of tensors by the names of the signature, and gives one.

    Raises ValueError where the folder has other signatures alone, and what TensorFlow raises where it is broken.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(name=path.name.replace("/", "_") or None, autocast=False)
        self._loaded = tf.saved_model.load(str(path))  # its variables go away with it
        if SIGNATURE not in self._loaded.signatures:
            others = ", ".join(sorted(self._loaded.signatures)) or "none"
            raise ValueError(f"{path.name} has no signature called {SIGNATURE}; its signatures: {others}")
        self._serve = self._loaded.signatures[SIGNATURE]
        _, named = self._serve.structured_input_signature
        self.inputs = [named[name] for name in sorted(named)]

    @property
    def input(self) -> Any:
        """What it takes, by name."""
        return {each.name: each for each in self.inputs}

    def call(self, inputs: Any, training: bool = False) -> Any:
        """What the signature gives."""
        return self._serve(**inputs)
