"""Weights that are lost, mixed up or refused on the way to a file and back."""

from __future__ import annotations

import importlib
from typing import Any

from harness.protocol.architecture import Data, Freeze, Method, Node
from tests.planted.tracker import (
    H5,
    H5_HERE,
    H5_LOADED,
    HERE,
    LOADED,
    WEIGHTS,
    ZIP,
    Patch,
    chain,
    commit,
    family,
    inner,
    issue,
    layer,
    pull,
    trained,
)

FAULTS, fault = family()
LEGACY = "keras.src.legacy.saving.legacy_h5_format"
SAVING = "keras.src.saving.saving_lib"


@fault(
    commit("2c4decfdd6513729fe20d6227c9e255d0d0dec66"),
    "Dense added its low-rank adapter to a kernel that had it already, whenever it was saved.",
    chain((3,), layer("Dense", units=2, lora_rank=1)),
    weights=("Dense", f"{LOADED} {WEIGHTS}"),
    extracted=("saved alone: outputs of a", "extraction"),
    frozen=("Dense", "transfer"),
)
def adapter_is_merged_twice(keras: Any, patch: Patch) -> None:
    def merged(original: Any, self: Any) -> Any:
        kernel, *others = original(self)
        if self.lora_enabled:
            kernel = kernel + keras.ops.matmul(self.lora_kernel_a, self.lora_kernel_b)
        return (kernel, *others)

    patch.around(keras.layers.Dense, "_get_kernel_with_merged_lora", merged)


@fault(
    commit("2c30d86711184b88009643cb206bdab4562f790e"),
    "Weights went into an .h5 under their names alone: two of one name in a layer could not both be written.",
    chain((4, 2), layer("Bidirectional", layer=layer("LSTM", units=2))),
    travel=("ValueError", f"{H5_HERE} weights_by_name hdf5_weights"),
)
def names_collide_in_h5(keras: Any, patch: Patch) -> None:
    module = importlib.import_module(LEGACY)
    patch.rewrite(module, "save_subset_weights_to_hdf5_group", ('str(w.path).encode("utf8")', 'w.name.encode("utf8")'))


@fault(
    pull(12466),
    "The slots of an optimizer went into an .h5 under one and the same name.",
    chain((3,), layer("Dense", units=2), compile=trained(2)),
    travel=("ValueError", f"{H5_HERE} hdf5_uncompiled weights_by_name hdf5_weights"),
)
def names_of_slots_collide_in_h5(keras: Any, patch: Patch) -> None:
    module = importlib.import_module(LEGACY)
    patch.rewrite(module, "save_optimizer_weights_to_hdf5_group", ('str(w.path).encode("utf8")', 'b"slot"'))


@fault(
    pull(20168),
    "Loading an .h5 did not tell Normalization that its statistics had come.",
    chain((3,), Node("a", layer("Normalization"), methods=(Method("adapt", (Data((9, 3)),)),))),
    outputs=("Normalization", H5_LOADED),
)
def normalization_is_not_told_in_h5(keras: Any, patch: Patch) -> None:
    module = importlib.import_module(LEGACY)
    patch.rewrite(module, "_set_weights", ("instance.finalize_state()", "pass"))


@fault(
    pull(20537),
    "Reading an .h5 by name took all the weights of a model for those that lie directly in it.",
    chain((3,), layer("Dense", units=2)),
    travel=("ValueError", "weights_by_name"),
)
def by_name_expects_all_weights_at_the_top(keras: Any, patch: Patch) -> None:
    module = importlib.import_module(LEGACY)
    patch.rewrite(
        module,
        "load_weights_from_hdf5_group_by_name",
        (
            "model._trainable_variables + model._non_trainable_variables",
            "model.trainable_weights + model.non_trainable_weights",
        ),
    )


@fault(
    issue(13027),
    "Optimizers did not count `iterations` among what they save: schedules and bias correction started anew.",
    chain((3,), layer("Dense", units=2), compile=trained(2)),
    optimizer=("optimizer: ", ZIP),
)
def iterations_are_not_saved(keras: Any, patch: Patch) -> None:
    def load_own_variables(original: Any, self: Any, store: Any) -> None:
        original(self, store)
        self.iterations.assign(0)

    patch.around(keras.optimizers.Optimizer, "load_own_variables", load_own_variables)


@fault(
    commit("6079ae8cfd185b1e82eab85d757a5748c0a3b070"),
    "Loading did not build the optimizer, so there was nothing into which its state could be read.",
    chain((3,), layer("Dense", units=2), compile=trained(2)),
    optimizer=("optimizer: ", ZIP),
)
def optimizer_is_not_built_by_loading(keras: Any, patch: Patch) -> None:
    patch.rewrite(keras.Model, "compile_from_config", ('hasattr(self, "optimizer") and self.built', "False"))


@fault(
    issue(6607),
    "Freezing a layer of a nested model put its weights behind the others: `set_weights` mixed them up.",
    chain((3,), inner((3,), layer("Dense", units=3), layer("Dense", units=3)), freezes=(Freeze(("inner", "p")),)),
    # By name the healthy model has its values moved as well: legacy HDF5 puts what is frozen last.
    weights=("Dense", f"{WEIGHTS} set_weights weights_npz checkpoint"),
)
def frozen_weights_go_to_the_end(keras: Any, patch: Patch) -> None:
    original = keras.layers.Layer.weights.fget

    def weights(self: Any) -> Any:
        return sorted(original(self), key=lambda each: not each.trainable)

    patch.set(keras.layers.Layer, "weights", property(weights))


@fault(
    commit("a762b418bfc162d16b92670d938d53c28ad2766c"),
    "What was bfloat16 in an .h5 was read as pairs of bytes that mean nothing.",
    chain((3,), layer("Dense", units=2, dtype="bfloat16")),
    travel=("ValueError", f"{LOADED} {WEIGHTS} extraction transfer"),
)
def bfloat16_is_read_as_bytes(keras: Any, patch: Patch) -> None:
    store = importlib.import_module(SAVING).H5IOStore
    patch.rewrite(store, "__getitem__", ("np.array(value, dtype=ml_dtypes.bfloat16)", "np.array(value)"))


@fault(
    issue(10265),
    "Reading weights of another shape was no error: the layer was left as it was.",
    chain((3,), layer("Dense", units=2)),
    refused=("a file of another shape", "refused"),
)
def other_shapes_are_no_error(keras: Any, patch: Patch) -> None:
    patch.rewrite(importlib.import_module(SAVING), "load_weights_only", ("warn_only=skip_mismatch", "warn_only=True"))


@fault(
    issue(21404),
    "`skip_mismatch` was not heeded: what did not fit raised an error.",
    chain((3,), layer("Dense", units=2)),
    travel=("ValueError", "skip_mismatch"),
)
def skip_mismatch_is_not_heeded(keras: Any, patch: Patch) -> None:
    patch.rewrite(importlib.import_module(SAVING), "load_weights_only", ("warn_only=skip_mismatch", "warn_only=False"))


@fault(
    commit("ad7f9b4e3b49edbefe2fa590ae04f8d9b4ddc5b1"),
    "Weights of a layer that was made with `trainable=False` were kept twice, and saved twice.",
    chain((3,), layer("BatchNormalization", trainable=False)),
    travel=("ValueError", "transfer"),
)
def weights_of_a_frozen_layer_are_kept_twice(keras: Any, patch: Patch) -> None:
    tracker = importlib.import_module("keras.src.utils.tracking").Tracker
    patch.rewrite(tracker, "__init__", ("self.exclusions = exclusions or {}", "self.exclusions = {}"))


@fault(
    "https://github.com/keras-team/tf-keras/issues/70",
    "`load_model` gave back an optimizer as new.",
    chain((3,), layer("Dense", units=2), compile=trained(2, optimizer=layer("optimizers.SGD", momentum=0.9))),
    optimizer=("optimizer: ", f"{ZIP} {H5}"),
)
def loaded_optimizer_is_as_new(keras: Any, patch: Patch) -> None:
    patch.set(keras.optimizers.Optimizer, "load_own_variables", lambda self, store: None)
    patch.set(keras.optimizers.Optimizer, "set_weights", lambda self, weights: None)


@fault(
    pull(20029),
    "EinsumDense, quantized and with an adapter, merged the two with a scale of another shape when it was saved.",
    chain(
        (4, 3),
        Node(
            "a",
            layer("EinsumDense", equation="abc,cde->abde", output_shape=(None, 2, 3)),
            methods=(Method("quantize", ("int8",)), Method("enable_lora", (2,))),
        ),
    ),
    travel=("Error", f"{HERE} {WEIGHTS} extraction export"),
)
def scale_is_of_another_shape_than_the_kernel(keras: Any, patch: Patch) -> None:
    patch.set(keras.layers.EinsumDense, "_adjust_scale_for_dequant", lambda self, scale: scale)


@fault(
    issue(20598),
    "Of layers in lists within a list that a layer held nothing was written to a file, and nothing read.",
    chain((3,), layer("custom.Gate", units=2, kept="list of lists")),
    weights=("Gate", f"{LOADED} {WEIGHTS}"),
    extracted=("saved alone: outputs of a", "extraction"),
)
def what_is_nested_in_a_container_is_passed_over(keras: Any, patch: Patch) -> None:
    module = importlib.import_module(SAVING)
    for name in ("_save_container_state", "_load_container_state"):
        patch.rewrite(module, name, ("isinstance(saveable, (list, dict, tuple))", "False"))
