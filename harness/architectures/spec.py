"""What is known of a tensor while a graph grows: enough to choose a layer for it and to make data for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from harness.protocol.architecture import Values


@dataclass(frozen=True, slots=True)
class Spec:
    """A tensor: `shape` without the batch axis, `kind` of element, and what is promised of its values.

    `kind` is ``float``, ``int``, ``bool`` or ``string``. `limit`: integers lie in ``[0, limit)``; None where nothing
    is promised. `image`: floats lie in ``[0, 255]``. `differentiable`: a gradient can flow from it to what precedes.
    `masked`: a Keras mask may travel with it. `fixed_batch`: its Input has a static batch size.
    """

    shape: tuple[int | None, ...]
    kind: str = "float"
    limit: int | None = None
    image: bool = False
    differentiable: bool = True
    masked: bool = False
    words: tuple[str, ...] = ()
    fixed_batch: bool = False
    sparse: bool = False
    dtype: str | None = None  # the exact dtype where a rule needs to say it (Input), else left to policy

    @property
    def rank(self) -> int:
        """Number of axes, batch axis left out."""
        return len(self.shape)

    @property
    def static(self) -> bool:
        """Every axis but the batch has a known length."""
        return None not in self.shape

    @property
    def size(self) -> int:
        """Number of elements of one sample; of a static shape only."""
        product = 1
        for axis in self.shape:
            assert axis is not None
            product *= axis
        return product

    def but(self, **changes: Any) -> Spec:
        """The same tensor with some fields changed."""
        return replace(self, **changes)

    def values(self, *, mask_value: float | None = None) -> Values:
        """The data that an Input of this spec is fed with."""
        if self.kind == "string":
            return Values("word", words=self.words or ("red", "green", "blue", "never seen"))
        if self.kind == "bool":
            return Values("boolean")
        if self.kind == "int":
            return Values("integer", low=0, high=self.limit or 8, masked=self.masked)
        if self.image:
            return Values("image", low=0.0, high=255.0)
        if mask_value is not None:
            return Values("real", masked=True, mask_value=mask_value)
        return Values("real")

    def input_dtype(self) -> str:
        """The dtype of an Input of this spec."""
        return self.dtype or {"float": "float32", "int": "int32", "bool": "bool", "string": "string"}[self.kind]
