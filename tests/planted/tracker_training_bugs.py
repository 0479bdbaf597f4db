"""What training needs and does not come back, and what is trained though it should not be."""

from __future__ import annotations

import importlib
from typing import Any

from harness.protocol.architecture import Freeze
from tests.planted.tracker import (
    CLONED,
    H5_HERE,
    H5_LOADED,
    HERE,
    LOADED,
    TRAINED,
    Patch,
    chain,
    commit,
    family,
    issue,
    layer,
    pull,
    trained,
)

FAULTS, fault = family()


@fault(
    commit("471edf24d9aa769797efdcdc112de9a3e260032d"),
    "A layer that was frozen before it was built made trainable weights: training moved them.",
    chain(
        (3,), layer("Dense", units=3), layer("Dense", units=2), freezes=(Freeze(("a",), "made"),), compile=trained(2)
    ),
    flags=("Dense", "build"),
    frozen=("Dense", "transfer"),
    moved=("reloaded optimizer slots", "transfer"),
)
def frozen_before_built_is_trained(keras: Any, patch: Patch) -> None:
    patch.rewrite(keras.layers.Layer, "_track_variable", ("if not self.trainable:", "if False:"))


@fault(
    issue(7504),
    "Freezing a TimeDistributed did not freeze the layer in it.",
    chain((4, 3), layer("TimeDistributed", layer=layer("Dense", units=2))),
    frozen=("TimeDistributed", "transfer"),
)
def wrapper_does_not_freeze_what_it_wraps(keras: Any, patch: Patch) -> None:
    def freeze(self: Any, value: bool) -> None:
        self._trainable = bool(value)

    patch.set(keras.layers.TimeDistributed, "trainable", property(lambda self: self._trainable, freeze))


@fault(
    issue(4241),
    "Freezing a Bidirectional did not freeze its two layers.",
    chain((4, 3), layer("Bidirectional", layer=layer("GRU", units=2))),
    frozen=("Bidirectional", "transfer"),
)
def bidirectional_does_not_freeze_its_layers(keras: Any, patch: Patch) -> None:
    def freeze(self: Any, value: bool) -> None:
        self._trainable = bool(value)

    patch.set(keras.layers.Bidirectional, "trainable", property(lambda self: self._trainable, freeze))


@fault(
    pull(9965),
    "A frozen BatchNormalization went on to use the statistics of the batch, and to move its own.",
    chain((3,), layer("Dense", units=3), layer("BatchNormalization")),
    frozen=("BatchNormalization", "transfer"),
)
def frozen_batchnorm_uses_the_batch(keras: Any, patch: Patch) -> None:
    patch.rewrite(keras.layers.BatchNormalization, "call", ("if training and self.trainable:", "if training:"))


@fault(
    commit("4919ea1702"),
    "`loss_weights` could not be one number, though the model has one output.",
    chain((3,), layer("Dense", units=2), compile=trained(2, loss_weights=0.5)),
    build=("ValueError", "build"),
)
def one_loss_weight_is_refused(keras: Any, patch: Patch) -> None:
    module = importlib.import_module("keras.src.trainers.compile_utils")
    patch.rewrite(module.CompileLoss, "__init__", ("(list, tuple, dict, float)", "(list, tuple, dict)"))


@fault(
    pull(18765),
    "CosineSimilarity had no config of its own, and could not be made from that of its base class.",
    chain((3,), layer("Dense", units=2), compile=trained(2, loss=layer("losses.CosineSimilarity"))),
    travel=("TypeError", f"{CLONED} {LOADED} {H5_LOADED} clone_inputs json"),
)
def loss_has_no_config_of_its_own(keras: Any, patch: Patch) -> None:
    loss = keras.losses.CosineSimilarity
    patch.set(loss, "get_config", loss.__mro__[1].get_config)


@fault(
    issue(2145),
    "Optimizers left `clipnorm` out of their configs: what was loaded trained without clipping.",
    chain((3,), layer("Dense", units=2), compile=trained(2, optimizer=layer("optimizers.SGD", clipnorm=0.01))),
    given=("SGD", "build"),
    training=("logs/1/loss", TRAINED),
)
def optimizers_forget_clipnorm(keras: Any, patch: Patch) -> None:
    patch.forgets(keras.optimizers.SGD, "clipnorm")


@fault(
    pull(4052),
    "Optimizers left their decay out of their configs.",
    chain((3,), layer("Dense", units=2), compile=trained(2, optimizer=layer("optimizers.AdamW", weight_decay=0.3))),
    given=("AdamW", "build"),
    training=("logs/1/loss", TRAINED),
)
def optimizers_forget_their_decay(keras: Any, patch: Patch) -> None:
    patch.forgets(keras.optimizers.AdamW, "weight_decay")


@fault(
    issue(10221),
    "Loading did not set `weighted_metrics`: a loaded model no longer reported them.",
    chain((3,), layer("Dense", units=2), compile=trained(2, weighted_metrics=[layer("metrics.MeanAbsoluteError")])),
    compile=("config/weighted_metrics", LOADED),
)
def weighted_metrics_are_not_loaded(keras: Any, patch: Patch) -> None:
    def compile_from_config(original: Any, self: Any, config: Any) -> None:
        original(self, {**config, "weighted_metrics": None})

    patch.around(keras.Model, "compile_from_config", compile_from_config)


@fault(
    pull(19438),
    "Loading an .h5 did not heed `compile=False`.",
    chain((3,), layer("Dense", units=2), compile=trained(2)),
    compile=("all of it", "hdf5_uncompiled"),
)
def compile_false_is_not_heeded_in_h5(keras: Any, patch: Patch) -> None:
    patch.rewrite(
        importlib.import_module("keras.src.legacy.saving.legacy_h5_format"),
        "load_model_from_hdf5",
        ("if compile:", "if True:"),
    )


@fault(
    commit("cd82deb152f7903f338be66f0b9bdb51c689b716"),
    "SGD kept no value of one of its arguments, and could not say its config.",
    chain((3,), layer("Dense", units=2), compile=trained(2, optimizer=layer("optimizers.SGD", momentum=0.9))),
    compile=("AttributeError", "build"),
    travel=(
        "AttributeError",
        f"{HERE} keras_uncompiled {H5_HERE} hdf5_uncompiled weights_by_name hdf5_weights",
    ),
)
def sgd_cannot_say_its_config(keras: Any, patch: Patch) -> None:
    patch.rewrite(keras.optimizers.SGD, "get_config", ("self.nesterov", "self.nesterov_"))
