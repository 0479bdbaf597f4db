"""The user's own classes in a case, each with an object of it and what its constructor was given."""

from __future__ import annotations

import contextlib
import functools
import inspect
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.own.case import LayerCase
from harness.own.making import Made, arguments_of, layer_of
from harness.own.values import copied
from harness.worker import dialect
from harness.worker.custom import known
from harness.worker.dialect import keras


@dataclass
class Part:
    """An object of a class of the user's own; `given` are the arguments that its constructor was given, by name."""

    cls: type
    object: Any
    given: dict[str, Any]
    known: bool = True  # whether it is known what was given

    def place(self, method: str) -> str:
        """Where a method of the class is written: file, line and name."""
        function = getattr(self.cls, method, None)
        name = f"{self.cls.__name__}.{method}"
        if method not in {key for each in own_bases(self.cls) for key in vars(each)}:
            return f"{name} (inherited from Keras)"
        try:
            code = inspect.unwrap(getattr(function, "__func__", function)).__code__
            return f"{Path(code.co_filename).name}:{code.co_firstlineno} {name}"
        except AttributeError:
            return name

    def writes(self, method: str) -> bool:
        """Whether a class of the user's own defines the method, and not Keras alone."""
        return any(method in vars(each) for each in own_bases(self.cls))


def own_bases(cls: type) -> list[type]:
    """The class and those that it is derived from, as far as they are not Keras's, TensorFlow's or Python's."""
    return [each for each in cls.__mro__ if is_own(each)]


def is_own(cls: Any) -> bool:
    """Whether a class or function is the user's own, and no part of Keras."""
    return cls.__module__.partition(".")[0] not in ("keras", "tf_keras", "tensorflow", "builtins", "object", "abc")


def parts(built: Made) -> list[Part]:
    """The layer of the case; of a model, itself, every layer that its config holds, and what it is compiled with.

    Of these, what is an object of a class of one's own.

    What the constructors were given is seen as the model is built once more.
    """
    if isinstance(built.case, LayerCase):
        return [part_of(built.case)]
    model = built.subject.model
    held = [each for each in (*_held(model), *compiled_with(model)) if is_own(type(each))]
    classes = list(dict.fromkeys(type(each) for each in held))
    if built.given or not classes:
        return [Part(each, next(one for one in held if type(one) is each), {}, False) for each in classes]
    with recorded(classes) as calls:
        built.subject.again()
    return [Part(cls, *calls[cls][0]) for cls in classes if calls[cls]]


def part_of(case: LayerCase) -> Part:
    """A new layer of the case."""
    return Part(case.layer, layer_of(case), arguments_of(case))


def reread(layer: Any) -> Any:
    """The object, written and read as a file does it: by its registered name, and as JSON."""
    with known({type(layer).__name__: type(layer)}):
        text = json.dumps(keras.saving.serialize_keras_object(layer))
        return keras.saving.deserialize_keras_object(json.loads(text))


def _held(model: Any) -> list[Any]:
    if not dialect.is_graph(model):
        return [model]
    inner = [each for layer in model.layers for each in ((layer,) if not _is_model(layer) else _held(layer))]
    return [model, *inner]


def compiled_with(model: Any) -> list[Any]:
    """The objects that a model was compiled with: its optimizer, losses and metrics; none that Keras made of a name."""
    kinds = (keras.optimizers.Optimizer, keras.losses.Loss, keras.metrics.Metric)
    return [each for each in _compiled_with(model) if isinstance(each, kinds)]


def functions_of(model: Any) -> list[Any]:
    """The functions of one's own that a model was compiled with as losses or metrics, each once."""
    functions = [each for each in _compiled_with(model) if inspect.isfunction(each) and is_own(each)]
    return list(dict.fromkeys(functions))


def _compiled_with(model: Any) -> list[Any]:
    if getattr(model, "optimizer", None) is None:
        return []
    metrics = getattr(model, "_compile_metrics" if dialect.MAJOR >= 3 else "compiled_metrics", None)
    return dialect.flat([model.optimizer, getattr(model, "loss", None), getattr(metrics, "_user_metrics", None)])


def _is_model(layer: Any) -> bool:
    return isinstance(layer, keras.Model)


def classes_of(built: Made) -> dict[str, str]:
    """Every layer of the model by name, with its class: what an architecture would say."""
    model = built.subject.model
    return {each.name: type(each).__name__ for each in (model, *model._flatten_layers(include_self=False))}


def holds_anew(model: Any) -> bool:
    """Whether there is a model in it whose layers its code makes anew, and Keras names anew, each time."""
    models = [each for each in model._flatten_layers() if _is_model(each)]
    return any(not dialect.is_graph(each) or is_own(type(each)) for each in models)


def unregistered(built: Made) -> dict[str, Any]:
    """The classes of one's own, and functions compiled with, that no file could name, by the name that it would use.

    The JSON of a subclassed model of Keras 2 names its class without the package, registered or not.
    """
    given = dict(built.case.custom_objects or {})
    classes = {type(each) for each in (*_held(built.subject.model), *compiled_with(built.subject.model))}
    if isinstance(built.case, LayerCase):
        classes.add(built.case.layer)
    bare = {type(built.subject.model)} if dialect.MAJOR < 3 else set()
    objects = (*classes, *functions_of(built.subject.model))
    return {
        cls.__name__: cls
        for cls in objects
        if is_own(cls) and cls not in given.values() and (cls in bare or not is_registered(cls))
    }


def is_registered(cls: Any) -> bool:
    """Whether a file can name the class or function: Keras knows it under a name with a package."""
    return keras.utils.get_registered_object(keras.utils.get_registered_name(cls)) is cls


def registered_over(cls: type) -> type | None:
    """The class that was registered later under the name of this one, which no file can name any more."""
    name = keras.utils.get_registered_name(cls)
    other = keras.utils.get_registered_object(name)
    return other if other is not cls and isinstance(other, type) and name != cls.__name__ else None


Call = tuple[Any, dict[str, Any]]


@contextlib.contextmanager
def recorded(classes: Iterable[type]) -> Iterator[dict[type, list[Call]]]:
    """While open, notes each object of these classes that is made, with the arguments of its constructor by name."""
    calls: dict[type, list[Call]] = {cls: [] for cls in classes}
    own = {cls: vars(cls).get("__init__") for cls in calls}
    for cls in calls:
        cls.__init__ = _noting(cls, cls.__init__, calls[cls])  # type: ignore[misc]
    try:
        yield calls
    finally:
        for cls, method in own.items():
            if method is None:
                del cls.__init__  # type: ignore[misc]
            else:
                cls.__init__ = method  # type: ignore[misc]


def _noting(cls: type, original: Any, calls: list[Call]) -> Any:
    signature = inspect.signature(original)

    @functools.wraps(original)
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        if type(self) is cls:
            with contextlib.suppress(TypeError):  # the constructor itself will say what does not fit
                # Copied, for it may change the lists that it is given.
                calls.append((self, copied(named(signature, self, args, kwargs))))
        original(self, *args, **kwargs)

    init.__signature__ = signature  # type: ignore[attr-defined]  # Keras reads it, and not what is wrapped
    return init


def named(signature: inspect.Signature, self: Any, args: Any, kwargs: Any) -> dict[str, Any]:
    """Arguments by name, those that go into ``**kwargs`` too; what goes into ``*args`` has none."""
    bound = dict(signature.bind(self, *args, **kwargs).arguments)
    bound.pop(next(iter(signature.parameters)), None)
    for each in signature.parameters.values():
        if each.kind is each.VAR_KEYWORD:
            bound.update(bound.pop(each.name, {}))
        elif each.kind is each.VAR_POSITIONAL:
            bound.pop(each.name, None)
    return bound
