"""An architecture as a standalone Python script that needs nothing but Keras and NumPy.

It exits 1 while the finding shows and 0 when it does not.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from harness.protocol.architecture import (
    Architecture,
    Call,
    Compile,
    Data,
    Input,
    Name,
    Node,
    Ref,
    Slice,
    Values,
)

if TYPE_CHECKING:
    from harness.expectations.finding import Finding

_SAVE_AND_LOAD = {
    "keras": 'model.save("model.keras")\nloaded = keras.models.load_model("model.keras"{compile})',
    "hdf5": 'model.save("model.h5")\nloaded = keras.models.load_model("model.h5"{compile})',
    "from_config": "loaded = type(model).from_config(model.get_config())",
    "json": "loaded = keras.models.model_from_json(model.to_json())",
    "clone": "loaded = keras.models.clone_model(model)",
    "weights": 'model.save_weights("model.weights.h5")\nloaded = make()\nloaded.load_weights("model.weights.h5")',
    "set_weights": "loaded = make()\nloaded.set_weights(model.get_weights())",
}


def expression(value: Any) -> str:
    """Python source of an argument."""
    if isinstance(value, Call):
        inner = ", ".join(f"{key}={expression(item)}" for key, item in value.arguments.items())
        return f"{_public(value.name)}({inner})"
    if isinstance(value, Name):
        return _public(value.name)
    if isinstance(value, Data):
        return _data(value)
    if isinstance(value, Slice):
        return f"slice({value.start}, {value.stop}, {value.step})"
    if isinstance(value, Ref):
        return _variable(value)
    if isinstance(value, tuple):
        return f"({', '.join(map(expression, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, list):
        return f"[{', '.join(map(expression, value))}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key!r}: {expression(item)}" for key, item in value.items()) + "}"
    return repr(value)


def _public(name: str) -> str:
    return name if name.startswith(("operator.", "custom.")) else f"keras.{name}"


def _variable(ref: Ref) -> str:
    return f"t[{ref.node!r}]" if ref.index == 0 else f"t[{ref.node!r}, {ref.index}]"


def _data(data: Data) -> str:
    return _random(data.shape, data.dtype, data.values)


def _random(shape: tuple[int, ...], dtype: str, values: Values) -> str:
    if values.kind == "word":
        return f"np.random.choice({list(values.words)!r}, {shape}).astype(object)"
    if values.kind == "boolean":
        return f"np.random.randint(0, 2, {shape}).astype(bool)"
    if values.kind in ("integer", "image"):
        return f"np.random.randint({int(values.low)}, {int(values.high)}, {shape}).astype({dtype!r})"
    return f"np.random.standard_normal({shape}).astype({dtype if dtype != 'bfloat16' else 'float32'!r})"


def building(architecture: Architecture, indent: str = "    ") -> list[str]:
    """Lines that build the model into `model`."""
    lines: list[str] = []
    if architecture.form == "subclass":
        return [f"model = {_layer(replace(architecture.nodes[0], name=architecture.name))}"]
    if architecture.form == "sequential":
        layers = [_layer(node) for node in architecture.nodes]
        if not architecture.deferred:
            layers.insert(0, _input(architecture.inputs[0]))
        return [f"model = keras.Sequential([{', '.join(layers)}], name={architecture.name!r})"]
    lines.append("t = {}")
    for each in architecture.inputs:
        lines.append(f"t[{each.name!r}] = {_input(each)}")
    for node in architecture.nodes:
        lines += _node(node)
    inputs: Any = [Ref(each.name) for each in architecture.inputs]
    if architecture.input_structure == "dict":
        inputs = {each.name: Ref(each.name) for each in architecture.inputs}
    lines.append(
        f"model = keras.Model({expression(inputs)}, {expression(architecture.outputs)}, name={architecture.name!r})"
    )
    return lines


def _input(each: Input) -> str:
    extra = "" if each.batch_size is None else f", batch_size={each.batch_size}"
    extra += ", optional=True" if each.optional else ""
    dtype = "" if each.dtype == "float32" else f", dtype={each.dtype!r}"
    return f"keras.Input({each.shape!r}, name={each.name!r}{dtype}{extra})"


def _layer(node: Node) -> str:
    if isinstance(node.layer, Call):
        return expression(Call(node.layer.name, {**node.layer.arguments, "name": node.name}))
    return expression(node.layer)


def _node(node: Node) -> list[str]:
    lines: list[str] = []
    if isinstance(node.layer, Architecture):
        inner = building(node.layer)
        function = f"make_{zlib.crc32(node.name.encode())}"
        lines += [f"def {function}():", *[f"    {line}" for line in inner], "    return model"]
        layer = f"{function}()"
    elif isinstance(node.layer, Ref):
        layer = f"layers[{node.layer.node!r}]"
    else:
        layer = _layer(node)
    arguments = [expression(item) for item in node.inputs]
    arguments += [f"{key}={expression(item)}" for key, item in node.keywords.items()]
    if node.methods or isinstance(node.layer, Architecture):
        lines.append(f"layer = {layer}")
        for method in node.methods:
            lines.append(f"layer.{method.name}({', '.join(map(expression, method.arguments))})")
        layer = "layer"
    lines.append(f"t[{node.name!r}] = {layer}({', '.join(arguments)})")
    if len(node.stand_ins) > 1:
        pairs = ", ".join(f"t[{node.name!r}, {index}]" for index in range(1, len(node.stand_ins)))
        lines[-1] = f"t[{node.name!r}], {pairs} = {layer}({', '.join(arguments)})"
    return lines


def compiling(settings: Compile) -> list[str]:
    """Lines that compile the model."""
    inner = ", ".join(f"{key}={expression(item)}" for key, item in settings.arguments.items())
    return [f"model.compile({inner})"]


def script_of(finding: Finding) -> str:
    """What a person pastes into a bug report."""
    architecture = finding.architecture
    if architecture is None:
        return ""
    route = finding.routes[0]
    lines = ["import keras", "import numpy as np", ""]
    if architecture.policy:
        lines.append(f"keras.config.set_dtype_policy({architecture.policy!r})")
    lines += [
        "def make():",
        *[f"    {line}" for line in building(architecture)],
        "    return model",
        "",
        "model = make()",
    ]
    feeds = [
        _random(
            (each.batch_size or architecture.batch, *(4 if axis is None else axis for axis in each.shape)),
            each.dtype, each.values,
        )
        for each in architecture.inputs
    ]  # fmt: skip
    lines.append(f"x = {feeds[0] if len(feeds) == 1 else '[' + ', '.join(feeds) + ']'}")
    if architecture.compile is not None:
        lines += compiling(architecture.compile)
        if architecture.compile.steps:
            lines.append(f"model.train_on_batch(x, {expression(architecture.compile.targets)})")
    key = next((each for each in _SAVE_AND_LOAD if route.startswith(each)), None)
    if key is not None:
        lines += (
            _SAVE_AND_LOAD[key].replace("{compile}", ", compile=False" if "uncompiled" in route else "").splitlines()
        )
    lines.append(f"# {finding.title}")
    if finding.error is None:
        lines.append(f"# {finding.where}: expected {finding.expected!r}, got {finding.actual!r}")
    return "\n".join(lines) + "\n"
