"""What is observed of a model holds all that it has to lose."""

from __future__ import annotations

import pytest

from tests.processes import printed

pytestmark = pytest.mark.slow


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


def test_a_model_in_float16_is_moved_by_units_of_that_as_well_and_is_afterwards_what_it_was(warm: str) -> None:
    """Its weights are float32, and a unit of that is rounded away before anything is computed."""
    code = (
        "import numpy as np\n"
        "from harness.observations.sensitivity import observe\n"
        "from harness.protocol.architecture import Architecture\n"
        "from harness.worker.arrays import Arrays\n"
        "from harness.worker.dialect import keras, tf\n"
        "from harness.worker.subject import Subject\n"
        "layers = keras.layers\n"
        "def seen(*made, data=np.tile([[1.0, -1.0]], 300).astype('float32')):\n"
        "    model = keras.Sequential([keras.Input(data.shape[1:], dtype=data.dtype.name), *made])\n"
        "    before = [each.numpy() for each in model.weights]\n"
        "    subject = Subject(model, Architecture('m'), tf.constant(data), None, Arrays())\n"
        "    told = observe(subject)\n"
        "    assert all((one == each.numpy()).all() for one, each in zip(before, model.weights))\n"
        "    return told\n"
        "for dtype in ('float32', 'mixed_bfloat16'):\n"
        "    print('coarse' in seen(layers.Dense(2, dtype=dtype)), end=' ')\n"
        "halved = seen(layers.Dense(2, kernel_initializer='ones', dtype='mixed_float16'))\n"
        "print(halved['steps'], 0.002 < halved['coarse']['steps'][0] < 0.1, halved['coarse']['terms'], end=' ')\n"
        "table = layers.Embedding(500, 3, dtype='mixed_float16')\n"
        "print(seen(table, layers.Dense(2), data=np.zeros((1, 4), 'int32'))['coarse']['terms'])\n"
        "taken = tf.constant([1.0], 'bfloat16')\n"
        "keras.config.set_dtype_policy('bfloat16')\n"
        "model = keras.Sequential([keras.Input((1,)), layers.Dense(1)])\n"
        "print(observe(Subject(model, Architecture('m'), taken[None], None, Arrays()))['settled'])\n"
    )
    assert printed(code, warm) == "False False [0.0] True 600 1\n[True]\n"
