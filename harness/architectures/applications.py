"""The models of `keras.applications`: each with the smallest input that it takes without its top."""

from __future__ import annotations

from harness.architectures.vocabulary import Vocabulary
from harness.protocol.architecture import Architecture, Input, Values

# The side of the smallest square image. Most take 32; the others say so themselves when given less.
SIDES = {
    "DenseNet121": 32, "DenseNet169": 32, "DenseNet201": 32,
    "EfficientNetB0": 32, "EfficientNetB1": 32, "EfficientNetB2": 32, "EfficientNetB3": 32, "EfficientNetB4": 32,
    "EfficientNetB5": 32, "EfficientNetB6": 32, "EfficientNetB7": 32,
    "EfficientNetV2B0": 32, "EfficientNetV2B1": 32, "EfficientNetV2B2": 32, "EfficientNetV2B3": 32,
    "EfficientNetV2S": 32, "EfficientNetV2M": 32, "EfficientNetV2L": 32,
    "ConvNeXtTiny": 32, "ConvNeXtSmall": 32, "ConvNeXtBase": 32, "ConvNeXtLarge": 32, "ConvNeXtXLarge": 32,
    "InceptionV3": 75, "InceptionResNetV2": 75,
    "MobileNet": 32, "MobileNetV2": 32, "MobileNetV3Small": 32, "MobileNetV3Large": 32,
    "NASNetMobile": 32, "NASNetLarge": 32,
    "ResNet50": 32, "ResNet101": 32, "ResNet152": 32, "ResNet50V2": 32, "ResNet101V2": 32, "ResNet152V2": 32,
    "VGG16": 32, "VGG19": 32, "Xception": 71,
}  # fmt: skip


def application(name: str) -> Architecture:
    """The base as an architecture, fed with two images."""
    side = SIDES[name]
    image = Input("image", (side, side, 3), values=Values("image", low=0.0, high=255.0))
    return Architecture(name, f"application:{name}", (image,), batch=2, seed=1)


def known(vocabulary: Vocabulary) -> list[str]:
    """The builders of this Keras that the table knows."""
    return [name for name in SIDES if vocabulary.has(f"applications.{name}")]


def unknown(vocabulary: Vocabulary) -> list[str]:
    """The builders of this Keras that it does not."""
    public = [name.partition(".")[2] for name in vocabulary.arguments if name.startswith("applications.")]
    return [name for name in public if name not in SIDES and "." not in name]
