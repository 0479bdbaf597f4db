"""Routes that look for themselves, as lines of a script that leave `expected` and `actual`."""

from __future__ import annotations

from harness.expectations.scripts.building import input_of
from harness.expectations.scripts.observations import Case, resetting
from harness.expectations.scripts.values import Code, Writer, quoted
from harness.protocol.architecture import Architecture, widened

Lines = list[str]


def wider(architecture: Architecture) -> tuple[str, Architecture] | None:
    """The architecture with a Dense that is an output one unit wider where `more` is 1; the name of that layer."""
    return widened(architecture, lambda units: Code(f"{units} + more"))


def skip_mismatch(case: Case) -> Lines:
    """A file is loaded into a model of which one layer is wider: all others take their weights."""
    wide = wider(case.architecture)
    name = wide[0] if wide else ""
    paths = "weight.path" if case.major >= 3 else "weight.name"
    others = f'[np.array(weight).tolist() for weight in model.weights if {quoted(name)} not in {paths}.split("/")]'
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
    lines = ["loaded = make()", "weights = model.get_weights()", 'expected = actual = "refused"']
    for name, attempt in attempts.items():
        if wanted == name or (not wanted and (name != "a file of another shape" or wider(case.architecture))):
            *before, last = attempt
            lines += [*before, "try:", f"    {last}", f'    actual = "accepted: {name}"']
            errors = "ValueError" if case.major >= 3 else "(ValueError, NotImplementedError, tf.errors.OpError)"
            lines += [f"except {errors} as error:", '    print("refused:", error)']
    return lines


def extraction(case: Case) -> Lines:
    """A part of the model against the whole."""
    part, _, what = (case.place[0] if case.place else "").partition(": ")
    inputs = "keras.layers.InputLayer"
    lines = [
        "layers = [",
        "    layer",
        "    for layer in model.layers",
        f"    if not isinstance(layer, ({inputs}, keras.Model)) and len(layer._inbound_nodes) == 1",
        "]",
        f"chosen = layers[{case.architecture.seed} % len(layers)]",
    ]
    upto = ["part = keras.Model(model.inputs, chosen.output)"]
    alone = ['part.save("part.keras")', 'loaded = keras.models.load_model("part.keras")']
    middle = [
        "for first, chosen in zip(layers, layers[1:]):",
        f"    if {case.flat}(first.output) == [chosen.input]:",
        "        part = keras.Model(first.output, chosen.output)",
    ]
    if case.finding.error is not None:
        return [*lines, *upto, "part(data)", *alone, "loaded(data)", *middle]
    if part == "all but the last":
        lines[-1] = "chosen = layers[-2]"
    if part == "middle":
        name = what.removeprefix("outputs of ")
        lines += [f"chosen = model.get_layer({quoted(name)})", "first = layers[layers.index(chosen) - 1]"]
        upto = ["part = keras.Model(first.output, chosen.output)"]
    if what.startswith("weights"):
        return [
            *lines, *upto, "expected = True",
            "actual = all(any(each is weight for weight in model.weights) for each in part.weights)",
        ]  # fmt: skip
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
    fed = "seen(first)" if part == "middle" else _single(case)
    again = "loaded" if part == "saved alone" else "part"
    array = "keras.ops.convert_to_numpy(each)" if case.major >= 3 else "np.array(each)"
    listed = f"[{array}.tolist() for each in {case.flat}({{}})]"
    return [
        *seen, *lines, *upto, *(alone if part == "saved alone" else []),
        f"expected = {listed.format('seen(chosen)')}",
        *[line.replace("model", again) for line in reset],
        f"actual = {listed.format(f'{again}({fed}, training=False)')}",
    ]  # fmt: skip


def _single(case: Case) -> str:
    """The data as a model takes it that was made of the list of inputs."""
    if len(case.architecture.inputs) < 2 or case.architecture.input_structure == "list":
        return "data"
    return f"{case.flat}(data)"


STAGES = ("", "reloaded ", "top unfrozen ", "top unfrozen reloaded ")
STEPS = ("fit", "train_on_batch", "tape")


def transfer(case: Case) -> Lines:
    """The steps up to the one after which something was not as promised; of an error, all."""
    place = case.place[0] if case.place else f"{STAGES[-1]}{STEPS[-1]}"
    stage = max((each for each in STAGES if place.startswith(each)), key=len)
    what = place.removeprefix(stage).partition(": ")[0]
    step = {"optimizer slots": "train_on_batch"}.get(what, what.removeprefix("something in "))
    last = STEPS.index(step) if step in STEPS else len(STEPS) - 1
    large = case.architecture.form.startswith("application:")
    moved = case.finding.observation == "moved"
    batch = case.architecture.inputs[0].batch_size or case.architecture.batch
    data = _single(case)
    training = {
        "fit": f"{{0}}.fit({data}, labels, batch_size={batch}, verbose=0)",
        "train_on_batch": f"{{0}}.train_on_batch({data}, labels)",
        "tape": f"still = tape({{0}}, {data}, labels)",
    }
    eager = case.architecture.seed % 4 != 0
    rate = 0.0001 if large else 0.05
    compiled = f'transfer.compile(keras.optimizers.Adam({rate}), "categorical_crossentropy", run_eagerly={eager})'
    frozen = (
        "[weight for weight in {}.non_trainable_variables if "
        f'"seed_generator" not in {"weight.path" if case.major >= 3 else "weight.name"}]'
    )
    values = "[np.array(weight).tolist() for weight in {}]"
    lines = _with_head(case, 1024 if large else 8)
    lines.append(f"labels = keras.utils.to_categorical(np.arange({batch}) % 3, 3)")
    if case.finding.error is not None:
        stages: tuple[str, ...] = STAGES
    else:  # what is done to a loaded model is not done to the one that was saved
        stages = tuple(each for each in STAGES if each == stage or (stage.startswith(each) and "reloaded" not in each))
    for each in stages:
        here = each == stages[-1]
        if "reloaded" in each:
            now = "loaded"
            lines += [
                f"expected = {values.format(frozen.format('transfer'))}",
                'transfer.save("transfer.keras")',
                'loaded = keras.models.load_model("transfer.keras")',
                f"frozen = {frozen.format('loaded')}",
            ]
        else:
            now = "transfer"
            if each:
                lines += [
                    "model.trainable = True",
                    "for layer in [layer for layer in model.layers if layer.weights][:-2]:",
                    "    layer.trainable = False",
                ]
            lines += [
                compiled, f"frozen = {frozen.format('transfer')}", f"expected = {values.format('frozen')}",
            ]  # fmt: skip
        for number, name in enumerate(STEPS):
            if here and number == last and moved and what.startswith("something"):
                lines.append(f"old = {now}.get_weights()")
            if not here or number <= last:
                lines.append(training[name].format(now))
    if any(line.startswith("still = ") for line in lines):
        lines = [*_taping(case.major, rate), *lines]
    if not moved:
        return [*lines, f"actual = {values.format('frozen')}"]
    if what == "optimizer slots":
        sized = "len([each for each in {} if len(each.shape)])"
        return [
            *lines, f"expected = 2 * {sized.format('transfer.trainable_variables')}",
            f"actual = {sized.format(now + '.optimizer.variables')}",
        ]  # fmt: skip
    if what.startswith("something"):
        same = f"all(np.array_equal(one, other) for one, other in zip(old, {now}.get_weights()))"
        return [*lines, 'expected = "moved"', f'actual = "not moved" if {same} else "moved"']
    return [*lines, "expected, actual = [], still"]


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
    return [
        "model.trainable = False",
        *called,
        f'features = next(each for each in {outputs} if "float" in str(each.dtype))',
        "if len(features.shape) == 4:",
        "    features = keras.layers.GlobalAveragePooling2D()(features)",
        "elif len(features.shape) > 2:",
        "    features = keras.layers.Flatten()(features)",
        f'hidden = keras.layers.Dense({width}, activation="relu")(features)',
        'head = keras.layers.Dense(3, activation="softmax", dtype="float32")(hidden)',
        f"transfer = keras.Model({inputs}, head)",
    ]


def _taping(major: int, rate: float) -> Lines:
    variables = "[weight.value for weight in weights]" if major >= 3 else "weights"
    return [
        "def tape(model, data, labels):  # a step by hand; returns what has a gradient and did not move",
        "    weights = model.trainable_weights",
        "    before = [np.array(weight) for weight in weights]",
        "    with tf.GradientTape() as record:",
        "        outputs = model(data, training=True)",
        "        loss = tf.reduce_mean(keras.losses.categorical_crossentropy(labels, outputs))",
        f"    gradients = record.gradient(loss, {variables})",
        f"    keras.optimizers.SGD({rate}).apply_gradients("
        "[pair for pair in zip(gradients, weights) if pair[0] is not None])",
        "    return [weight.name for weight, old, gradient in zip(weights, before, gradients)"
        " if gradient is not None and np.abs(tf.convert_to_tensor(gradient)).max() > 1e-4"
        " and np.array_equal(old, np.array(weight))]",
    ]


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
    listed = f"[np.array(each).tolist() for each in {case.flat}({{}})]"
    return [
        *lines, *reset, f"expected = {listed.format('model(data, training=False)')}",
        f"actual = {listed.format('outputs')}",
    ]  # fmt: skip
