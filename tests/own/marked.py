"""A user's test module; `tests/test_own_layers.py` runs it in a process of its own."""

from __future__ import annotations

from typing import Any

from harness.own import LayerCase, parametrize_with_checks
from tests.own import drawing, masks


@parametrize_with_checks(
    [
        LayerCase(masks.Masked, inputs=(5, 4)),
        LayerCase(masks.EatsTheMask, inputs=(5, 4), expected_failures={"mask": "waited for"}),
        LayerCase(drawing.DropsNever, inputs=(8,)),
    ]
)
def test_my_layers(case: Any, check: Any) -> None:
    check(case)
