"""What was frozen and is trained, or came back free, is told once of each layer that it is of."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.expectations.finding import Finding, layer_classes
from harness.expectations.frozen import still_trained
from harness.expectations.judge import judge
from harness.protocol.architecture import Freeze
from tests.small import EYE, found, model


def flags(*trainable: str, **layers: bool) -> dict[str, object]:
    return {"flags": {"model": True, "layers": layers, "trainable weights": list(trainable)}}


def observed(*trainable: str, model: bool = True, **layers: bool) -> dict[str, object]:
    """Flags of layers by their paths, `__` between two names."""
    named = {name.replace("__", "/"): flag for name, flag in layers.items()}
    return {"model": model, "layers": named, "trainable weights": list(trainable)}


FROZEN = observed(inner=False, inner__block=False, inner__block__dense=False, head=True)


def test_of_what_moved_though_it_was_frozen_each_layer_is_told_once_and_none_hides_another() -> None:
    still = {f"{layer}/{weight}": 1 for layer in ("rnn/cell", "rnn", "dense") for weight in ("kernel", "bias")}
    before = {"fit": still, "tape": still}
    after = {"fit": {**still, "rnn/cell/bias": 2}, "tape": dict.fromkeys(still, 2)}
    assert [where for where, *_ in found("=", before, after, "frozen")] == [
        "fit/rnn/cell/bias", "tape/rnn/kernel", "tape/dense/kernel",
    ]  # fmt: skip


def test_a_trainable_weight_of_a_frozen_layer_is_found_before_the_model_goes_anywhere() -> None:
    architecture = model(EYE)
    (finding,) = still_trained(architecture, flags("layer/kernel", layer=False), layer_classes(architecture))
    assert finding == Finding(
        "flags", "surplus", ("frozen", "Dense", "its own"), ("build",),
        "flags: Dense is frozen, and a weight of its own is trainable", "layer/kernel", "not trainable", "trainable",
        layers=("Dense",), architecture=architecture, path=("frozen", "layer/kernel"),
    )  # fmt: skip
    assert still_trained(architecture, flags("layer/kernel", layer=True), {}) == []
    reply = {"build": {"shapes": {}}, "before": flags("layer/kernel", layer=False), "routes": {}}
    assert judge(architecture, reply, {}, {}) == [finding]


def test_of_each_frozen_layer_its_own_weight_and_one_inside_of_it_are_told_once() -> None:
    classes = {"free": "ReLU", "cell": "GRUCell", "layer": "RNN", "dense": "Dense"}
    paths = ("free/kernel", "layer/kernel", "layer/bias", "layer/cell/kernel", "layer/cell/bias", "dense/kernel")
    found = still_trained(model(EYE), flags(*paths, free=True, layer=False, dense=False), classes)
    assert [(each.where, each.title, each.layers) for each in found] == [
        ("layer/kernel", "flags: RNN is frozen, and a weight of its own is trainable", ("RNN",)),
        (
            "layer/cell/kernel",
            "flags: RNN is frozen, and a weight of a layer inside is trainable",
            ("RNN", "GRUCell"),
        ),
        ("dense/kernel", "flags: Dense is frozen, and a weight of its own is trainable", ("Dense",)),
    ]


def test_what_lies_in_a_frozen_layer_may_have_been_set_free_again() -> None:
    freed = replace(model(EYE), freezes=(Freeze(("layer",)), Freeze(("layer", "inside"), trainable=True)))
    assert still_trained(freed, flags("layer/inside/kernel", layer=False), {}) == []


@pytest.mark.parametrize(
    ("after", "where"),
    [
        # A nested model comes back trainable, with all that is in it.
        (
            observed("inner/block/dense/kernel", inner=True, inner__block=True, inner__block__dense=True, head=True),
            ["layers/inner"],
        ),
        # A layer inside of it alone.
        (observed("inner/block/dense/kernel", inner=False, inner__block=False, inner__block__dense=True, head=True),
         ["layers/inner/block/dense"]),
        # Another layer beside, which was frozen: a cause of its own.
        (
            observed(inner=True, inner__block=True, inner__block__dense=True, head=False),
            ["layers/inner", "layers/head"],
        ),
        # A weight of a layer whose flag is as it was, beside a layer that is not.
        (
            observed("head/kernel", inner=True, inner__block=True, inner__block__dense=True, head=True),
            ["layers/inner", "trainable weights"],
        ),
        (observed("head/kernel", inner=False, inner__block=False, inner__block__dense=False, head=True),
         ["trainable weights"]),
        # Two beside each other, in the same way.
        (observed(inner=False, inner__block=False, inner__block__dense=False, head=False, other=True),
         ["layers/head", "layers/other"]),
        # Flags that are not there at all say nothing of each other.
        (observed(inner__block__dense=False, head=True), ["layers/inner", "layers/inner/block"]),
        # The model itself, and what is in it.
        (observed(model=False, inner=False, inner__block=False, inner__block__dense=False, head=False), ["model"]),
        (observed(model=False, inner=True, inner__block=False, inner__block__dense=False, head=True),
         ["model", "layers/inner"]),
    ],
)  # fmt: skip
def test_a_flag_that_was_lost_is_told_once_and_not_of_all_that_lies_in_its_layer(
    after: dict[str, object], where: list[str]
) -> None:
    assert [place for place, _, _ in found("=", FROZEN, after)] == where
