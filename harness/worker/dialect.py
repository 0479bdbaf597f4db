"""The one place that knows the differences between Keras 2 and Keras 3."""

from __future__ import annotations

import collections
import contextlib
import functools
import gc
import importlib
import inspect
import os
import re
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np
import tensorflow as tf

if os.environ.get("TF_USE_LEGACY_KERAS") == "1":
    import tf_keras as keras

    MODULE = "tf_keras"
else:
    import keras

    MODULE = "keras"

VERSION = tuple(int(part) for part in keras.__version__.split(".")[:2])
MAJOR = VERSION[0]
METHODS = ("adapt", "enable_lora", "quantize")  # what a layer is told once it is built

ROOMS = (
    "layers", "activations", "initializers", "regularizers", "constraints", "optimizers", "optimizers.schedules",
    "losses", "metrics", "dtype_policies", "applications", "ops", "ops.nn", "ops.image", "ops.linalg", "quantizers",
    # In Keras 3 these are stubs that raise, and further names of what stands in other rooms.
    *(("optimizers.legacy", "mixed_precision") if MAJOR < 3 else ()),
)  # fmt: skip


def room(path: str) -> Any:
    """The public module `keras.<path>`, or None where this Keras has none."""
    found: Any = keras
    for part in path.split("."):
        found = getattr(found, part, None)
        if found is None:
            return None
    return found


def resolve(name: str) -> Any:
    """The class or function ``keras.<name>``; raises LookupError where there is none.

    What a stranger has named comes here by `harness.worker.allowed` alone.
    """
    path, _, own = name.rpartition(".")
    found = getattr(room(path), own, None)
    if isinstance(found, ModuleType) or not callable(found):
        raise LookupError(f"keras {keras.__version__} has no class or function keras.{name}")
    return found


def takes(function: Any, argument: str) -> bool:
    """Whether a function of this Keras has an argument, by its signature: minor releases bring new ones."""
    return argument in inspect.signature(function).parameters


def weights_of(model: Any) -> list[Any]:
    """The weights of a model or a layer that are variables.

    Keras 2 lists the tables of lookup layers among them, and what metrics count that a model has for attributes.
    """
    counted = set()
    if MAJOR < 3 and hasattr(model, "_flatten_layers"):
        metrics = (each for layer in model._flatten_layers() for each in getattr(layer, "_metrics", ()))
        counted = {id(weight) for each in metrics for weight in each.weights}
    return [each for each in model.weights if hasattr(each, "name") and id(each) not in counted]


@contextlib.contextmanager
def kept(model: Any) -> Iterator[None]:
    """Whatever is done to a model inside, its variables hold afterwards what they held before."""
    before = [(each, array(each)) for each in model.variables if hasattr(each, "assign")]
    try:
        yield
    finally:
        for variable, value in before:
            if array(variable).tobytes() != value.tobytes():
                variable.assign(value)


def slots(optimizer: Any, weights: list[Any]) -> dict[str, list[tuple[Any, Any]]]:
    """The slots of an optimizer by the attribute that holds them, each with its weight; none before it was built.

    Both Kerases keep each kind in a list, in the order of the weights that they were built for, under attributes that
    are called alike but for a leading underscore.
    """
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    numbers = getattr(optimizer, "_index_dict" if MAJOR < 3 else "_trainable_variables_indices", None) or {}
    found: dict[str, list[tuple[Any, Any]]] = {}
    for name, kept in vars(optimizer).items():
        kept = list(kept) if isinstance(kept, (list, tuple)) else None
        plain = name.lstrip("_")
        if not kept or plain in ("variables", "trainable_variables") or len(kept) != len(numbers):
            continue
        if not all(hasattr(each, "shape") and hasattr(each, "assign") for each in kept):
            continue
        if plain == "momentums" and getattr(optimizer, "momentum", None) == 0:
            continue  # SGD of Keras 2 keeps zeros, that of Keras 3 nothing
        placed = [(weight, numbers.get(optimizer._var_key(weight))) for weight in weights]
        found[plain] = [(weight, kept[number]) for weight, number in placed if number is not None]
    return found


# What `adapt` computes of its data: no initializer's, in no config, and consistent among itself. In Keras 2 the inverse
# document frequencies of a vocabulary are a tf.Variable without a name.
ADAPTED = frozenset({"mean", "variance", "count", "summary", "idf_weights", "Variable"})


def is_adapter(variable: Any) -> bool:
    """Whether a weight is a factor of a low-rank adapter."""
    return path_of(variable).rpartition("/")[2].startswith("lora_")


def adapted_kernels(model: Any) -> Iterator[tuple[Any, Any]]:
    """The kernels that have an adapter, each with what it is when the adapter is merged into it."""
    for _, layer in layers_of(model):
        if getattr(layer, "lora_enabled", False):
            for name in ("kernel", "embeddings"):
                variable = getattr(layer, f"_{name}", None)
                if variable is not None:
                    yield variable, getattr(layer, name)


def path_of(variable: Any) -> str:
    """The name of a variable with the names of the layers around it, as Keras has it; ``:0`` taken off."""
    text = str(getattr(variable, "path", None) or variable.name)
    return text[:-2] if text.endswith(":0") else text


def places(model: Any, names: Any) -> dict[int, str]:
    """Where each variable of a model is, by the identity of the variable: layers from the outside in, then its name.

    Keras's own path is no such place: it holds the scopes that were open when the layer was built, and so differs
    between a model that its first call built and the same model loaded.
    """
    found: dict[int, str] = {}
    for path, layer in reversed(list(layers_of(model, names))):
        for variable in layer.variables:
            if hasattr(variable, "name"):
                found.setdefault(id(variable), f"{'/'.join(path)}/{path_of(variable).rpartition('/')[2]}")
    for variable in model.variables:
        if hasattr(variable, "name"):
            # Of the model itself; the scope before its name is there or not as a call built it or a file.
            found.setdefault(id(variable), path_of(variable).rpartition("/")[2])
    return found


def array(value: Any) -> np.ndarray:
    """A NumPy array of a variable or a tensor of any kind (sparse and ragged ones made dense)."""
    if isinstance(value, tf.SparseTensor):
        value = tf.sparse.to_dense(value)
    if isinstance(value, tf.RaggedTensor):
        value = value.to_tensor()
    if hasattr(value, "value") and not isinstance(value, tf.Variable):
        inner = value.value
        value = inner() if callable(inner) else inner
    return np.asarray(value.numpy() if hasattr(value, "numpy") else value)


def dtype_name(dtype: Any) -> str:
    """``float32``, whether Keras gives a string or TensorFlow an object."""
    return str(getattr(dtype, "name", dtype))


def is_dense_float(tensor: Any) -> bool:
    """Whether a symbolic tensor holds floats, and is neither sparse nor ragged.

    What comes out of Keras 3's Discretization(sparse=True) does not say that it is sparse; the layer does.
    """
    maker = getattr(getattr(tensor, "_keras_history", None), "operation", None)
    return "float" in dtype_name(tensor.dtype) and not (
        getattr(tensor, "sparse", False)
        or getattr(tensor, "ragged", False)
        or getattr(maker, "sparse", False)
        or "Sparse" in type(tensor).__name__
    )


def layers_of(model: Any, names: Any = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every layer with its path, from the outside in: nested models and wrapped layers too, each once.

    What stands directly in a model goes by its name, which the model's config holds. A layer inside of a layer that
    the user did not name (not in `names`) goes by the stem of its name: the number behind it counts what came before.
    So does one that Keras named in a model whose code makes it anew: a subclassed one, or any inside of a layer.
    """
    seen: set[int] = set()

    def walk(layer: Any, path: tuple[str, ...], held: bool) -> Iterator[tuple[tuple[str, ...], Any]]:
        taken: dict[str, int] = {}
        held = held and is_graph(layer)
        for child in children(layer):
            if id(child) in seen:
                continue
            seen.add(id(child))
            called = _called(child, layer)
            stem = re.sub(r"_\d+$", "", called)
            # Keras numbers what it names by itself, and may come to the name of another layer by chance.
            automatic = stem == _snake(type(child).__name__)
            if isinstance(layer, keras.Model):
                given = held or called in names or not automatic
            else:
                given = called in names and not automatic
            name = called if given else stem
            taken[name] = taken.get(name, 0) + 1
            here = (*path, name if taken[name] == 1 else f"{name}#{taken[name]}")
            yield here, child
            yield from walk(child, here, held)

    return walk(model, (), True)


def _called(layer: Any, holder: Any) -> str:
    """The name of a layer, as Keras 3 has it: the one in which Bidirectional of Keras 2 gives others.

    Both put a word before the names of the two layers that they make of one. Keras 2 does so where it is there already,
    and with a backward layer that it was given, which Keras 3 leaves as it is.
    """
    name = str(layer.name)
    if MAJOR > 2 or not isinstance(holder, keras.layers.Bidirectional):
        return name
    side = "backward" if layer is holder.backward_layer else "forward"
    before = name.removeprefix(f"{side}_")
    if side == "backward" and hasattr(holder, "_backward_layer_config"):
        return before
    return f"{side}_{before.removeprefix(f'{side}_')}"


def is_graph(layer: Any) -> bool:
    """Whether it is a functional or a Sequential model, whose config holds what it is made of."""
    return isinstance(layer, keras.Sequential) or (
        isinstance(layer, keras.Model) and bool(getattr(layer, "inputs", None))
    )


@functools.cache
def _snake(name: str) -> str:
    """What Keras calls the layers of a class; asked of each layer each time that a model is looked at."""
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", name)).lower()


def children(layer: Any) -> list[Any]:
    """The layers directly inside a layer or a model.

    What a layer makes for itself and keeps no weights in (the softmax of an attention) is its own affair, and is
    there or not as it was called or not.
    """
    if isinstance(layer, keras.Model):
        return list(layer.layers)
    if MAJOR >= 3:
        inside = list(getattr(layer, "_layers", ()) or ())
    else:
        inside = list(layer._flatten_layers(include_self=False, recursive=False))
    return [each for each in inside if each.weights]


def called_by_name(model: Any) -> set[int]:
    """Identities of the layers that stand directly in the model or in a model inside of it: their names are given.

    What a layer makes for itself is named by a counter, and may by chance be called as another layer is.
    """
    models = [model, *(layer for _, layer in layers_of(model) if isinstance(layer, keras.Model))]
    return {id(layer) for each in models for layer in each.layers}


def lasting(model: Any) -> set[int]:
    """Identities of the layers and operations that a model is made of, nested ones too, not the model itself."""
    found = [layer for _, layer in layers_of(model)]
    identities = {id(each) for each in found}
    for each in (model, *found):
        identities |= {id(operation) for operation in getattr(each, "operations", None) or ()}
    return identities


def policy() -> str:
    """The name of the global dtype policy."""
    if MAJOR >= 3:
        return str(keras.config.dtype_policy().name)
    return str(keras.mixed_precision.global_policy().name)


def set_policy(name: str) -> None:
    """Sets the global dtype policy."""
    if MAJOR >= 3:
        keras.config.set_dtype_policy(name)
    else:
        keras.mixed_precision.set_global_policy(name)


@contextlib.contextmanager
def recorded_calls(record: Callable[[Any, Any], None]) -> Iterator[None]:
    """While open, `record(layer, outputs)` is called for every layer and operation that returns from a call.

    So one call of a model shows what came out of each of its layers, however they are nested, at no further cost.
    """
    layer = keras.layers.Layer
    bases = [layer, keras.Operation] if MAJOR >= 3 else [layer]
    originals = [(base, base.__call__) for base in bases]

    def wrapped(base: Any, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(self: Any, *args: Any, **kwargs: Any) -> Any:
            outputs = original(self, *args, **kwargs)
            if base is layer or not isinstance(self, layer):  # a layer calls what it is as an operation, too
                record(self, outputs)
            return outputs

        return call

    try:
        for base, original in originals:
            base.__call__ = wrapped(base, original)
        yield
    finally:
        for base, original in originals:
            base.__call__ = original


def nesting(model: Any, which: str) -> Any:
    """The ``inputs`` or ``outputs`` of a functional model, nested as they were given; None of any other model."""
    return getattr(model, f"_{which}_struct" if MAJOR >= 3 else f"_nested_{which}", None)


def inputs_of(layer: Any) -> list[Any]:
    """The symbolic tensors of a layer's first call, keywords among them (`layer.input` of Keras 2 lacks those)."""
    node = layer._inbound_nodes[0]
    return list(node.arguments.keras_tensors if MAJOR >= 3 else node.keras_inputs)


def input_like(tensor: Any, *, name: str) -> Any:
    """An Input of the shape and dtype of a symbolic tensor."""
    shape = tuple(tensor.shape)
    return keras.Input(shape=shape[1:], batch_size=shape[0], dtype=dtype_name(tensor.dtype), name=name)


def flat(structure: Any) -> list[Any]:
    """The tensors of a nested structure, in order."""
    return list(tf.nest.flatten(structure))


@contextlib.contextmanager
def names_from_the_start() -> Iterator[None]:
    """While open, Keras counts the names that it gives from the start: the same code makes the same names each time."""
    if MAJOR >= 3:
        state = importlib.import_module("keras.src.backend.common.global_state")
        counts = state.get_global_attribute(
            "object_name_uids", default=collections.defaultdict(int), set_to_default=True
        )
        told: set[str] = set()
    else:
        backend = importlib.import_module(f"{keras.__name__}.src.backend")
        counts = backend.PER_GRAPH_OBJECT_NAME_UIDS
        told = backend.OBSERVED_NAMES  # operations of TensorFlow between layers are called as none was before
    kept, observed = dict(counts), set(told)
    counts.clear()
    told.clear()
    try:
        yield
    finally:
        counts.clear()
        counts.update(kept)
        told.update(observed)


def allow_code() -> None:
    """Lets models that hold code be loaded: until `clear` is called, in Keras 2 as long as the process lives."""
    where = getattr(keras, "config", None) or getattr(keras, "__internal__", None)
    if hasattr(where, "enable_unsafe_deserialization"):
        where.enable_unsafe_deserialization()


def clear() -> None:
    """Forgets the models that nothing holds, and what Keras keeps of them in global state, names included.

    What is left is TensorFlow, Keras and their caches, a million objects: it is taken out of sight of the collector,
    whom Keras calls here each time.
    """
    keras.backend.clear_session()
    gc.collect()
    gc.freeze()
