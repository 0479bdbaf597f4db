"""The weights of an HDF5 file of a whole model against its config: the layers by their names, and in their order."""

from __future__ import annotations

from collections import Counter
from typing import Any

from harness.inspection import changed_inside, quantized, sizes, variables
from harness.inspection.graph import MODELS
from harness.inspection.hdf5_process import Contents
from harness.inspection.limits import Limits
from harness.inspection.report import Report
from harness.inspection.shapes import product
from harness.inspection.variable_rows import Shape, Variable, without_free
from harness.inspection.weights import (
    Layer,
    Sizes,
    asked_by,
    asked_text,
    fits,
    hold_dtype,
    hold_size,
    is_layer,
    is_whole,
    layers_of,
    own_name,
    shape_fits,
    shape_text,
    tells_layers,
)

# All of their weights are trained, or none is: so that freezing changes no order.
IN_ORDER = variables.ROWS.keys() - variables.AROUND - quantized.ATTENTIONS - {"BatchNormalization"}
TELLS = IN_ORDER | {"BatchNormalization"}  # of whatever order, one weight tells how large the others are


def compare(report: Report, config: Layer, contents: Contents, limits: Limits, root: str, *, where: str = "") -> None:
    """A config against the group `root` of an HDF5 file: the layers by name, their weights in any order.

    `where` is the file where that lies beside the config: then the layers that were saved may be called otherwise.
    """
    held = {entry["path"]: entry for entry in contents.datasets if entry["path"].startswith(f"{root}/")}
    report.parameters = sum(product(entry["shape"]) for entry in held.values())
    inner = config["config"]
    listed = inner.get("layers") if isinstance(inner, dict) else inner
    names = dict.fromkeys(_listed(contents.groups.get(root or "/", {}), "layer_names"))
    given = _names_by_order(listed, list(names)) if where else {}
    known: set[str] = {"top_level_model_weights"}
    seen: set[str] = set()
    order: list[str] = []  # of the layers that have weights
    flows = sizes.Seen()  # what the layers were built on stands nowhere
    hold_size(report, config, limits, seen=flows)
    for at, layer in enumerate(listed if isinstance(listed, list) else []):
        report.clock.tick()
        own = layer.get("config") if isinstance(layer, dict) else None
        if not isinstance(own, dict) or not isinstance(layer.get("class_name"), str):
            continue
        name = given.get(at, layer.get("name", own.get("name")))
        if isinstance(name, str) and name in seen:  # the weights of that name would be gone through for each
            report.add("name-twice", f"{where}{root}/{name}", name)
            continue
        if isinstance(name, str):
            seen.add(name)
        known.add(str(name))
        group = f"{root}/{name}"
        weights = _listed(contents.groups.get(group, {}), "weight_names")
        found = [held.get(f"{group}/{each}") for each in weights]
        for each, entry in zip(weights, found, strict=True):
            if entry is None:
                report.add(
                    "weight-missing", f"{where}{group}/{each}", "named in weight_names; the file does not hold it"
                )
        there = [entry for entry in found if entry is not None]
        if shared := [each for each, count in Counter(weights).items() if count > 1]:  # as Keras 3.0 writes attentions
            what = f"{weights.count(shared[0])} weights have this name; the file holds one of them"
            report.add("weight-missing", f"{where}{group}/{shared[0]}", what)
        elif layer["class_name"] in MODELS:
            _model(report, layer, f"{where}{group}", there)
        else:
            _layer(report, layer, f"{where}{group}", there, where, flows.inputs.get(id(layer)))
        if weights:
            order.append(str(name))
        if weights and str(name) not in names:
            report.add("weight-surplus", f"{where}{group}", "not in layer_names")
    for name in names if tells_layers(config) else ():
        if name not in known:
            report.add("weight-surplus", f"{where}{root}/{name}", "no layer of the config has this name")
    with_weights = set(order)
    for one, other in zip(order, [name for name in names if name in with_weights], strict=False):
        if one != other:  # Keras goes by the order, whatever the layers are called
            what = f"{other} stands where the config has {one}: each would be given the weights of another"
            report.add("weight-shape", f"{where}{root}@layer_names", what)
            break


def _names_by_order(listed: Any, names: list[str]) -> dict[int, str]:
    """What the layers of a config are called in weights of its like; nothing where they are called the same there.

    A model that is made again has other names of its own accord, and Keras takes the weights by their order.
    """
    layers = [(at, each) for at, each in enumerate(listed if isinstance(listed, list) else []) if is_layer(each)]
    if {own_name(each) for _, each in layers} >= set(names):
        return {}
    if len(layers) != len(names):  # the input of a Sequential is not among its layers
        layers = [(at, each) for at, each in layers if each["class_name"] != "InputLayer"]
    return {at: name for (at, _), name in zip(layers, names, strict=True)} if len(layers) == len(names) else {}


def _model(report: Report, model: Layer, group: str, found: list[dict[str, Any]]) -> None:
    """A nested model, whose weights lie in one group: those that are not trained last, and of a shared layer once.

    Where a shape is known in part alone, which weight is whose is not told: each must fit something.
    """
    layers = [layer for _, layer in layers_of(model)]
    names = [own_name(layer) for layer in layers]
    every = [asked_by(report, layer, group) for layer in layers]
    if len(set(names)) < len(names):
        return
    listed = [each for one in every for each in one or ()]
    if any(one is None for one in every) or any(each.name or each.shape is None for each in listed):
        return
    asked: Counter[Shape] = Counter(without_free(each.shape or ()) for each in listed if not each.again)
    held: Counter[tuple[int, ...]] = Counter(tuple(entry["shape"]) for entry in found)
    called = bool(model.get("inbound_nodes")) or variables.input_shape(model) is not None
    if not found and not called:
        return
    if asked.total() != held.total():
        rule = "weight-missing" if asked.total() > held.total() else "weight-surplus"
        report.add(rule, group, f"{held.total()} weights; the layers of this model have {asked.total()}")
    for shape, count in asked.items():
        report.clock.check()
        fitting = sum(number for there, number in held.items() if shape_fits(shape, there))
        if fitting < count:
            report.add("weight-shape", group, f"{fitting} are {shape_text(shape)}; the config asks for {count}")
    for there in held:
        report.clock.check()
        if not any(shape_fits(each, there) for each in asked):
            report.add("weight-shape", group, f"no layer of this model has one of {shape_text(there)}")


def _layer(report: Report, layer: Layer, group: str, found: list[dict[str, Any]], where: str,
           shape: Any) -> None:  # fmt: skip
    shape = variables.input_shape(layer) or variables.called_on(layer) or shape
    asked = asked_by(report, layer, group, shape)
    if asked is None:
        return
    told_more = quantized.mode(layer["config"]) != "" or layer["config"].get("lora_rank")  # then some are not trained
    asked = [each for each in asked if not each.again] + variables.adapters(layer, shape)
    name = variables.built_in(layer)
    inner = layer["config"].get("layer") if name == "TimeDistributed" else layer
    told: Sizes | None = {} if isinstance(inner, dict) and variables.built_in(inner) in TELLS else None
    if modes := changed_inside.modes(asked, changed_inside.by_name(found)):
        report.add("changed-inside", group, f"{own_name(layer)}: {', '.join(modes)}")
        return
    # Keras 2 puts the weights that are not trained last, so that a layer's order depends on what was frozen.
    left = list(found)
    for each in sorted(asked, key=_unknown):
        fitting = [entry for entry in left if fits(each, entry["shape"], dict(told or {}))]
        match = next((entry for entry in fitting if is_whole(entry) == each.whole), fitting[0] if fitting else None)
        if match is not None:
            left.remove(match)
            fits(each, match["shape"], told)
            policy = each.policy or variables.policy(layer["config"])
            hold_dtype(report, match, f"{where}{match['path']}", policy, whole=each.whole)
        elif each.name:  # a weight by name is not among `weights` in Keras 3
            continue
        elif found and len(left) and len(found) == len(asked):
            report.add("weight-shape", group, f"none is {asked_text(each, told)}; left are "
                       f"{', '.join(shape_text(entry['shape']) for entry in left)}")  # fmt: skip
            return
        elif found or variables.input_shape(layer) is not None or layer.get("inbound_nodes"):
            report.add("weight-missing", group, f"the config asks for {asked_text(each, told)}")
    for entry in left:
        report.add("weight-surplus", f"{where}{entry['path']}", "the layer has no such weight")
    if name in IN_ORDER and len(found) == len(asked) and not left and not told_more:
        for each, entry in zip(asked, found, strict=True):
            if not fits(each, entry["shape"], told):
                what = f"{shape_text(entry['shape'])} stands where {asked_text(each, told)} is looked for"
                report.add("weight-shape", f"{where}{entry['path']}", what)
                return


def _unknown(asked: Variable) -> tuple[bool, int]:
    """Of how much of a weight's shape the config tells nothing: what fits most is looked for last."""
    return asked.shape is None, sum(type(each) is not int for each in asked.shape or ())


def _listed(attributes: dict[str, Any], name: str) -> list[str]:
    """A list of names that may be in pieces: `layer_names`, or `layer_names0` and so on."""
    if name in attributes:
        value = attributes[name]
        return value if isinstance(value, list) else [value]
    made: list[str] = []
    for at in range(10_000):
        piece = attributes.get(f"{name}{at}")
        if piece is None:
            break
        made.extend(piece if isinstance(piece, list) else [piece])
    return made
