"""Faults of Keras itself that a user's layer meets: they are told as Keras's, and are not his to mend.

The known issues go by layers of Keras, and by those that the harness writes as users do. A layer of layers of one's
own is to Keras what the harness's `Gate` is, a subclassed model what its `TwoBranches` is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.expectations.finding import Finding
from harness.expectations.known import KnownIssues
from harness.own.making import Made
from harness.own.parts import is_own
from harness.protocol.architecture import Call, Node, Ref
from harness.worker.dialect import keras

ABOUT_LAYERS_OF_LAYERS = ("frozen", "moved", "flags")  # what is observed of their sub-layers' trainable flags


def marked_as_ours(finding: Finding, built: Made, issues: KnownIssues, about: Mapping[str, Any]) -> Finding:
    """The finding, marked as known where it is an issue of Keras, under the name of its class or of one like it."""
    marked = issues.marked(finding, about)
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


def _alike(built: Made) -> dict[str, str]:
    """The classes of one's own that are made of layers, each with the class of the harness that is."""
    found: dict[str, str] = {}
    for each in built.subject.model._flatten_layers():
        if is_own(type(each)) and list(each._flatten_layers(include_self=False)):
            found[type(each).__name__] = "TwoBranches" if isinstance(each, keras.Model) else "Gate"
    return found
