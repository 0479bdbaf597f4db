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
    # Of Keras 2 alone.
    "RegNetX002": 32, "RegNetX004": 32, "RegNetX006": 32, "RegNetX008": 32, "RegNetX016": 32, "RegNetX032": 32,
    "RegNetX040": 32, "RegNetX064": 32, "RegNetX080": 32, "RegNetX120": 32, "RegNetX160": 32, "RegNetX320": 32,
    "RegNetY002": 32, "RegNetY004": 32, "RegNetY006": 32, "RegNetY008": 32, "RegNetY016": 32, "RegNetY032": 32,
    "RegNetY040": 32, "RegNetY064": 32, "RegNetY080": 32, "RegNetY120": 32, "RegNetY160": 32, "RegNetY320": 32,
    "ResNetRS50": 32, "ResNetRS101": 32, "ResNetRS152": 32, "ResNetRS200": 32, "ResNetRS270": 32,
    "ResNetRS350": 32, "ResNetRS420": 32,
}  # fmt: skip

# Those that take less than ten seconds, saved, loaded and trained on in every way.
SECONDS = ("MobileNet", "MobileNetV3Small", "VGG16", "VGG19")
# Those that take up to half a minute and 1.4 GiB, of several kinds; the others are run where time does not count.
LIGHT = (
    "EfficientNetB0", "InceptionV3", "MobileNet", "MobileNetV2", "MobileNetV3Large", "MobileNetV3Small", "ResNet50",
    "ResNet50V2", "VGG16", "VGG19",
)  # fmt: skip


def application(name: str) -> Architecture:
    """The base as an architecture, fed with two images.

    The seed says how it goes under its head: every other one tensor by tensor, the rest as one layer.
    """
    side = SIDES[name]
    seed = 1 + 4 * (list(SIDES).index(name) % 2)
    image = Input("image", (side, side, 3), values=Values("image", low=0.0, high=1.0))
    return Architecture(name, f"application:{name}", (image,), batch=2, seed=seed)


def known(vocabulary: Vocabulary) -> list[str]:
    """The builders of this Keras that the table knows."""
    return [name for name in SIDES if vocabulary.has(f"applications.{name}")]


def unknown(vocabulary: Vocabulary) -> list[str]:
    """The builders of this Keras that it does not."""
    public = [name.partition(".")[2] for name in vocabulary.arguments if name.startswith("applications.")]
    return [name for name in public if name not in SIDES and "." not in name]
