"""Puts a script together: the model, its journey, and the check that failed.

It exits 1, and says so in its last line, while the fault shows; 0 when it does not. Any other end is a script that
failed itself, and shows nothing. What stands in it is what the fault needs: some 25 lines are read, 50 are not.
"""

from __future__ import annotations

import builtins
import re
from dataclasses import replace

from harness.expectations.finding import Finding
from harness.expectations.raised import TRAINING
from harness.expectations.scripts import custom
from harness.expectations.scripts.building import RANDOM, building, compiling, feeding, filling, layer_at
from harness.expectations.scripts.layout import laid_out
from harness.expectations.scripts.observations import CLOSENESS, OBSERVATIONS, Case, Look, looks_at_values
from harness.expectations.scripts.own_checks import wider
from harness.expectations.scripts.routes import ROUTES, Way
from harness.expectations.scripts.stated import of_compile, stated, stated_differs, still_trained
from harness.expectations.scripts.values import Writer, quoted
from harness.expectations.table import parse
from harness.protocol.architecture import calls

SHOWS = "The fault shows."
SHOWS_NOT = "The fault does not show."
PROCESS = "_process"
# Errors that TensorFlow has under `tf.errors`.
OF_TENSORFLOW = frozenset({
    "AbortedError", "AlreadyExistsError", "DataLossError", "FailedPreconditionError", "InternalError",
    "InvalidArgumentError", "NotFoundError", "OutOfRangeError", "ResourceExhaustedError", "UnimplementedError",
    "UnknownError",
})  # fmt: skip
MASKING = r"masked|for sample in|    masked"  # lines that make an array with gaps, before it is used
CRASH_LIMIT = 40  # seconds after which a script says that it hangs

Lines = list[str]


def script_of(finding: Finding, keras: str = "3", module: str = "keras") -> str:
    """The script of a finding, for the release of Keras on which it was seen; empty where there is no model.

    `module` is what this Keras is imported as.
    """
    if finding.architecture is None:
        return ""
    major = int(keras.partition(".")[0])
    relation = parse().get(finding.routes[0], {}).get(finding.observation, "=")
    case = Case.of(finding, major, relation)
    lines = [f"# {finding.check}: {one_line(finding.title)}"]
    body = needed(_body(case))
    if "layers.TFSMLayer" in case.text:  # Keras loads it from a file that is trusted alone
        body = [re.sub(r'(load_model\("[\w.]+")', r"\1, safe_mode=False", line) for line in body]
        body.insert(0, "keras.config.enable_unsafe_deserialization()")
    body = [*classes(case), *body]
    return laid_out([*lines, *imports(body, module), *body])


def one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text)[:70].strip()


def imports(body: Lines, module: str) -> Lines:
    text = "\n".join(body)
    standard = ("contextlib", "json", "os", "pickle", "re", "subprocess", "sys")
    used = [name for name in standard if re.search(rf"\b{name}\.", text)]
    third = ["import keras" if module == "keras" else f"import {module} as keras"]
    if re.search(r"\bnp\.", text):
        third.append("import numpy as np")
    if re.search(r"\btf\.", text):
        third.append("import tensorflow as tf")
    return [*(f"import {name}" for name in used), *([""] if used else []), *third, ""]


def classes(case: Case) -> Lines:
    names = {call.name.partition(".")[2] for call in calls(case.architecture) if call.name.startswith("custom.")}
    lines: Lines = []
    for each in sorted(names):
        # A class that two of them are made from stands there once.
        text = "\n".join(custom.source(each, case.major))
        lines += [
            line for part in text.split("\n\n") if part not in "\n".join(lines) for line in (*part.split("\n"), "")
        ]
    return lines


def _body(case: Case) -> Lines:
    if case.finding.observation == "worker":
        return _crash(case)
    if case.finding.routes[0] == "build":
        return _at_build(case)
    way = ROUTES[case.route]
    if case.finding.error is not None:
        return _raising(case, way)
    look = OBSERVATIONS[case.finding.observation](case)
    if look.differs == CLOSENESS:
        look = replace(look, differs=_apart_by(case))
    if case.finding.observation == "fresh":
        return [*_fresh(case, way), *verdict(look)]
    if case.finding.observation == "original":
        return _left_behind(case, way, look)
    if way.own:
        functions, journey = _apart(way.of(case))
        again = any("make(" in line for line in journey)
        return [*look.define, *functions, *making(case, as_function=again), "", *journey, *verdict(look)]
    if case.route.endswith(PROCESS):
        return _other_process(case, way, look)
    expected = [f"expected = {look.expected}"] if look.expected else look.lines("model", "expected")
    journey, actual = way.of(case), look.lines("loaded", "actual")
    # Training changes the model that is to travel; the rest is seen before, for saving may change it.
    middle = [*journey, *expected] if case.finding.observation == "training" else [*expected, *journey]
    return [*look.define, *making(case, as_function=way.again), "", *middle, *actual, *verdict(look)]


def making(case: Case, *, as_function: bool = False, before: Lines | None = None) -> Lines:
    """The model, filled, frozen, compiled and trained, and the data for it, as far as the rest looks at them."""
    architecture, writer = case.architecture, Writer(case.major)
    own = ROUTES[case.route].own if case.route in ROUTES else False
    wide = wider(architecture) if case.route in ("skip_mismatch", "refused") else None
    building(writer, wide[1] if wide else architecture)
    made = writer.lines
    writer.lines = []
    data = feeding(writer, architecture)
    targets: Lines = []
    if architecture.compile is not None:
        target = writer.expression(architecture.compile.targets)
        targets = [*writer.lines, f"targets = {target}"]
        writer.lines = []
    # A route that compiles by itself looks at a base that is neither compiled nor frozen.
    settings = [] if own and case.route == "transfer" else compiling(writer, architecture)
    filled = case.finding.error is None and (looks_at_values(case) or before is not None)
    lines = [*policy(case), *_seeding(case, filled), *data, *targets]
    if as_function:
        more = "more=0" if wide else ""
        lines += [f"def make({more}):", *(f"    {line}" for line in _returned(made)), "", "model = make()"]
    else:
        lines += made
    lines += before or []
    if filled:
        lines += filling(architecture, case.major)
    return [*lines, *settings]


def _returned(made: Lines) -> Lines:
    """The lines of a function that returns `model`."""
    before, _, last = made[-1].partition("model = ")
    return [*made, "return model"] if before or not last else [*made[:-1], f"return {last}"]


def _seeding(case: Case, filled: bool) -> Lines:
    """A seed, where something is drawn that the rest looks at: an error comes with any weights."""
    drawn = RANDOM.search(case.text) or re.search(r"[Qq]uanti|Hash|adapt|int[48]", case.text)
    of_draws = case.finding.observation in ("fresh", "frozen", "moved") and not filled
    if of_draws or (drawn and (filled or case.finding.error is not None)):
        return [f"keras.utils.set_random_seed({case.architecture.seed})"]
    return []


def policy(case: Case) -> Lines:
    if not case.architecture.policy:
        return []
    setter = "keras.config.set_dtype_policy" if case.major >= 3 else "keras.mixed_precision.set_global_policy"
    return [f"{setter}({quoted(case.architecture.policy)})"]


def needed(lines: Lines) -> Lines:
    """The lines without the targets and the data that none of them uses."""
    kept = lines
    for name in ("targets", "data"):
        rest = [line for line in kept if not re.match(rf"{name} = |{MASKING}", line)]
        if not re.search(rf"(?<![\w.\"]){name}\b(?![\w\"])", "\n".join(rest)):
            kept = rest if name == "data" else [line for line in kept if not line.startswith(f"{name} = ")]
    return kept


def _fed(lines: Lines) -> tuple[Lines, Lines]:
    """The lines that make the data and the targets, and the others."""
    fed = [line for line in lines if re.match(rf"data = |targets = |{MASKING}", line)]
    return fed, [line for line in lines if line not in fed]


def verdict(look: Look) -> Lines:
    return [
        "",
        'print(f"expected: {expected!s:.300}\\nactual:   {actual!s:.300}")',
        f"if {look.differs}:",
        f'    raise SystemExit("{SHOWS}")',
        f'print("{SHOWS_NOT}")',
    ]


def _apart_by(case: Case) -> str:
    """An expression that tells whether two lists of arrays are further apart than the table allows."""
    if case.finding.kind in ("length", "shape"):
        return "[np.shape(each) for each in actual] != [np.shape(each) for each in expected]"
    close = f"{case.tolerance}, {case.tolerance}, equal_nan=True"
    if case.finding.observation == "losses" or case.place[:1] == ("logs",):  # numbers, and nothing else
        return f"not np.allclose(actual, expected, {close})"
    return f"not all(np.allclose(*both, {close}) for both in zip(actual, expected))"


def _fresh(case: Case, way: Way) -> Lines:
    """What a model made of the architecture alone starts with: drawn anew where two builds differ, and never kept."""
    name = "each.path" if case.major >= 3 else "each.name"
    seen = {"0": name, "1": "tuple(each.shape)"}.get(case.place[-1] if case.place else "")
    if case.finding.kind == "order":
        seen = name if case.major >= 3 else r're.sub(r"_\d+", "", each.name)'  # Keras 2 counts the cells up
    if seen:
        look = Look(f"[{seen} for each in {{model}}.weights]", differs="str(actual) != str(expected)")
        return [*making(case), "", *look.lines("model", "expected"), *way.of(case), *look.lines("loaded", "actual")]
    same = "[np.array_equal(*both) for both in zip({}.get_weights(), {}) if both[1].size > 1]"
    if case.place[-1:] == ("3",):
        expected = same.replace(".get_weights(), ", ", ").format("first", _NOW)
        return [
            *making(case, before=["first = model.get_weights()"]), "", f"expected = {expected}", *way.of(case),
            f"actual = {same.format('loaded', _NOW)}  # True where they are the model's own",
        ]  # fmt: skip
    return [
        *making(case, as_function=True), "first = model.get_weights()", "keras.utils.set_random_seed(1)", "",
        f"expected = {same.format('make()', 'first')}  # True where nothing is drawn at random", *way.of(case),
        f"actual = {same.format('loaded', 'first')}",
    ]  # fmt: skip


_NOW = "model.get_weights()"


def _raising(case: Case, way: Way) -> Lines:
    """The journey, or what is looked at afterwards, raises."""
    observation = case.finding.observation
    journey = [line for line in way.of(case) if not line.startswith(("expected = ", "actual = "))]
    define: Lines = []
    original = observation == "original"
    if observation in OBSERVATIONS and (original or not way.own):
        look = OBSERVATIONS[observation](case)
        define = list(look.define)
        journey += look.lines("model" if original else "loaded")
    model = making(case, as_function=way.again)
    if case.route.endswith(PROCESS):
        return _other_process_raises(case, way, define, model, journey[2:])
    functions, journey = _apart(journey)
    return [*define, *functions, *model, "", *trying(case, journey)]


def _left_behind(case: Case, way: Way, look: Look) -> Lines:
    """The model that was sent is looked at before and after its journey, whatever arrives."""
    functions, journey = _apart(way.of(case))
    again = way.again or any("make(" in line for line in journey)
    if case.finding.raised:
        journey = ["with contextlib.suppress(Exception):  # it raises as well", *(f"    {line}" for line in journey)]
    return [
        *look.define, *functions, *making(case, as_function=again), "", *look.lines("model", "as_it_was"), *journey,
        *look.lines("model", "actual"), "expected = as_it_was", *verdict(look),
    ]  # fmt: skip


def _apart(journey: Lines) -> tuple[Lines, Lines]:
    """Functions that a route defines, and what it does."""
    functions: Lines = []
    rest: Lines = []
    inside = False
    for line in journey:
        inside = line.startswith("def ") or (inside and line.startswith(" "))
        (functions if inside else rest).append(line)
    return functions, rest


def trying(case: Case, journey: Lines) -> Lines:
    """The lines, and what they must not raise."""
    error = case.finding.error
    assert error is not None
    name = str(error["type"])
    known = isinstance(getattr(builtins, name, None), type)
    caught = name if known else f"tf.errors.{name}" if name in OF_TENSORFLOW else "Exception"
    lines = ["try:", *(f"    {line}" for line in journey if line), f"except {caught} as error:"]
    if caught == "Exception":
        lines += [f'    if type(error).__name__ != "{name}":', "        raise"]
    lines += [f'    raise SystemExit(f"raised: {name}: {{error}}\\n{SHOWS}")']
    return [*lines, f'print("{SHOWS_NOT}")']


def _other_process(case: Case, way: Way, look: Look) -> Lines:
    """The script runs itself a second time, to load the file in a process that never saw the model."""
    model = making(case)
    fed, rest = _fed(model)
    return [
        *look.define,
        *fed,
        'if "load" in sys.argv:  # the second process',
        *(f"    {line}" for line in (f"loaded = {way.load}", *look.lines("loaded", "actual"))),
        '    with open("actual.pickle", "wb") as file:',
        "        pickle.dump(actual, file)",
        "    sys.exit()",
        "",
        *rest,
        *look.lines("model", "expected"),
        way.save,
        'subprocess.run([sys.executable, __file__, "load"], check=True)',
        'with open("actual.pickle", "rb") as file:',
        "    actual = pickle.load(file)",
        *verdict(look),
    ]


def _other_process_raises(case: Case, way: Way, define: Lines, model: Lines, looked: Lines) -> Lines:
    fed, rest = _fed(model)
    second = [*trying(case, [f"loaded = {way.load}", *looked]), "sys.exit()"]
    return [
        *define,
        *fed,
        'if "load" in sys.argv:  # the second process',
        *(f"    {line}" for line in second),
        "",
        *rest,
        way.save,
        'sys.exit(subprocess.run([sys.executable, __file__, "load"]).returncode)',
    ]


def _at_build(case: Case) -> Lines:
    """What is wrong with the model before it goes anywhere."""
    finding = case.finding
    if finding.error is not None:
        model = making(_untrained(case) if finding.observation == TRAINING else case)
        if finding.observation in OBSERVATIONS:
            look = OBSERVATIONS[finding.observation](case)
            return [*look.define, *model, "", *trying(case, look.lines("model"))]
        fed, rest = _fed(model)
        setup = [line for line in rest if line.startswith(("keras.utils.set_random", "keras.config"))]
        return [*setup, *fed, *trying(case, [line for line in rest if line not in setup])]
    if finding.observation == "shape":
        return [*making(case), "", *_shape(case), *verdict(Look(""))]
    if finding.observation == "flags":
        return [*making(case), "", *still_trained(case), *verdict(Look(""))]
    model = [] if of_compile(finding) else [*making(case), ""]
    return [*model, *stated(case), *verdict(Look("", differs=stated_differs(case)))]


def _untrained(case: Case) -> Case:
    """The case before any training step, for one of them raised: what is frozen after the steps is not frozen yet."""
    compiled = case.architecture.compile
    if compiled is None or not compiled.steps:
        return case
    early = tuple(each for each in case.architecture.freezes if each.when != "trained")
    architecture = replace(case.architecture, compile=replace(compiled, steps=0), freezes=early)
    return replace(case, architecture=architecture)


def _shape(case: Case) -> Lines:
    layer, _ = layer_at(case.architecture, (case.finding.where,))
    flat = "keras.tree.flatten" if case.major >= 3 else "tf.nest.flatten"
    return [
        f"expected = {case.finding.expected!r}",
        f"actual = [list(each.shape[1:]) for each in {flat}({layer}.output)]",
    ]


def _crash(case: Case) -> Lines:
    """The process dies, or hangs: the script runs itself and looks at how it ends."""
    way = ROUTES.get(case.route)
    model = making(case, as_function=way is not None and way.again)
    journey = ["model(data, training=False)", "model(data, training=True)"] if way is None else way.of(case)
    return [
        "if len(sys.argv) == 1:",
        "    try:",
        f'        code = subprocess.run([sys.executable, __file__, "run"], timeout={CRASH_LIMIT}).returncode',
        "    except subprocess.TimeoutExpired:",
        "        code = -1",
        '    print("the process ended with", code)',
        "    if code < 0:",
        f'        print("{SHOWS}")',
        "        sys.exit(1)",
        f'    print("{SHOWS_NOT}")',
        "    sys.exit()",
        "",
        *model,
        *journey,
    ]
