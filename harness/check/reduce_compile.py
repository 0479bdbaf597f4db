"""Makes small what a model is compiled with: one output of several, plain losses, fewer metrics, fewer steps.

What fails because of a metric fails in no part of the graph that is compiled plainly. So the bold steps come before
the graph is cut, and it is cut around the output that is left.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from harness.protocol.architecture import Architecture, Call, Name, Ref, references

PLAIN = {"optimizer": "sgd", "loss": "mean_squared_error"}
BY_OUTPUT = ("loss", "loss_weights", "metrics", "weighted_metrics")  # of these an output may have one of its own


def boldly(architecture: Architecture) -> Iterator[Architecture]:
    """Never compiled, compiled plainly, or with one output of several and what that one is compiled with."""
    settings = architecture.compile
    if settings is None:
        return
    built = tuple(each for each in architecture.freezes if each.when == "built")
    yield replace(architecture, compile=None, freezes=built)
    if dict(settings.arguments) != PLAIN:
        yield replace(architecture, compile=replace(settings, arguments=PLAIN))
    yield from _one_output(architecture)


def simpler_compile(architecture: Architecture) -> Iterator[Architecture]:
    """The same model, trained for fewer steps or compiled with one thing less."""
    settings = architecture.compile
    if settings is None:
        return
    if settings.steps > 0:
        yield replace(architecture, compile=replace(settings, steps=0))
    if settings.steps > 1:
        yield replace(architecture, compile=replace(settings, steps=1))
    for arguments in _fewer(settings.arguments):
        yield replace(architecture, compile=replace(settings, arguments=arguments))


def _one_output(architecture: Architecture) -> Iterator[Architecture]:
    """Each of several outputs alone, with what it is compiled with; what leads to no output is cut off later."""
    settings = architecture.compile
    refs = list(references(architecture.outputs))
    if settings is None or architecture.form != "functional" or len(refs) < 2:
        return
    targets = list(_leaves(settings.targets))
    for number, ref in enumerate(refs):
        arguments = dict(settings.arguments)
        for key in BY_OUTPUT:
            if key in arguments:
                one = _of_output(arguments.pop(key), number, len(refs), ref.node)
                if one is not None:
                    arguments[key] = [one] if key == "loss_weights" and isinstance(one, float) else one
        if "loss" in arguments:
            yield _needed(
                replace(
                    architecture,
                    outputs=ref,
                    compile=replace(settings, arguments=arguments, targets=targets[number]),
                )
            )


def _needed(architecture: Architecture) -> Architecture:
    """Without the nodes and inputs that lead to no output."""
    needed = {ref.node for ref in references(architecture.outputs)}
    for node in reversed(architecture.nodes):
        if node.name in needed:
            needed |= {ref.node for ref in references((node.inputs, node.keywords))}
            needed |= {node.layer.node} if isinstance(node.layer, Ref) else set()
    return replace(
        architecture,
        nodes=tuple(node for node in architecture.nodes if node.name in needed),
        inputs=tuple(each for each in architecture.inputs if each.name in needed),
        freezes=tuple(each for each in architecture.freezes if not each.path or each.path[0] in needed),
    )


def _leaves(structure: Any) -> Iterator[Any]:
    if isinstance(structure, (list, tuple)):
        for item in structure:
            yield from _leaves(item)
    elif isinstance(structure, Mapping):
        for item in structure.values():
            yield from _leaves(item)
    else:
        yield structure


def _of_output(value: Any, number: int, count: int, name: str) -> Any:
    """What a setting says of one output: of a dict by name or in order, of a list in order, else of all the same."""
    if isinstance(value, Mapping):
        return value.get(name, list(value.values())[number] if len(value) == count else None)
    if isinstance(value, (list, tuple)):
        return value[number] if len(value) == count else None
    return value


def _fewer(arguments: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The arguments of compile without one, or with a plainer value of one."""
    for key in arguments:
        if key not in PLAIN:
            yield {name: value for name, value in arguments.items() if name != key}
    for key, value in arguments.items():
        simpler = _fewer_metrics(value) if key.endswith("metrics") else _plainer(value, PLAIN.get(key))
        for each in simpler:
            yield {**arguments, key: each}


def _plainer(value: Any, plain: Any) -> Iterator[Any]:
    """A value, or those in a structure, replaced by the plain one or given fewer arguments."""
    if isinstance(value, (str, Call, Name)):
        if plain is not None and value != plain:
            yield plain
        yield from simpler_value(value)
    else:
        for key, item in _items(value):
            for each in _plainer(item, plain):
                yield _with(value, key, each)


def _fewer_metrics(value: Any) -> Iterator[Any]:
    """Metrics without one of them, or with fewer arguments; an output keeps its place in a list of lists."""
    nested = any(isinstance(item, (list, tuple)) for _, item in _items(value))
    for key, item in _items(value):
        if isinstance(value, Mapping):
            yield {name: other for name, other in value.items() if name != key}
        elif not nested and len(value) > 1:
            yield type(value)(other for number, other in enumerate(value) if number != key)
        elif nested and item not in ([], ()):
            yield _with(value, key, [])
        simpler = simpler_value(item) if isinstance(item, Call) else _fewer_metrics(item)
        for each in simpler:
            yield _with(value, key, each)


def _items(value: Any) -> list[tuple[Any, Any]]:
    if isinstance(value, Mapping):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, (list, tuple)) else []


def _with(value: Any, key: Any, item: Any) -> Any:
    if isinstance(value, Mapping):
        return {**value, key: item}
    return type(value)(item if number == key else other for number, other in enumerate(value))


INPUTS_FOLLOW = frozenset({"invert"})  # what a layer takes is another thing without it, and no error then means much


def simpler_value(value: Any) -> Iterator[Any]:
    """A Call with fewer arguments, in itself or in what it holds."""
    if isinstance(value, Call):
        free = [key for key in value.arguments if key not in INPUTS_FOLLOW]
        if free:
            yield replace(value, arguments={key: value.arguments[key] for key in value.arguments if key not in free})
        for key in free:
            yield replace(value, arguments={name: other for name, other in value.arguments.items() if name != key})
        for key, item in value.arguments.items():
            for simpler in simpler_value(item):
                yield replace(value, arguments={**value.arguments, key: simpler})
    elif isinstance(value, list) and value and isinstance(value[0], Call):
        for number, item in enumerate(value):
            if len(value) > 1:
                yield [*value[:number], *value[number + 1 :]]
            for simpler in simpler_value(item):
                yield [*value[:number], simpler, *value[number + 1 :]]
