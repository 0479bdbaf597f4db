"""The script of what a model says of itself against what it was given: an argument that a config forgets, a freeze."""

from __future__ import annotations

from typing import Any

from harness.expectations.finding import Finding
from harness.expectations.given import COMPILED
from harness.expectations.scripts.building import layer_at
from harness.expectations.scripts.observations import Case
from harness.expectations.scripts.values import Writer, quoted
from harness.protocol.architecture import Architecture, Call, Node, nodes_of

Lines = list[str]


def of_compile(finding: Finding) -> bool:
    """Whether it is a loss or a metric that forgets an argument: the script needs no model then."""
    return finding.where.startswith(COMPILED)


def stated(case: Case) -> Lines:
    """The argument that was given, against what the config says of it."""
    *path, argument = case.finding.where.split("/")
    if path[:1] == ["optimizer"]:
        config = "model.optimizer.get_config()"
        call = case.architecture.compile.arguments["optimizer"] if case.architecture.compile else None
        inner = path[1:]
    elif of_compile(case.finding):
        call = _object(case, path)
        config, inner = "compiled.get_config()", []
    else:
        layer, rest = layer_at(case.architecture, tuple(path))
        config, inner = f"{layer}.get_config()", list(rest)
        node = _node_at(case.architecture, path[: len(path) - len(rest)])
        call = node.layer if node is not None else None
    for each in inner:
        call = call.arguments[each] if isinstance(call, Call) else None
        config += f'[{quoted(each)}]["config"]'
    value = call.arguments[argument] if isinstance(call, Call) else case.finding.expected
    writer = Writer(case.major)
    written = writer.expression(value)
    made = [f"compiled = {writer.expression(call)}"] if of_compile(case.finding) else []
    return [*writer.lines, *made, f"expected = {written}", f'actual = {config}.get({quoted(argument)}, "missing")']


def still_trained(case: Case) -> Lines:
    """The weights of a frozen layer that are among the trainable ones."""
    layer, _ = layer_at(case.architecture, tuple(case.place[1].split("/")[:-1]))
    return [
        f"frozen = {{id(each) for each in {layer}.weights}}",
        "expected = []",
        "actual = [each.name for each in model.trainable_weights if id(each) in frozen]",
    ]


def stated_differs(case: Case) -> str:
    """A number may have been through a variable: 0.1 is no float32."""
    number = isinstance(case.finding.expected, float) and case.finding.kind != "missing"
    return "abs(actual - expected) > 1e-6 * max(1, abs(expected))" if number else "actual != expected"


def _node_at(architecture: Architecture, path: list[str]) -> Node | None:
    for node in nodes_of(architecture.nodes):
        if node.name == path[-1] and not isinstance(node.layer, Architecture):
            return node
    return None


def _object(case: Case, path: list[str]) -> Any:
    """The loss or metric at a place of compile's arguments."""
    found: Any = case.architecture.compile.arguments if case.architecture.compile else {}
    for each in (path[0].removeprefix(COMPILED), *path[1:]):
        found = found[int(each)] if isinstance(found, (list, tuple)) else found[each]
    return found
