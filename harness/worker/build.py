"""Builds an architecture: the only reader of `Architecture` that makes a model of it.

It may be a stranger's: what it names, calls and reads is looked up in `allowed`, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from harness.protocol.architecture import (
    Architecture,
    Call,
    Data,
    Exported,
    Input,
    Name,
    Node,
    Ref,
    Slice,
)
from harness.worker import allowed, data, dialect, exported
from harness.worker.dialect import keras

BEFORE_CALL = frozenset({"adapt", "build"})  # methods that a layer wants before it is first called


@dataclass
class Built:
    """A model, and what its layers and tensors are called in the architecture."""

    model: Any
    layers: dict[str, Any] = field(default_factory=dict)
    shapes: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)


def decode(value: Any) -> Any:
    """The Python value of an argument: Calls are called, Names looked up."""
    if isinstance(value, Call):
        return construct(value)
    if isinstance(value, Name):
        return allowed.function(value.name)
    if isinstance(value, Slice):
        return slice(value.start, value.stop, value.step)
    if isinstance(value, Data):
        return data.of(value)
    if isinstance(value, Architecture):
        return build(value).model
    if isinstance(value, Exported):
        return exported.path_of(value)
    if isinstance(value, (list, tuple)):
        return type(value)(decode(item) for item in value)
    if isinstance(value, Mapping):
        return {key: decode(item) for key, item in value.items()}
    return value


def construct(call: Call) -> Any:
    """Calls a public Keras name; raises Refused for a call that no architecture may make."""
    return allowed.lookup(call.name)(**_arguments(call))


def _arguments(call: Call) -> Mapping[str, Any]:
    return allowed.arguments(call, {key: decode(item) for key, item in call.arguments.items()})


def build(architecture: Architecture) -> Built:
    """Builds the model, with the variables that its initializers give it; neither compiled nor frozen.

    Raises Refused for an architecture that asks for what it may not.
    """
    allowed.no_configs(architecture)
    if architecture.form == "subclass":
        return _subclassed(architecture)
    if architecture.form.startswith("application:"):
        return _application(architecture)
    if architecture.form == "sequential":
        return _sequential(architecture)
    return _functional(architecture)


def _subclassed(architecture: Architecture) -> Built:
    """A model of a class of one's own: the layer of the one node, built by its first call."""
    (node,) = architecture.nodes
    model = _layer(replace(node, name=architecture.name), {})
    _freeze_early(architecture, (), model)
    model(_tensors(architecture))
    return Built(model, {node.name: model})


def _application(architecture: Architecture) -> Built:
    """A model of `keras.applications` without its top and without weights from the network."""
    make = allowed.builder(architecture.form.partition(":")[2])
    return Built(make(include_top=False, weights=None, input_shape=tuple(architecture.inputs[0].shape)))


def _sequential(architecture: Architecture) -> Built:
    model = keras.Sequential(name=architecture.name)
    built = Built(model)
    if not architecture.deferred:
        model.add(input_of(architecture.inputs[0], layer=True))
    for node in architecture.nodes:
        layer = _layer(node, built.layers)
        built.layers[node.name] = layer
        _early_methods(node, layer)
        _freeze_early(architecture, (node.name,), layer)
        model.add(layer)
    _freeze_early(architecture, (), model)
    if architecture.deferred:
        model(_tensors(architecture))
    for node in architecture.nodes:
        built.shapes[node.name] = _output_shapes(built.layers[node.name])
    _late_methods(architecture, built)
    return built


def _functional(architecture: Architecture) -> Built:
    tensors: dict[str, list[Any]] = {each.name: [input_of(each)] for each in architecture.inputs}
    built = Built(None)

    def place(structure: Any) -> Any:
        if isinstance(structure, Ref):
            return tensors[structure.node][structure.index]
        if isinstance(structure, (list, tuple)):
            return type(structure)(place(item) for item in structure)
        if isinstance(structure, Mapping):
            return {key: place(item) for key, item in structure.items()}
        return decode(structure)

    for node in architecture.nodes:
        layer = _layer(node, built.layers)
        built.layers[node.name] = layer
        _early_methods(node, layer)
        _freeze_early(architecture, (node.name,), layer)
        outputs = layer(*place(node.inputs), **place(node.keywords))
        tensors[node.name] = dialect.flat(outputs)
        built.shapes[node.name] = [tuple(each.shape) for each in tensors[node.name]]
    inputs: Any = [tensors[each.name][0] for each in architecture.inputs]
    if architecture.input_structure == "dict":
        inputs = {each.name: tensor for each, tensor in zip(architecture.inputs, inputs)}
    elif len(inputs) == 1:
        inputs = inputs[0]
    elif architecture.input_structure == "tuple":
        inputs = tuple(inputs)
    built.model = keras.Model(inputs, place(architecture.outputs), name=architecture.name)
    _late_methods(architecture, built)
    return built


def _layer(node: Node, earlier: Mapping[str, Any]) -> Any:
    """The layer, model or function that a node calls, named as the node is."""
    if isinstance(node.layer, Ref):
        return earlier[node.layer.node]
    if isinstance(node.layer, Name):
        return allowed.function(node.layer.name)
    if isinstance(node.layer, Architecture):
        return build(node.layer).model
    return allowed.lookup(node.layer.name)(**{"name": node.name, **_arguments(node.layer)})


def input_of(each: Input, *, layer: bool = False) -> Any:
    """The symbolic input, or the InputLayer alone."""
    arguments: dict[str, Any] = {"name": each.name, "dtype": each.dtype, "batch_size": each.batch_size}
    if each.optional and dialect.MAJOR >= 3:
        arguments["optional"] = True
    if layer:
        key = "shape" if dialect.MAJOR >= 3 else "input_shape"
        return keras.layers.InputLayer(**{key: tuple(each.shape)}, **arguments)
    return keras.Input(shape=tuple(each.shape), **arguments)


def _tensors(architecture: Architecture) -> Any:
    return tensors_of(data.for_model(architecture, architecture.seed))


def tensors_of(arrays: Any) -> Any:
    """Tensors of a structure of arrays."""
    convert = dialect.tf.convert_to_tensor
    return dialect.tf.nest.map_structure(lambda each: None if each is None else convert(each), arrays)


def _output_shapes(layer: Any) -> list[tuple[Any, ...]]:
    if dialect.MAJOR >= 3:
        try:
            return [tuple(each.shape) for each in dialect.flat(layer.output)]
        except (AttributeError, ValueError):
            return []
    try:
        shapes = layer.output_shape
    except (AttributeError, RuntimeError):
        return []
    return [tuple(each) for each in (shapes if isinstance(shapes, list) else [shapes])]


def _freeze_early(architecture: Architecture, path: tuple[str, ...], layer: Any) -> None:
    """Sets the trainable flag of a layer that is made but not built."""
    for each in architecture.freezes:
        if each.when == "made" and tuple(each.path) == path:
            layer.trainable = each.trainable


def _early_methods(node: Node, layer: Any) -> None:
    for method in node.methods:
        if method.name in BEFORE_CALL:
            allowed.method(layer, method.name)(*decode(method.arguments))


def _late_methods(architecture: Architecture, built: Built) -> None:
    for node in architecture.nodes:
        for method in node.methods:
            if method.name not in BEFORE_CALL:
                allowed.method(built.layers[node.name], method.name)(*decode(method.arguments))


def fill(model: Any, seed: int) -> int:
    """Gives every floating weight values of its own, and returns how many were given any.

    Freshly built, biases are zeros and scales ones: a loader that swaps two of them would not be seen. Statistics
    that `adapt` has computed, counters and generator states are left as they are.
    """
    random = np.random.default_rng(seed)
    filled = 0
    for variable in dialect.weights_of(model):
        name = dialect.path_of(variable).rpartition("/")[2]
        current = dialect.array(variable)
        if current.dtype.kind != "f" and current.dtype.name != "bfloat16":
            continue
        if name in _KEPT or not current.size:
            continue
        if "variance" in name or "stddev" in name:
            value = random.uniform(0.5, 1.5, current.shape)
        elif name == "gamma" or name.endswith("scale"):
            value = random.uniform(0.75, 1.25, current.shape)
        else:
            value = random.uniform(-0.5, 0.5, current.shape)
        variable.assign(value.astype(current.dtype))
        filled += 1
    return filled


_KEPT = dialect.ADAPTED | {"seed_generator_state", "g_idx"}
