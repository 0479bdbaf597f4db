"""A SavedModel: the operations and functions of its graph, read by a protobuf reader of its own, with bounds.

A SavedModel is a program, so that the best verdict is `unsupported`: nothing known to reach outside was found.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path

from harness.inspection import foreign
from harness.inspection.formats.folder import plain_files, read
from harness.inspection.formats.keras_zip import CONFIG
from harness.inspection.formats.saved_assets import FILLING, Tables
from harness.inspection.plain import read_plain
from harness.inspection.protobuf import NODE_OP, Broken, Budget, fields, text
from harness.inspection.subject import Subject

# Field numbers: SavedModel.meta_graphs, MetaGraphDef.graph_def, GraphDef.node and .library,
# FunctionDefLibrary.function, FunctionDef.signature and .node_def, OpDef.name.
META_GRAPHS, GRAPH, NODE, LIBRARY, FUNCTION, SIGNATURE, FUNCTION_NODE, OP_NAME = 2, 2, 1, 2, 1, 1, 3, 1
# MetaGraphDef.object_graph_def, SavedObjectGraph.nodes, SavedObject.user_object, SavedUserObject.metadata.
OBJECT_GRAPH, OBJECT, USER_OBJECT, USER_METADATA = 7, 1, 4, 3

# SavedMetadata.nodes, SavedObject.node_path and .metadata.
NODES, NODE_PATH, METADATA = 1, 3, 5

KINDS = 20_000  # of operations; TensorFlow has a tenth of that
SAVERS = 100  # functions that save or restore; a SavedModel has two

# By which a Discretization of Keras 2 learns from data, through a function of Python.
ADAPTS = re.compile(r"__inference_adapt_step_\d+")
PYTHON = frozenset({"PyFunc", "PyFuncStateless", "EagerPyFunc"})
SAVES = re.compile(r"traced_(save|restore)")  # the functions by which every SavedModel keeps its variables


def inspect(subject: Subject) -> None:
    """A SavedModel's folder."""
    files = plain_files(subject)
    subject.report.format = "saved_model"
    if "saved_model.pb" in files:
        graph(subject, files["saved_model.pb"], "saved_model.pb", files)
    else:
        subject.report.add("not-inspected", "saved_model.pbtxt", "a graph as text")
    if "variables/variables.index" not in files:
        subject.report.add("entry-missing", "variables/variables.index", "not in the folder")
    if "keras_metadata.pb" in files:
        _metadata(subject, files["keras_metadata.pb"])
    if CONFIG in files and (data := read(subject, files[CONFIG])) is not None:
        # Keras 3 takes a folder with that for a model of its own. Others keep settings of theirs by that name.
        config = subject.objects(data, CONFIG)
        if isinstance(config, dict) and {"class_name", "config"} <= config.keys():
            subject.report.add("zip-ambiguous", CONFIG, "a SavedModel, and the config of another model: which is "
                               "loaded depends on the release")  # fmt: skip


def graph(subject: Subject, path: Path, where: str, files: Collection[str] = ()) -> None:
    """The file with the graph; `files` are those of its folder, where that is looked at."""
    report = subject.report
    report.format = "saved_model"
    if path.stat().st_size > subject.limits.protobuf_bytes:
        report.add("not-inspected", where, f"larger than {subject.limits.protobuf_bytes:,} bytes")
        return
    operations: dict[str, str] = {}
    saving: set[str] = set()
    adapting: dict[str, str] = {}
    try:
        budget = Budget(subject.limits.protobuf_messages, subject.report.clock)
        data = memoryview(read_plain(path))
        for place, operation in _operations(data, budget):
            if operation in PYTHON and ADAPTS.fullmatch(place):
                # What it names is a function that the process of its author has made; no file can bring one along.
                adapting.setdefault(operation, place)
            elif operation not in foreign.SAVING_OPS:
                operations.setdefault(operation, place)
                if len(operations) > KINDS:
                    raise MemoryError
            elif place != "graph" and not SAVES.search(place):
                report.add("unsafe-op", f"{where}/{place}", operation)
            elif place != "graph":
                saving.add(place)
                if len(saving) > SAVERS:  # each is looked for in all the others
                    raise MemoryError
        for place, name in _calls(data, saving, budget):
            report.add("unsafe-op", f"{where}/{place}", f"{name}, which writes or reads files")
        for config in _objects(data, budget):
            _config(subject, config, where)
        if not FILLING.isdisjoint(operations):
            _tables(subject, data, where, files, budget)
    except Broken as error:
        report.add("hdf5-broken", where, f"no protobuf: {error}")
    except MemoryError:
        report.add("json-bomb", where, f"more than {subject.limits.protobuf_messages:,} fields, or "
                   f"{KINDS:,} kinds of operations, or {SAVERS} functions that save")  # fmt: skip
    else:
        if operations:
            report.add("saved-model", where, f"{len(operations)} kinds of operations")
        else:
            report.add("hdf5-broken", where, "no operation in it")
        # These were told of one by one. Where that came to no end, they are what they are by themselves.
        for operation in FILLING:
            operations.pop(operation, None)
    for operation, place in sorted(adapting.items()):
        report.add("not-inspected", f"{where}/{place}", f"{operation}, by which a layer was adapted")
    for operation, place in sorted(operations.items()):
        if operation in foreign.UNSAFE_OPS:
            report.add("unsafe-op", f"{where}/{place}", operation)
        elif not foreign.harmless(operation):
            report.add(
                "not-inspected", f"{where}/{place}", f"the operation {operation}, of which nothing is known here"
            )


def _tables(subject: Subject, data: memoryview, where: str, files: Collection[str], budget: Budget) -> None:
    """Tables that are filled from files: are they the model's own, and are they there?"""
    for meta in _inside([data], (META_GRAPHS,), budget):
        tables = Tables(meta, budget)
        for place, operation in tables.strangers():
            told = f"{operation}, of a file that is no asset of the model's"
            subject.report.add("unsafe-op", f"{where}/{place}", told)
        for asset in sorted(tables.files()):
            if files and asset not in files:
                subject.report.add("entry-missing", asset, "not in the folder")


def _operations(data: memoryview, budget: Budget) -> Iterator[tuple[str, str]]:
    """(where, operation) of every node, in the graph and in its functions."""
    for number, meta in fields(data, budget):
        for inner, definition in fields(meta, budget) if number == META_GRAPHS else ():
            for kind, part in fields(definition, budget) if inner == GRAPH else ():
                if kind == NODE:
                    yield "graph", text(part, NODE_OP, budget)
                elif kind == LIBRARY:
                    for _, function in (each for each in fields(part, budget) if each[0] == FUNCTION):
                        yield from _function(function, budget)


def _calls(data: memoryview, saving: set[str], budget: Budget) -> Iterator[tuple[str, str]]:
    """Who calls a function that saves: it stands beside the model, and is called by nothing of the model."""
    names = [(name, name.encode()) for name in sorted(saving)]
    for meta in _inside([data], (META_GRAPHS,), budget):
        parts = [("object graph", part) for part in _inside([meta], (OBJECT_GRAPH,), budget)]
        for function in _inside([meta], (GRAPH, LIBRARY, FUNCTION), budget):
            name = "".join(text(part, OP_NAME, budget) for part in _inside([function], (SIGNATURE,), budget))
            if name not in saving:
                parts.append((name, function))
        for place, part in parts:
            content = bytes(part)
            yield from ((place, name) for name, written in names if written in content)


def _inside(data: list[memoryview], path: tuple[int, ...], budget: Budget) -> list[memoryview]:
    """The messages that lie there."""
    for wanted in path:
        data = [part for each in data for number, part in fields(each, budget) if number == wanted]
    return data


def _function(data: memoryview, budget: Budget) -> Iterator[tuple[str, str]]:
    name, operations = "", dict[str, None]()
    for number, part in fields(data, budget):
        if number == SIGNATURE:
            name = text(part, OP_NAME, budget)
        elif number == FUNCTION_NODE:
            operations.setdefault(text(part, NODE_OP, budget))
    for operation in operations:
        yield name, operation


def _metadata(subject: Subject, path: Path) -> None:
    """keras_metadata.pb: the configs of the layers, as JSON in a protobuf."""
    if path.stat().st_size > subject.limits.json_bytes:
        subject.report.add("not-inspected", path.name, "too large")
        return
    try:
        budget = Budget(subject.limits.protobuf_messages, subject.report.clock)
        for number, node in fields(memoryview(read_plain(path)), budget):
            parts = dict(fields(node, budget)) if number == NODES else {}
            place = bytes(parts.get(NODE_PATH, b"")[:200]).decode("utf-8", "replace")
            _config(subject, bytes(parts.get(METADATA, b"")), f"{path.name}/{place}" if place else path.name)
    except (Broken, MemoryError) as error:
        subject.report.add("hdf5-broken", path.name, f"no protobuf: {error}")


def _objects(data: memoryview, budget: Budget) -> Iterator[bytes]:
    """What the graph itself says of the layers: Keras reads it where keras_metadata.pb is not there."""
    path = (META_GRAPHS, OBJECT_GRAPH, OBJECT, USER_OBJECT, USER_METADATA)
    yield from map(bytes, _inside([data], path, budget))


def _config(subject: Subject, config: bytes, where: str) -> None:
    if re.match(rb"\s*\{", config):
        subject.objects(config, where, of_saved_model=True)
