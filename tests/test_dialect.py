"""What a worker sees in a symbolic tensor."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.stub import ROOT

pytestmark = pytest.mark.slow


def test_what_a_layer_gives_sparsely_takes_no_head_even_where_its_symbol_says_nothing_of_it() -> None:
    code = (
        "from harness.worker import dialect\n"
        "keras = dialect.keras\n"
        "def given(**sparse):\n"
        "    layer = keras.layers.Discretization([0.0, 1.0], output_mode='one_hot', **sparse)\n"
        "    return dialect.is_dense_float(layer(keras.Input((1,))))\n"
        "print(given(), given(sparse=True), dialect.is_dense_float(keras.Input((1,), sparse=True)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout == "True False False\n", done.stderr[-2000:]
