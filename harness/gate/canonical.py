"""What releases are known to write differently, and is no difference of the model: the one table of it.

Two Kerases describe one model in two dialects. Before their observations are compared each is put into a form in which
they would say the same; what is left out or renamed here is never compared between releases, so every row says why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

# Keys of a config that state how it is written, or what no constructor was given.
NOT_SETTINGS = {
    "build_config": "shapes that a layer was built with; Keras 3 alone writes them",
    "registered_name": "where a class is registered; the class itself is compared",
    "module": "Keras 2 writes keras.src.engine.functional, Keras 3 keras.src.models.functional",
    "shared_object_id": "tells which objects of one file are the same, by a number of the process",
    "inbound_nodes": "the wiring: lists of lists in Keras 2, argument trees in Keras 3; outputs show it",
    "input_layers": "the wiring, as above",
    "output_layers": "the wiring, as above",
    "batch_shape": "an InputLayer's shape under its Keras 3 name; structure compares the inputs",
    "batch_input_shape": "the same under its Keras 2 name, also on the first layer of a Sequential",
    "vocabulary_size": "the size of a vocabulary that was adapted; outputs tell whether it is there",
    "is_legacy_optimizer": "a mark that Keras 2.11 to 2.15 wrote into optimizers",
    "trainable": "of a whole model Keras 2 does not write it; flags are compared by themselves",
    "name": "of a layer: structure compares it; of objects inside, drawn or counted by the process",
}
Change = Callable[[Any], Any]


def config(value: Any) -> Any:
    """A config in the common form: settings alone, objects as class and settings, layers by name.

    A setting that is None is one that was not given: Keras 3 leaves some of these out.
    """
    if isinstance(value, dict):
        if "layers" in value and isinstance(value["layers"], list):
            rest = {key: item for key, item in value.items() if key not in ("layers", *NOT_SETTINGS)}
            return {**{key: config(item) for key, item in rest.items()}, "layers": _layers(value["layers"])}
        if "class_name" in value:
            name, settings = str(value["class_name"]).rpartition(">")[2], value.get("config")
            if name in _POLICIES and isinstance(settings, dict):
                return settings.get("name", name)
            if name in ("function", "builtin_function") or settings is None:
                return settings if isinstance(settings, str) else name
            return {"class": name, "config": config(settings)}
        return {
            key: _alone(item) if key == "axis" else config(item)
            for key, item in value.items()
            if key not in NOT_SETTINGS and item is not None
        }
    if isinstance(value, (list, tuple)):
        return [config(item) for item in value]
    return value


def _alone(axis: Any) -> Any:
    """An axis: Keras 2 keeps that of a normalization as a list of one."""
    return axis[0] if isinstance(axis, list) and len(axis) == 1 else axis


_POLICIES = ("DTypePolicy", "Policy", "PolicyV1", "FloatDTypePolicy")


def _layers(layers: list[Any]) -> dict[str, Any]:
    found = {}
    for each in layers:
        if isinstance(each, dict) and each.get("class_name") != "InputLayer":
            inner = each.get("config")
            name = inner.get("name") if isinstance(inner, dict) else None
            found[str(name or each.get("class_name"))] = config(each)
    return found


def structure(value: Any) -> Any:
    """Layers by path and class; Functional and Model are one class under two names, inputs are no layers."""
    if not isinstance(value, dict):
        return value
    layers = {path: _CLASSES.get(name, name) for path, name in value.get("layers", {}).items() if name != "InputLayer"}
    return {"name": value.get("name"), "outputs": value.get("outputs"), "layers": layers}


_CLASSES = {"Model": "Functional", "ModuleWrapper": "Functional"}


def weights(value: Any) -> Any:
    """Weights by path, in any order: Keras 2 lists what is trained before what is not, Keras 3 layer by layer."""
    if not isinstance(value, list):
        return value
    found: dict[str, Any] = {}
    for each in value:
        key, number = each["path"], 1
        while key in found:
            number += 1
            key = f"{each['path']}#{number}"
        found[key] = each["value"]
    return found


def compile_settings(value: Any) -> Any:
    """The class of the optimizer and its own config; losses and metrics are held by `losses`."""
    if not isinstance(value, dict) or not value.get("optimizer"):
        return value
    optimizer = value["optimizer"]
    return {"compiled": value.get("compiled"), "class": optimizer["class"], "config": config(optimizer["config"])}


def optimizer(value: Any) -> Any:
    """The number of steps: Keras 2 keeps the learning rate among the slots, and both number them in their own way."""
    return {"iterations": value.get("iterations")} if isinstance(value, dict) else value


FORMS: Mapping[str, Change] = {
    "structure": structure,
    "config": config,
    "weights": weights,
    "compile": compile_settings,
    "optimizer": optimizer,
    "flags": lambda value: {"layers": value.get("layers")} if isinstance(value, dict) else value,
}


def common(observation: str, value: Any) -> Any:
    """An observation in the form that both releases share; as it is where there is no row for it."""
    if isinstance(value, dict) and "$error" in value:
        return value
    return FORMS[observation](value) if observation in FORMS else value


def both_state(before: Any, after: Any, known: Callable[[str, str], bool], owner: str = "") -> tuple[Any, Any]:
    """Two configs without the settings that one release alone knows (`known` says of a class and an argument).

    What the other release states beyond that is the default of an argument that the baseline does not have; what it
    does not state, though its class has the argument, was lost.
    """
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after) and before:
        each = [both_state(one, other, known, owner) for one, other in zip(before, after, strict=True)]
        return [one for one, _ in each], [other for _, other in each]
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return before, after
    owner = str(before.get("class", owner)) if "config" in before else owner
    kept = [key for key in before if key in after or known(owner, key)]
    pairs = {key: both_state(before[key], after[key], known, owner) for key in kept if key in after}
    lost = {key: before[key] for key in kept if key not in after}
    return {**{key: one for key, (one, _) in pairs.items()}, **lost}, {key: other for key, (_, other) in pairs.items()}
