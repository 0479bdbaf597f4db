"""Takes up a file of somebody's: loads it, feeds it seeded inputs, observes it, and saves it for the other release.

Nothing is known of the model but what it says of itself, so its inputs are made up: floats are normal, integers lie
below what every lookup in the model can take, strings are words. Both releases make the same ones, for they depend on
their place, shape and dtype alone; or the user gives them.
"""

from __future__ import annotations

import contextlib
import importlib
import shutil
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from harness.protocol.architecture import Architecture, Values
from harness.routes.catalogue import ROUTES
from harness.worker import custom, data, dialect, states
from harness.worker.arrays import Arrays
from harness.worker.build import tensors_of
from harness.worker.dialect import keras, tf
from harness.worker.run import Timings, describe, observe, send
from harness.worker.served import SEEN, Served, is_served
from harness.worker.subject import Subject

BATCH = 2
LENGTH = 8  # of an axis whose length the model leaves open
LEAST = 32  # of the axes that a convolution may shrink
WORDS = ("red", "green", "blue", "never seen")
SAFE = "safe_mode"


class NoInputs(ValueError):
    """Nothing is known of what a model takes, and the user gave nothing."""


class NoModel(ValueError):
    """What the file holds is another thing of Keras: it is called as its author says."""


class NoInputsOfIt(ValueError):
    """The inputs that the user gave are those of another model."""


def take(request: dict[str, Any], tell: Callable[[str], None]) -> tuple[dict[str, Any], dict[str, bytes]]:
    """One file. The reply says how it `loads` (``yes``, ``only with compile=False``, ``no``), and what was observed.

    `request` has the ``file``, the observations ``asked``, where to ``keep`` it (a folder by route), and may have
    ``inputs`` (a `.npz`), ``import`` (folders to import from) and ``custom_objects`` (``package.module:name``). That of
    a JSON config has its ``weights``, or says that it may be made with its ``initial`` ones.
    """
    arrays = Arrays()
    reply, subject = opened(request, tell, arrays)
    if subject is None:
        return reply, {}
    tell("observe")
    asked, keep = request["asked"], request.get("keep", {})
    if isinstance(subject.model, Served):  # there is nothing else to see, and nothing to save
        asked, keep = [name for name in asked if name in SEEN], {}
    reply["before"] = observe(subject, asked)
    for route, folder in keep.items():
        tell(route)
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        save = ROUTES[route].save
        try:
            assert save is not None
            reply.setdefault("kept", {})[route] = str(save(subject, place))
        except Exception as error:
            reply.setdefault("not kept", {})[route] = describe(error)
    return reply, arrays.blobs


def send_off(
    request: dict[str, Any], folder: Path, tell: Callable[[str], None]
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """One file along routes: what `run` replies of a model that was drawn, and how it `loads`; no `before` if not.

    `request` is that of `take`, with the ``routes`` in place of ``asked`` and ``keep``. ``classes`` of the reply has
    the class of each layer by its name.
    """
    arrays = Arrays()
    reply, subject = opened(request, tell, arrays)
    if subject is None:
        return reply, {}
    reply["classes"] = {layer.name: type(layer).__name__ for layer in _all_layers(subject.model)}
    timings = Timings()
    with custom.known(subject.shared["objects"]):
        sent = send(subject, {}, request, folder, tell, timings)
    return {**reply, **sent}, arrays.blobs


def opened(
    request: dict[str, Any], tell: Callable[[str], None], arrays: Arrays
) -> tuple[dict[str, Any], Subject | None]:
    """The reply so far, and the model of a file with inputs that it was called on; None where it came to an error."""
    reply: dict[str, Any] = {"loads": "no", "seconds": {}}
    dialect.clear()  # which turns safe mode on again
    unsafe = bool(request.get("unsafe"))
    if unsafe:
        dialect.allow_code()  # what is read from JSON text takes no argument for it
    states.set_seed(0)
    start = time.perf_counter()
    tell("import")
    try:
        objects = custom_objects(request.get("import", ()), request.get("custom_objects", ()))
    except Exception as error:
        return {**reply, "error": describe(error), "at": "import"}, None
    tell("load")
    path = Path(request["file"])
    again = partial(
        load, path, objects, unsafe=unsafe, weights=request.get("weights"), initial=bool(request.get("initial"))
    )
    try:
        model = again()
        reply["loads"] = "yes"
    except Exception as error:
        reply["error"] = describe(error)
        reply["at"] = "load"
        try:
            model = again(compile=False)
            reply["loads"] = "only with compile=False"
        except Exception:
            return reply, None
    reply["seconds"]["load"] = time.perf_counter() - start
    start = time.perf_counter()
    tell("call")
    try:
        inputs = inputs_of(model, request.get("inputs"))
        with dialect.kept(model):
            model(inputs, training=False)
    except NoInputsOfIt as error:
        return {**reply, "error": describe(error), "at": "the inputs"}, None
    except Exception as error:
        return {**reply, "error": describe(error), "at": "the first call"}, None
    reply["seconds"]["call"] = time.perf_counter() - start
    subject = Subject(model, Architecture(model.name), inputs, None, arrays)
    subject.make = partial(again, compile=False)
    subject.shared.update(names={layer.name for layer in _all_layers(model)}, objects=objects)
    return reply, subject


def custom_objects(folders: Any, names: Any) -> dict[str, Any]:
    """The author's own classes: each of ``package.module:name``, and with a module alone all that it registers.

    Raises ImportError or AttributeError for what is not there, and ValueError for a name of another form.
    """
    for folder in folders:
        if folder not in sys.path:
            sys.path.insert(0, folder)
    found: dict[str, Any] = {}
    for each in names:
        module, _, name = each.partition(":")
        if not module:
            raise ValueError(f"{each!r} names no module: package.module:name")
        imported = importlib.import_module(module)
        if name:
            found[name.rpartition(".")[2]] = getattr(imported, name)
    return found


def load(
    path: Path, objects: dict[str, Any], *, compile: bool = True, unsafe: bool = False, weights: str | None = None,
    initial: bool = False,
) -> Any:  # fmt: skip
    """The model of a file or folder; raises whatever Keras raises. Code in it is refused unless `unsafe` is on.

    That of a JSON config has its `weights` in another file. Raises FileNotFoundError where it has none, unless the
    `initial` ones will do.
    """
    if path.suffix == ".json":
        model = keras.models.model_from_json(path.read_text(encoding="utf-8"), custom_objects=objects)
        if weights is not None:
            model.load_weights(weights)
        elif not initial:
            wanted = f"{path.stem}.weights.h5"
            raise FileNotFoundError(f"{path.name} is an architecture, and there are no weights called {wanted}")
        return model
    if is_served(path):
        return Served(path)
    arguments: dict[str, Any] = {"custom_objects": objects, "compile": compile}
    if dialect.takes(keras.models.load_model, SAFE):
        arguments[SAFE] = not unsafe
    with open_to_writing(path) as place:
        return keras.models.load_model(str(place), **arguments)


@contextlib.contextmanager
def open_to_writing(path: Path) -> Iterator[Path]:
    """A copy of a `.keras` zip for Keras 3.0 and 3.1, which open one for writing, too, as they read it; else the file.

    Where it may only be read they raise OSError, and that says nothing about the model.
    """
    if path.suffix != ".keras" or not (3, 0) <= dialect.VERSION < (3, 2) or not zipfile.is_zipfile(path):
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(shutil.copyfile(path, Path(folder) / path.name))


def inputs_of(model: Any, given: str | None = None) -> Any:
    """Tensors for a model, in the structure in which it takes them: the user's, or made up from a seed.

    Raises NoInputs for a model that does not say what it takes, where none are given, NoInputsOfIt for those of another
    model, and NoModel for what is none.
    """
    if not isinstance(model, keras.Model):
        raise NoModel(f"a {type(model).__name__} is no model")  # a FeatureSpace, which takes features by their names
    arrays = dict(np.load(given, allow_pickle=False)) if given else {}
    wanted, structure = _wanted(model)
    if not wanted and not arrays:
        raise NoInputs("the model does not say what its inputs are: give some (--inputs)")
    if not wanted:
        values = list(arrays.values())
        return tensors_of(values[0] if len(values) == 1 else values)
    if arrays:
        flat = _theirs([getattr(each, "name", "").partition(":")[0] for each in wanted], arrays)
    else:
        tops = _lookups(model, wanted)
        flat = [
            made_up(tuple(each.shape), dialect.dtype_name(each.dtype), number, tops[number])
            for number, each in enumerate(wanted)
        ]
    return tensors_of(tf.nest.pack_sequence_as(structure, flat) if structure is not None else flat[0])


def _theirs(names: list[str], arrays: dict[str, np.ndarray]) -> list[np.ndarray]:
    """The user's arrays for inputs of these names: by name where one of them is there, else in their order.

    An array is no input of any other name: a model that is fed with one by chance is compared on what nobody meant.
    """
    if all(name in arrays for name in names):
        return [arrays[name] for name in names]
    if len(arrays) != len(names) or any(name in arrays for name in names):
        raise NoInputsOfIt(f"the model takes {', '.join(names)}, and --inputs has {', '.join(arrays)}")
    return list(arrays.values())


def _wanted(model: Any) -> tuple[list[Any], Any]:
    """What the model takes, one by one, and the structure in which it does; nothing where it does not say.

    A subclassed model of Keras 2 that comes out of a SavedModel knows what it was called with when it was saved.
    """
    wanted = getattr(model, "inputs", None)
    if wanted:
        try:
            return dialect.flat(wanted), model.input
        except (AttributeError, ValueError):  # a Sequential out of a file, up to Keras 3.4: not called yet
            return dialect.flat(wanted), wanted[0] if len(wanted) == 1 else wanted
    called_with = model.save_spec() if hasattr(model, "save_spec") else None
    if called_with is None:
        return [], None
    (first, *_), _ = called_with
    return dialect.flat(first), first


def made_up(shape: tuple[Any, ...], dtype: str, number: int, top: int | None) -> np.ndarray:
    """The data of the input with this number; where `top` is given, whole numbers below it."""
    batch, *axes = shape
    open_length = LEAST if len(axes) >= 3 else LENGTH
    sizes = tuple(open_length if axis is None else int(axis) for axis in axes)
    if dtype == "string":
        values = Values("word", words=WORDS)
    elif dtype == "bool":
        values = Values("boolean")
    elif top is not None or "int" in dtype:
        values = Values("integer", 0, top or 2)
    else:
        values = Values()
    seed = zlib.crc32(f"{number} {sizes} {dtype}".encode())
    return data.make((int(batch or BATCH), *sizes), dtype, values, seed)


def _lookups(model: Any, inputs: list[Any]) -> list[int | None]:
    """For each input, what whole numbers in it must stay below; None where no layer looks anything up in it."""
    tops: list[int | None] = [None] * len(inputs)
    for layer in _all_layers(model):
        size = getattr(layer, "input_dim", None) or getattr(layer, "num_tokens", None)
        if not isinstance(size, int):
            continue
        try:
            taken = dialect.flat(layer.input)
        except (AttributeError, RuntimeError, ValueError):
            continue
        for number, each in enumerate(inputs):
            if any(each is other for other in taken):
                tops[number] = min(size, tops[number] or size)
    return tops


def _all_layers(model: Any) -> list[Any]:
    return [layer for _, layer in dialect.layers_of(model)]
