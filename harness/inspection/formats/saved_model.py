"""A SavedModel: the operations and functions of its graph, read by a protobuf reader of its own, with bounds.

A SavedModel is a program, so that the best verdict is `unsupported`: nothing known to reach outside was found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from harness.inspection import foreign
from harness.inspection.formats.folder import plain_files
from harness.inspection.subject import Subject

# Field numbers: SavedModel.meta_graphs, MetaGraphDef.graph_def, GraphDef.node and .library,
# FunctionDefLibrary.function, FunctionDef.signature and .node_def, OpDef.name, NodeDef.op.
META_GRAPHS, GRAPH, NODE, LIBRARY, FUNCTION, SIGNATURE, FUNCTION_NODE, OP_NAME, NODE_OP = 2, 2, 1, 2, 1, 1, 3, 1, 2

# SavedMetadata.nodes, SavedObject.node_path and .metadata.
NODES, NODE_PATH, METADATA = 1, 3, 5

SAVES = re.compile(r"traced_(save|restore)")  # the functions by which every SavedModel keeps its variables


class Broken(ValueError):
    """No protobuf."""


class Budget:
    """How many messages may still be read."""

    def __init__(self, messages: int) -> None:
        self.left = messages

    def take(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise MemoryError


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise Broken("a number that does not end")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, at
        shift += 7


def fields(data: memoryview, budget: Budget) -> Iterator[tuple[int, memoryview]]:
    """The fields that have a length: messages, strings, bytes."""
    at = 0
    while at < len(data):
        budget.take()
        tag, at = _varint(data, at)
        kind = tag & 7
        if kind == 0:
            _, at = _varint(data, at)
        elif kind == 1:
            at += 8
        elif kind == 2:
            length, at = _varint(data, at)
            if at + length > len(data):
                raise Broken("a field that is longer than what is left")
            yield tag >> 3, data[at : at + length]
            at += length
        elif kind == 5:
            at += 4
        else:
            raise Broken(f"a field of kind {kind}")


def inspect(subject: Subject) -> None:
    """A SavedModel's folder."""
    files = plain_files(subject)
    subject.report.format = "saved_model"
    if "saved_model.pb" in files:
        graph(subject, files["saved_model.pb"], "saved_model.pb")
    else:
        subject.report.add("not-inspected", "saved_model.pbtxt", "a graph as text")
    if "variables/variables.index" not in files:
        subject.report.add("entry-missing", "variables/variables.index", "not in the folder")
    if "keras_metadata.pb" in files:
        _metadata(subject, files["keras_metadata.pb"])


def graph(subject: Subject, path: Path, where: str) -> None:
    """The file with the graph."""
    report = subject.report
    report.format = "saved_model"
    if path.stat().st_size > subject.limits.protobuf_bytes:
        report.add("not-inspected", where, f"larger than {subject.limits.protobuf_bytes:,} bytes")
        return
    operations: dict[str, str] = {}
    try:
        budget = Budget(subject.limits.protobuf_messages)
        for place, operation in _operations(memoryview(path.read_bytes()), budget):
            if operation not in foreign.SAVING_OPS:
                operations.setdefault(operation, place)
            elif place != "graph" and not SAVES.search(place):
                report.add("unsafe-op", f"{where}/{place}", operation)
    except Broken as error:
        report.add("hdf5-broken", where, f"no protobuf: {error}")
        return
    except MemoryError:
        report.add("json-bomb", where, f"more than {subject.limits.protobuf_messages:,} fields")
        return
    if not operations:
        report.add("hdf5-broken", where, "no operation in it")
        return
    for operation, place in sorted(operations.items()):
        if operation in foreign.UNSAFE_OPS:
            report.add("unsafe-op", f"{where}/{place}", operation)
    report.add("saved-model", where, f"{len(operations)} kinds of operations")


def _operations(data: memoryview, budget: Budget) -> Iterator[tuple[str, str]]:
    """(where, operation) of every node, in the graph and in its functions."""
    for number, meta in fields(data, budget):
        for inner, definition in fields(meta, budget) if number == META_GRAPHS else ():
            for kind, part in fields(definition, budget) if inner == GRAPH else ():
                if kind == NODE:
                    yield "graph", _name(part, NODE_OP, budget)
                elif kind == LIBRARY:
                    for _, function in (each for each in fields(part, budget) if each[0] == FUNCTION):
                        yield from _function(function, budget)


def _function(data: memoryview, budget: Budget) -> Iterator[tuple[str, str]]:
    name, operations = "", []
    for number, part in fields(data, budget):
        if number == SIGNATURE:
            name = _name(part, OP_NAME, budget)
        elif number == FUNCTION_NODE:
            operations.append(_name(part, NODE_OP, budget))
    for operation in operations:
        yield name, operation


def _name(data: memoryview, number: int, budget: Budget) -> str:
    for kind, part in fields(data, budget):
        if kind == number:
            return bytes(part[:200]).decode("utf-8", "replace")
    return ""


def _metadata(subject: Subject, path: Path) -> None:
    """keras_metadata.pb: the configs of the layers, as JSON in a protobuf."""
    if path.stat().st_size > subject.limits.json_bytes:
        subject.report.add("not-inspected", path.name, "too large")
        return
    try:
        budget = Budget(subject.limits.protobuf_messages)
        for number, node in fields(memoryview(path.read_bytes()), budget):
            parts = dict(fields(node, budget)) if number == NODES else {}
            text = bytes(parts.get(METADATA, b""))
            if re.match(rb"\s*\{", text):
                place = bytes(parts.get(NODE_PATH, b"")[:200]).decode("utf-8", "replace")
                subject.of_saved_model(text, f"{path.name}/{place}" if place else path.name)
    except (Broken, MemoryError) as error:
        subject.report.add("hdf5-broken", path.name, f"no protobuf: {error}")
