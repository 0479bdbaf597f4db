"""What a model draws after a seed: the same seed gives the same numbers, whatever was there before."""

from __future__ import annotations

import pytest

from tests.processes import printed

pytestmark = pytest.mark.slow


def test_what_is_drawn_after_a_seed_does_not_depend_on_whether_keras_had_a_generator() -> None:
    code = (
        "import random\n"
        "import numpy as np\n"
        "from harness.worker import dialect, states\n"
        "drawn = []\n"
        "for _ in range(2):\n"  # the first time Keras has no generator of its own yet, and making one draws
        "    states.reseed(3)\n"
        "    keras = dialect.keras.random.uniform((2,)) if dialect.MAJOR >= 3 else dialect.tf.random.uniform((2,))\n"
        "    drawn.append((random.random(), np.random.random(), np.asarray(keras).tolist()))\n"
        "states.reseed(4)\n"
        "print(drawn[0] == drawn[1] != (random.random(), np.random.random(), drawn[0][2]))\n"
    )
    assert printed(code) == "True\n"
