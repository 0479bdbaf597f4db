"""Holds the configs of the original against what its layers, optimizer, losses and metrics were given.

A config that forgets an argument is equal before and after a journey: only what was given tells that it is lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.expectations.compare import short
from harness.expectations.finding import Finding
from harness.protocol.architecture import Architecture, Call

COMPILED = "compile."  # where the loss and the metrics stand: no layer is called that
_OBJECTS = ("loss", "metrics", "weighted_metrics")  # arguments of compile that hold objects with a config

Stated = tuple[str, Call, Mapping[str, Any]]  # where something is, how it was made, and what a config says of it


def given(architecture: Architecture, before: Mapping[str, Any]) -> list[Finding]:
    """Where a config does not say what the constructor of a layer, an optimizer, a loss or a metric was given."""
    everything = (*_layers(architecture, before.get("config")), *_compiled(architecture, before.get("compile")))
    return [finding for where, call, stated in everything for finding in _given(architecture, where, call, stated)]


def _compiled(architecture: Architecture, settings: Any) -> Iterator[Stated]:
    """What compile was given."""
    if architecture.compile is None or not isinstance(settings, dict):
        return
    arguments = architecture.compile.arguments
    optimizer, stated = arguments.get("optimizer"), settings.get("optimizer")
    if isinstance(optimizer, Call) and stated and optimizer.name.endswith(stated["class"]):
        yield "optimizer", optimizer, stated["config"]
    config = settings.get("config") or {}
    for key in _OBJECTS:
        yield from _objects(f"{COMPILED}{key}", arguments.get(key), config.get(key))


def _objects(where: str, given: Any, stated: Any) -> Iterator[Stated]:
    """The losses or metrics that were made by a call, each with what the compile config says of it in its place."""
    if isinstance(given, Call):
        inner = _own_config(stated)
        if given.name.startswith(("losses.", "metrics.")) and inner is not None:
            yield where, given, inner
    elif isinstance(given, Mapping) and isinstance(stated, Mapping):
        for key in sorted(given.keys() & stated.keys()):
            yield from _objects(f"{where}/{key}", given[key], stated[key])
    elif isinstance(given, (list, tuple)) and isinstance(stated, list) and len(given) == len(stated):
        for number, (one, other) in enumerate(zip(given, stated, strict=True)):
            yield from _objects(f"{where}/{number}", one, other)


def _layers(architecture: Architecture, config: Any) -> Iterator[Stated]:
    """The layers that were made by a call, each with where it is and what the model's config says of it."""
    layers = config.get("layers", ()) if isinstance(config, dict) else ()
    configs = {
        entry["config"]["name"]: entry["config"]
        for entry in layers
        if isinstance(entry, dict) and isinstance(entry.get("config"), dict) and "name" in entry["config"]
    }
    for node in architecture.nodes:
        if isinstance(node.layer, Architecture):
            for where, call, stated in _layers(node.layer, configs.get(node.layer.name)):
                yield f"{node.layer.name}/{where}", call, stated
        elif isinstance(node.layer, Call) and node.name in configs and node.layer.name.startswith("layers."):
            yield node.name, node.layer, configs[node.name]


def _given(architecture: Architecture, where: str, call: Call, stated: Mapping[str, Any]) -> list[Finding]:
    name = call.name.rpartition(".")[2]
    findings = []
    for argument, value in call.arguments.items():
        if _is_settled_elsewhere(architecture, call, argument, stated.get(argument)):
            continue
        if argument not in stated:
            kind, actual = "missing", None
        elif (
            isinstance(value, Call)
            and _own_config(stated[argument]) is not None
            and value.name.startswith(_PLAIN_ROOMS)
        ):
            findings += _given(architecture, f"{where}/{argument}", value, _own_config(stated[argument]) or {})
            continue
        elif _contradicts(value, stated[argument]):
            kind, actual = "value", stated[argument]
        else:
            continue
        findings.append(
            Finding(
                "given",
                kind,
                (name, argument),
                ("build",),
                f"given: the config of {name} does not say what {argument} was",
                f"{where}/{argument}",
                short(value),
                short(actual),
                layers=(name,),
                architecture=architecture,
            )
        )
    return findings


def _is_settled_elsewhere(architecture: Architecture, call: Call, argument: str, stated: Any) -> bool:
    """Whether the config need not say what this argument was."""
    return {
        "weights": True,  # the first values of variables are in the variables
        "num_thresholds": "thresholds" in call.arguments,  # and is not heard beside them
        "trainable": bool(architecture.freezes),  # set later, for all that lies inside: `flags` asks for it
        "name": str(stated).endswith(
            f"_{call.arguments[argument]}"
        ),  # Keras 2 puts the output's name before a metric's
    }.get(argument, False)


_ALSO_CALLED = {"swish": "silu", "hard_swish": "hard_silu"}  # by Keras 3, which has one function under both names
# Objects whose config states their arguments as they were given; layers and optimizers change those they hold.
_PLAIN_ROOMS = ("initializers.", "regularizers.", "constraints.", "optimizers.schedules.")


def _own_config(stated: Any) -> Mapping[str, Any] | None:
    """The config of an object inside a config, where it is written as one."""
    inner = stated.get("config") if isinstance(stated, dict) else None
    return inner if isinstance(inner, dict) else None


def _contradicts(value: Any, stated: Any) -> bool:
    """Whether a plain value stands in the config as another one of its kind; what layers make of a value is theirs."""
    if isinstance(value, bool) or isinstance(stated, bool):
        return isinstance(value, bool) and isinstance(stated, bool) and value is not stated
    if isinstance(value, (int, float)) and isinstance(stated, (int, float)):
        if value < 0 < stated:
            return False  # an axis or a number of groups that was counted from the end
        return abs(value - stated) > 1e-6 * max(1.0, abs(value))
    if not isinstance(value, str) or not isinstance(stated, str):
        return False
    return stated.lower() not in (value.lower(), _ALSO_CALLED.get(value))
