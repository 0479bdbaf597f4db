"""The head that transfer learning puts on a base can learn, however large the numbers are that the base gives."""

from __future__ import annotations

import pytest

from tests.processes import printed

pytestmark = pytest.mark.slow


def test_a_head_on_large_numbers_is_not_sure_from_the_start(warm: str) -> None:
    code = (
        "import types\n"
        "import numpy as np\n"
        "from harness.routes.transfer import _size, under_a_head\n"
        "from harness.worker.dialect import keras\n"
        "keras.utils.set_random_seed(0)\n"
        "base = keras.Sequential([keras.Input((2, 2, 3)), keras.layers.Rescaling(6000.0)])\n"
        "images = np.random.default_rng(0).uniform(size=(2, 2, 2, 3)).astype('float32')\n"
        "size = _size(base, types.SimpleNamespace(inputs=images))\n"
        "for each in (1.0, size):\n"
        "    model = under_a_head(base.inputs, base.outputs, width=1024, size=each)\n"
        "    print(bool(np.max(model(images)) == 1), end=' ')\n"
    )
    assert printed(code, warm) == "True False "


def test_a_head_stands_on_every_output_of_floats_whose_size_is_known(warm: str) -> None:
    code = (
        "from harness.routes.transfer import under_a_head\n"
        "from harness.worker.dialect import keras\n"
        "image, words = keras.Input((4, 4, 3)), keras.Input((None, 2))\n"
        "outputs = [\n"
        "    keras.layers.Conv2D(5, 1, name='pooled')(image),\n"
        "    keras.layers.Dense(2, name='of_any_length')(words),\n"
        "    keras.layers.Rescaling(1, dtype='int32', name='whole')(image),\n"
        "    keras.layers.Reshape((2, 24), name='flat')(image),\n"
        "    keras.layers.GlobalMaxPooling1D(name='as_it_is')(words),\n"
        "]\n"
        "model = under_a_head([image, words], outputs)\n"
        "print(*sorted(each.name for each in model.layers if not each.name.startswith('input')))\n"
        "print(model.get_layer('new_hidden').kernel.shape[0])\n"
        "print(*(each.name for each in under_a_head([image], [outputs[3]]).layers if 'new' in each.name))\n"
    )
    below, size, of_one = printed(code, warm).splitlines()
    head = "new_features new_flatten_3 new_head new_hidden new_pool_0"
    assert below == f"as_it_is flat {head} pooled"
    assert size == "55"  # five channels, 48 numbers, and two
    assert of_one == "new_flatten_0 new_hidden new_head"


def test_of_every_fourth_model_one_stage_is_trained_as_a_graph(warm: str) -> None:
    code = (
        "import tempfile\n"
        "from pathlib import Path\n"
        "from harness.protocol.architecture import Architecture, Call, Input, Node, Ref\n"
        "from harness.routes.transfer import TRANSFER, Watch\n"
        "from harness.worker.arrays import Arrays\n"
        "from harness.worker.run import prepare\n"
        "seen, fit = [], Watch._fit\n"
        "Watch._fit = lambda watch, model: (seen.append(not model.run_eagerly), fit(watch, model))\n"
        "dense = Node('dense', Call('layers.Dense', {'units': 2}), (Ref('x'),))\n"
        "for seed in (0, 8, 16, 24, 4, 1, 2, 3):\n"
        "    model = Architecture('m', inputs=(Input('x', (3,)),), nodes=(dense,), outputs=Ref('dense'), seed=seed)\n"
        "    TRANSFER.journey(prepare(model, Arrays())[0], Path(tempfile.mkdtemp()))\n"
        "print(*(''.join('eg'[each] for each in seen[at:at + 4]) for at in range(0, len(seen), 4)))\n"
    )
    assert printed(code, warm) == "geee egee eege eeeg geee eeee eeee eeee\n"
