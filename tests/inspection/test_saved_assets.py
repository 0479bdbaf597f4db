"""A table of a SavedModel may be filled from a file that the model brought along, and from no other.

The graph is written by hand, as TensorFlow writes it: an asset's path is put in for a placeholder, kept in a variable,
read, and handed through two functions to the operation that opens the file. Each bad one differs in one thing.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from harness.inspection import inspect
from harness.inspection.report import Report
from tests.inspection.changing import write
from tests.inspection.saved_models import field

ASSET = ("path", "Placeholder")
FILL = ("fill", "InitializeTableFromTextFileV2", ("table", "file"))
Node = tuple[object, ...]  # name, operation, inputs, attributes by name


def attribute(key: str, value: bytes) -> bytes:
    return field(5, field(1, key.encode()) + field(2, value))


def calls(name: str) -> bytes:
    return field(10, field(1, name.encode()))


def node(name: str, operation: str, inputs: Iterable[str] = (), attributes: bytes = b"") -> bytes:
    given = b"".join(field(3, each.encode()) for each in inputs)
    return field(1, name.encode()) + field(2, operation.encode()) + given + attributes


def function(name: str, arguments: Iterable[str], *nodes: Node, several: bool = False, more: bytes = b"") -> bytes:
    told = b"".join(field(2, field(1, each.encode()) + (field(5, b"N") if several else b"")) for each in arguments)
    return field(1, field(1, name.encode()) + told) + b"".join(field(3, node(*each)) for each in nodes) + more  # type: ignore[arg-type]


def call(name: str, of: str, *inputs: str, operation: str = "StatefulPartitionedCall", key: str = "f") -> Node:
    return name, operation, inputs, attribute(key, calls(of))


VARIABLE = ("kept", "VarHandleOp")
ASSIGN = ("assign", "AssignVariableOp", ("kept", "path"))
READ = ("read", "ReadVariableOp", ("kept", "^assign"))
START = call("start", "outer", "read", "table")
NODES = {each[0]: each for each in (ASSET, VARIABLE, ASSIGN, READ, ("table", "HashTableV2"), START)}
INNER = function("inner", ("file", "table"), FILL)
OUTER = function("outer", ("one", "two"), call("go", "inner", "one", "two"))
MODEL, OF_ASSET, OF_TABLE, CONSTANT = field(4, b""), field(5, b""), field(10, b""), field(9, b"")
OBJECTS = (MODEL, OF_ASSET, OF_TABLE, CONSTANT)
BOUND = {"outer": bytes([1, 2])}


def asked(folder: Path, *, nodes: dict[str, Node] = NODES, functions: Iterable[bytes] = (INNER, OUTER),
          bound: Iterable[tuple[str, bytes]] = tuple(BOUND.items()), objects: Iterable[bytes] = OBJECTS,
          beside: bytes = b"", asset: str = "words.txt", tensor: str = "path:0") -> Report:  # fmt: skip
    """What is said of such a SavedModel."""
    graph = b"".join(field(1, node(*each)) for each in nodes.values())  # type: ignore[arg-type]
    graph += field(2, b"".join(field(1, each) for each in functions) + beside)
    held = b"".join(field(1, each) for each in objects)
    held += b"".join(field(2, field(1, name.encode()) + field(2, field(2, places))) for name, places in bound)
    assets = field(6, field(1, field(1, tensor.encode())) + field(2, asset.encode()))
    for part in ("variables", "assets"):
        (folder / part).mkdir()
    write(folder / "variables" / "variables.index", b"x")
    write(folder / "assets" / "words.txt", b"red\n")
    write(folder / "saved_model.pb", field(2, field(2, graph) + assets + field(7, held)))
    return inspect(folder)


def told(report: Report) -> set[tuple[str, str]]:
    return {(each.rule, each.where) for each in report.findings} - {("saved-model", "saved_model.pb")}


GOOD = {
    "as TensorFlow writes it": {},
    "of the first release, without objects": {"objects": (), "bound": ()},
    "straight from the placeholder": {"nodes": NODES | {"start": call("start", "outer", "path", "table")}},
    "in the graph itself": {"nodes": NODES | {"start": ("fill", FILL[1], ("table", "read"))}, "functions": ()},
    "in a function that nobody calls": {"nodes": {"table": NODES["table"]}, "functions": (INNER,), "bound": ()},
    "in a function that calls itself": {
        "functions": (function("inner", ("file", "table"), FILL, call("again", "inner", "file", "table")), OUTER)},
    "beside a function of a longer name": {"functions": (INNER, OUTER, function("inner_2", ()))},
    "named in a node that calls nothing": {"nodes": NODES | {"inner": ("inner", "NoOp")}},
    "called by the name of the operation": {
        "nodes": NODES | {"start": ("start", "outer", ("read", "table"))}},
}  # fmt: skip


@pytest.mark.parametrize("changes", GOOD.values(), ids=GOOD)
def test_a_file_that_the_model_brought_along_may_fill_a_table(changes: dict[str, object], tmp_path: Path) -> None:
    report = asked(tmp_path, **changes)  # type: ignore[arg-type]
    assert report.verdict == "unsupported"
    of_no_operation = {("not-inspected", "saved_model.pb/graph")}  # one by the name of a function
    assert told(report) == (of_no_operation if changes is GOOD["called by the name of the operation"] else set())


CONST = {"stranger": ("stranger", "Const")}
BAD = {
    "a constant of the function": {
        "functions": (
            function("inner", ("file", "table"), ("c", "Const"), (*FILL[:2], ("table", "c:output:0"))), OUTER)},
    "a node of the function, by the name of its argument": {
        "functions": (function("inner", ("file", "table"), ("file", "Const"), FILL), OUTER)},
    "an argument that is there twice": {"functions": (function("inner", ("file", "file", "table"), FILL), OUTER)},
    "an argument that is several tensors": {
        "functions": (function("inner", ("file", "table"), FILL, several=True), OUTER)},
    "a constant of its caller": {
        "functions": (INNER, function("outer", ("one", "two"), ("c", "Const"), call("go", "inner", "c", "two")))},
    "a constant of the graph": {"nodes": NODES | CONST | {"start": call("start", "outer", "stranger", "table")}},
    "a constant by the name of an asset": {"nodes": NODES | {"path": ("path", "Const")}},
    "a placeholder that is no asset": {"tensor": "other:0"},
    "another output of an asset": {"tensor": "path:1"},
    "another caller": {"nodes": NODES | CONST | {"more": call("more", "outer", "stranger", "table")}},
    "a caller in another function": {
        "functions": (INNER, OUTER, function("more", (), ("c", "Const"), call("go", "inner", "c", "c")))},
    "a variable that is assigned twice": {
        "nodes": NODES | CONST | {"more": ("more", "AssignVariableOp", ("kept", "stranger"))}},
    "a variable that is assigned twice, by a number that TensorFlow reads": {
        "nodes": NODES | CONST | {"more": ("more", "AssignVariableOp", ("kept:00", "stranger"))}},
    "a variable that somebody else is given": {"nodes": NODES | {"more": ("more", "Restored", ("kept",))}},
    "a variable of which there are two handles": {
        "nodes": NODES | CONST | {
            "kept": ("kept", "VarHandleOp", (), attribute("shared_name", field(2, b"v"))),
            "v": ("v", "VarHandleOp"), "more": ("more", "AssignVariableOp", ("v", "stranger"))}},
    "a variable of which a function has a handle": {
        "functions": (INNER, OUTER, function("more", (), ("kept", "VarHandleOp")))},
    "a variable beside many handles": {"nodes": NODES | {"more": ("more", "_VarHandlesOp")}},
    "a node that is there twice": {"nodes": NODES | {"second": ("read", "ReadVariableOp", ("other",))}},
    "a call by an operation that may do otherwise": {
        "nodes": NODES | {"start": call("start", "outer", "read", "table", operation="StatelessIf")}},
    "a call by another attribute": {"nodes": NODES | {"start": call("start", "outer", "read", "table", key="g")}},
    "a call of two": {"nodes": NODES | {
        "start": (*START[:3], attribute("f", calls("outer")) + attribute("f", calls("other")))}},
    "a constant given to an operation of its name": {
        "nodes": NODES | CONST | {"more": ("more", "outer", ("stranger", "table"))}},
    "its name in a text": {"nodes": NODES | {"more": ("more", "NoOp", (), attribute("of", field(2, b"outer")))}},
    "its name in a list of functions": {
        "nodes": NODES | {"more": ("more", "Case", (), attribute("of", field(1, field(9, field(1, b"outer")))))}},
    "its name beside the functions": {"beside": field(2, field(1, b"other") + field(2, b"outer"))},
    "its name in what another function says of itself": {
        "functions": (INNER, OUTER, function("more", (), more=attribute("forward", field(2, b"outer"))))},
    "two functions of its name": {"functions": (INNER, OUTER, OUTER)},
    "a constant bound to it": {"bound": [("outer", bytes([3, 2]))]},
    "an asset bound to its other argument": {"bound": [("outer", bytes([2, 1]))]},
    **{f"an asset bound that is of kind {kind}, too": {"objects": (MODEL, OF_ASSET + field(kind, b""), OF_TABLE)}
       for kind in (4, 6, 7, 8, 9, 10, 12)},
    "what is not there bound to it": {"bound": [("outer", bytes([9, 2]))]},
    "less bound to it than it takes": {"bound": [("outer", bytes([1]))]},
    "bound twice": {"bound": [("outer", bytes([1, 2])), ("outer", bytes([3, 2]))]},
    "held by an object, and nothing bound": {
        "objects": (*OBJECTS, field(8, field(1, b"outer"))), "bound": []},
}  # fmt: skip


@pytest.mark.parametrize("changes", BAD.values(), ids=BAD)
def test_any_other_file_is_unsafe(changes: dict[str, object], tmp_path: Path) -> None:
    report = asked(tmp_path, **changes)  # type: ignore[arg-type]
    assert report.verdict == "unsafe"
    assert ("unsafe-op", "saved_model.pb/inner") in told(report)
    assert "no asset" in next(each.what for each in report.findings if each.rule == "unsafe-op")


def test_so_it_is_where_the_graph_itself_fills_the_table(tmp_path: Path) -> None:
    fill = ("fill", "InitializeTableFromTextFile", ("table", "stranger"))
    report = asked(tmp_path, nodes=NODES | CONST | {"start": fill}, functions=())
    assert (report.verdict, told(report)) == ("unsafe", {("unsafe-op", "saved_model.pb/graph")})


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/../../b", "/etc/passwd", "a\\b", "c:x", "s3://a/b", "", ".."])
def test_an_asset_that_lies_elsewhere_is_a_stranger(name: str, tmp_path: Path) -> None:
    report = asked(tmp_path, asset=name)
    assert ("unsafe-op", "saved_model.pb/inner") in told(report)


def test_an_asset_that_is_not_in_the_folder_is_missing(tmp_path: Path) -> None:
    report = asked(tmp_path, asset="inner/words.txt")
    assert (report.verdict, told(report)) == ("corrupt", {("entry-missing", "assets/inner/words.txt")})


@pytest.mark.parametrize("broken", [b"\x0e", b"\x2a\xff"], ids=["a kind that is none", "longer than what is left"])
def test_what_is_filled_from_a_file_is_unsafe_where_the_graph_cannot_be_read_to_its_end(
    broken: bytes, tmp_path: Path
) -> None:
    """What names the operations is read before, and is understood."""
    start = (*START[:3], attribute("f", broken))
    report = asked(tmp_path, nodes=NODES | {"start": start})
    assert (report.verdict, ("unsafe-op", "saved_model.pb/inner") in told(report)) == ("unsafe", True)
