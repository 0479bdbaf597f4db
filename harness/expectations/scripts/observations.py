"""What a script looks at in a model: a row for each observation, narrowed to the place that differed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from harness.expectations.compare import tolerance
from harness.expectations.finding import Finding
from harness.expectations.scripts.building import NO_VARIABLES, RANDOM, layer_at, stateful
from harness.expectations.scripts.values import quoted
from harness.protocol.architecture import Architecture, Call

TRAINING_STEPS = 2
_EXACT, _TEXT, _CLOSE = "actual != expected", "str(actual) != str(expected)", "close"


@dataclass(frozen=True)
class Case:
    """A finding with all that decides how its script is written."""

    finding: Finding
    architecture: Architecture
    major: int
    route: str
    relation: str = "="

    @classmethod
    def of(cls, finding: Finding, major: int, relation: str) -> Case:
        """The case of a finding that has an architecture."""
        assert finding.architecture is not None
        return cls(finding, finding.architecture, major, finding.routes[0], relation)

    @property
    def text(self) -> str:
        """The architecture as JSON."""
        return self.architecture.text

    @property
    def place(self) -> tuple[str, ...]:
        """Where it differs, within the observation."""
        return finding_place(self.finding)

    @property
    def flat(self) -> str:
        """The public function that makes a list of a structure of tensors."""
        return "keras.tree.flatten" if self.major >= 3 else "tf.nest.flatten"

    @property
    def tolerance(self) -> float:
        """How far numbers may be apart, as the judge holds it."""
        close = tolerance(self.relation if self.relation == "~t" else "~", self.architecture)
        assert close is not None
        return close["float64" if self.architecture.policy == "float64" else "float32"]


def finding_place(finding: Finding) -> tuple[str, ...]:
    """The place as it was told, in pieces."""
    return finding.path or tuple(filter(None, finding.where.split("/")))


@dataclass(frozen=True)
class Look:
    """How to see it: an expression in which ``{model}`` stands, the functions it needs, how two of it are compared.

    `first` are lines that go before it, each time; ``{model}`` stands in them, too.
    """

    expression: str
    define: tuple[str, ...] = ()
    differs: str = _EXACT
    expected: str = ""  # what is expected of the arrival, where it is not what the original has
    first: tuple[str, ...] = ()

    def of(self, model: str) -> str:
        """The expression for one model."""
        return self.expression.replace("{model}", model)

    def lines(self, model: str, into: str = "") -> list[str]:
        """The lines that look at one model, and leave what they see in a variable if one is named."""
        before = [line.replace("{model}", model) for line in self.first]
        return [*before, f"{into} = {self.of(model)}" if into else self.of(model)]


_ABSENT = Look('getattr({model}, "optimizer", None) is not None', expected="False")


def _structure(case: Case) -> Look:
    kind = case.place[0] if case.place else "layers"
    if kind == "class":
        return Look("type({model}).__name__")
    if kind == "name":
        return Look("{model}.name")
    if kind in ("takes", "gives"):
        which = "inputs" if kind == "takes" else "outputs"
        nested = f"_{which}_struct" if case.major >= 3 else f"_nested_{which}"
        mapped = case.flat.replace("flatten", "map_structure")
        return Look(f"{mapped}(lambda each: 0, {{model}}.{nested})")
    if kind in ("inputs", "outputs"):
        return Look(f"[(str(each.shape), str(each.dtype)) for each in {{model}}.{kind} or []]")
    if len(case.place) > 1 and case.place[1].count("/") == 0:
        return Look("[(layer.name, type(layer).__name__) for layer in {model}.layers]")
    return Look("[type(layer).__name__ for layer in {model}._flatten_layers() if layer.weights]")


def _summary(case: Case) -> Look:
    # Parameter totals and the optimizer's are no promise of every route.
    totals = case.relation in ("=l", "=s") and not (case.relation == "=s" and _trained(case))
    keep = ' and " params:" not in line' if totals else ""
    terminal = '    os.environ["COLUMNS"] = "120"  # a table ends where the terminal does'
    return Look(
        "summary({model})",
        (
            "def summary(model):",
            *([terminal] if case.major >= 3 else []),
            "    lines = []",
            '    shown = {"expand_nested": True, "show_trainable": True}',
            "    model.summary(120, print_fn=lambda text, **_: lines.extend(text.splitlines()), **shown)",
            f'    rows = [line.split("│") for line in lines if " " in line{keep}]',
            '    words = [" ".join(row[:4] + row[-2:-1]).split() for row in rows]  # without connections',
            "    return [each for each in words if each]",
        ),
    )


def _trained(case: Case) -> bool:
    return case.architecture.compile is not None and case.architecture.compile.steps > 0


_AT = (
    "def at(value, *keys):  # an entry of a list goes by its name",
    "    for key in keys:",
    "        if not isinstance(value, dict):",
    '            value = {each["config"]["name"]: each for each in value}',
    '        value = value.get(key, "missing")',
    "    return value",
)


def _config(case: Case) -> Look:
    place = list(case.place)
    model, here = "{model}", case.architecture
    while place[:1] == ["layers"] and place[2:3] == ["config"] and len(place) > 3:
        found, rest = layer_at(here, (place[1],), model)
        if rest:
            break
        model, place = found, place[3:]
        node = next(node for node in here.nodes if _named(node, found))
        if not isinstance(node.layer, Architecture):
            break
        here = node.layer
    name = 'each["config"]["name"]' if here.form == "sequential" else 'each["name"]'
    return _entry(f"{model}.get_config()", place, name)


def _named(node: object, found: str) -> bool:
    layer = getattr(node, "layer", None)
    name = layer.name if isinstance(layer, Architecture) else getattr(node, "name", "")
    return found.endswith(f".get_layer({quoted(name)})")


def _entry(config: str, place: list[str], name: str = "") -> Look:
    """An entry of a config; by plain subscripts where it lies in dicts alone, or in the entry of a layer."""
    if not place:
        return Look(config, (), _TEXT)
    if place[0] == "layers" and len(place) > 2 and not place[-1].isdigit():
        _, layer, *inner, last = place
        seen = _subscripts("each", inner, last)
        return Look(f'[{seen} for each in {config}["layers"] if {name} == {quoted(layer)}]', (), _TEXT)
    *before, last = place
    if not last.isdigit() and before[1::2] == ["config"] * (len(before) // 2) and len(before) % 2 == 0:
        # An object within an object: its arguments lie in its own config.
        return Look(_subscripts(config, before, last), (), _TEXT)
    names: list[str] = []
    for key in [*place, "0"]:
        if not key.isdigit():
            names.append(quoted(key))
        elif names:
            config, names = f"at({config}, {', '.join(names)})", []
        config += f"[{key}]"
    return Look(config.removesuffix("[0]"), _AT, _TEXT)


def _subscripts(value: str, keys: list[str], last: str) -> str:
    """What lies there, and a word where the last key is not there."""
    inner = "".join(f"[{each}]" if each.isdigit() else f"[{quoted(each)}]" for each in keys)
    return f'{value}{inner}.get({quoted(last)}, "missing")'


def _weights(case: Case) -> Look:
    if case.finding.kind == "moved":  # layer by layer: the lists of those around them may have another order as well
        each = "np.array(weight).tolist() for layer in {model}._flatten_layers() for weight in layer.weights"
        return Look(f"[{each}]", (), _TEXT)
    what = {"dtype": "str(weight.dtype)", "path": _path(case)}.get(case.place[-1] if case.place else "", "")
    if case.finding.kind == "dtype":
        what = "str(weight.dtype)"
    elif case.finding.kind == "shape":
        what = "tuple(weight.shape)"
    elif case.finding.kind == "length" or not case.place:
        what = _path(case)
    model = layer_at(case.architecture, tuple(case.place[0].split("/")), "{model}")[0] if case.place else "{model}"
    if not what and "lora" in case.text and "kernel" in case.place[0]:
        return Look(f"np.array({model}.kernel).tolist()", (), _TEXT)  # merged with its low-rank adapter
    if not what and "lora" in case.text and "embeddings" in case.place[0]:
        return Look(f"np.array({model}.embeddings).tolist()", (), _TEXT)
    named = ' if hasattr(weight, "name")' if case.major == 2 and NO_VARIABLES.search(case.text) else ""
    return Look(f"[{what or 'np.array(weight).tolist()'} for weight in {model}.weights{named}]", (), _TEXT)


def _path(case: Case) -> str:
    return "weight.path" if case.major >= 3 else "weight.name"


def _adapters(case: Case) -> Look:
    model = layer_at(case.architecture, tuple(case.place[0].split("/")), "{model}")[0] if case.place else "{model}"
    # Of two factors that are both zero neither has a gradient.
    return Look(f'any(np.any(each) for each in {model}.weights if "lora_" in each.name)')


def _flags(case: Case) -> Look:
    if case.place[:1] == ("model",):
        return Look("{model}.trainable")
    if case.place[:1] == ("layers",) and len(case.place) > 1:
        layer, rest = layer_at(case.architecture, tuple(case.place[1].split("/")), "{model}")
        if not rest:
            return Look(f"{layer}.trainable")
        return Look("[layer.trainable for layer in {model}._flatten_layers() if layer.weights]")
    name = 'weight.name.split("/")[-1]'
    return Look(f"[({name}, tuple(weight.shape)) for weight in {{model}}.trainable_weights]", (), _TEXT)


def _compile(case: Case) -> Look:
    place = list(case.place)
    if case.relation == "no":
        return _ABSENT
    if place[:1] == ["compiled"]:
        return Look('getattr({model}, "optimizer", None) is not None')
    if place[:2] == ["optimizer", "config"]:
        return _entry("{model}.optimizer.get_config()", place[2:])
    if place[:1] == ["optimizer"]:
        return Look("type({model}.optimizer).__name__")
    return _entry("{model}.get_compile_config()", place[1:])


def _optimizer(case: Case) -> Look:
    if case.relation == "no":
        return _ABSENT
    if case.place[:1] == ("iterations",):
        return Look(f"int({{model}}.optimizer{_iterations(case)})")
    variables = "{model}.optimizer.variables"
    if case.major == 2 and "optimizers.legacy" in case.text:
        variables += "()"
    what = "tuple(np.shape(each))" if case.finding.kind in ("length", "shape") else "np.array(each).tolist()"
    return Look(f"[{what} for each in {variables}]", (), _TEXT)


def _iterations(case: Case) -> str:
    """The attribute that `harness.observations.optimizer` reads: the batches, where several of them make a step."""
    settings = case.architecture.compile
    optimizer = settings.arguments.get("optimizer") if settings else None
    inner = optimizer.arguments.get("inner_optimizer", optimizer) if isinstance(optimizer, Call) else None
    if not isinstance(inner, Call) or not inner.arguments.get("gradient_accumulation_steps"):
        return ".iterations"
    return "._iterations" if inner is optimizer else ".inner_optimizer._iterations"


def numbers(case: Case, tensor: str = "np.array(each)") -> str:
    """What is looked at in each tensor: its numbers, or the dtype where that is what differs."""
    return f"str({tensor}.dtype)" if case.finding.kind == "dtype" else f"{tensor}.tolist()"


def _tensors(case: Case, call: str) -> str:
    """What a model returns."""
    sparse = '"sparse":true' in case.text or '"ragged":true' in case.text
    array = "keras.ops.convert_to_numpy(each)" if case.major >= 3 else "np.array(each)"
    if sparse and case.major == 2:
        array = "np.array(tf.sparse.to_dense(each) if isinstance(each, tf.SparseTensor) else each)"
    if isinstance(case.architecture.outputs, (list, tuple, dict)) or sparse:
        return f"[{numbers(case, array)} for each in {case.flat}({call})]"
    return numbers(case, array.replace("each", call))


def _outputs(case: Case) -> Look:
    first = ("reset({model})",) if stateful(case.architecture) and not case.finding.error else ()
    return Look(_tensors(case, "{model}(data, training=False)"), resetting(case) if first else (), _TEXT, first=first)


def resetting(case: Case) -> tuple[str, ...]:
    """A function that puts the states of recurrent layers back to zero; none where there are none."""
    if not stateful(case.architecture):
        return ()
    name = "reset_state" if case.major >= 3 else "reset_states"
    return (
        "def reset(model):",
        "    for layer in model._flatten_layers():",
        f'        if getattr(layer, "stateful", False) and hasattr(layer, "{name}"):',
        f"            layer.{name}()",
    )


def _rewinding(case: Case) -> Look:
    """What puts every random generator and every state of a model where it always starts."""
    first = ["reset({model})"] if stateful(case.architecture) else []
    if not RANDOM.search(case.text):
        return Look("", resetting(case), first=tuple(first))
    first.insert(0, "keras.utils.set_random_seed(1)")
    if case.major >= 3:
        states = '[each for each in {model}.variables if "seed_generator" in each.name]'
        first += [f"for number, state in enumerate({states}):", "    state.assign([1, number])"]
        return Look("", resetting(case), first=tuple(first))
    return Look("", (*resetting(case), *_REWIND), first=(*first, "rewind({model})"))


_REWIND = (
    "def rewind(model):",
    "    for layer in model._flatten_layers():",
    '        random = getattr(layer, "_random_generator", None)',
    '        if getattr(random, "_generator", None) is not None:',
    "            random._generator.reset_from_seed(1)",
    '        elif hasattr(random, "_seed"):',
    "            random._seed = 1",
)


def _training_outputs(case: Case) -> Look:
    seen = _tensors(case, "{model}(data, training=True)")
    return Look(seen) if case.finding.error else replace(_rewinding(case), expression=seen, differs=_TEXT)


def _eager(case: Case) -> list[str]:
    """What lets both models run in the same way: not every format keeps it, and a graph draws in another order.

    What a graph raises is of another type, too.
    """
    settings = case.architecture.compile.arguments if case.architecture.compile else {}
    keys = [key for key in ("run_eagerly", "jit_compile") if key in settings]
    if case.major == 2 and (keys or case.finding.error):
        return ["{model}.run_eagerly, {model}.train_function, {model}.test_function = True, None, None"]
    return [f"{{model}}.{key} = {settings[key]!r}" for key in keys]


def _losses(case: Case) -> Look:
    if case.architecture.compile is None or case.place[:1] == ("regularization",):
        seen = "[np.array(each).tolist() for each in {model}.losses]"
        return Look(seen, (), _CLOSE, first=("{model}(data)",))
    return _of_steps(case, "{model}.test_on_batch(data, targets, return_dict=True)")


def _training(case: Case) -> Look:
    step = "{model}.train_on_batch(data, targets, return_dict=True)"
    if case.place[:1] != ("weights",):
        return _of_steps(case, step if case.major == 2 else step.replace(", return_dict=True", ""), TRAINING_STEPS)
    rewound = _rewinding(case)
    steps = (f"for _ in range({TRAINING_STEPS}):", "    {model}.train_on_batch(data, targets)")
    floats = '"float" in str(each.dtype)' if case.major >= 3 else '"float" in str(getattr(each, "dtype", None))'
    seen = f"[np.array(each) for each in {{model}}.weights if {floats}]"
    return replace(rewound, expression=seen, differs=_CLOSE, first=(*rewound.first, *_eager(case), *steps))


def _of_steps(case: Case, step: str, times: int = 1) -> Look:
    """The loss and the metrics of some steps: their names where one is missing, their numbers otherwise."""
    several = step if times == 1 else f"[{step} for _ in range({times})]"
    if case.finding.error:
        return Look(several, first=tuple(_eager(case)))
    if case.finding.kind in ("missing", "surplus") and len(case.place) <= times + 1:
        return Look(f"sorted({step.replace('targets)', 'targets, return_dict=True)')})")
    rewound = _rewinding(case)
    first = [*rewound.first, *_eager(case), *(["{model}.reset_metrics()"] if _trained(case) else [])]
    return replace(rewound, expression=f"{case.flat}({several})", differs=_CLOSE, first=tuple(first))


def _exported(case: Case) -> Look:
    return Look(_tensors(case, "{model}(data)"), (), _CLOSE)


def original(case: Case) -> Case:
    """The case of what changed in the model that was sent, as one of the observation that saw it."""
    observation, *path = case.place or ("config",)  # of an error it is not said what raised it
    return replace(
        case,
        finding=replace(case.finding, observation=observation, path=tuple(path), where="/".join(path)),
        relation="=",
    )


def _original(case: Case) -> Look:
    case = original(case)
    return OBSERVATIONS[case.finding.observation](case)


def _itself(case: Case) -> Look:
    """For what a route states by itself, as text or numbers."""
    return Look("{model}")


OBSERVATIONS: Mapping[str, Callable[[Case], Look]] = {
    "structure": _structure,
    "summary": _summary,
    "config": _config,
    "tracked": _weights,
    "weights": _weights,
    "adapters": _adapters,
    "flags": _flags,
    "compile": _compile,
    "optimizer": _optimizer,
    "outputs": _outputs,
    "training outputs": _training_outputs,
    "losses": _losses,
    "training": _training,
    "fresh": _itself,
    "frozen": _itself,
    "moved": _itself,
    "extracted": _itself,
    "exported": _exported,
    "others restored": _itself,
    "refused": _itself,
    "original": _original,
}
# What shows only where every weight has a value of its own.
_OF_VALUES = frozenset({
    "tracked", "weights", "optimizer", "outputs", "training outputs", "losses", "training", "extracted", "exported",
    "others restored", "slots", "loss",
})  # fmt: skip
CLOSENESS = _CLOSE


def looks_at_values(case: Case) -> bool:
    """Whether the fault is in numbers that follow from the weights, and not in names, sizes or how many there are."""
    if case.finding.observation == "frozen":
        return any("reloaded" in part for part in case.place)  # a file may have lost what was zero anyway
    if case.finding.observation == "original":
        return looks_at_values(original(case))
    names = case.place[-1:] in (("path",), ("dtype",), ("iterations",))
    return case.finding.observation in _OF_VALUES and case.finding.kind in ("value", "moved") and not names
