"""pooling"""

from __future__ import annotations

from harness.architectures.rules import LayerRule

RULES: tuple[LayerRule, ...] = ()
