"""Tables of a SavedModel that are filled from a text file: with those that it brought along, and with no other.

A lookup whose words lie in a file has an operation that opens one. Which one, the graph says: it may be any file of
the machine. Here the name is followed back to where it comes from, through calls and through the variable in which
TensorFlow's C++ loader keeps it. Unless that is an asset of the model on every way, the operation reads a stranger.
What cannot be followed is no asset.

TensorFlow 1 writes the path that the file had at its author's as a constant, and the loader puts the asset in for it
while it runs what the model is to begin with, and never again. So there it must be that alone which fills the table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from harness.inspection.protobuf import Budget, fields, numbers

FILLING = frozenset({"InitializeTableFromTextFile", "InitializeTableFromTextFileV2"})
FILE = 1  # which input of theirs is the name of the file
CALLING = frozenset({b"PartitionedCall", b"StatefulPartitionedCall"})
TABLE, TABLES = 0, frozenset({b"HashTable", b"HashTableV2"})  # which input is the table, and what is one for good
READING, ASKING, ASSIGNING = b"ReadVariableOp", b"VarIsInitializedOp", b"AssignVariableOp"

# MetaGraphDef.graph_def, .saver_def, .collection_def, .signature_def, .asset_file_def and .object_graph_def;
# GraphDef.node and .library.
GRAPH, SAVER, COLLECTION, SIGNATURES, ASSET_FILE, OBJECT_GRAPH, NODE, LIBRARY = 2, 3, 4, 5, 6, 7, 1, 2
# FunctionDefLibrary.function; FunctionDef.signature and .node_def; OpDef.name and .input_arg; ArgDef's of several.
FUNCTION, SIGNATURE, FUNCTION_NODE, OP_NAME, ARGUMENT, SEVERAL = 1, 1, 3, 1, 2, (5, 6)
# NodeDef.name, .op, .input and .attr; AttrValue.list, .s and .func; AttrValue.ListValue.func; NameAttrList.name.
NAME, OP, INPUT, ATTRIBUTE, LIST, STRING, CALLED, LISTED, CALLED_NAME = 1, 2, 3, 5, 1, 2, 10, 9, 1
# AssetFileDef.tensor_info and .filename; TensorInfo.name.
TENSOR, FILENAME, TENSOR_NAME = 1, 2, 1
# SavedObjectGraph.nodes and .concrete_functions; SavedObject's kinds, of which one is an asset; what a function holds.
OBJECTS, CONCRETE, KINDS, OBJECT_ASSET, BOUND = 1, 2, frozenset({4, 5, 6, 7, 8, 9, 10, 12}), 5, 2
KEY, VALUE = 1, 2  # of an entry of a map
# CollectionDef.node_list and .any_list; NodeList.value and AnyList.value; Any.type_url and .value.
NODE_LIST, ANY_LIST, ITEM, TYPE_URL, ANY_VALUE = 1, 5, 1, 1, 2
OUTPUTS, INFO_NAME = 2, 1  # SignatureDef.outputs; TensorInfo.name
ASSETS, ASSET_TYPE = b"saved_model_assets", b"/tensorflow.AssetFileDef"
BEGINNING = (b"saved_model_main_op", b"legacy_init_op")  # what is run on loading, as a collection
BEGINNING_SIGNATURE = b"__saved_model_init_op"

Part = memoryview


@dataclass(frozen=True)
class Node:
    """An operation; `calls` are the functions that it names in an attribute, by that."""

    name: bytes
    operation: bytes
    inputs: tuple[bytes, ...]
    calls: tuple[tuple[bytes, bytes], ...]
    shared_name: bytes
    content: bytes

    @property
    def stated(self) -> Iterator[bytes]:
        """All in it that is understood here."""
        yield from (self.name, self.operation, *self.inputs, *(called for _, called in self.calls))

    def data(self, number: int) -> bytes | None:
        """The input of this number, without those that are only waited for."""
        found = [each for each in self.inputs if not each.startswith(b"^")]
        return found[number] if number < len(found) else None


@dataclass(frozen=True)
class Function:
    """A function of the library. Its `arguments` are None where one may stand for several tensors."""

    name: bytes
    arguments: tuple[bytes, ...] | None
    nodes: tuple[Node, ...]

    def argument(self, tensor: bytes | None) -> int | None:
        """Which of its arguments a node of it is given by that name."""
        if tensor is None or self.arguments is None or self.arguments.count(tensor) != 1:
            return None
        return None if any(node.name == tensor for node in self.nodes) else self.arguments.index(tensor)


class Tables:
    """The tables of one graph that are filled from files. Raises Broken and MemoryError as the reader does."""

    def __init__(self, meta: Part, budget: Budget) -> None:
        self._meta, self._budget = meta, budget
        self.nodes: list[Node] = []
        self.functions: list[Function] = []
        self._beside: list[bytes] = []  # what the library holds besides functions, and these besides nodes
        for definition in self._below(GRAPH):
            for number, part in fields(definition, budget):
                if number == NODE:
                    self.nodes.append(self._node(part))
                elif number == LIBRARY:
                    self._library(part)

    def strangers(self) -> Iterator[tuple[str, str]]:
        """(where, operation) of what may fill a table from a file that the model did not bring along."""
        found: dict[tuple[str, str], None] = {}
        for function in (None, *self.functions):
            place = "graph" if function is None else function.name.decode("utf-8", "replace")
            for node in self.nodes if function is None else function.nodes:
                operation = node.operation.decode("utf-8", "replace")
                if operation not in FILLING or self._is_own(node.data(FILE), function):
                    continue
                if function is not None or not self._is_filled_on_loading(node):
                    found[place, operation] = None
        yield from found

    def files(self) -> Iterator[str]:
        """The assets, by their path in the folder of the model."""
        for asset in self._assets:
            yield f"assets/{_last(asset, FILENAME, self._budget).decode('utf-8', 'replace')}"

    def _is_own(self, tensor: bytes | None, function: Function | None) -> bool:
        """Is that the name of an asset, in the graph itself or in a function of it?"""
        if not self._assets_lie_inside:
            return False
        return self._is_asset(tensor) if function is None else self._gets_assets(function, tensor, set())

    def _gets_assets(self, function: Function, tensor: bytes | None, asked: set[tuple[bytes, int]]) -> bool:
        """Is that the name of an asset, whoever calls the function?"""
        place = function.argument(tensor)
        if place is None or [each.name for each in self.functions].count(function.name) != 1:
            return False
        if (function.name, place) in asked:
            return True  # it calls itself: what it is given at first is looked at
        asked.add((function.name, place))
        mentions = re.compile(b"(?=" + re.escape(function.name) + b")")
        for caller in (None, *self.functions):
            for node in self.nodes if caller is None else caller.nodes:
                self._budget.clock.tick()
                # What names it in a place that is not known here may call it.
                if len(mentions.findall(node.content)) != sum(len(mentions.findall(each)) for each in node.stated):
                    return False
                if node.operation != function.name and function.name not in (called for _, called in node.calls):
                    continue
                called = {(b"f", function.name)} if node.operation in CALLING else set()
                if node.operation != function.name and set(node.calls) != called:
                    return False
                given = node.data(place)
                if not (self._is_asset(given) if caller is None else self._gets_assets(caller, given, asked)):
                    return False
        if any(mentions.search(each) for each in self._beside):
            return False
        return self._bound(function, place, mentions)

    def _bound(self, function: Function, place: int, mentions: re.Pattern[bytes]) -> bool:
        """Where the objects of the model hold the function: is an asset bound to that argument, and are all bound?"""
        objects = self._below(OBJECT_GRAPH)
        if not any(mentions.search(bytes(each)) for each in objects):
            return True
        kinds = [
            {number for number, _ in fields(each, self._budget)} & KINDS
            for each in self._inside(objects, OBJECTS)
        ]  # fmt: skip
        bound = []
        for entry in self._inside(objects, CONCRETE):
            if _last(entry, KEY, self._budget) == function.name:
                values = self._inside([entry], VALUE)
                bound.append([each for part in self._inside(values, BOUND) for each in numbers(part, self._budget)])
        assert function.arguments is not None
        return bool(bound) and all(
            len(each) == len(function.arguments) and each[place] < len(kinds) and kinds[each[place]] == {OBJECT_ASSET}
            for each in bound
        )

    def _is_asset(self, tensor: bytes | None) -> bool:
        """Is that, in the graph itself, the name of an asset, or read from a variable that holds nothing else?"""
        node = self._of(tensor)
        if node is None:
            return False
        if node.operation != READING:
            return self._is_fed(node)
        variable = self._of(node.data(0))
        if variable is None or variable.operation != b"VarHandleOp" or not self._is_alone(variable):
            return False
        users = [each for each in self.nodes if any(_source(given) == variable.name for given in each.inputs)]
        assigned = [self._of(each.data(1)) for each in users if each.operation == ASSIGNING]
        return {each.operation for each in users} <= {READING, ASKING, ASSIGNING} and all(
            each is not None and self._is_fed(each) for each in assigned
        )

    def _is_fed(self, node: Node) -> bool:
        """Is it what the loader puts the path of an asset in for, and what is nothing where no path is put in?

        A constant is the latter's opposite: whoever runs that part of the graph later reads the file that it names.
        """
        return node.operation == b"Placeholder" and node.name + b":0" in self._asset_tensors

    def _is_filled_on_loading(self, fill: Node) -> bool:
        """Is the name of its file a constant for which an asset is put in, whenever the operation is run?

        That is while the model is loaded. Later it would read the file that the constant names, and so it would before,
        while the variables are restored: nothing else may lead to it, which what computes a tensor would. A table that
        is made anew by each run would be empty again.
        """
        path, table = self._of(fill.data(FILE)), self._of(fill.data(TABLE))
        if path is None or path.operation != b"Const" or path.name + b":0" not in self._asset_tensors:
            return False
        if table is None or table.operation not in TABLES or not self._assets_lie_inside:
            return False
        after, waiting = {fill.name}, [fill.name]
        while waiting:
            for node in self._after.get(waiting.pop(), ()):
                self._budget.clock.tick()
                if node.operation != b"NoOp":
                    return False
                if node.name not in after:
                    after.add(node.name)
                    waiting.append(node.name)
        if not self._first or not self._first <= after or not after.isdisjoint(self._restoring):
            return False
        return all(self._named[name] is not None for name in after)

    @cached_property
    def _after(self) -> dict[bytes, list[Node]]:
        """The nodes of the graph that take something of a node, or wait for it, by that node's name."""
        found: dict[bytes, list[Node]] = {}
        for node in self.nodes:
            for given in node.inputs:
                self._budget.clock.tick()
                found.setdefault(_source(given.removeprefix(b"^")), []).append(node)
        return found

    @cached_property
    def _first(self) -> set[bytes]:
        """The nodes that a loader may run: it takes the one that it finds first, wherever it looks first."""
        lists = [self._inside(self._collections(key), NODE_LIST) for key in BEGINNING]
        found = {bytes(name) for each in lists for name in self._inside(each, ITEM)}
        for entry in self._below(SIGNATURES):
            if _last(entry, KEY, self._budget) == BEGINNING_SIGNATURE:
                outputs = self._inside(self._inside([entry], VALUE), OUTPUTS)
                found |= {_last(each, INFO_NAME, self._budget) for each in self._inside(outputs, VALUE)}
        return {_source(name) for name in found}

    @cached_property
    def _restoring(self) -> set[bytes]:
        """The nodes by which variables are saved and restored."""
        return {_source(bytes(name)) for each in self._below(SAVER) for _, name in fields(each, self._budget)}

    @cached_property
    def _assets(self) -> list[Part]:
        """What the model brought along; TensorFlow 1 has it as a collection, which counts where there is nothing else.

        One that is there twice, or is of two kinds, is read in one way or another.
        """
        told = self._below(ASSET_FILE)
        collections = [] if told else self._collections(ASSETS)
        if len(collections) != 1 or [kind for kind, _ in fields(collections[0], self._budget)] != [ANY_LIST]:
            return told
        packed = self._inside(self._inside(collections, ANY_LIST), ITEM)
        if not all(_last(each, TYPE_URL, self._budget).endswith(ASSET_TYPE) for each in packed):
            return told
        return self._inside(packed, ANY_VALUE)

    def _collections(self, name: bytes) -> list[Part]:
        entries = [each for each in self._below(COLLECTION) if _last(each, KEY, self._budget) == name]
        return self._inside(entries, VALUE)

    def _is_alone(self, variable: Node) -> bool:
        """Two handles of one name are one variable, and of some operations it is not known which they are about."""
        everywhere = [*self.nodes, *(node for function in self.functions for node in function.nodes)]
        handles = [each for each in everywhere if b"VarHandle" in each.operation]
        names = [each.shared_name or each.name for each in handles]
        only = all(each.operation == b"VarHandleOp" for each in handles)
        return only and names.count(variable.shared_name or variable.name) == 1

    def _of(self, tensor: bytes | None) -> Node | None:
        """The node of the graph whose first output that is; None where there are two."""
        if tensor is None or tensor.startswith(b"^"):
            return None
        return self._named.get(tensor.removesuffix(b":0"))

    @cached_property
    def _named(self) -> dict[bytes, Node | None]:
        found: dict[bytes, Node | None] = {}
        for node in self.nodes:
            found[node.name] = None if node.name in found else node
        return found

    @cached_property
    def _asset_tensors(self) -> set[bytes]:
        tensors = self._inside(self._assets, TENSOR)
        return {_last(each, TENSOR_NAME, self._budget) for each in tensors}

    @cached_property
    def _assets_lie_inside(self) -> bool:
        """Do their names stay in the folder of the assets, on every system?"""
        names = (each.removeprefix("assets/") for each in self.files())
        return all(re.fullmatch(r"(?!.*(^|/)\.\.(/|$))[^/\\:\0][^\\:\0]*", each) for each in names)

    def _library(self, part: Part) -> None:
        for number, data in fields(part, self._budget):
            if number == FUNCTION:
                self._function(data)
            else:
                self._beside.append(bytes(data))

    def _function(self, data: Part) -> None:
        name, nodes, arguments, several = b"", [], [], False
        for number, part in fields(data, self._budget):
            if number == FUNCTION_NODE:
                nodes.append(self._node(part))
            elif number == SIGNATURE:
                name = _last(part, OP_NAME, self._budget) or name
                for argument in self._inside([part], ARGUMENT):
                    arguments.append(_last(argument, NAME, self._budget))
                    several |= any(kind in SEVERAL for kind, _ in fields(argument, self._budget))
            else:
                self._beside.append(bytes(part))
        self.functions.append(Function(name, None if several else tuple(arguments), tuple(nodes)))

    def _node(self, data: Part) -> Node:
        name = operation = shared = b""
        inputs, calls = [], []
        for number, part in fields(data, self._budget):
            if number == NAME:
                name = bytes(part)
            elif number == OP:
                operation = bytes(part)
            elif number == INPUT:
                inputs.append(bytes(part))
            elif number == ATTRIBUTE:
                key = _last(part, KEY, self._budget)
                for value in self._inside([part], VALUE):
                    named = self._inside([value], CALLED) + self._inside(self._inside([value], LIST), LISTED)
                    calls += [(key, bytes(each)) for each in self._inside(named, CALLED_NAME)]
                    if key == b"shared_name":
                        shared = _last(value, STRING, self._budget)
        return Node(name, operation, tuple(inputs), tuple(calls), shared, bytes(data))

    def _below(self, number: int) -> list[Part]:
        return self._inside([self._meta], number)

    def _inside(self, parts: Sequence[Part], number: int) -> list[Part]:
        return [inner for part in parts for kind, inner in fields(part, self._budget) if kind == number]


def _source(tensor: bytes) -> bytes:
    """The node that an input names, of whichever output; TensorFlow reads `x:00` as `x:0`."""
    return re.sub(rb":\d*\Z", b"", tensor)


def _last(data: Part, number: int, budget: Budget) -> bytes:
    """The string of this number; of several the last counts, as in every reader."""
    return next((bytes(part) for kind, part in reversed([*fields(data, budget)]) if kind == number), b"")
