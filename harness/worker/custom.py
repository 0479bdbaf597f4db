"""Custom layers and models as users write them: registered, with `get_config`, `build`, `build_from_config`.

Each is public to architectures as ``custom.<Name>``. What they do is small; how they travel is what counts.
"""

from __future__ import annotations

from typing import Any

from harness.worker.dialect import MAJOR, keras

register = (
    keras.saving.register_keras_serializable if hasattr(keras, "saving") else keras.utils.register_keras_serializable
)
tf_ops = keras.ops if MAJOR >= 3 else None


@register(package="harness")
class Scale(keras.layers.Layer):
    """Multiplies by a weight for each channel and adds a constant that only its config knows."""

    def __init__(self, offset: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.offset = offset

    def build(self, input_shape: Any) -> None:
        self.factor = self.add_weight(name="factor", shape=(input_shape[-1],), initializer="ones")
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        return inputs * self.factor + self.offset

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "offset": self.offset}


CUSTOM_OBJECTS: dict[str, Any] = {}
