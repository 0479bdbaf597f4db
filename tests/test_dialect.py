"""What a worker sees in a symbolic tensor, and which weights belong to a layer."""

from __future__ import annotations

import pytest

from tests.processes import printed

pytestmark = pytest.mark.slow


def test_what_a_layer_gives_sparsely_takes_no_head_even_where_its_symbol_says_nothing_of_it(warm: str) -> None:
    code = (
        "from harness.worker import dialect\n"
        "keras = dialect.keras\n"
        "def given(**sparse):\n"
        "    layer = keras.layers.Discretization([0.0, 1.0], output_mode='one_hot', **sparse)\n"
        "    return dialect.is_dense_float(layer(keras.Input((1,))))\n"
        "print(given(), given(sparse=True), dialect.is_dense_float(keras.Input((1,), sparse=True)))\n"
    )
    assert printed(code, warm) == "True False False\n"


def test_the_weights_of_a_layer_are_found_by_its_whole_name_and_by_no_part_of_another(warm: str) -> None:
    code = (
        "from types import SimpleNamespace\n"
        "from harness.routes.other_source import _others\n"
        "from harness.worker.dialect import keras\n"
        "model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1), keras.layers.Dense(1)])\n"
        "places = dict(zip(map(id, model.weights), ('a/b/kernel', 'a/c/kernel', 'b/kernel', 'ab/kernel')))\n"
        "of = SimpleNamespace(places=lambda: places)\n"
        "subject = SimpleNamespace(of=lambda model: of, arrays=SimpleNamespace(add=lambda value: 0))\n"
        "for name in ('a/b', 'b'):\n"
        "    print(*(each['path'] for each in _others(subject, model, name)))\n"
    )
    assert printed(code, warm) == "a/c/kernel ab/kernel b/kernel\na/c/kernel ab/kernel\n"


def test_first_values_are_held_against_each_other_by_their_places_for_keras_2_lists_what_is_frozen_otherwise(
    warm: str,
) -> None:
    code = (
        "from harness.routes.rebuild import _in_order_of\n"
        "made = [('a/kernel', 1), ('a/bias', 2)]\n"
        "print(_in_order_of(made, made[::-1]))\n"
        "print(_in_order_of(made, [('b/kernel', 3), ('a/bias', 4)]))\n"  # other places: as they come
        "print(_in_order_of(made, [('a/bias', 3), ('a/bias', 4)]))\n"
    )
    assert printed(code, warm) == "[1, 2]\n[3, 4]\n[3, 4]\n"


def test_a_message_is_told_without_the_colours_that_keras_gives_it(warm: str) -> None:
    code = (
        "from harness.worker.run import LONGEST, describe\n"
        "print(describe(ValueError('\\x1b[1mTable not initialized.\\x1b[0m'))['message'])\n"
        "print(len(describe(ValueError('\\x1b[1m' * LONGEST + 'x'))['message']))\n"
    )
    assert printed(code, warm) == "Table not initialized.\n1\n"


def test_the_layers_of_a_bidirectional_are_called_in_keras_2_as_they_are_in_keras_3(warm: str) -> None:
    """Keras 2 puts a word before the name of a layer that it is given, and before one that begins with it."""
    code = (
        "from harness.worker import dialect\n"
        "layers = dialect.keras.layers\n"
        "dialect.MAJOR = 2\n"
        "def told(forward, backward, given):\n"
        "    pair = layers.Bidirectional(layers.GRU(1))\n"
        "    pair.forward_layer.name, pair.backward_layer.name = forward, backward\n"
        "    if given:\n"
        "        pair._backward_layer_config = {}\n"
        "    alone = layers.GRU(1, name=backward)\n"
        "    names = [dialect._called(each, pair) for each in (pair.forward_layer, pair.backward_layer)]\n"
        "    print(*names, dialect._called(alone, layers.TimeDistributed(alone)))\n"
        "told('forward_gru', 'backward_gru', False)\n"
        "told('forward_gru', 'backward_gru', True)\n"
        "told('forward_forward_a', 'backward_backward', True)\n"
        "told('forward_forward_a', 'backward_backward_a', False)\n"
    )
    assert printed(code, warm).splitlines() == [
        "forward_gru backward_gru backward_gru",
        "forward_gru gru backward_gru",
        "forward_a backward backward_backward",
        "forward_a backward_a backward_backward_a",
    ]


def test_each_call_of_a_layer_and_of_an_operation_is_recorded_once(warm: str) -> None:
    code = (
        "import numpy as np\n"
        "from harness.worker import dialect\n"
        "keras = dialect.keras\n"
        "x = keras.Input((3,))\n"
        "dense = keras.layers.Dense(3, name='dense')\n"
        "inner = keras.Sequential([keras.layers.ReLU(name='relu')], name='inner')\n"
        "model = keras.Model(x, keras.ops.abs(inner(dense(dense(x)))), name='model')\n"
        "seen = []\n"
        "with dialect.recorded_calls(lambda layer, outputs: seen.append(layer.name)):\n"
        "    model(np.zeros((1, 3), 'float32'))\n"
        "model(np.zeros((1, 3), 'float32'))\n"
        "print(*(each.partition('_')[0] for each in seen))\n"
    )
    assert printed(code, warm) == "dense dense relu inner absolute model\n"
