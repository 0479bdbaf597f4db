"""Makes of a case what routes and observations look at: a model, its data, and how its like is built anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from harness.own.case import BATCH, Case, Fed, LayerCase, fed
from harness.own.values import copied
from harness.protocol.architecture import Architecture, Compile, Input, Values
from harness.worker import data, dialect, states
from harness.worker.arrays import Arrays
from harness.worker.build import fill, input_of, tensors_of
from harness.worker.dialect import keras, tf
from harness.worker.subject import Subject

STEPS = 1  # training steps before anything is observed


@dataclass
class Made:
    """A case that was built: `layer` is the layer that it is about, None where it is about a whole model."""

    case: Case
    fed: Fed
    subject: Subject
    layer: Any
    given: bool  # the model is the user's own object, which is put back as it was
    steady: bool = True  # inference gives the same numbers at each call
    faithful: bool = True  # its config makes it again, as far as the check `arguments` has seen
    remarks: tuple[str, ...] = ()


def made(case: Case) -> Made:
    """Builds the case. Raises what the user's code raises, and TypeError for inputs that cannot be read."""
    if getattr(keras, "config", None) is not None and keras.config.backend() != "tensorflow":
        raise RuntimeError(f"only the TensorFlow backend is reached, and this is {keras.config.backend()}")
    given = isinstance(getattr(case, "model", None), keras.Model)
    food = fed(case.inputs, case.seed, getattr(case, "keywords", None)) if case.inputs is not None else _food_of(case)
    make = dialect.names_from_the_start()(_maker(case, food))
    states.set_seed(case.seed + 50)  # no seed that an observation sets: what is drawn here must not come again
    model = case.model if given else make()  # type: ignore[union-attr]
    form = "sequential" if isinstance(model, keras.Sequential) else "functional"
    form = form if dialect.is_graph(model) else "subclass"
    architecture = Architecture(
        model.name, form, food.inputs, input_structure=food.structure, batch=BATCH, seed=case.seed
    )
    inputs = tensors_of(food.arrays)
    subject = Subject(model, architecture, inputs, None, Arrays(), make=make)
    subject.shared["names"] = {architecture.name, *(each.name for each in _graph_layers(model))}
    subject.initial = subject.weights()
    remarks = [] if given else [*_filled(subject), *_trained(subject, getattr(case, "targets", None))]
    if given:
        remarks.append(
            "a model was given and not a function that builds one: it is looked at as it is, and its like is built by"
            " from_config"
        )
    return Made(case, food, subject, _layer_in(model, case), given, _steady(subject), remarks=tuple(remarks))


def arguments_of(case: LayerCase) -> dict[str, Any]:
    """What the constructor is given."""
    given: Any = case.arguments
    arguments = given() if callable(given) else given
    return anew(arguments)


def layer_of(case: LayerCase) -> Any:
    """A new layer of the case."""
    return case.layer(**arguments_of(case))


def anew(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments for one more object: layers made anew and lists copied, for two objects must not share them."""
    made: dict[str, Any] = copied(dict(arguments), _layer_anew)
    return made


def _layer_anew(value: Any) -> Any:
    return type(value).from_config(value.get_config()) if isinstance(value, keras.layers.Layer) else value


def _maker(case: Case, food: Fed) -> Callable[[], Any]:
    if isinstance(case, LayerCase):

        def of_layer() -> Any:
            symbolic = food.pack([input_of(each) for each in food.inputs])
            return keras.Model(symbolic, food.call(layer_of(case), symbolic), name="model")

        return of_layer
    if isinstance(case.model, keras.Model):

        def like_it() -> Any:
            return _called(type(case.model).from_config(case.model.get_config()), food)

        return like_it
    return lambda: _called(case.model(), food)


def _called(model: Any, food: Fed) -> Any:
    """The model, built: a subclassed one is by its first call."""
    if not isinstance(model, keras.Model):
        raise TypeError(f"a model is wanted, or a function that returns one, and it returned {model!r}")
    if not (dialect.is_graph(model) and model.built):
        model(tensors_of(food.arrays))
    return model


def _food_of(case: Case) -> Fed:
    """Data for the inputs of a model that states them."""
    model = getattr(case, "model", None)
    if callable(model) and not isinstance(model, keras.Model):
        model = model()
    if model is None or not dialect.is_graph(model) or not getattr(model, "inputs", None):
        raise TypeError("inputs is wanted: a shape without the batch axis, such as (8,), or an array of samples")
    structure = model.inputs[0] if isinstance(model, keras.Sequential) else model.input
    flat = dialect.flat(structure)
    described = tuple(_described(f"input_{number}", each) for number, each in enumerate(flat))
    arrays = [data.for_input(each, BATCH, case.seed) for each in described]
    packed = tf.nest.pack_sequence_as(structure, arrays)
    kind = "dict" if isinstance(structure, dict) else "tuple" if isinstance(structure, tuple) else "list"
    return Fed(described, packed, kind)


def _described(name: str, tensor: Any) -> Input:
    dtype = dialect.dtype_name(tensor.dtype)
    if dtype == "string":
        raise TypeError(f"inputs is wanted: what words {tensor.name} takes is known to nobody else")
    values = Values("integer", 0, 2) if "int" in dtype else Values("boolean") if dtype == "bool" else Values()
    return Input(name, tuple(tensor.shape)[1:], dtype, values, batch_size=tensor.shape[0])


def _graph_layers(model: Any) -> list[Any]:
    """The layers whose names a model's config holds."""
    if not dialect.is_graph(model):
        return []
    return [each for layer in model.layers for each in (layer, *_graph_layers(layer))]


def _layer_in(model: Any, case: Case) -> Any:
    if not isinstance(case, LayerCase):
        return None
    return next(each for each in reversed(model.layers) if isinstance(each, case.layer))


def _filled(subject: Subject) -> list[str]:
    """Gives every weight a value of its own, unless the model cannot compute with such values."""
    if not _finite(subject):
        return []
    fill(subject.model, subject.architecture.seed)
    if _finite(subject):
        return []
    random = np.random.default_rng(subject.architecture.seed)
    for variable, (_, value) in zip(dialect.weights_of(subject.model), subject.initial):
        noise = random.uniform(0.9, 1.1, value.shape) if value.dtype.kind == "f" else 1
        variable.assign((value * noise).astype(value.dtype))
    return ["with other weights it computes no finite number, so they were left near those that it began with"]


def _steady(subject: Subject) -> bool:
    seen = []
    for _ in range(2):
        states.reset_states(subject.model)
        outputs = dialect.flat(subject.model(subject.inputs, training=False))
        seen.append([dialect.array(each).tobytes() for each in outputs])
    return seen[0] == seen[1]


def _finite(subject: Subject) -> bool:
    outputs = [dialect.array(each) for each in dialect.flat(subject.model(subject.inputs, training=False))]
    return all(np.isfinite(each.astype("float64")).all() for each in outputs if each.dtype.kind == "f")


def _trained(subject: Subject, targets: Any) -> list[str]:
    """Compiles the model where its user has not, and trains it for a step; says why where it cannot."""
    model = subject.model
    own = getattr(model, "optimizer", None) is not None
    if own and targets is None:
        return ["it is compiled, and targets were not given: training and compile settings were not checked"]
    outputs = model(subject.inputs, training=False)
    if targets is None:
        if not model.trainable_weights:
            return []
        if not all(dialect.is_dense_float(each) for each in dialect.flat(outputs)):
            return ["not all of its outputs are floats, so it was not trained"]
        random = np.random.default_rng(subject.architecture.seed)
        targets = tf.nest.map_structure(
            lambda each: random.standard_normal(each.shape).astype(dialect.dtype_name(each.dtype)), outputs
        )
    if not own:
        loss = tf.nest.map_structure(lambda _: "mean_squared_error", outputs)
        model.compile(optimizer=keras.optimizers.Adam(0.01), loss=loss, run_eagerly=True)
    subject.targets = tensors_of(targets)
    states.rewind(model, subject.architecture.seed + 100)
    for _ in range(STEPS):
        model.train_on_batch(subject.inputs, subject.targets)
    settings: Mapping[str, Any] = {} if own else {"run_eagerly": True}
    subject.architecture = replace(subject.architecture, compile=Compile(settings, steps=STEPS))
    return []
