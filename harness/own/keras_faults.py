"""Faults of Keras itself that a user's layer meets: they are told as Keras's, and are not his to mend.

The known issues go by layers of Keras, and by those that the harness writes as users do. A layer of layers of one's
own is to Keras what the harness's `Gate` is, a subclassed model what its `TwoBranches` is.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.expectations.finding import Finding
from harness.expectations.known import KnownIssues
from harness.own.making import Made
from harness.own.parts import is_own, is_registered, reread
from harness.own.report import essence
from harness.own.values import PLAIN
from harness.protocol.architecture import Call, Name, Node, Ref
from harness.worker import dialect
from harness.worker.dialect import keras

ABOUT_LAYERS_OF_LAYERS = ("frozen", "moved", "flags")  # what is observed of their sub-layers' trainable flags


def marked_as_ours(finding: Finding, built: Made, issues: KnownIssues, about: Mapping[str, Any]) -> Finding:
    """The finding, marked as known where it is an issue of Keras, under the name of its class or of one like it."""
    marked = issues.marked(finding, about)
    if marked.status == "known" or finding.architecture is None:
        return marked
    alike = _alike(built) if finding.observation in ABOUT_LAYERS_OF_LAYERS else {}
    names = [*(f"custom.{name}" for name in dict.fromkeys(alike.values())), *_peculiar(finding, built)]
    alike = {**_derived(built), **alike}
    nodes = [*(Node(name.rpartition(".")[2], Call(name), (Ref("input"),)) for name in names), *_of_keras(built)]
    if not nodes:
        return marked
    place = tuple("/".join(alike.get(piece, piece) for piece in part.split("/")) for part in finding.place)
    twin = issues.marked(
        replace(
            finding,
            place=place,
            layers=tuple(alike.get(each, each) for each in finding.layers),
            architecture=replace(finding.architecture, nodes=tuple(nodes)),
        ),
        about,
    )
    return replace(marked, status=twin.status, known_issue=twin.known_issue)


def _peculiar(finding: Finding, built: Made) -> list[str]:
    """What a finding may come of that only people's own code has, by the names of `known_issues/own.toml`."""
    own = type(built.subject.model)
    names = []
    if is_own(own) and dialect.is_graph(built.subject.model):
        names.append("own.functional")
        names += ["own.functional_and_registered"] if is_registered(own) else []
    if _has_unnamed_inputs(built.subject.model):
        names.append("own.unnamed_input")
    if any(isinstance(each, keras.layers.RNN) for each in built.subject.model._flatten_layers()):
        names.append("own.recurrent")
    if finding.observation == "tracked" and _holds_layers_in_lists(_layer_at(finding.where, built)):
        names.append("own.layers_in_lists")
    if finding.error is not None and _cannot_be_copied(built, str(finding.error["message"])):
        names.append("own.tracked_list")
    return names


def _layer_at(path: str, built: Made) -> Any:
    """The layer of this path; the model where it is none."""
    return dict(built.subject.layers()).get(path, built.subject.model)


def _holds_layers_in_lists(layer: Any) -> bool:
    """Whether a layer of one's own keeps layers in a list or a dict, of which Keras 3 makes its own."""
    every = vars(keras.layers.Layer())
    return is_own(type(layer)) and any(
        type(value).__name__.startswith("Tracked") and _holds_a_layer(value)
        for name, value in vars(layer).items()
        if name not in every and not name.startswith("_self_")  # what TensorFlow tracks, it keeps in such a dict
    )


def _holds_a_layer(value: Any) -> bool:
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, (list, tuple, set)):
        return isinstance(value, keras.layers.Layer)
    return any(map(_holds_a_layer, value))


def _cannot_be_copied(built: Made, message: str) -> bool:
    """Whether this is what is raised where the config of the layer is copied, once that came out of a file."""
    if built.layer is None:
        return False
    config: dict[str, Any] = {}
    try:
        layer = reread(built.layer)
        built.fed.call(layer, built.subject.inputs)
        config = layer.get_config()
        copy.deepcopy(config)
    except Exception as error:
        tracked = any(type(each).__name__.startswith("Tracked") for each in config.values())
        return tracked and essence(error)[:80] == essence(message)[:80]
    return False


def _own_classes(built: Made) -> list[type]:
    return list(dict.fromkeys(type(each) for each in built.subject.model._flatten_layers() if is_own(type(each))))


def _has_unnamed_inputs(model: Any) -> bool:
    """Whether an input has a name that Keras made up, which is not that of its tensor."""
    if not dialect.is_graph(model):
        return False
    inputs = [each for each in model.layers if isinstance(each, keras.layers.InputLayer)]
    return any(getattr(each.output, "name", each.name) != each.name for each in inputs)


def _derived(built: Made) -> dict[str, str]:
    """The classes of one's own that are derived from a layer of Keras, each with that: its faults are theirs."""
    plain = (keras.layers.Layer, keras.Model, keras.Sequential)
    found: dict[str, str] = {}
    for cls in _own_classes(built):
        base = next(each for each in cls.__mro__ if not is_own(each))
        if issubclass(base, keras.layers.Layer) and base not in plain and not issubclass(base, keras.Model):
            found[cls.__name__] = base.__name__
    return found


def _of_keras(built: Made) -> list[Node]:
    """The layers and operations of Keras in the model, as an architecture has them: the known issues go by these."""
    model = built.subject.model
    nodes: list[Node] = []
    derived = _derived(built)
    for each in model._flatten_layers(include_self=False):
        if is_own(type(each)) and type(each).__name__ not in derived:
            continue
        try:
            config = each.get_config()
        except Exception:
            config = {}
        plain = {key: value for key, value in config.items() if isinstance(value, (*PLAIN, type(None)))}
        name = derived.get(type(each).__name__, type(each).__name__)
        nodes.append(Node(each.name, Call(f"layers.{name}", plain), (Ref("input"),)))
    operations = getattr(model, "_operations", []) if dialect.is_graph(model) else []
    nodes += [
        Node(each.name, Name("ops.operation"), (Ref("input"),))
        for each in operations
        if not isinstance(each, keras.layers.Layer)
    ]
    return nodes


def _alike(built: Made) -> dict[str, str]:
    """The classes of one's own that are made of layers, each with the class of the harness that is."""
    found: dict[str, str] = {}
    for each in built.subject.model._flatten_layers():
        if is_own(type(each)) and list(each._flatten_layers(include_self=False)):
            found[type(each).__name__] = "TwoBranches" if isinstance(each, keras.Model) else "Gate"
    return found
