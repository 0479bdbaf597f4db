"""One file per family of layers, each with a tuple RULES; this table lists them."""

from __future__ import annotations

from importlib import import_module

from harness.architectures.rules import LayerRule

FAMILIES = (
    "core", "convolution", "pooling", "reshaping", "recurrent", "wrappers", "attention", "merging", "normalization",
    "regularization", "activation", "preprocessing", "augmentation", "exported", "custom",
)  # fmt: skip


def all_rules() -> dict[str, LayerRule]:
    """Every rule by the name of its layer; raises ValueError where two families claim one layer.

    >>> all_rules()["Dense"].public
    'layers.Dense'
    """
    rules: dict[str, LayerRule] = {}
    for family in FAMILIES:
        for rule in import_module(f"harness.architectures.families.{family}").RULES:
            if rule.name in rules:
                raise ValueError(f"two rules for {rule.name}")
            rules[rule.name] = rule
    return rules
