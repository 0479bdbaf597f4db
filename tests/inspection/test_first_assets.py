"""A table of a SavedModel of TensorFlow 1: the loader puts an asset in for a constant, and only while it loads.

The constant names the file of the model's author, or any other. So what fills the table must be run by what a model
is to begin with, and by nothing else. Each bad one differs from the good ones in one thing.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.inspection import inspect
from harness.inspection.report import Report
from tests.inspection.changing import write
from tests.inspection.saved_models import field
from tests.inspection.test_saved_assets import FILL, Node, call, function, node, told

TYPE = "type.googleapis.com/tensorflow.AssetFileDef"
NODES: dict[str, Node] = {each[0]: each for each in (
    ("path", "Const"), ("table", "HashTableV2"), ("fill", FILL[1], ("table", "path")), ("init", "NoOp", ("^fill",)),
    ("find", "LookupTableFindV2", ("table", "x")), ("restore", "NoOp"))}  # fmt: skip


def collection(key: str, value: bytes) -> bytes:
    return field(4, field(1, key.encode()) + field(2, value))


def begins(*names: str, key: str = "saved_model_main_op") -> bytes:
    """The collection of what is run on loading."""
    return collection(key, field(1, b"".join(field(1, each.encode()) for each in names)))


def asset(tensor: str = "path:0", name: str = "words.txt") -> bytes:
    return field(1, field(1, tensor.encode())) + field(2, name.encode())


def assets(*each: bytes, kind: str = TYPE) -> bytes:
    return collection("saved_model_assets", field(5, b"".join(
        field(1, field(1, kind.encode()) + field(2, one)) for one in each)))  # fmt: skip


def signature(key: str, name: str) -> bytes:
    """One whose output is that node."""
    output = field(1, key.encode()) + field(2, field(1, name.encode()))
    return field(5, field(1, key.encode()) + field(2, field(2, output)))


def asked(folder: Path, *, nodes: dict[str, Node] = NODES, functions: bytes = b"", begin: bytes = begins("init"),
          held: bytes = assets(asset()), saver: str = "restore", more: bytes = b"") -> Report:  # fmt: skip
    graph = b"".join(field(1, node(*each)) for each in nodes.values())  # type: ignore[arg-type]
    for part in ("variables", "assets"):
        (folder / part).mkdir()
    write(folder / "variables" / "variables.index", b"x")
    write(folder / "assets" / "words.txt", b"red\n")
    meta = field(2, graph + field(2, functions)) + field(3, field(3, saver.encode())) + held + begin + more
    write(folder / "saved_model.pb", field(2, meta))
    return inspect(folder)


GOOD = {
    "as TensorFlow 1 writes it": {},
    "by the older name of what is run": {"begin": begins("init", key="legacy_init_op")},
    "by both": {"begin": begins("init") + begins("init", key="legacy_init_op")},
    "by a signature": {"begin": signature("__saved_model_init_op", "init")},
    "run at once": {"begin": begins("fill")},
    "in groups of groups": {
        "nodes": NODES | {"all": ("all", "NoOp", ("^init", "^other")), "other": ("other", "NoOp", ("^fill",))},
        "begin": begins("all")},
    "of the first release": {"nodes": NODES | {"table": ("table", "HashTable")}},
    "by another signature, that looks up": {"more": signature("serving_default", "find:0")},
    "two assets": {"held": assets(asset(), asset("other:0"))},
}  # fmt: skip
BAD = {
    "a constant that is no asset": {"held": assets(asset("other:0"))},
    "another output of it": {"held": assets(asset("path:1"))},
    "no assets": {"held": b""},
    "assets of the newer kind, which count alone": {"held": assets(asset()) + field(6, asset("other:0"))},
    "assets that are there twice": {"held": assets(asset()) + assets(asset("other:0"))},
    "assets that are called otherwise": {"held": assets(asset(), kind="type.googleapis.com/tensorflow.NodeDef")},
    "assets that are a list of nodes, too": {
        "held": collection("saved_model_assets", field(5, field(1, field(1, TYPE.encode()) + field(2, asset())))
                           + field(1, b""))},
    "an asset that lies elsewhere": {"held": assets(asset(name="../words.txt"))},
    "nothing that is run": {"begin": b""},
    "something else that is run": {"begin": begins("restore")},
    "something else that is run first": {"begin": begins("restore") + begins("init", key="legacy_init_op")},
    "something else that a signature runs first": {
        "begin": begins("init") + signature("__saved_model_init_op", "restore")},
    "a tensor that waits for it": {"nodes": NODES | {"find": ("find", "LookupTableFindV2", ("table", "x", "^fill"))}},
    "a tensor that waits for what is run": {
        "nodes": NODES | {"find": ("find", "LookupTableFindV2", ("table", "x", "^init"))}},
    "a tensor that waits for another group": {
        "nodes": NODES | {"other": ("other", "NoOp", ("^fill",)), "y": ("y", "Identity", ("x", "^other"))}},
    "run while the variables are restored": {"saver": "init"},
    "run at once while the variables are restored": {"saver": "fill"},
    "a table that each run makes": {"nodes": NODES | {"table": ("table", "AnonymousHashTable")}},
    "a table that is not there": {"nodes": {key: each for key, each in NODES.items() if key != "table"}},
    "a variable": {"nodes": NODES | {"path": ("path", "VariableV2")}},
    "a constant that is there twice": {"nodes": NODES | {"more": ("path", "Const")}},
    "a group that is there twice": {"nodes": NODES | {"more": ("init", "NoOp")}},
    "in a function": {
        "nodes": NODES | {"fill": call("fill", "inner", "path", "table")},
        "functions": field(1, function("inner", ("file", "table"), FILL))},
}  # fmt: skip


@pytest.mark.parametrize("changes", GOOD.values(), ids=GOOD)
def test_an_asset_may_fill_a_table_while_a_model_of_tensorflow_1_is_loaded(
    changes: dict[str, object], tmp_path: Path
) -> None:
    report = asked(tmp_path, **changes)  # type: ignore[arg-type]
    assert (report.verdict, told(report)) == ("unsupported", set())


@pytest.mark.parametrize("changes", BAD.values(), ids=BAD)
def test_any_other_constant_names_a_stranger(changes: dict[str, object], tmp_path: Path) -> None:
    report = asked(tmp_path, **changes)  # type: ignore[arg-type]
    assert report.verdict == "unsafe"
    assert any(each.rule == "unsafe-op" and "no asset" in each.what for each in report.findings)


def test_an_asset_of_tensorflow_1_that_is_not_in_the_folder_is_missing(tmp_path: Path) -> None:
    report = asked(tmp_path, held=assets(asset(name="others.txt")))
    assert (report.verdict, told(report)) == ("corrupt", {("entry-missing", "assets/others.txt")})
