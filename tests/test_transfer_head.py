"""The head that transfer learning puts on a base can learn, however large the numbers are that the base gives."""

from __future__ import annotations

import pytest

from tests.processes import printed

pytestmark = pytest.mark.slow


def test_a_head_on_large_numbers_is_not_sure_from_the_start() -> None:
    code = (
        "import types\n"
        "import numpy as np\n"
        "from harness.routes.transfer import _size, with_head\n"
        "from harness.worker.dialect import keras\n"
        "keras.utils.set_random_seed(0)\n"
        "base = keras.Sequential([keras.Input((2, 2, 3)), keras.layers.Rescaling(6000.0)])\n"
        "images = np.random.default_rng(0).uniform(size=(2, 2, 2, 3)).astype('float32')\n"
        "size = _size(base, types.SimpleNamespace(inputs=images))\n"
        "for each in (1.0, size):\n"
        "    model = with_head(base.inputs, base.outputs, width=1024, size=each)\n"
        "    print(bool(np.max(model(images)) == 1), end=' ')\n"
    )
    assert printed(code) == "True False "
