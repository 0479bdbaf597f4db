"""The small models and errors that the tests of what is expected speak of, and what is found where one changes."""

from __future__ import annotations

from typing import Any

from harness.expectations.finding import Finding
from harness.expectations.judge import judge
from harness.protocol.architecture import Architecture, Call, Input, Node, Ref

ERROR = {"type": "ValueError", "message": "first line\nsecond line", "place": "keras/somewhere.py:load", "ours": False}
DENSE = Node("dense", Call("layers.Dense", {"units": 2}), (Ref("input"),), {}, ((2,),))


def model(layer: object, *, name: str = "model", node: str = "layer", policy: str | None = None) -> Architecture:
    """A functional model of one layer, whose rule says that it gives two numbers."""
    return Architecture(
        name, inputs=(Input("input", (3,)),), nodes=(Node(node, layer, (Ref("input"),), {}, ((2,),)),),
        outputs=Ref(node), policy=policy,
    )  # fmt: skip


MODEL = model(DENSE.layer, node=DENSE.name)
RAISED = {**ERROR, "message": "no 'dense_3' of 5"}
FINDING = Finding(
    "flags", "value", ("layers", "Dense"), ("json", "clone"), "flags: Dense is another one", "layers/dense", 1, 2,
    {"of": 3}, layers=("Dense",), architecture=MODEL, consequences=("json/losses",), times=2, script="import keras",
    script_shows=True, script_problem="none",
)  # fmt: skip
EYE = Call("layers.Dense", {"units": 2, "kernel_initializer": Call("initializers.Identity", {"gain": 2.0})})


def config(name: str, **stated: object) -> dict[str, object]:
    """The config of a model as far as it says anything of one layer."""
    return {"layers": [{"config": {"name": name, **stated}}]}


def judged(
    relation: str,
    before: Any,
    after: Any,
    observation: str = "flags",
    *,
    blobs: dict[str, bytes] | None = None,
    optimizer: Any = None,
) -> list[Finding]:
    """All that is found where an observation of the model was one thing, and is another when it comes from a file."""
    original = {"optimizer": optimizer, observation: before}
    reply = {
        "build": {"shapes": {}},
        "before": original,
        "routes": {"keras_zip": {"before": {}, "after": {observation: after}}},
    }
    return judge(MODEL, reply, blobs or {}, {"keras_zip": {observation: relation}})


def found(
    relation: str, before: Any, after: Any, observation: str = "flags", **more: Any
) -> list[tuple[str, str, str]]:
    """Where and how the observation differs; that a config forgets what was given is another matter."""
    findings = judged(relation, before, after, observation, **more)
    return [(each.where, each.kind, each.title) for each in findings if each.observation == observation]
