"""What a model says of itself, one observation after another: each of these fails where it sees less than it says."""

from __future__ import annotations

import math
import os
from types import SimpleNamespace
from typing import Any

import numpy as np

from harness.observations import adapters, compiling, config, flags, optimizer, slots, structure, summary, weights
from harness.worker.dialect import keras
from tests.inside.models import ONES, chain, compiled, layers, subject_of, value


def _rows(told: list[str]) -> dict[str, list[str]]:
    """The cells of each layer, by the first word in its row."""
    cells = ([cell.strip() for cell in line.split("│")[1:-1]] for line in told if "│" in line)
    return {row[0].split()[0]: row[1:] for row in cells if row[0]}


def _branched() -> Any:
    given = keras.Input((3,), name="x")
    hidden = layers.Dense(4, name="hidden")
    one = hidden(given)
    return keras.Model(given, layers.Concatenate(name="both")([one, given, hidden(given)]), name="m")


def a_summary_states_shape_parameters_and_what_is_trainable_of_every_layer() -> None:
    hidden = layers.Dense(4, name="hidden", trainable=False)
    rows = _rows(
        summary.observe(subject_of(chain(hidden, layers.Dropout(0.5, name="drop"), layers.Dense(2, name="z"))))
    )
    assert rows["hidden"] == ["(None, 4)", "16", "N"]
    assert rows["drop"] == ["(None, 4)", "0", "-"]
    assert rows["z"] == ["(None, 2)", "10", "Y"]


def a_summary_states_them_of_a_model_with_branches_as_well() -> None:
    model = _branched()
    model.get_layer("hidden").trainable = False
    assert _rows(summary.observe(subject_of(model)))["hidden"] == ["(None, 4)", "16", "N"]


def a_summary_states_the_layers_inside_of_a_model() -> None:
    inner = keras.Sequential([keras.Input((3,)), layers.Dense(2, name="deep")], name="inner")
    told = summary.observe(subject_of(chain(inner)))
    assert any("└ deep (Dense)" in line and line.split("│")[-3].strip() == "8" for line in told)


def what_a_layer_is_connected_to_is_in_no_summary_nor_are_the_lines_that_it_takes() -> None:
    told = summary.observe(subject_of(_branched()))
    assert not any("[0]" in line for line in told)
    assert sum("│" in line for line in told) == 3
    called_before = _branched()
    hidden = layers.Dense(4, name="hidden")
    hidden(keras.Input((3,)))
    given = keras.Input((3,), name="x")
    other = keras.Model(given, layers.Concatenate(name="both")([hidden(given), given, hidden(given)]), name="m")
    assert summary.observe(subject_of(called_before)) == summary.observe(subject_of(other))


def a_summary_holds_what_stands_around_the_table() -> None:
    told = summary.observe(subject_of(chain(layers.Dense(2))))
    assert told[0] == 'Model: "m"'
    assert {len(line) for line in told[1:-3]} == {120}
    assert told[-3:] == [
        " Total params: 8 (32.00 B)", " Trainable params: 8 (32.00 B)", " Non-trainable params: 0 (0.00 B)",
    ]  # fmt: skip


def no_line_of_a_summary_ends_in_blanks() -> None:
    def printing(print_fn: Any, **_: Any) -> None:
        print_fn("one  \ntwo \n")
        print_fn("three  ", line_break=False)

    told = summary.observe(subject_of(SimpleNamespace(summary=printing)))
    assert told == ["one", "two", "three"]


def the_width_of_the_terminal_is_afterwards_what_it_was() -> None:
    def breaking(**_: Any) -> None:
        raise ValueError

    for before in (None, "77"):
        os.environ.pop("COLUMNS", None)
        if before:
            os.environ["COLUMNS"] = before
        summary.observe(subject_of(chain(layers.Dense(2))))
        assert os.environ.get("COLUMNS") == before
        try:
            summary.observe(subject_of(SimpleNamespace(summary=breaking)))
        except ValueError:
            assert os.environ.get("COLUMNS") == before
        else:
            raise AssertionError
    del os.environ["COLUMNS"]


def a_narrow_terminal_cuts_no_summary() -> None:
    model = chain(layers.Dense(2))
    wide = summary.observe(subject_of(model))
    os.environ["COLUMNS"] = "40"
    try:
        assert summary.observe(subject_of(model)) == wide
    finally:
        del os.environ["COLUMNS"]


def an_adapter_is_dead_where_both_of_its_factors_are_zero_and_alive_where_one_is_not() -> None:
    given = [layers.Dense(4, name=name) for name in ("first", "second", "dead", "none")]
    model = chain(*given)
    for layer in given[:3]:
        layer.enable_lora(2)
    first, second, dead, _ = given
    first.lora_kernel_a.assign(np.ones(first.lora_kernel_a.shape))
    first.lora_kernel_b.assign(np.zeros(first.lora_kernel_b.shape))
    second.lora_kernel_a.assign(np.zeros(second.lora_kernel_a.shape))
    second.lora_kernel_b.assign(np.ones(second.lora_kernel_b.shape))
    for factor in (dead.lora_kernel_a, dead.lora_kernel_b):
        factor.assign(np.zeros(factor.shape))
    assert adapters.observe(subject_of(model)) == {
        "first": "trainable", "second": "trainable", "dead": "both factors are zero",
    }  # fmt: skip
    around = keras.Sequential([keras.Input((3,)), layers.Dense(4, name="deep")], name="around")
    around.layers[0].enable_lora(2)
    assert list(adapters.observe(subject_of(chain(around)))) == ["around/deep"]


def a_model_is_compiled_or_it_is_not() -> None:
    assert compiling.observe(subject_of(chain(layers.Dense(2)))) == {"compiled": False}
    told = compiling.observe(compiled(layers.Dense(2), optimizer=keras.optimizers.SGD(0.25), loss="mae"))
    assert told["compiled"] is True
    assert told["config"]["loss"] == "mae"
    assert told["optimizer"]["class"] == "SGD"
    assert told["optimizer"]["config"]["learning_rate"] == 0.25


def an_optimizer_without_compile_settings_is_not_compiled() -> None:
    model = SimpleNamespace(optimizer=keras.optimizers.SGD(), compiled=False, get_compile_config=lambda: None)
    told = compiling.observe(subject_of(model))
    assert (told["compiled"], told["config"]) == (False, {})


def a_config_is_told_as_json() -> None:
    class Shape:
        def as_list(self) -> list[Any]:
            return [None, 2]

    class Pairs:
        def items(self) -> list[tuple[str, int]]:
            return [("a", 1)]

        def keys(self) -> list[str]:
            return ["a"]

        def __getitem__(self, key: str) -> int:
            return 1

    class Configured:
        def get_config(self) -> dict[str, Any]:
            return {"of": (1, 2)}

        def items(self) -> None:
            raise AssertionError

    named = type("Named", (), {"name": "of it"})()
    told = config.plain(
        {
            "tuple": (1, "2"), "array": np.array([[1, 2]]), "number": np.float32(0.5), "shape": Shape(),
            "set": {"b", "a"}, "frozen": frozenset({3}), "configured": Configured(), "pairs": Pairs(), "named": named,
            "function": math.sqrt, "bare": object(),
        }
    )  # fmt: skip
    assert told == {
        "tuple": [1, "2"], "array": [[1, 2]], "number": 0.5, "shape": [None, 2], "set": ["a", "b"], "frozen": ["3"],
        "configured": {"class_name": "Configured", "config": {"of": [1, 2]}}, "pairs": {"a": 1},
        "named": "<Named of it>", "function": "<builtin_function_or_method sqrt>", "bare": "<object >",
    }  # fmt: skip


def the_config_of_a_model_holds_that_of_its_layers() -> None:
    told = config.observe(subject_of(chain(layers.Dense(2, use_bias=False, name="head"))))
    (head,) = [each for each in told["layers"] if each["name"] == "head"]
    assert head["config"]["use_bias"] is False


def flags_are_those_of_the_model_of_each_layer_and_of_each_weight() -> None:
    model = chain(layers.Dense(4, name="hidden"), layers.BatchNormalization(name="norm"), layers.Dense(2, name="head"))
    model.get_layer("hidden").trainable = False
    model.get_layer("norm").gamma.trainable = False
    told = flags.observe(subject_of(model))
    assert told == {
        "model": True,
        "layers": {"hidden": False, "norm": True, "head": True},
        "trainable weights": ["norm/beta", "head/kernel", "head/bias"],
    }
    model.trainable = False
    assert flags.observe(subject_of(model))["model"] is False


def gradients_that_wait_for_the_rest_of_a_step_are_counted_as_what_an_optimizer_has_to_lose() -> None:
    of = keras.optimizers
    waiting = of.Lion(gradient_accumulation_steps=3)
    scaled = of.LossScaleOptimizer(of.SGD(gradient_accumulation_steps=3))
    for made, steps in ((waiting, 0), (scaled, 0), (of.Adam(), 2)):
        subject = compiled(layers.Dense(2), optimizer=made)
        for _ in range(2):
            subject.model.train_on_batch(ONES, subject.targets)
        assert optimizer.observe(subject)["iterations"] == 2
        assert int(made.iterations) == steps


def the_state_of_an_optimizer_is_its_steps_and_its_variables_in_order() -> None:
    subject = compiled(layers.Dense(2), optimizer=keras.optimizers.SGD(momentum=0.5))
    for _ in range(3):
        subject.model.train_on_batch(ONES, np.zeros((2, 2)))
    told = optimizer.observe(subject)
    assert told["iterations"] == 3
    made = subject.model.optimizer.variables
    assert [each["shape"] for each in told["variables"]] == [list(each.shape) for each in made]
    assert all(np.array_equal(value(subject, one), np.array(each)) for one, each in zip(told["variables"], made))
    assert optimizer.observe(subject_of(chain(layers.Dense(2)))) is None


def variables_that_an_optimizer_gives_when_it_is_called_are_seen_too() -> None:
    legacy = SimpleNamespace(variables=lambda: [np.float32(2.0)], iterations=np.array(7))
    subject = subject_of(SimpleNamespace(optimizer=legacy))
    told = optimizer.observe(subject)
    assert told["iterations"] == 7
    assert float(value(subject, told["variables"][0])) == 2.0


def momentum_goes_by_the_path_of_its_weight() -> None:
    subject = compiled(layers.Dense(2, name="head"), optimizer=keras.optimizers.SGD(momentum=0.5))
    subject.model.train_on_batch(ONES, np.zeros((2, 2)))
    told = slots.observe(subject)
    assert list(told) == ["momentums"]
    assert list(told["momentums"]) == ["head/kernel", "head/bias"]
    kept = subject.model.optimizer.momentums
    assert np.array_equal(value(subject, told["momentums"]["head/bias"]), np.array(kept[1]))
    assert slots.observe(subject_of(chain(layers.Dense(2)))) is None


def the_structure_of_a_model_is_told_with_shapes_dtypes_and_layers_in_order() -> None:
    given = keras.Input((None, 3), name="x", dtype="float16")
    inner = keras.Sequential([keras.Input((None, 3)), layers.Dense(2, name="deep")], name="inner")
    told = structure.observe(subject_of(keras.Model(given, inner(given), name="m")))
    assert told["class"] == "Functional"
    assert told["name"] == "m"
    assert told["inputs"] == [[[None, None, 3], "float16"]]
    assert told["outputs"] == [[[None, None, 2], "float32"]]
    assert told["layers"] == {"x": "InputLayer", "inner": "Sequential", "inner/deep": "Dense"}
    assert told["order"] == ["x", "inner", "inner/deep"]
    assert (told["takes"], told["gives"]) == ("tensor", "tensor")


def a_list_is_told_from_a_tuple_and_a_dict_by_its_names() -> None:
    one, other = keras.Input((3,), name="one"), keras.Input((3,), name="other")
    told = structure.observe(subject_of(keras.Model({"b": one, "a": (other,)}, [one, {"c": other}])))
    assert told["takes"] == {"b": "tensor", "a": {"tuple": ["tensor"]}}
    assert told["gives"] == {"list": ["tensor", {"c": "tensor"}]}
    assert structure._nested([None, one]) == {"list": [None, "tensor"]}


def a_subclassed_model_has_no_inputs_to_tell_of() -> None:
    class Own(keras.Model):
        def call(self, inputs: Any) -> Any:
            return inputs

    told = structure.observe(subject_of(Own(name="own")))
    assert [told[each] for each in ("inputs", "outputs", "takes", "gives")] == [None] * 4


def weights_are_told_in_order_with_place_dtype_and_value() -> None:
    model = chain(layers.Dense(4, name="b", dtype="float16"), layers.Dense(2, name="a"))
    subject = subject_of(model)
    told = weights.observe(subject)
    assert [each["path"] for each in told] == ["b/kernel", "b/bias", "a/kernel", "a/bias"]
    assert [each["dtype"] for each in told] == ["float16"] * 2 + ["float32"] * 2
    assert all(np.array_equal(value(subject, one["value"]), np.array(each)) for one, each in zip(told, model.weights))


def a_kernel_with_an_adapter_is_told_merged_and_its_factors_are_not() -> None:
    head = layers.Dense(2, name="head")
    model = chain(head)
    head.enable_lora(1)
    head.lora_kernel_a.assign(np.ones((3, 1)))
    head.lora_kernel_b.assign(np.ones((1, 2)))
    subject = subject_of(model)
    told = {each["path"]: value(subject, each["value"]) for each in weights.observe(subject)}
    assert set(told) == {"head/kernel", "head/bias"}
    assert np.array_equal(told["head/kernel"], np.array(head.kernel))
    assert not np.array_equal(told["head/kernel"], np.array(head._kernel))
