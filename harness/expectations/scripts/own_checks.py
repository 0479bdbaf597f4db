"""Routes that look for themselves, as lines of a script that leave `expected` and `actual`."""

from __future__ import annotations

from harness.expectations.scripts.building import RANDOM, input_of
from harness.expectations.scripts.observations import Case, numbers, resetting
from harness.expectations.scripts.values import Code, Writer, quoted
from harness.protocol.architecture import Architecture, Input, references, widened

Lines = list[str]


def wider(architecture: Architecture) -> tuple[str, Architecture] | None:
    """The architecture with a Dense that is an output one unit wider where `more` is 1; the name of that layer."""
    return widened(architecture, lambda units: Code(f"{units} + more"))


def skip_mismatch(case: Case) -> Lines:
    """A file is loaded into a model of which one layer is wider: all others take their weights."""
    wide = wider(case.architecture)
    name = wide[0] if wide else ""
    paths = "each.path" if case.major >= 3 else "each.name"
    inside = f'{quoted(f"/{name}/")} not in "/" + {paths}'
    others = f"[np.array(each).tolist() for each in model.weights if {inside}]"
    return [
        'model.save_weights("model.weights.h5")',
        "loaded = make(more=1)",
        'loaded.load_weights("model.weights.h5", skip_mismatch=True)',
        f"expected = {others}",
        f"actual = {others.replace('model.', 'loaded.', 1)}",
    ]


def refused(case: Case) -> Lines:
    """The attempt that was accepted; of an error, all of them."""
    attempts = {
        "one weight fewer": ["loaded.set_weights(weights[:-1])"],
        "one of another shape": [
            'place = next(n for n, each in enumerate(weights) if each.ndim and each.dtype.kind == "f")',
            "weights[place] = weights[place].repeat(2, axis=0)",
            "loaded.set_weights(weights)",
        ],
        "a file of another shape": [
            'make(more=1).save_weights("other.weights.h5")',
            'loaded.load_weights("other.weights.h5")',
        ],
    }
    if case.architecture.form == "subclass":
        attempts["a whole .h5 of a subclassed model"] = ['model.save("model.h5")']
        attempts["a clone layer by layer"] = ["keras.models.clone_model(model, clone_function=lambda layer: layer)"]
    wanted = case.place[0] if case.place else ""
    lines = ['expected = actual = "refused"']
    for name, attempt in attempts.items():
        if wanted == name or (not wanted and (name != "a file of another shape" or wider(case.architecture))):
            *before, last = attempt
            if "weights" in "".join(attempt) and "weights = model.get_weights()" not in lines:
                lines.append("weights = model.get_weights()")
            if "loaded" in "".join(attempt) and "loaded = make()" not in lines:
                lines.append("loaded = make()")
            lines += [*before, "try:", f"    {last}", f'    actual = "accepted: {name}"']
            errors = "ValueError" if case.major >= 3 else "(ValueError, NotImplementedError, tf.errors.OpError)"
            lines += [f"except {errors} as error:", '    print("refused:", error)']
    return lines


def extraction(case: Case) -> Lines:
    """A part of the model against the whole."""
    part, _, what = (case.place[0] if case.place else "").partition(": ")
    upto, alone = ["part = keras.Model(model.inputs, chosen.output)"], list(_SAVED_ALONE)
    if case.finding.error is not None or not what.startswith("outputs of "):
        lines = [
            *_LAYERS,
            f"chosen = layers[{-2 if part == 'all but the last' else case.architecture.seed} % len(layers)]",
        ]
        if case.finding.error is None:
            own = "all(any(each is weight for weight in model.weights) for each in part.weights)"
            return [*lines, *upto, "expected = True", f"actual = {own}"]
        middle = [
            "for first, chosen in zip(layers, layers[1:]):",
            f"    if {case.flat}(first.output) == [chosen.input]:",
            "        part = keras.Model(first.output, chosen.output)",
        ]
        return [*lines, *upto, "part(data)", *alone, "loaded(data)", *middle]
    lines = [f"chosen = model.get_layer({quoted(what.removeprefix('outputs of '))})"]
    fed = _single(case)
    if part == "middle":
        lines += [*_LAYERS, "first = layers[layers.index(chosen) - 1]"]
        upto, fed = ["part = keras.Model(first.output, chosen.output)"], "seen(first)"
    reset = ["reset(model)"] if resetting(case) else []
    seen = [
        *resetting(case),
        "def seen(layer):  # what comes out of a layer when the whole model is called",
        "    call, outputs = layer.call, []",
        "    layer.call = lambda *args, **kwargs: outputs.append(call(*args, **kwargs)) or outputs[-1]",
        *[f"    {line}" for line in reset],
        "    model(data, training=False)",
        "    layer.call = call",
        "    return outputs[0]",
    ]
    again = "loaded" if part == "saved alone" else "part"
    listed = f"[{numbers(case)} for each in {case.flat}({{}})]"
    return [
        *seen, *lines, *upto, *(alone if part == "saved alone" else []), f"expected = {listed.format('seen(chosen)')}",
        *[line.replace("model", again) for line in reset],
        f"actual = {listed.format(f'{again}({fed}, training=False)')}",
    ]  # fmt: skip


_LAYERS = (
    "layers = [each for each in model.layers if len(each._inbound_nodes) == 1]",
    "layers = [each for each in layers if not isinstance(each, (keras.layers.InputLayer, keras.Model))]",
)
_SAVED_ALONE = ('part.save("part.keras")', 'loaded = keras.models.load_model("part.keras")')


def _single(case: Case) -> str:
    """The data as a model takes it that was made of the list of inputs."""
    if len(case.architecture.inputs) < 2 or case.architecture.input_structure == "list":
        return "data"
    return f"{case.flat}(data)"


STAGES = ("", "reloaded ", "top unfrozen ", "top unfrozen reloaded ")
STEPS = ("fit", "train_on_batch", "tape")


def transfer(case: Case) -> Lines:
    """The step after which something was not as promised, of the model or of the loaded one; of an error, all."""
    large = case.architecture.form.startswith("application:")
    rate = 0.0001 if large else 0.05
    lines = [*_with_head(case, 1024 if large else 8), *_labels(case)]
    place = case.place[0] if case.place else f"{STAGES[-1]}{STEPS[-1]}"
    at = max((each for each in STAGES if place.startswith(each)), key=len)
    eager = "" if _as_graph(case, at) else ", run_eagerly=True"
    compiled = f'transfer.compile(keras.optimizers.Adam({rate}), "categorical_crossentropy"{eager})'
    file = quoted("transfer.h5" if large and case.major == 2 else "transfer.keras")
    reloaded = [f"transfer.save({file})", f"loaded = keras.models.load_model({file})"]
    if case.finding.error is not None:
        stage = [compiled, "train(transfer)", reloaded[0], f"train({reloaded[1].removeprefix('loaded = ')})"]
        return [
            "def train(model):",
            *(f"    {line}" for step in STEPS for line in _step(step, "model", case, rate)),
            *lines,
            "for unfrozen in (False, True):",
            "    if unfrozen:",
            *(f"        {line}" for line in _TOP_UNFROZEN),
            *(f"    {line}" for line in stage),
        ]
    what = place.removeprefix(at).partition(": ")[0]
    step = {"optimizer slots": "train_on_batch"}.get(what, what.removeprefix("something in "))
    now = "loaded" if "reloaded" in at else "transfer"
    moved = case.finding.observation == "moved"
    lines += [*(_TOP_UNFROZEN if "top" in at else ()), *([] if step == "tape" else [compiled])]
    if not moved:
        lines.append(f"expected = {_frozen(case, at, 'transfer')}")
    if now == "loaded":
        # The optimizer that is saved must have something to lose.
        lines += [*(_step("fit", "transfer", case, rate) if moved and step != "tape" else []), *reloaded]
    if not moved:
        return [*lines, *_step(step, now, case, rate), f"actual = {_frozen(case, at, now)}"]
    if what == "tape":
        return [*lines, *_still(now, case, rate), "expected, actual = [], still"]
    if what == "optimizer slots":
        # A float8 scale is overwritten with its gradient: the optimizer keeps nothing of it.
        kept = ' and not getattr(each, "overwrite_with_gradient", False)' if "float8" in case.text.lower() else ""
        wanted = f"expected = 2 * len([each for each in transfer.trainable_variables if len(each.shape){kept}])"
        seen = f"actual = len([each for each in {now}.optimizer.variables if len(each.shape)])"
        return [*lines, *_step(step, now, case, rate), wanted, seen]
    seen = f'actual = "not moved" if all(map(np.array_equal, old, {now}.get_weights())) else "moved"'
    return [*lines, f"old = {now}.get_weights()", *_step(step, now, case, rate), 'expected = "moved"', seen]


def _as_graph(case: Case, at: str) -> bool:
    """Whether the stage was trained as a graph; of an error, which may be of any, whether one of them was."""
    seed = case.architecture.seed
    return seed % 4 == 0 and (case.finding.error is not None or seed // 8 % 4 == STAGES.index(at))


def _frozen(case: Case, at: str, model: str) -> str:
    """The values that must not change: all of the base, or what is not trainable of it once its top is unfrozen."""
    adapters = ' if "lora_" not in each.name' if "lora" in case.text else ""  # a file holds them merged
    if at == "":
        weights = "model.weights"
    elif at == "reloaded ":
        weights = f"{model}.weights[:-4]"  # without the head's
    else:
        weights = f"{model}.non_trainable_weights"
        if case.major == 2 and RANDOM.search(case.text):
            adapters = ' if "seed_generator" not in each.name'
    return f"[np.array(each).tolist() for each in {weights}{adapters}]"


_TOP_UNFROZEN = (
    "model.trainable = True",
    "for layer in [layer for layer in model.layers if layer.weights][:-2]:",
    "    layer.trainable = False",
)


def _batch(case: Case) -> int:
    return case.architecture.inputs[0].batch_size or case.architecture.batch


def _labels(case: Case) -> Lines:
    return [f"labels = keras.utils.to_categorical(np.arange({_batch(case)}) % 3, 3)"]


def _step(name: str, model: str, case: Case, rate: float) -> Lines:
    """A step of training, in one of the three ways."""
    data = _single(case)
    if name == "fit":
        # Of a batch that is not full Keras does not know the size.
        return [f"{model}.fit({data}, labels, batch_size={_batch(case)}, verbose=0)"]
    if name == "train_on_batch":
        return [f"{model}.train_on_batch({data}, labels)"]
    weights = f"{model}.trainable_weights"
    variables = f"[each.value for each in {weights}]" if case.major >= 3 else weights
    return [
        "with tf.GradientTape() as tape:",
        f"    loss = keras.losses.categorical_crossentropy(labels, {model}({data}, training=True))",
        f"gradients = tape.gradient(loss, {variables})",
        f"keras.optimizers.SGD({rate}).apply_gradients(zip(gradients, {weights}))",
    ]


def _still(model: str, case: Case, rate: float) -> Lines:
    """A step by hand, and what has a gradient that is large enough to show and did not move."""
    return [
        f"before = [np.array(each) for each in {model}.trainable_weights]",
        *_step("tape", model, case, rate),
        "still = [",
        "    weight.name",
        f"    for weight, old, gradient in zip({model}.trainable_weights, before, gradients)",
        "    if gradient is not None and np.abs(tf.convert_to_tensor(gradient)).max() > 1e-4",
        "    and np.array_equal(old, np.array(weight))",
        "]",
    ]


def _with_head(case: Case, width: int) -> Lines:
    inputs, outputs = "model.inputs", "model.outputs"
    called: Lines = []
    if case.architecture.form == "subclass":  # called on an Input it becomes a layer, as any model does
        writer = Writer(case.major)
        called = [f"inputs = [{', '.join(input_of(writer, each) for each in case.architecture.inputs)}]"]
        single = "inputs[0]" if len(case.architecture.inputs) == 1 else "inputs"
        inputs, outputs = "inputs", f"{case.flat}(model({single}))"
    elif case.architecture.seed // 4 % 2:  # as one layer of the new model
        outputs = f"{case.flat}(model(tf.nest.pack_sequence_as(data, model.inputs), training=False))"
    lines = ["model.trainable = False", *called]
    known = _only_output(case.architecture)
    if known is not None:
        features, rank = f"{outputs}[0]", len(known.shape)
        if rank > 1:
            features = (
                f'keras.layers.{"GlobalAveragePooling2D" if rank == 3 else "Flatten"}(name="new_flat")({features})'
            )
    else:
        features = "features"
        sparse = ' and not getattr(each, "sparse", False)' if "sparse" in case.text else ""
        lines += [
            f'ends = [each for each in {outputs} if "float" in str(each.dtype){sparse}]',
            "ends = [each for each in ends if len(each.shape) > 1 and None not in each.shape[1:]]",
            "flat = [",
            '    keras.layers.GlobalAveragePooling2D(name=f"new_pool_{at}")(each)',
            '    if len(each.shape) == 4 else keras.layers.Flatten(name=f"new_flat_{at}")(each)',
            "    for at, each in enumerate(ends)",
            "]",
            'features = flat[0] if len(flat) == 1 else keras.layers.Concatenate(name="new_features")(flat)',
        ]
    if case.architecture.form.startswith("application:"):  # the softmax of a head on large numbers is sure
        lines += [
            "size = max(1, float(np.abs(model(data)).max()))",
            'features = keras.layers.Rescaling(1 / size, name="new_scale")(features)',
        ]
    return [
        *lines,
        # Of its own Keras would give a name that a layer of the base may have.
        f'hidden = keras.layers.Dense({width}, activation="relu", name="new_hidden")({features})',
        'head = keras.layers.Dense(3, "softmax", dtype="float32", name="new_head")(hidden)',
        f"transfer = keras.Model({inputs}, head)",
    ]


def _only_output(architecture: Architecture) -> Input | None:
    """The output of a model that has one, where its layer's rule says that it holds floats.

    What holds floats in Keras by no such rule is left to Keras.
    """
    if architecture.form == "sequential":
        ends = architecture.nodes[-1].stand_ins
    elif architecture.form == "functional":
        nodes = {node.name: node for node in architecture.nodes}
        found = list(references(architecture.outputs))
        ends = nodes[found[0].node].stand_ins[found[0].index :] if len(found) == 1 and found[0].node in nodes else ()
    else:
        return None
    return ends[0] if ends and "float" in ends[0].dtype else None


def export(case: Case) -> Lines:
    """A SavedModel against the model itself."""
    reset = ["reset(model)"] if resetting(case) else []
    lines = [*resetting(case), *reset]
    if case.major >= 3:
        lines += [
            'model.export("exported", verbose=False)',
            'served = keras.layers.TFSMLayer("exported", call_endpoint="serve")',
            "outputs = served(data)",
        ]
    else:
        fed = "tf.constant(data)" if len(case.architecture.inputs) == 1 else "list(map(tf.constant, data))"
        if len(case.architecture.inputs) > 1 and case.architecture.input_structure == "dict":
            fed = "list(map(tf.constant, tf.nest.flatten(data)))"
        lines += [
            'model.export("exported")',
            'exported = tf.saved_model.load("exported")',
            f"outputs = exported.serve({fed})",
        ]
    listed = f"[{numbers(case)} for each in {case.flat}({{}})]"
    return [
        *lines, *reset, f"expected = {listed.format('model(data, training=False)')}",
        f"actual = {listed.format('outputs')}",
    ]  # fmt: skip
