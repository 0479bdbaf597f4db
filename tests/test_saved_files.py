"""What Keras writes of a model is written once for all routes that take it up, and of no other model."""

from __future__ import annotations

import pytest

from tests.processes import printed

pytestmark = pytest.mark.slow

SUBJECT = (
    "import tempfile\n"
    "from pathlib import Path\n"
    "from harness.protocol.architecture import Architecture, Call, Input, Node, Ref, to_json\n"
    "from harness.routes import keras_zip\n"
    "from harness.worker.arrays import Arrays\n"
    "from harness.worker.dialect import keras\n"
    "from harness.worker.run import prepare, run\n"
    "dense = Node('dense', Call('layers.Dense', {'units': 2}), (Ref('x'),))\n"
    "model = Architecture('m', inputs=(Input('x', (3,)),), nodes=(dense,), outputs=Ref('dense'))\n"
    "here = Path(tempfile.mkdtemp())\n"
    "(here / 'a').mkdir(), (here / 'b').mkdir()\n"
)


def test_a_model_is_saved_once_for_all_routes_of_a_format_and_all_of_them_arrive(warm: str) -> None:
    code = SUBJECT + (
        "saved, save = [], keras.Model.save\n"
        "def counted(model, path, **options):\n"
        "    saved.append((model.name, Path(path).name))\n"
        "    return save(model, path, **options)\n"
        "keras.Model.save = counted\n"
        "routes = {name: ['weights'] for name in ('keras_zip', 'keras_elsewhere', 'hdf5', 'hdf5_elsewhere')}\n"
        "keep = {'keras_zip': str(here / 'kept'), 'hdf5': str(here / 'kept too')}\n"
        "request = {'architecture': to_json(model), 'routes': routes, 'keep': keep}\n"
        "reply, _ = run(request, here / '1', lambda _: None)\n"
        "same = all(each['after'] == {'weights': reply['before']['weights']} for each in reply['routes'].values())\n"
        "left = sorted(each.name for each in here.glob('1*'))\n"
        "print(saved, len(reply['routes']), same, [Path(each).exists() for each in reply['kept'].values()], left)\n"
    )
    assert printed(code, warm) == "[('m', 'model.keras'), ('m', 'model.h5')] 4 True [True, True] []\n"


def test_another_model_with_the_same_data_is_saved_by_itself_each_time(warm: str) -> None:
    code = SUBJECT + (
        "subject = prepare(model, Arrays())[0]\n"
        "subject.files = here / 'files'\n"
        "first = keras_zip.save(subject, here / 'a')\n"
        "other = subject.of(keras.models.clone_model(subject.model))\n"
        "print(*(each.parent.name for each in (first, *(keras_zip.save(other, here / place) for place in 'ab'))))\n"
        "print(keras_zip.save(subject, here / 'b') == first)\n"
    )
    assert printed(code, warm) == "files a b\nTrue\n"


def test_what_could_not_be_written_to_its_end_is_no_file_for_the_next_route(warm: str) -> None:
    code = SUBJECT + (
        "from harness.routes.route import file_of\n"
        "subject = prepare(model, Arrays())[0]\n"
        "subject.files = here / 'files'\n"
        "def half(path):\n"
        "    path.write_text('half')\n"
        "    raise OSError('full')\n"
        "for folder in 'ab':\n"
        "    try:\n"
        "        file_of(subject, here / folder, 'model.keras', half)\n"
        "    except OSError as error:\n"
        "        print(error, list((here / 'files').iterdir()))\n"
    )
    assert printed(code, warm) == "full []\nfull []\n"


def test_a_model_that_only_another_process_takes_up_is_observed_before(warm: str) -> None:
    code = SUBJECT + (
        "request = {'architecture': to_json(model), 'also': ['weights'], 'keep': {'hdf5': str(here / 'kept')}}\n"
        "request['routes'] = {'hdf5_uncompiled': ['weights']}\n"  # for which it lacks what it is compiled with
        "reply, _ = run(request, here / '1', lambda _: None)\n"
        "print(*reply['unsent'], *reply['before'], *reply['kept'])\n"
        "print(*run({**request, 'keep': {}}, here / '2', lambda _: None)[0]['before'])\n"
    )
    assert printed(code, warm) == "hdf5_uncompiled weights hdf5\n\n"
