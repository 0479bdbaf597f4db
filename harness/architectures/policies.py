"""Dtype policies of a layer: by name, or as an object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from harness.architectures.rules import Arguments
from harness.protocol.architecture import Call

MODE = "mode."  # stands before a mode of quantization that is wanted
OWN = "policy of a layer."  # stands before the name of a policy that is wanted
DTYPES = ("float64", "float16", "bfloat16", "mixed_float16", "mixed_bfloat16")
_PLAIN = "dtype_policies.DTypePolicy"
_MAP = "dtype_policies.DTypePolicyMap"
CLASSES = (_PLAIN, _MAP, "mixed_precision.Policy")
# The class of policy by which a layer is quantized from the start.
QUANTIZED = {
    "int8": "dtype_policies.QuantizedDTypePolicy",
    "int4": "dtype_policies.Int4DTypePolicy",
    "float8": "dtype_policies.QuantizedFloat8DTypePolicy",
}


def own_policy(a: Arguments, names: Sequence[str] = DTYPES) -> None:
    """Gives a layer, now and then, a dtype policy of its own; one that the model wants, if it wants any."""
    if not a.has("dtype") or "dtype" in a.values:
        return
    classes = [name for name in CLASSES if a.vocabulary.has(name)]
    asked = [name for name in names if f"{OWN}{name}" in a.objects]
    shapes = [name for name in classes if name in a.objects]
    if not asked and not shapes and a.draw(st.integers(0, 11)) != 11:
        return
    name = a.draw(st.sampled_from(asked or list(names)))
    a.objects.pop(f"{OWN}{name}", None)
    a.give("dtype", _written(a, name, shapes[0] if shapes else a.draw(st.sampled_from((None, None, *classes)))))


def _written(a: Arguments, name: str, public: str | None) -> Any:
    """The policy of this name as a string, or as an object of this class."""
    if public is None:
        return name
    a.objects.pop(public, None)
    if public != _MAP:
        return Call(public, {"name": name})
    policy = Call(_PLAIN, {"name": name})
    pattern = a.draw(st.sampled_from((".*", "no such layer")))
    return Call(_MAP, {"default_policy": policy, "policy_map": {pattern: policy}})


def quantizing(a: Arguments, mode: str, source: str, *, as_object: bool) -> Any:
    """The policy of a layer that is quantized in this mode from the start."""
    if not as_object:
        return f"{mode}_from_{source}"
    public = QUANTIZED[mode]
    a.objects.pop(public, None)
    if mode == "int4":
        return Call(public, {"mode": f"int4/{a.draw(st.sampled_from((-1, 2, 128)))}", "source_name": source})
    arguments: dict[str, Any] = {"mode": mode, "source_name": source}
    if mode == "float8":
        arguments["amax_history_length"] = a.draw(st.sampled_from((4, 16)))
    return Call(public, arguments)


def is_orthogonal(arguments: Mapping[str, Any]) -> bool:
    """Whether a variable of a layer with these is orthogonal at first: TensorFlow cannot make it so in bfloat16."""
    return any(
        value == "orthogonal" or (isinstance(value, Call) and value.name == "initializers.Orthogonal")
        for value in arguments.values()
    )


def is_quantizing(policy: Any) -> bool:
    """Whether a layer with this policy is quantized from the start."""
    return "mode" in policy.arguments if isinstance(policy, Call) else "_from_" in str(policy)
