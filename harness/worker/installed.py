"""What is installed here, as a worker says it on start: releases, public names, their arguments and defaults."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np

from harness.worker.dialect import MAJOR, METHODS, MODULE, ROOMS, keras, resolve, room, tf

PLAIN = (bool, int, float, str, type(None))


def versions() -> dict[str, Any]:
    """What is installed here, as a report states it."""
    import platform

    import h5py

    packages = {"numpy": np.__version__, "h5py": h5py.__version__}
    for name in ("protobuf", "ml_dtypes"):
        with contextlib.suppress(Exception):
            from importlib.metadata import version

            packages[name] = version(name)
    return {
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "module": MODULE,
        "packages": packages,
        "devices": [device.name for device in tf.config.list_physical_devices()],
    }


def public_names() -> dict[str, list[str]]:
    """Every public class and function with its arguments; of a class with several names, its own. And some methods."""
    names: dict[str, list[str]] = {}
    for path in ROOMS:
        for name, value in members(path):
            own = getattr(value, "__name__", name)
            if inspect.isclass(value) and own != name and getattr(room(path), own, None) is value:
                continue  # an alias, such as Convolution2D
            names[f"{path}.{name}"] = arguments_of(value) if inspect.isclass(value) else []
    names["Model.compile"] = [
        name for name in inspect.signature(keras.Model.compile).parameters if name not in ("self", "kwargs")
    ]
    if hasattr(keras.optimizers.Optimizer, "exclude_from_weight_decay"):
        names["optimizers.Optimizer.exclude_from_weight_decay"] = []
    base = keras.layers.Layer
    for name in layer_names():
        layer = resolve(name)
        for method in METHODS:
            if getattr(layer, method, None) is not getattr(base, method, None):
                names[f"{name}.{method}"] = []
    return names


def members(path: str) -> Iterator[tuple[str, Any]]:
    """The public classes and functions of the module `keras.<path>`."""
    module = room(path)
    for name in dir(module) if module is not None else ():
        value = getattr(module, name)
        if not name.startswith("_") and not isinstance(value, ModuleType) and callable(value):
            yield name, value


def aliases() -> dict[str, str]:
    """Public names of what has another name in the same module, with that name: its own, or the first."""
    found: dict[str, str] = {}
    for path in ROOMS:
        first: dict[int, str] = {}
        for name, value in members(path):
            own = getattr(value, "__name__", name)
            chosen = own if getattr(room(path), own, None) is value else first.setdefault(id(value), name)
            if chosen != name:
                found[f"{path}.{name}"] = f"{path}.{chosen}"
    return found


def defaults(*, layers: bool = False) -> dict[str, dict[str, Any]]:
    """The plain defaults of the arguments of every public class that is no layer, or of those that are."""
    found: dict[str, dict[str, Any]] = {}
    for path in ROOMS:
        for name, value in members(path):
            if (path == "layers") is not layers or not inspect.isclass(value):
                continue
            with contextlib.suppress(TypeError, ValueError):
                parameters = inspect.signature(value.__init__).parameters.values()
                plain = {each.name: each.default for each in parameters if isinstance(each.default, PLAIN)}
                if plain:
                    found[f"{path}.{name}"] = plain
    return found


def quantization_modes() -> list[str]:
    """The ways in which this Keras can quantize a layer (none in Keras 2). No public module lists them."""
    if MAJOR < 3:  # a Keras 3 may lie beside legacy Keras
        return []
    with contextlib.suppress(ImportError, AttributeError):
        from keras.src.dtype_policies import dtype_policy

        return list(dtype_policy.QUANTIZATION_MODES)
    return []


def layer_names() -> list[str]:
    """The public layer classes (``layers.Dense``), one name for each class."""
    names: dict[type, str] = {}
    for name, value in sorted(vars(keras.layers).items()):
        if name.startswith("_") or not (inspect.isclass(value) and issubclass(value, keras.layers.Layer)):
            continue
        if value not in names or name == value.__name__:
            names[value] = name
    return sorted(f"layers.{name}" for name in names.values())


def arguments_of(cls: type) -> list[str]:
    """Names of a class's constructor arguments; ``**`` where it takes those of its base as well."""
    try:
        parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
    except (TypeError, ValueError):
        return []
    return [
        "**" if each.kind is each.VAR_KEYWORD else each.name
        for each in parameters
        if each.kind is not each.VAR_POSITIONAL
    ]
