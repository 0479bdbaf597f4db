"""An architecture as the lines that build it, as a person writes them; the other reader is `harness.worker.build`."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.expectations.scripts.values import Writer, quoted
from harness.protocol.architecture import (
    FIRST,
    Architecture,
    Call,
    Freeze,
    Input,
    Name,
    Node,
    Ref,
    nodes_of,
)

RANDOM = re.compile(
    r"[Dd]ropout|layers\.Random|layers\.RandAug|Noise|CutMix|MixUp|AugMix"
)  # what draws when it is called
_NOT_FLOATS = re.compile(
    r"adapt|Lookup|TextVectorization|Discretization|[Qq]uanti|int[48]|float8|custom\.|applications?[.:]"
)
NO_VARIABLES = re.compile(
    f"Lookup|TextVectorization|{RANDOM.pattern}"
)  # Keras 2 has tables and generators among weights
BEFORE_CALL = frozenset({"adapt", "build"})  # methods that a layer wants before it is first called
SMALL = 4  # nodes of a model of which all is needed
GUARD = "with contextlib.suppress(Exception):  # what a step raises is another finding"


def building(writer: Writer, architecture: Architecture, name: str = "model") -> dict[Ref, str]:
    """Adds the lines that build the model into the variable `name`; returns what its tensors are called."""
    kind, _, which = architecture.form.partition(":")
    layers: dict[str, str] = {}
    tensors: dict[Ref, str] = {}
    if kind == "application":
        shape = writer.expression(tuple(architecture.inputs[0].shape))
        arguments = f"include_top=False, weights=None, input_shape={shape}"
        writer.lines.append(f"{name} = keras.applications.{which}({arguments})")
    elif kind == "subclass":
        (node,) = architecture.nodes
        writer.lines.append(f"{name} = {_layer(writer, replace(node, name=architecture.name), {})}")
        writer.lines += [f"{name}.trainable = {each}" for each in _early(architecture, ())]
        _called_once(writer, architecture, name)
        layers[node.name] = name
    elif kind == "sequential":
        _sequential(writer, architecture, name, layers)
    else:
        tensors = _functional(writer, architecture, name, layers)
    for node in architecture.nodes:
        for method in node.methods:
            if method.name not in BEFORE_CALL:
                writer.lines.append(_method(writer, layers[node.name], method))
    return tensors


def _sequential(writer: Writer, architecture: Architecture, name: str, layers: dict[str, str]) -> None:
    again = _called_again(architecture)
    chain = [] if architecture.deferred else [input_of(writer, architecture.inputs[0])]
    for node in architecture.nodes:
        layer = _layer(writer, node, layers)
        early = _early(architecture, (node.name,))
        if node.methods or early or node.name in again:
            layer = _held(writer, node, layer, layers, early)
        chain.append(layer)
    writer.lines.append(f"{name} = keras.Sequential([{', '.join(chain)}], name={quoted(architecture.name)})")
    writer.lines += [f"{name}.trainable = {each}" for each in _early(architecture, ())]
    if architecture.deferred:
        _called_once(writer, architecture, name)


def _called_once(writer: Writer, architecture: Architecture, name: str) -> None:
    """A model that its first call builds is called: the whole one on the data, an inner one on data of its own."""
    if name == "model":
        writer.lines.append(f"{name}(data)")
        return
    *lines, last = feeding(writer, architecture)
    writer.lines += [*lines, f"{name}({last.removeprefix('data = ')})"]


def _early(architecture: Architecture, path: tuple[str, ...]) -> list[bool]:
    """What the trainable flag of a layer is set to before it is built."""
    return [each.trainable for each in architecture.freezes if each.when == "made" and tuple(each.path) == path]


def _functional(writer: Writer, architecture: Architecture, name: str, layers: dict[str, str]) -> dict[Ref, str]:
    tensors: dict[Ref, str] = {}
    again = _called_again(architecture)
    for each in architecture.inputs:
        tensors[Ref(each.name)] = writer.variable(each.name)
        writer.lines.append(f"{tensors[Ref(each.name)]} = {input_of(writer, each)}")
    for node in architecture.nodes:
        if isinstance(node.layer, Name) and node.layer.name.startswith("operator."):
            call = writer.operation(node.layer.name, list(node.inputs), tensors)
        else:
            layer = _layer(writer, node, layers)
            early = _early(architecture, (node.name,))
            if node.methods or early or node.name in again:
                layer = _held(writer, node, layer, layers, early)
            arguments = [writer.expression(item, tensors) for item in node.inputs]
            arguments += [f"{key}={writer.expression(item, tensors)}" for key, item in node.keywords.items()]
            call = f"{layer}({', '.join(arguments)})"
        variable = writer.variable(node.name)
        tensors[Ref(node.name)] = variable
        if len(node.stand_ins) > 1:
            tensors |= {
                Ref(node.name, index): f"{_flat(writer)}({variable})[{index}]" for index in range(len(node.stand_ins))
            }
        writer.lines.append(f"{variable} = {call}")
    inputs: Any = [Ref(each.name) for each in architecture.inputs]
    if architecture.input_structure == "dict":
        inputs = {each.name: Ref(each.name) for each in architecture.inputs}
    elif len(inputs) == 1:
        inputs = inputs[0]
    elif architecture.input_structure == "tuple":
        inputs = tuple(inputs)
    outputs = _all_of_one(writer, architecture, tensors) or writer.expression(architecture.outputs, tensors)
    graph = f"{writer.expression(inputs, tensors)}, {outputs}"
    writer.lines.append(f"{name} = keras.Model({graph}, name={quoted(architecture.name)})")
    return tensors


def _all_of_one(writer: Writer, architecture: Architecture, tensors: Mapping[Ref, str]) -> str:
    """The outputs where they are those of one node, all of them in their order; else nothing."""
    last = architecture.nodes[-1] if architecture.nodes else None
    if last is None or len(last.stand_ins) < 2 or architecture.outputs != _outputs_of(last):
        return ""
    return tensors[Ref(last.name, 0)].removesuffix("[0]")


def _outputs_of(node: Node) -> list[Ref]:
    return [Ref(node.name, index) for index in range(len(node.stand_ins))]


def _flat(writer: Writer) -> str:
    return "keras.tree.flatten" if writer.major >= 3 else "tf.nest.flatten"


def _held(writer: Writer, node: Node, layer: str, layers: dict[str, str], early: list[bool]) -> str:
    """The layer in a variable of its own, with what is done to it before its first call."""
    if not layer.isidentifier():
        variable = writer.variable(f"{node.name}_layer")
        writer.lines.append(f"{variable} = {layer}")
        layer = variable
    layers[node.name] = layer
    for method in node.methods:
        if method.name in BEFORE_CALL:
            writer.lines.append(_method(writer, layer, method))
    writer.lines += [f"{layer}.trainable = {each}" for each in early]
    return layer


def _method(writer: Writer, layer: str, method: Any) -> str:
    return f"{layer}.{method.name}({', '.join(writer.expression(item) for item in method.arguments)})"


def _called_again(architecture: Architecture) -> set[str]:
    return {node.layer.node for node in architecture.nodes if isinstance(node.layer, Ref)}


def _layer(writer: Writer, node: Node, layers: Mapping[str, str]) -> str:
    if isinstance(node.layer, Ref):
        return layers[node.layer.node]
    if isinstance(node.layer, (Name, Architecture)):
        return writer.expression(node.layer)
    return writer.expression(Call(node.layer.name, {**node.layer.arguments, "name": node.name}))


def input_of(writer: Writer, each: Input) -> str:
    """A symbolic input."""
    arguments = [writer.expression(tuple(each.shape)), f"name={quoted(each.name)}"]
    if each.dtype != "float32":
        arguments.append(f"dtype={quoted(each.dtype)}")
    if each.batch_size is not None:
        arguments.append(f"batch_size={each.batch_size}")
    if each.optional and writer.major >= 3:
        arguments.append("optional=True")
    return f"keras.Input({', '.join(arguments)})"


def feeding(writer: Writer, architecture: Architecture) -> list[str]:
    """Lines that make what the model is fed with into `data`."""
    lines = len(writer.lines)
    # Words have no array that Keras 3 takes, and Keras 2 takes no arrays beside tensors.
    tensors = any(each.values.kind == "word" for each in architecture.inputs if each.given)
    feeds = {each.name: _feed(writer, architecture, each, tensor=tensors) for each in architecture.inputs}
    if architecture.input_structure == "dict":
        made = "{" + ", ".join(f"{quoted(name)}: {feed}" for name, feed in feeds.items()) + "}"
    elif len(feeds) == 1:
        made = next(iter(feeds.values()))
    else:
        left, right = "()" if architecture.input_structure == "tuple" else "[]"
        made = f"{left}{', '.join(feeds.values())}{right}"
    added = [*writer.lines[lines:], f"data = {made}"]
    del writer.lines[lines:]
    return added


def _feed(writer: Writer, architecture: Architecture, each: Input, *, tensor: bool) -> str:
    if not each.given:
        return "None"
    sizes = iter(each.sizes)
    shape = (each.batch_size or architecture.batch, *(next(sizes, 4) if n is None else n for n in each.shape))
    seed = architecture.seed + zlib.crc32(each.name.encode())
    made = writer.array(shape, each.dtype, each.values, seed)
    return f"tf.constant({made})" if tensor else made


def compiling(writer: Writer, architecture: Architecture) -> list[str]:
    """Lines that freeze, compile and train the model, each at its moment.

    A model that was not made small may hold what raises in a step, which is a finding of its own: as the harness does,
    the script goes on without having trained.
    """
    lines = _freezing(architecture, "built")
    if architecture.compile is None:
        return lines
    arguments = architecture.compile.arguments
    settings = ", ".join(f"{key}={writer.expression(item)}" for key, item in arguments.items())
    compile_it = f"model.compile({settings})"
    lines.append(compile_it)
    for moment in ("compiled", "trained"):
        if moment == "trained" and architecture.compile.steps:
            step = "model.train_on_batch(data, targets)"
            steps = architecture.compile.steps
            training = [step] if steps == 1 else [f"for _ in range({steps}):", f"    {step}"]
            if len(architecture.nodes) > SMALL:
                training = [GUARD, *(f"    {line}" for line in training)]
            lines += training
        freezes = _freezing(architecture, moment)
        lines += [*freezes, compile_it] if freezes else []
    return lines


def _freezing(architecture: Architecture, when: str) -> list[str]:
    return [line for each in architecture.freezes if each.when == when for line in _frozen(architecture, each)]


def _frozen(architecture: Architecture, freeze: Freeze) -> list[str]:
    path = freeze.path[:-1] if freeze.path[-1:] == (FIRST,) else freeze.path
    found, rest = layer_at(architecture, path)
    if freeze.path[-1:] == (FIRST,):
        inside = f"{found}._flatten_layers(include_self=False)"
        return [f"wrapped = next(each for each in {inside} if each.weights)", f"wrapped.trainable = {freeze.trainable}"]
    # What a model of a class of one's own holds goes by its name there.
    return [found + "".join(f".get_layer({quoted(each)})" for each in rest) + f".trainable = {freeze.trainable}"]


def layer_at(architecture: Architecture, path: tuple[str, ...], model: str = "model") -> tuple[str, tuple[str, ...]]:
    """The expression for the layer at a path, as deep as the path names layers of models, and what is left of it."""
    here: Architecture | None = architecture
    while path and here is not None:
        node = next((each for each in here.nodes if _name(each) == path[0] and not isinstance(each.layer, Ref)), None)
        if node is None or isinstance(node.layer, Name):
            break
        model += f".get_layer({quoted(path[0])})"
        here = node.layer if isinstance(node.layer, Architecture) else None
        path = path[1:]
    return model, path


def _name(node: Node) -> str:
    return node.layer.name if isinstance(node.layer, Architecture) else node.name


def filling(architecture: Architecture, major: int) -> list[str]:
    """Lines that give every weight a value of its own, as the harness does."""
    text = architecture.text
    application = architecture.form.startswith("application:")
    widened = application or re.search(r"Normalization|custom\.[A-Z]", text)
    if not (widened or _NOT_FLOATS.search(text) or (major == 2 and RANDOM.search(text))):
        return [
            f"random = np.random.default_rng({architecture.seed})",
            "for weight in model.weights:  # a value of its own for each",
            "    weight.assign(random.uniform(-0.5, 0.5, weight.shape))",
        ]
    lines = [
        f"random = np.random.default_rng({architecture.seed})",
        "for weight in model.weights:  # a value of its own for each",
    ]
    adapted = any(method.name == "adapt" for node in nodes_of(architecture.nodes) for method in node.methods)
    condition = '"float" in str(weight.dtype)' if major >= 3 else '"float" in str(getattr(weight, "dtype", None))'
    if adapted:
        names = '("mean", "variance", "count", "summary", "idf_weights")'
        condition += f" and {_short_name(major)} not in {names}"
    lines.append(f"    if {condition}:")
    if widened:
        lines += [
            '        low = 0.5 if "variance" in weight.name else 0.75 if "gamma" in weight.name else -0.5',
            "        high = 0.5 if low < 0 else 2 - low",
            "        weight.assign(random.uniform(low, high, weight.shape))",
        ]
    else:
        lines.append("        weight.assign(random.uniform(-0.5, 0.5, weight.shape))")
    return lines


def _short_name(major: int) -> str:
    return "weight.name" if major >= 3 else 'weight.name.split("/")[-1][:-2]'


def stateful(architecture: Architecture) -> bool:
    """Whether a layer keeps a state from one batch to the next."""
    return '"stateful":true' in architecture.text
