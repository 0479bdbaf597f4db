"""What the arguments of a built-in can do, and data that is no class: a rule, where, and what it is, for each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from harness.inspection import foreign, protobuf
from harness.inspection.protobuf import Budget

OPERATIONS = frozenset({"TFOpLambda", "SlicingOpLambda", "ClassMethod", "InstanceMethod", "InstanceProperty"})
LOOKUPS = frozenset({"TextVectorization", "StringLookup", "IntegerLookup", "IndexLookup"})
DTYPES = re.compile(r"(u?int|float|complex|q?u?int)\d+|bool|bfloat16|float8\w*|string|half|double|single|int|float")

Path = tuple[Any, ...]
Told = Iterator[tuple[str, Path, str]]  # a rule, where, and what it is


def of(name: str, config: dict[str, Any], path: Path, budget: Budget) -> Told:
    """Of a built-in of this name and config; `budget` is what a message inside may cost to read."""
    if name == "TFSMLayer":
        yield "reads-outside", path, f"TFSMLayer loads a SavedModel from {config.get('filepath')!r}"
    elif name == "KerasLayer" and "handle" in config:
        yield "reads-outside", path, f"loads a module from {config['handle']!r}"
    elif name in LOOKUPS:
        for key in ("vocabulary", "idf_weights"):
            if isinstance(config.get(key), str):
                yield "reads-outside", (*path, key), f"{name} reads its {key} from {config[key]!r}"
    elif name == "TorchModuleWrapper" and isinstance(config.get("module"), str | dict):
        yield "pickled-data", (*path, "module"), "a pickled PyTorch module"
    elif name in OPERATIONS:
        yield from _operation(name, config, path)
    elif name == "TensorFlowOpLayer":
        node = config.get("node_def")
        if isinstance(node, dict):
            named = node.get("op")
        else:
            named = protobuf.operation(node, budget) if isinstance(node, str) else None
        if not isinstance(named, str) or not foreign.harmless(named):
            yield "tensorflow-symbol", path, f"the operation {named or 'that is not named'}"


def _operation(name: str, config: dict[str, Any], path: Path) -> Told:
    """A `tf.*` function, or an attribute or a method of a tensor, that Keras 2 takes by its name."""
    if name in ("TFOpLambda", "SlicingOpLambda"):
        symbol = config.get("function")
        if not isinstance(symbol, str) or not foreign.computes(symbol.removeprefix("tf.")):
            yield "tensorflow-symbol", path, f"tf.{symbol}"
    elif name == "ClassMethod":
        owner, method = config.get("cls_symbol"), config.get("method_name")
        if owner not in ("RaggedTensor", "SparseTensor", "sparse.SparseTensor") or not str(method).startswith("from_"):
            yield "tensorflow-symbol", path, f"tf.{owner}.{method}"
    elif not re.fullmatch(r"[a-z]\w*", str(config.get("attr_name"))):
        yield "tensorflow-symbol", path, f"the attribute {config.get('attr_name')!r} of a tensor"


def of_array(value: dict[str, Any], path: Path) -> Told:
    """Of an array that is written out: of a dtype that holds numbers."""
    config = value.get("config")
    dtype = config.get("dtype") if isinstance(config, dict) else None
    if isinstance(dtype, dict):
        dtype = dtype.get("config", {}).get("name") if isinstance(dtype.get("config"), dict) else None
    if not isinstance(dtype, str) or not DTYPES.fullmatch(dtype):
        rule = "object-array" if str(dtype) in ("object", "O", "|O") else "config-shape"
        yield rule, path, f"an array of the dtype {dtype!r}"


def of_specification(value: dict[str, Any], path: Path) -> Told:
    """Of a type specification: the module is imported, and the name taken out of it."""
    name = value.get("spec_name", value.get("type_spec"))
    module = value.get("module")
    if value["class_name"] == "__typespec__":
        registered = value.get("registered_name")
        if isinstance(name, str) and module in foreign.TYPE_SPECS.get(name, ()) and not registered:
            return
    elif value["class_name"] == "CompositeTensor" or str(name).removeprefix("tf.") in foreign.TYPE_SPECS:
        return
    yield "outside-keras", path, f"the type specification {module}.{name}"
