"""What two releases write differently is put into one form, and what differs in the model stays different."""

from __future__ import annotations

from typing import Any

from harness.gate.canonical import both_have, both_state, common

KERAS_2 = {
    "name": "model",
    "trainable": True,
    "layers": [
        {
            "module": "keras.layers",
            "class_name": "InputLayer",
            "config": {"batch_input_shape": [None, 3], "dtype": "float32", "sparse": False, "name": "x"},
            "registered_name": None,
            "name": "x",
            "inbound_nodes": [],
        },
        {
            "module": "keras.layers",
            "class_name": "BatchNormalization",
            "config": {
                "name": "norm",
                "trainable": True,
                "dtype": "float32",
                "axis": [1],
                "momentum": 0.8,
                "gamma_initializer": {
                    "module": "keras.initializers", "class_name": "Ones", "config": {}, "registered_name": None,
                },
                "gamma_regularizer": None,
            },
            "registered_name": None,
            "build_config": {"input_shape": [None, 3]},
            "name": "norm",
            "inbound_nodes": [[["x", 0, 0, {}]]],
        },
    ],
    "input_layers": [["x", 0, 0]],
    "output_layers": [["norm", 0, 0]],
}  # fmt: skip
KERAS_3 = {
    "name": "model",
    "trainable": True,
    "layers": [
        {
            "module": "keras.layers",
            "class_name": "InputLayer",
            "config": {"batch_shape": [None, 3], "dtype": "float32", "sparse": False, "name": "x", "optional": False},
            "registered_name": None,
            "name": "x",
            "inbound_nodes": [],
        },
        {
            "module": "keras.layers",
            "class_name": "BatchNormalization",
            "config": {
                "name": "norm",
                "trainable": True,
                "dtype": {
                    "module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"},
                    "registered_name": None,
                },
                "axis": 1,
                "momentum": 0.8,
                "gamma_initializer": {
                    "module": "keras.initializers", "class_name": "Ones", "config": {}, "registered_name": None,
                },
                "renorm": False,
            },
            "registered_name": None,
            "build_config": {"input_shape": [None, 3]},
            "name": "norm",
            "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__", "config": {}}], "kwargs": {}}],
        },
    ],
    "input_layers": ["x", 0, 0],
    "output_layers": ["norm", 0, 0],
}  # fmt: skip


def held(before: Any, after: Any) -> tuple[Any, Any]:
    known = {"momentum", "axis", "gamma_initializer", "gamma_regularizer"}
    return both_state(common("config", before), common("config", after), lambda owner, key, value: key in known)


def changed(config: dict[str, Any], **arguments: Any) -> dict[str, Any]:
    layer = config["layers"][1]
    settings = {key: value for key, value in {**layer["config"], **arguments}.items() if value != "gone"}
    return {**config, "layers": [config["layers"][0], {**layer, "config": settings}]}


def unbuilt(config: dict[str, Any]) -> dict[str, Any]:
    """The same, and no word of the shape that the layer was built with."""
    layer = {key: value for key, value in config["layers"][1].items() if key != "build_config"}
    return {**config, "layers": [config["layers"][0], layer]}


def test_one_model_in_two_dialects_is_one_model() -> None:
    before, after = held(KERAS_2, KERAS_3)
    assert before == after
    assert before["layers"]["norm"]["config"]["momentum"] == 0.8


def test_an_axis_is_the_same_counted_from_the_front_and_from_the_end_where_the_shape_is_told() -> None:
    """Keras 3.16 states what LayerNormalization made of it when it was built."""
    before, after = held(KERAS_3, changed(KERAS_3, axis=-1))
    assert before == after
    before, after = held(KERAS_3, changed(KERAS_3, axis=[0, -1]))
    assert before != after
    before, after = held(KERAS_3, changed(KERAS_3, axis=-2))
    assert before != after
    before, after = held(KERAS_3, unbuilt(changed(KERAS_3, axis=-1)))  # as a file of Keras 2.12 tells it
    assert before == after
    before, after = held(unbuilt(KERAS_3), unbuilt(changed(KERAS_3, axis=-1)))
    assert before != after


def test_another_value_is_another_model() -> None:
    for arguments in ({"momentum": 0.9}, {"axis": 2}, {"dtype": "float16"}):
        before, after = held(KERAS_2, changed(KERAS_3, **arguments))
        assert before != after


def test_an_argument_that_both_know_and_one_lost_is_missing() -> None:
    before, after = held(KERAS_2, changed(KERAS_3, momentum="gone"))
    assert "momentum" in before["layers"]["norm"]["config"]
    assert "momentum" not in after["layers"]["norm"]["config"]


def test_an_argument_that_one_release_alone_has_is_no_loss() -> None:
    before, after = held(changed(KERAS_2, virtual_batch_size=4), KERAS_3)
    assert before == after


def test_an_initializer_of_another_class_is_another_one() -> None:
    zeros = {"module": "keras.initializers", "class_name": "Zeros", "config": {}, "registered_name": None}
    before, after = held(KERAS_2, changed(KERAS_3, gamma_initializer=zeros))
    assert before != after


def augmenting(name: str, factor: object) -> Any:
    return common("config", {"layers": [{"class_name": name, "config": {"name": "a", "factor": factor}}]})


def test_a_rotation_by_one_number_is_one_by_the_range_around_zero() -> None:
    assert augmenting("RandomRotation", 0.25) == augmenting("RandomRotation", [-0.25, 0.25])
    assert augmenting("RandomRotation", [0.1, 0.2]) == augmenting("RandomRotation", (0.1, 0.2))
    assert augmenting("RandomRotation", 0.25) != augmenting("RandomRotation", [-0.25, 0.3])
    assert augmenting("RandomRotation", 0.25) != augmenting("RandomRotation", 0.3)
    assert augmenting("RandomContrast", 0.25) != augmenting("RandomContrast", [-0.25, 0.25])


def test_an_activation_is_the_same_by_each_of_its_names() -> None:
    for key in ("activation", "recurrent_activation"):
        told = [common("config", {"class_name": "LSTM", "config": {key: each}}) for each in ("swish", "silu", "elu")]
        assert told[0] == told[1] != told[2]
    own = {"class_name": "function", "config": "mine", "registered_name": "pkg>mine"}
    assert common("config", {"activation": own}) == {"activation": "mine"}
    assert common("config", {"mode": "swish"}) != common("config", {"mode": "silu"})


def test_weights_are_held_against_each_other_by_path() -> None:
    one = [{"path": "norm/gamma", "value": 1}, {"path": "norm/mean", "value": 2}, {"path": "head/kernel", "value": 3}]
    other = [one[0], one[2], one[1]]
    assert common("weights", one) == common("weights", other)
    assert common("weights", one) != common("weights", [*one[:2], {"path": "head/kernel", "value": 4}])
    twice = [{"path": "norm/gamma", "value": 1}, {"path": "norm/gamma", "value": 2}]
    assert len(common("weights", twice)) == 2


def test_what_could_not_be_observed_stays_an_error() -> None:
    error = {"$error": {"type": "ValueError", "message": "no"}}
    assert common("config", error) is error


def test_slots_are_compared_of_the_kinds_that_both_keep() -> None:
    momentum, hats = {"a/kernel": 1}, {"a/kernel": 2}
    assert both_have({"momentums": momentum, "hats": hats}, {"momentums": momentum}) == (
        {"momentums": momentum}, {"momentums": momentum},
    )  # fmt: skip
    before, after = both_have({"momentums": momentum}, {"momentums": {"a/kernel": 0}})
    assert before != after


def test_an_optimizer_without_any_of_its_slots_has_lost_them() -> None:
    assert both_have({"momentums": {"a/kernel": 1}}, {}) == ({"slots": "kept"}, {"slots": "lost"})
    assert both_have({}, {"momentums": {"a/kernel": 1}}) == ({}, {})  # it was never trained


def test_the_kernel_of_a_depthwise_convolution_goes_by_one_name_and_that_of_a_separable_one_by_its_own() -> None:
    old, new = [{"path": "d/depthwise_kernel", "value": 1}], [{"path": "d/kernel", "value": 1}]
    assert common("weights", old) == common("weights", new)
    separable = [*old, {"path": "d/pointwise_kernel", "value": 2}]
    assert set(common("weights", separable)) == {"d/depthwise_kernel", "d/pointwise_kernel"}
    assert common("slots", {"m": {"d/depthwise_kernel": 1}}) == {"m": {"d/kernel": 1}}


def test_what_a_lookup_layer_looks_up_into_is_no_setting_of_keras_3() -> None:
    old, new = ({"class_name": "StringLookup", "config": {"dtype": dtype}} for dtype in ("int64", "float32"))
    assert common("config", old) == common("config", new)
    old, new = ({"class_name": "Dense", "config": {"dtype": dtype}} for dtype in ("int64", "float32"))
    assert common("config", old) != common("config", new)
