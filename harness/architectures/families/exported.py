"""A SavedModel taken up as a layer: TFSMLayer, over a small model that the worker exports first."""

from __future__ import annotations

from hypothesis import strategies as st

from harness.architectures import inputs
from harness.architectures.rules import Arguments, LayerRule, Placement
from harness.architectures.spec import Spec
from harness.protocol.architecture import Architecture, Call, Exported, Input, Node, Ref

# The outputs of an endpoint that is a signature come as a dict; `serve` gives them as the model does.
_ENDPOINTS = ("serving_default",)


def _small(spec: Spec, units: int, seed: int) -> Exported:
    nodes = (
        Node("hidden", Call("layers.Dense", {"units": 3, "activation": "tanh"}), (Ref("x"),)),
        Node("head", Call("layers.Dense", {"units": units}), (Ref("hidden"),)),
    )
    return Exported(Architecture("exported", "sequential", (Input("x", spec.shape),), nodes, Ref("head"), seed=seed))


def _saved_model(a: Arguments, x: Spec) -> Placement:
    units = a.draw(st.integers(1, 4))
    a.give("filepath", _small(x, units, a.draw(st.integers(0, 9))))
    a.optional("call_endpoint", st.sampled_from(_ENDPOINTS), default="serve")
    endpoint = a.get("call_endpoint", "serve")
    a.optional("call_training_endpoint", st.just(endpoint))
    return Placement((Spec((*x.shape[:-1], units)),), keyed=endpoint in _ENDPOINTS)


def _takes(spec: Spec) -> bool:
    return spec.kind == "float" and spec.static and not spec.sparse and spec.rank >= 1 and spec.dtype is None


RULES = (LayerRule("TFSMLayer", _saved_model, inputs.vectors, _takes, common=("trainable",)),)
