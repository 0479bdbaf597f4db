"""What releases are known to write differently, and is no difference of the model: the one table of it.

Two Kerases describe one model in two dialects. Before their observations are compared each is put into a form in which
they would say the same; what is left out or renamed here is never compared between releases, so every row says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
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
# The same of the config of some classes alone.
OF_CLASSES = {
    ("StringLookup", "dtype"): "Keras 2 states what it looks up into, Keras 3 drops the argument; outputs show it",
    ("IntegerLookup", "dtype"): "as above",
    ("TextVectorization", "dtype"): "as above",
}
# Classes under another name.
CLASSES = {
    "Model": "Functional",
    "ModuleWrapper": "Functional",
    "OrthogonalInitializer": "Orthogonal",  # in Keras 3.0 to 3.6
    "IdentityInitializer": "Identity",
}
# Functions under another name: Keras 3 knows both, and states its own.
FUNCTIONS = {"swish": "silu"}
# Weights under another name.
RENAMED = {"depthwise_kernel": "kernel"}  # of DepthwiseConv; of SeparableConv, which has a pointwise one, it is not
Change = Callable[[Any], Any]
Lost = Callable[[str, str, Any], bool]


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
            own = {key for of, key in OF_CLASSES if of == name}
            kept = config({key: settings[key] for key in settings if key not in own})
            kept |= {key: change(kept[key]) for (of, key), change in WRITTEN.items() if of == name and key in kept}
            return {"class": CLASSES.get(name, name), "config": kept, **_rank(value.get("build_config"))}
        return {
            key: ALONE[key](item) if key in ALONE else config(item)
            for key, item in value.items()
            if key not in NOT_SETTINGS and item is not None
        }
    if isinstance(value, (list, tuple)):
        return [config(item) for item in value]
    return value


def _range(factor: Any) -> Any:
    """A factor: of one number Keras 3 writes the range around zero that it stands for."""
    return [-factor, factor] if isinstance(factor, (int, float)) else factor


def _alone(axis: Any) -> Any:
    """An axis: Keras 2 keeps that of a normalization as a list of one."""
    return axis[0] if isinstance(axis, list) and len(axis) == 1 else axis


def _rank(built: Any) -> dict[str, int]:
    """Of how many axes a layer was built, where it says so: what `both_state` counts axes by."""
    shape = built.get("input_shape") if isinstance(built, Mapping) else None
    plain = isinstance(shape, (list, tuple)) and all(size is None or isinstance(size, int) for size in shape)
    return {"rank": len(shape)} if plain and shape else {}


def _from_the_end(settings: Any, rank: int | None) -> Any:
    """Settings with their axes counted from the end: LayerNormalization of Keras 3.16 states what its build() made of
    -1, that of 3.15 what it was given.
    """
    axis: Any = settings.get("axis") if isinstance(settings, dict) else None
    axes: list[Any] = axis if isinstance(axis, list) else [axis]
    if rank is None or not all(isinstance(each, int) for each in axes):
        return settings
    return {**settings, "axis": _alone([each - rank if each >= 0 else each for each in axes])}


def _code(function: Any) -> Any:
    """A function: marshalled code is a list of three in Keras 2 and an object in Keras 3, and marshal marks what it
    finds referred to, which is another thing each time. Outputs show what it computes.
    """
    is_list = isinstance(function, list) and len(function) == 3 and isinstance(function[0], str)
    is_object = isinstance(function, dict) and function.get("class_name") == "__lambda__"
    return "code" if is_list or is_object else config(function)


def _function(name: Any) -> Any:
    """An activation by the name that Keras 3 has for it."""
    return FUNCTIONS.get(name, name) if isinstance(name, str) else config(name)


ALONE: Mapping[str, Change] = {  # settings that are written otherwise, by their key
    "axis": _alone,
    "function": _code,
    "activation": _function,
    "recurrent_activation": _function,
}
WRITTEN: Mapping[tuple[str, str], Change] = {("RandomRotation", "factor"): _range}  # and of one class alone
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
    layers = {path: CLASSES.get(name, name) for path, name in value.get("layers", {}).items() if name != "InputLayer"}
    return {"name": value.get("name"), "outputs": value.get("outputs"), "layers": layers}


def weights(value: Any) -> Any:
    """Weights by path, in any order: Keras 2 lists what is trained before what is not, Keras 3 layer by layer."""
    if not isinstance(value, list):
        return value
    found: dict[str, Any] = {}
    name = _renaming(each["path"] for each in value)
    for each in value:
        key, number = name(each["path"]), 1
        while key in found:
            number += 1
            key = f"{name(each['path'])}#{number}"
        found[key] = each["value"]
    return found


def _renaming(paths: Iterable[str]) -> Callable[[str], str]:
    """What a weight is called in the common form, given all that there are."""
    all_of_them = {*paths}

    def name(path: str) -> str:
        place, _, own = path.rpartition("/")
        if own not in RENAMED or f"{place}/pointwise_kernel" in all_of_them:
            return path
        return f"{place}/{RENAMED[own]}"

    return name


def slots(value: Any) -> Any:
    """Slots by the paths that weights have in the common form."""
    if not isinstance(value, dict):
        return value
    found = {}
    for kind, kept in value.items():
        name = _renaming(kept)
        found[kind] = {name(path): slot for path, slot in kept.items()}
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


def both_have(before: Any, after: Any) -> tuple[Any, Any]:
    """Slots of kinds that both releases keep: each has some for which the other has no place.

    Where they share none at all, all were lost.
    """
    if not (isinstance(before, dict) and isinstance(after, dict)) or "$error" in before or "$error" in after:
        return before, after
    shared = [kind for kind in before if kind in after]
    if before and not shared:
        return {"slots": "kept"}, {"slots": "lost"}
    return {kind: before[kind] for kind in shared}, {kind: after[kind] for kind in shared}


FORMS: Mapping[str, Change] = {
    "structure": structure,
    "config": config,
    "weights": weights,
    "compile": compile_settings,
    "optimizer": optimizer,
    "slots": slots,
    "flags": lambda value: {"layers": value.get("layers")} if isinstance(value, dict) else value,
}


def common(observation: str, value: Any) -> Any:
    """An observation in the form that both releases share; as it is where there is no row for it."""
    if isinstance(value, dict) and "$error" in value:
        return value
    return FORMS[observation](value) if observation in FORMS else value


def both_state(before: Any, after: Any, lost: Lost, owner: str = "") -> tuple[Any, Any]:
    """Two configs without the settings that one release alone knows.

    What the other release states beyond that is the default of an argument that the baseline does not have; of what it
    does not state `lost` says by class, argument and value whether that makes another object of it.
    """
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after) and before:
        each = [both_state(one, other, lost, owner) for one, other in zip(before, after, strict=True)]
        return [one for one, _ in each], [other for _, other in each]
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return before, after
    if "class" in before and "class" in after:
        rank = before.get("rank", after.get("rank"))
        before, after = (
            {"class": each["class"], "config": _from_the_end(each["config"], rank)} for each in (before, after)
        )
    owner = str(before.get("class", owner)) if "config" in before else owner
    pairs = {key: both_state(before[key], after[key], lost, owner) for key in before if key in after}
    missing = {key: value for key, value in before.items() if key not in after and lost(owner, key, value)}
    return {**{key: one for key, (one, _) in pairs.items()}, **missing}, {
        key: other for key, (_, other) in pairs.items()
    }
