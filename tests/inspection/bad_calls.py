"""Models that take their memory or time when they are called: much made of little, and models in models in models."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from tests.inspection import building as b
from tests.inspection.case import Case


def operation(
    name: str, module: str = "numpy", *, given: tuple[int | None, ...] = (None, 3), **config: object
) -> b.Config:
    """A model of one operation of Keras."""
    made = b.layer(name, module=f"keras.src.ops.{module}", registered=name, name="o", **config)
    model = b.functional(b.called(made, "input_layer"), outputs="o")
    model["config"]["layers"][0]["config"]["batch_shape"] = list(given)
    return model


def function(name: str, **arguments: object) -> b.Config:
    """A model of one function of TensorFlow, as Keras 2 keeps it."""
    made = b.layer("TFOpLambda", module="keras.src.layers.core.tf_op_layer", registered="TFOpLambda", name="o",
                   function=name)  # fmt: skip
    made |= {"name": "o", "inbound_nodes": [["input_layer", 0, 0, {**arguments, "name": None}]]}
    return b.functional(made, outputs="o")


def nested(depth: int, calls: int = 2) -> b.Config:
    """A model that calls one that calls one, each on what came of its call before."""
    model = b.functional(b.called(b.layer("ReLU", name="r"), "input_layer"), outputs="r")
    for at in range(depth):
        nodes = [{"args": [b.tensor("input_layer")], "kwargs": {}}]
        nodes += [{"args": [b.tensor(f"m{at}", number)], "kwargs": {}} for number in range(calls - 1)]
        inner = {**model, "name": f"m{at}", "inbound_nodes": nodes}
        inner["config"] = {**model["config"], "name": f"m{at}"}
        # Of a functional model the numbers in `output_layers` begin at 1.
        model = b.functional(inner, outputs=[[f"m{at}", calls, 0]])
    return model


def widened(many: int, each: int) -> dict[str, b.Config]:
    """Models out of whose last layer so much flows, or the square of `each`."""
    pixel = b.layer("Reshape", name="q", target_shape=[1, 1, 3])
    row = b.layer("Reshape", name="q", target_shape=[3, 1])
    words = {"dtype": "string", "vocabulary": ["a", "b"], "max_tokens": many}
    custom = b.layer("Mine", module="mine", registered="mine>Mine", name="m")
    layers = {
        "RepeatVector": [b.layer("RepeatVector", name="v", n=many)],
        "ZeroPadding1D": [row, b.layer("ZeroPadding1D", name="p", padding=many)],
        "UpSampling1D": [row, b.layer("UpSampling1D", name="p", size=many)],
        "UpSampling2D": [pixel, b.layer("UpSampling2D", name="p", size=[each, each])],
        "Conv2DTranspose": [pixel, b.layer(
            "Conv2DTranspose", name="p", filters=1, kernel_size=[1, 1], strides=[each, each])],
        "Resizing": [pixel, b.layer("Resizing", name="p", height=each, width=each)],
        "CategoryEncoding": [b.layer("CategoryEncoding", name="t", num_tokens=many, output_mode="multi_hot")],
        "Hashing": [b.layer("Hashing", name="t", num_bins=many, output_mode="one_hot")],
        "StringLookup": [b.layer("StringLookup", name="t", output_mode="multi_hot", pad_to_max_tokens=True, **words)],
        "TextVectorization": [b.layer("TextVectorization", name="t", output_sequence_length=many, **words)],
        "TimeDistributed": [row, b.layer(
            "TimeDistributed", name="t", layer=b.layer("RepeatVector", name="v", n=many))],
        "two layers with one between that makes less": [
            pixel, b.layer("UpSampling2D", name="u", size=[each // 100, each // 100]),
            b.layer("AveragePooling2D", name="a", pool_size=[2, 2]),
            b.layer("UpSampling2D", name="p", size=[1000, 1000])],
        "a model in a model": [b.sequential(b.layer("RepeatVector", name="v", n=many))],
    }  # fmt: skip
    made = {name: b.sequential(*listed) for name, listed in layers.items()}
    made["UpSampling2D after a class of the author's"] = b.sequential(custom, layers["UpSampling2D"][1])
    return made | {
        "Tile": operation("Tile", repeats=[1, many]),
        "tf.tile": function("tile", multiples=[1, many]),
        "tf.pad": function("compat.v1.pad", paddings=[[0, 0], [1, many]], mode="CONSTANT"),
        "tf.one_hot": function("one_hot", depth=many),
        "tf.repeat": function("repeat", repeats=many, axis=1),
        "tf.broadcast_to": function("broadcast_to", shape=[each, each, 3]),
        "tf.image.resize": function("image.resize", size=[each, each]),
        "Tile by an array": operation("Tile", repeats={
            "class_name": "__numpy__", "config": {"value": [1, many], "dtype": "int64"}}),
        "Tile by a tuple": operation("Tile", repeats={"class_name": "__tuple__", "items": [1, many]}),
        "Repeat": operation("Repeat", repeats=many, axis=1),
        "Repeat each": operation("Repeat", repeats=[1, many, 2], axis=1),
        "Pad": operation("Pad", pad_width=[[0, 0], [0, many]], mode="constant"),
        "Pad, at all axes": operation("Pad", pad_width=many, mode="constant"),
        "Pad, at all axes by two": operation("Pad", pad_width=[1, many], mode="constant"),
        "BroadcastTo": operation("BroadcastTo", shape=[each, each, 3]),
        "OneHot": operation("OneHot", "nn", num_classes=many),
        "Tile in a Lambda": b.sequential(b.layer("Lambda", name="l", function=b.function("tile", "keras.ops", "tile"),
                                                 arguments={"repeats": [1, many]})),
        "OneHot in a Lambda": b.sequential(b.layer("Lambda", name="l", arguments={"num_classes": many},
                                                   function=b.function("one_hot", "keras.ops", "one_hot"))),
        "Linspace": operation("Linspace", num=many),
        "Diag": operation("Diag", given=(3,), k=-each),
        "Bincount": operation("Bincount", minlength=many),
        "SegmentSum": operation("SegmentSum", "math", num_segments=many),
        "Resize": operation("Resize", "image", given=(None, 1, 1, 3), size=[each, each]),
        "PadImages": operation("PadImages", "image", given=(None, 1, 1, 3), top_padding=each, left_padding=each),
        "PadImages to a size": operation(
            "PadImages", "image", given=(None, 1, 1, 3), target_height=each, target_width=each),
    }  # fmt: skip


def many_calls(many: int, depth: int) -> dict[str, b.Config]:
    """Models that make so many calls, or tensors, or two to the power of `depth`."""
    return {
        "Unstack": operation("Unstack", "core", num=many, axis=0),
        "Split": operation("Split", given=(None, many), indices_or_sections=many, axis=1),
        "models in models": nested(depth),
        "models in models, three times each": nested(depth * 2 // 3, 3),
        "models in TimeDistributed": b.sequential(b.layer("TimeDistributed", name="t", layer=nested(depth))),
    }


def _on_disk(config: b.Config) -> dict[str, Callable[[Path], Path]]:
    return {
        "": lambda folder: b.keras(folder, config, weights=b.hdf5({})),
        ", JSON alone": lambda folder: b.keras_json(folder, config),
        ", h5": lambda folder: b.whole_hdf5(folder, config),
    }


def _cases() -> Iterator[Case]:
    for name, config in widened(10**11, 10**6).items():
        for how, make in _on_disk(config).items():
            yield Case(f"widened by {name}{how}", "bomb", "model-bomb", make)
    for name, config in many_calls(10**9, 30).items():
        for how, make in _on_disk(config).items():
            yield Case(f"many calls of {name}{how}", "bomb", "model-bomb", make)


CASES = [*_cases()]
