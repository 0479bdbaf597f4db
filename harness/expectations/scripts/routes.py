"""How a model travels, as lines of a script: a row for each route; the other reader is `harness.routes`.

A route that brings a model back leaves it in `loaded`; one that looks for itself leaves `expected` and `actual`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from harness.expectations.scripts import own_checks
from harness.expectations.scripts.observations import Case
from harness.expectations.scripts.values import quoted
from harness.protocol.architecture import Architecture

Lines = list[str]


@dataclass(frozen=True)
class Way:
    """A row: the lines, whether they build the model again (so `make` must be a function), or look for themselves.

    A way by a file states it as `save` and `load`, so that another process may load it.
    """

    lines: Callable[[Case], Lines] | None = None
    save: str = ""
    load: str = ""
    again: bool = False
    own: bool = False

    def of(self, case: Case) -> Lines:
        """The lines for one finding."""
        if self.lines is not None:
            return self.lines(case)
        return [self.save, f"loaded = {self.load}"]


KERAS, FOLDER, HDF5 = (
    Way(None, f"model.save({name})", f"keras.models.load_model({file})")
    for name, file in (
        ('"model.keras"', '"model.keras"'),
        ('"folder", zipped=False', '"folder"'),
        ('"model.h5"', '"model.h5"'),
    )
)


def _uncompiled(way: Way) -> Way:
    return replace(way, load=way.load.replace(")", ", compile=False)"))


def _twice(way: Way) -> Way:
    once = [way.save, f"loaded = {way.load}"]
    return Way(lambda case: [*once, way.save.replace("model.", "loaded.", 1), f"loaded = {way.load}"])


def _elsewhere(way: Way) -> Way:
    def lines(case: Case) -> Lines:
        policy = (
            "keras.config.set_dtype_policy({})" if case.major >= 3 else "keras.mixed_precision.set_global_policy({})"
        )
        lines = [
            way.save,
            'keras.backend.set_floatx("float64")  # what the loading program has set for models of its own',
            policy.format('"mixed_bfloat16"'),
            f"loaded = {way.load}",
        ]
        if case.finding.error is None and case.finding.observation in ("structure", "config", "flags", "compile"):
            return lines  # what is looked at is there, and computed no more
        return [
            *lines, 'keras.backend.set_floatx("float32")', policy.format(quoted(case.architecture.policy or "float32"))
        ]  # fmt: skip

    return Way(lines)


def _sharded(case: Case) -> Lines:
    return [
        "sizes = [np.array(weight).nbytes for weight in model.weights]",
        'model.save_weights("model.weights.json", max_shard_size=max(sum(sizes) / 3, max(sizes) * 1.5, 64) / 1e9)',
        "loaded = make()",
        'loaded.load_weights("model.weights.json")',
    ]


def _npz(case: Case) -> Lines:
    lines = ["values = model.get_weights()"]
    if "bfloat16" in case.text or "float8" in case.text:
        lines.append('values = [each.astype("float32") for each in values]  # a .npz holds NumPy\'s own dtypes alone')
    if case.major == 2 and ("Lookup" in case.text or "TextVectorization" in case.text):
        lines.append('values = [each.astype("S") if each.dtype.kind == "O" else each for each in values]')
    return [
        *lines,
        'np.savez("weights.npz", *values)',
        "loaded = make()",
        'with np.load("weights.npz") as file:',
        '    values = [file[f"arr_{number}"] for number in range(len(file.files))]',
        "loaded.set_weights([each.astype(own.dtype) for each, own in zip(values, loaded.get_weights())])",
    ]


def _pair(case: Case) -> Lines:
    return [
        'model.save_weights("model.weights.h5")',
        "loaded = keras.models.model_from_json(model.to_json())",
        'loaded.load_weights("model.weights.h5")',
    ]


def _hdf5_weights(case: Case) -> Lines:
    return [hdf5_weights(case.major), "loaded = make()", 'loaded.load_weights("model.h5")']


def hdf5_weights(major: int) -> str:
    """How the weights get into a `.h5`: Keras 3 writes none that holds these alone."""
    return 'model.save("model.h5")' if major >= 3 else 'model.save_weights("model.h5")'


def _by_name(case: Case) -> Lines:
    save = 'model.save("model.h5")' if case.major >= 3 else 'model.save_weights("model.h5")'
    return [save, "loaded = make()", 'loaded.load_weights("model.h5", by_name=True)']


def _rebuilt(how: str) -> Callable[[Case], Lines]:
    """Lines that rebuild; where `fresh` is asked, the weights of two builds tell which are drawn anew."""

    def lines(case: Case) -> Lines:
        made = [f"loaded = {how}"]
        if case.architecture.deferred or case.architecture.form == "subclass":
            made += ["if not loaded.built:", "    loaded(data)"]
        refused = str((case.finding.error or {}).get("place")).endswith(":set_weights")
        if case.finding.observation == "outputs" or refused:
            made.append("loaded.set_weights(model.get_weights())")
        return made

    return lines


def _clone_function(case: Case) -> Lines:
    nested = case.major >= 3 and any(isinstance(each.layer, Architecture) for each in case.architecture.nodes)
    deep = ", recursive=True" if nested else ""
    function = "lambda layer: type(layer).from_config(layer.get_config())"
    return _rebuilt(f"keras.models.clone_model(model, clone_function={function}{deep})")(case)


def _clone_inputs(case: Case) -> Lines:
    dtype = "each.dtype" if case.major >= 3 else "each.dtype.name"
    new = f"keras.Input(shape=each.shape[1:], batch_size=each.shape[0], dtype={dtype})"
    lines = [f"inputs = [{new} for each in model.inputs]"]
    if case.major >= 3 and case.architecture.form == "functional":
        lines.append("inputs = keras.tree.pack_sequence_as(model.input, inputs)")
    return [*lines, "loaded = keras.models.clone_model(model, input_tensors=inputs)"]


ROUTES: Mapping[str, Way] = {
    "keras_zip": KERAS,
    "keras_folder": FOLDER,
    "keras_uncompiled": _uncompiled(KERAS),
    "keras_zip_twice": _twice(KERAS),
    "hdf5": HDF5,
    "hdf5_uncompiled": _uncompiled(HDF5),
    "hdf5_twice": _twice(HDF5),
    "weights_h5": Way(
        lambda case: [
            'model.save_weights("model.weights.h5")',
            "loaded = make()",
            'loaded.load_weights("model.weights.h5")',
        ],
        again=True,
    ),
    "weights_sharded": Way(_sharded, again=True),
    "set_weights": Way(lambda case: ["loaded = make()", "loaded.set_weights(model.get_weights())"], again=True),
    "weights_npz": Way(_npz, again=True),
    "checkpoint": Way(
        lambda case: [
            'path = tf.train.Checkpoint(model=model).write("checkpoint")',
            "loaded = make()",
            "tf.train.Checkpoint(model=loaded).read(path).expect_partial()",
        ],
        again=True,
    ),
    "from_config": Way(_rebuilt("type(model).from_config(model.get_config())")),
    "json": Way(_rebuilt("keras.models.model_from_json(model.to_json())")),
    "clone": Way(_rebuilt("keras.models.clone_model(model)")),
    "clone_function": Way(_clone_function),
    "clone_inputs": Way(_clone_inputs),
    "keras_zip_process": KERAS,
    "hdf5_process": HDF5,
    "keras_elsewhere": _elsewhere(KERAS),
    "hdf5_elsewhere": _elsewhere(HDF5),
    "weights_by_name": Way(_by_name, again=True),
    "skip_mismatch": Way(own_checks.skip_mismatch, again=True, own=True),
    "refused": Way(own_checks.refused, again=True, own=True),
    "extraction": Way(own_checks.extraction, own=True),
    "transfer": Way(own_checks.transfer, own=True),
    "export": Way(own_checks.export, own=True),
    "hdf5_weights": Way(_hdf5_weights, again=True),
    # Asked of two releases alone.
    "json_weights": Way(_pair),
}
