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
from harness.protocol.architecture import Call, Node, Ref
from harness.worker import dialect
from harness.worker.dialect import keras

# What Keras 3 makes of a model whose class is derived from keras.Model and calls super().__init__(inputs, outputs).
OF_FUNCTIONAL = {
    "functional-subclass-clone": "models/cloning.py:_clone_functional_model makes a plain Functional of a model whose"
    " class has a constructor of its own, and says so in a comment. The clone computes the same.",
    "functional-subclass-h5": "legacy/saving/saving_utils.py:model_metadata writes the bare name of the model's class,"
    " and a class that is registered is found by its package and name alone. load_model needs custom_objects.",
}
TRACKED = (
    "h5-tracked-list-in-config",
    "get_config() of the layer returns a list that is an attribute, which Keras tracks (TrackedList), and for .h5 it is"
    " deep-copied with the layer's tracker and sub-layers, which raises; list(self.…) in get_config() spares it.",
)
ABOUT_LAYERS_OF_LAYERS = ("frozen", "moved", "flags")  # what is observed of their sub-layers' trainable flags


def marked_as_ours(finding: Finding, built: Made, issues: KnownIssues, about: Mapping[str, Any]) -> Finding:
    """The finding, marked as known where it is an issue of Keras, under the name of its class or of one like it."""
    marked = issues.marked(finding, about)
    if marked.status != "known" and (issue := _of_functional(finding, built)):
        return replace(marked, status="known", known_issue={"id": issue, "reason": OF_FUNCTIONAL[issue], "link": ""})
    if marked.status != "known" and _of_tracked_lists(finding, built):
        return replace(marked, status="known", known_issue={"id": TRACKED[0], "reason": TRACKED[1], "link": ""})
    if marked.status == "known" or finding.observation not in ABOUT_LAYERS_OF_LAYERS:
        return marked
    alike = _alike(built)
    if not alike or finding.architecture is None:
        return marked
    place = tuple("/".join(alike.get(piece, piece) for piece in part.split("/")) for part in finding.place)
    nodes = tuple(Node(name, Call(f"custom.{name}"), (Ref("input"),)) for name in dict.fromkeys(alike.values()))
    twin = issues.marked(
        replace(
            finding,
            place=place,
            layers=tuple(alike.get(each, each) for each in finding.layers),
            architecture=replace(finding.architecture, nodes=nodes),
        ),
        about,
    )
    return replace(marked, status=twin.status, known_issue=twin.known_issue)


def _of_functional(finding: Finding, built: Made) -> str:
    """Which of `OF_FUNCTIONAL` a finding is; empty where it is none."""
    model = built.subject.model
    if dialect.MAJOR < 3 or not (is_own(type(model)) and dialect.is_graph(model)):
        return ""
    if finding.error is not None:
        theirs = all(route.startswith("hdf5") for route in finding.routes)
        bare = f"Unknown layer: '{type(model).__name__}'" in str(finding.error["message"])
        return "functional-subclass-h5" if theirs and bare and is_registered(type(model)) else ""
    cloned = set(finding.routes) <= {"clone", "clone_function"}
    return "functional-subclass-clone" if cloned and finding.observation in ("structure", "config") else ""


def _of_tracked_lists(finding: Finding, built: Made) -> bool:
    """Whether an error is that of copying the config of the layer, once it came out of a file."""
    routes = all(route.startswith("hdf5") or route == "weights_by_name" for route in finding.routes)
    if dialect.MAJOR < 3 or finding.error is None or not routes or built.layer is None:
        return False
    config: dict[str, Any] = {}
    try:
        layer = reread(built.layer)
        built.fed.call(layer, built.subject.inputs)
        config = layer.get_config()
        copy.deepcopy(config)
    except Exception as error:
        tracked = any(type(each).__name__.startswith("Tracked") for each in config.values())
        return tracked and essence(error)[:80] == essence(str(finding.error["message"]))[:80]
    return False


def _alike(built: Made) -> dict[str, str]:
    """The classes of one's own that are made of layers, each with the class of the harness that is."""
    found: dict[str, str] = {}
    for each in built.subject.model._flatten_layers():
        if is_own(type(each)) and list(each._flatten_layers(include_self=False)):
            found[type(each).__name__] = "TwoBranches" if isinstance(each, keras.Model) else "Gate"
    return found
