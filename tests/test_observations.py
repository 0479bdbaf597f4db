"""What is observed of a model holds all that it has to lose."""

from __future__ import annotations

import pytest

from tests.processes import printed

pytestmark = pytest.mark.slow


def test_gradients_that_wait_for_the_rest_of_a_step_are_counted_as_what_an_optimizer_has_to_lose(warm: str) -> None:
    code = (
        "import numpy as np\n"
        "from types import SimpleNamespace\n"
        "from harness.observations.optimizer import observe\n"
        "from harness.worker.arrays import Arrays\n"
        "from harness.worker.dialect import keras\n"
        "of = keras.optimizers\n"
        "waiting = of.Lion(gradient_accumulation_steps=3)\n"
        "scaled = of.LossScaleOptimizer(of.SGD(gradient_accumulation_steps=3))\n"
        "for optimizer in (waiting, scaled, of.Adam()):\n"
        "    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])\n"
        "    model.compile(optimizer, 'mse', run_eagerly=True)\n"
        "    for _ in range(2):\n"
        "        model.train_on_batch(np.ones((2, 2)), np.ones((2, 1)))\n"
        "    seen = observe(SimpleNamespace(model=model, arrays=Arrays()))\n"
        "    print(seen['iterations'], int(optimizer.iterations), end='; ')\n"
    )
    assert printed(code, warm) == "2 0; 2 0; 2 2; "


def test_what_a_route_changed_of_the_model_is_held_where_it_raised_too_and_told_once(warm: str) -> None:
    code = (
        "from harness.worker import run\n"
        "flags = iter('aabb')\n"
        "run.observe = lambda subject, names: {'flags': next(flags), 'config': 1}\n"
        "original = run.Original(None)\n"
        "answers = [{'before': {}, 'after': {}}, {'error': 'no'}, {'before': {}, 'after': {}}]\n"
        "for answer in answers:\n"
        "    original.hold(answer)\n"
        "print([(each['before']['original'], each['after']['original']) for each in answers])\n"
    )
    assert printed(code, warm) == "[({}, {}), ({'flags': 'a'}, {'flags': 'b'}), ({}, {})]\n"
