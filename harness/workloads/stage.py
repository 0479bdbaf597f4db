"""A model on the stage: built, compiled, trained for a step, with its data, and a folder for what it saves."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np

from harness.worker import dialect, states
from harness.worker.dialect import keras, tf
from harness.workloads.workload import Workload


class Stage:
    """What the operations share of one workload. Models are made when they are first needed, and kept."""

    def __init__(self, workload: Workload, folder: Path, device: str = "CPU") -> None:
        self.workload = workload
        self.device = device
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.inputs, self.targets = workload.data()
        self.batch = int(np.shape(dialect.flat(self.inputs)[0])[0])
        self.tensors = tf.nest.map_structure(tf.constant, self.inputs)
        self._models: dict[str, Any] = {}

    def fresh(self) -> Any:
        """A new model with the same weights each time, compiled but never called."""
        states.set_seed(0)
        model = self.workload.make()
        if not self.workload.compiled:
            self._compile(model)
        return model

    def _compile(self, model: Any) -> None:
        name, arguments = self.workload.loss
        optimizer = getattr(keras.optimizers, self.workload.optimizer)(learning_rate=1e-4)
        model.compile(optimizer=optimizer, loss=getattr(keras.losses, name)(**arguments))

    @property
    def model(self) -> Any:
        """The model that was trained for one step: it has all that a file of it holds."""
        if "model" not in self._models:
            self._models["model"] = self.fresh()
            if "training step" in self.workload.operations and self.workload.suits:
                self._models["model"].train_on_batch(self.inputs, self.targets)
        return self._models["model"]

    @property
    def frozen(self) -> Any:
        """The same with all layers frozen but the last that can learn, and compiled again."""
        if "frozen" not in self._models:
            model = self.fresh()
            learning = [layer for layer in model.layers if layer.trainable_weights]
            for layer in learning[:-1]:
                layer.trainable = False
            self._compile(model)
            self._models["frozen"] = model
        return self._models["frozen"]

    def saved(self, name: str) -> Path:
        """The file of the model in this form, saved where it is not there; `name` is its ending."""
        path = self.folder / f"model{name}"
        if not path.exists():
            self.save(name)
        return path

    def save(self, name: str) -> None:
        """Saves the model in this form."""
        path = str(self.folder / f"model{name}")
        if name == ".weights.h5":
            self.model.save_weights(path)
        else:
            self.model.save(path)

    def bytes_of(self, name: str) -> int:
        """Bytes of the file on the disk."""
        return self.saved(name).stat().st_size

    def drop(self) -> None:
        """Forgets the models and removes the files."""
        self._models.clear()
        shutil.rmtree(self.folder, ignore_errors=True)


def to_host(value: Any) -> Any:
    """The numbers of a result in the memory of the host: only then has a GPU done its work."""
    return [np.asarray(each) for each in dialect.flat(value)]
