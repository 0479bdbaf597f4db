"""Makes harness/inspection/exports.json: what Keras offers by name, by release.

    python tests/inspection/exported.py WHERE...

WHERE is an interpreter that has the Keras to be asked (`KERAS_BACKEND=jax` does without TensorFlow), or the folder of
a Keras 2, whose source is read: to be asked, it would need the TensorFlow of its day. What the table has of other
releases is kept.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

TABLE = Path(__file__).parents[2] / "harness" / "inspection" / "exports.json"

# Runs under the Keras that is asked. A class or function is found under each name that it is exported by, and a class
# that can be saved also in the module that defines it: both are written in configs.
ASK = """
import inspect, json, os, sys, types
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
if keras.__version__[0] == "2":
    import tensorflow as tf
    public = tf.keras
else:
    public = keras
import keras.src
L = public

def have(path):
    found = public
    for part in path.split("."):
        found = getattr(found, part, None)
    return found

def classes(*paths):
    return tuple(c for c in map(have, paths) if inspect.isclass(c))

KINDS = [
    ("model", classes("Model")), ("layer", classes("layers.Layer")),
    ("optimizer", classes("optimizers.Optimizer", "optimizers.legacy.Optimizer")),
    ("schedule", classes("optimizers.schedules.LearningRateSchedule")), ("loss", classes("losses.Loss")),
    ("metric", classes("metrics.Metric")), ("initializer", classes("initializers.Initializer")),
    ("constraint", classes("constraints.Constraint")), ("regularizer", classes("regularizers.Regularizer")),
    ("policy", classes("DTypePolicy", "mixed_precision.Policy", "dtype_policies.DTypePolicy", "DTypePolicyMap")),
    ("generator", classes("random.SeedGenerator", "random.Generator")),
    ("quantization", classes("quantizers.Quantizer", "quantizers.QuantizationConfig")),
    ("operation", classes("Operation")),
]
FUNCTIONS = {"activations": "activation", "losses": "loss", "metrics": "metric", "initializers": "initializer",
             "regularizers": "regularizer", "constraints": "constraint", "ops": "operation", "random": "random"}
NO_MODEL_PART = {"get", "serialize", "deserialize"}

def kind(module, name, thing):
    if inspect.isclass(thing):
        for word, bases in KINDS:
            if bases and issubclass(thing, bases):
                return word
        if module.split(".")[-1] in ("quantizers",):
            return "quantization"
        return "class"
    if callable(thing):
        if name in NO_MODEL_PART:
            return "function"
        parts = module.split(".")
        return FUNCTIONS.get(parts[1], "function") if len(parts) > 1 else "function"
    return None

found = {}
def note(module, name, thing):
    word = kind(module, name, thing)
    if word and not name.startswith("__"):
        found.setdefault(module, {})[name] = word

seen = set()
def walk(module, path):
    if path in seen or path.count(".") > 6:
        return
    seen.add(path)
    for name in dir(module):
        if name.startswith("_") or name in ("src", "api", "_tf_keras"):
            continue
        try:
            thing = getattr(module, name)
        except Exception:
            continue
        if isinstance(thing, types.ModuleType):
            walk(thing, path + "." + name)
        elif inspect.isclass(thing) or inspect.isroutine(thing):
            note(path, name, thing)
walk(public, "keras")

for path, module in sorted(sys.modules.items()):
    if not path.startswith("keras.src") or module is None or path.endswith("_test") or ".tests" in path:
        continue
    for name, thing in sorted(vars(module).items()):
        if inspect.isclass(thing) and thing.__module__ == path:
            word = kind(path, name, thing)
            if word and word != "class":
                note(path, name, thing)
        elif inspect.isfunction(thing) and thing.__module__ == path and not name.startswith("_"):
            last = path.split(".")[-1]
            if path.startswith(("keras.src.activations", "keras.src.losses", "keras.src.metrics")):
                word = kind("keras." + path.split(".")[2], name, thing)
                if word:
                    found.setdefault(path, {})[name] = word

# Strings that `get` of each module knows: aliases such as `mse`.
for area, word in FUNCTIONS.items():
    module = sys.modules.get("keras.src." + area)
    for name in getattr(module, "ALL_OBJECTS_DICT", {}) if area != "random" else {}:
        if isinstance(name, str) and not any(name in names for names in found.values()):
            found.setdefault("keras.src." + area, {})[name] = word

# What the constructors take; a name with ! must be given.
def arguments(thing):
    taken = {}
    for base in reversed(thing.__mro__):
        init = base.__dict__.get("__init__")
        init = getattr(init, "__wrapped__", init)
        if not inspect.isfunction(init):
            continue
        before = thing.__mro__[:thing.__mro__.index(base)]
        own = not any("__init__" in each.__dict__ for each in before)
        for name, each in list(inspect.signature(init).parameters.items())[1:]:
            if each.kind not in (each.VAR_KEYWORD, each.VAR_POSITIONAL):
                taken[name] = own and each.default is each.empty
    return sorted(name + "!" * must for name, must in taken.items())

constructors = {}
for module, names in found.items():
    for name, word in names.items():
        thing = getattr(sys.modules.get(module) or have(module.partition(".")[2]) or public, name, None)
        if word in ("layer", "initializer", "regularizer", "constraint") and inspect.isclass(thing):
            constructors.setdefault(name, arguments(thing))
print("RESULT" + json.dumps({"keras": keras.__version__, "found": found, "arguments": constructors}))
"""


def ask(interpreter: str) -> dict[str, Any]:
    done = subprocess.run([interpreter, "-c", ASK], capture_output=True, text=True, check=False)
    line = next((each for each in done.stdout.splitlines() if each.startswith("RESULT")), None)
    if line is None:
        raise SystemExit(f"{interpreter}: {done.stderr[-2000:]}")
    return json.loads(line.removeprefix("RESULT"))


ROOTS = {"Model": "model", "Layer": "layer", "Optimizer": "optimizer", "OptimizerV2": "optimizer",
         "_BaseOptimizer": "optimizer", "BaseLossScaleOptimizer": "optimizer", "LearningRateSchedule": "schedule",
         "Loss": "loss", "Metric": "metric", "Initializer": "initializer",
         "Constraint": "constraint", "Regularizer": "regularizer", "Policy": "policy"}  # fmt: skip
FUNCTIONS = {"activations": "activation", "losses": "loss", "metrics": "metric", "initializers": "initializer",
             "regularizers": "regularizer", "constraints": "constraint"}  # fmt: skip


def read(folder: Path) -> dict[str, Any]:
    """The same of a Keras 2, from its source: what `keras_export` names, and the classes by what they inherit."""
    bases: dict[str, set[str]] = {}
    classes: dict[str, list[ast.ClassDef]] = {}
    things: list[tuple[str, Any]] = []
    release = re.search(r'__version__ = "([^"]+)"', (folder / "__init__.py").read_text())
    for path in sorted(folder.rglob("*.py")):
        module = ".".join((folder.name, *path.relative_to(folder).with_suffix("").parts)).removesuffix(".__init__")
        if re.search(r"(^keras\.api\b|_test$|\btest_|integration_test|testing_infra|\.tests\b)", module):
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                bases.setdefault(node.name, set()).update(_bases(node))
                classes.setdefault(node.name, []).append(node)
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("__"):
                things.append((module, node))

    def kind(name: str, inherits: set[str], seen: frozenset[str] = frozenset()) -> str:
        if name in ROOTS:
            return ROOTS[name]
        found = {kind(base, bases.get(base, set()), seen | {name}) for base in inherits if base not in seen}
        return next(iter(sorted(found - {"class"})), "class")

    found: dict[str, dict[str, str]] = {}
    for module, node in things:
        a_class = isinstance(node, ast.ClassDef)
        word = kind(node.name, _bases(node)) if a_class else "function"
        if a_class and word != "class":
            found.setdefault(module, {})[node.name] = word
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith("keras_export"):
                for argument in decorator.args:
                    path, _, name = ast.literal_eval(argument).rpartition(".")
                    part = FUNCTIONS.get([*path.split("."), ""][1])
                    plain = part if not a_class and part and name not in ("get", "serialize", "deserialize") else word
                    found.setdefault(path, {})[name] = plain
    takes: dict[str, list[str]] = {}
    for name in classes:
        if kind(name, bases[name]) in ("layer", "initializer", "regularizer", "constraint"):
            takes[name] = _arguments(name, classes)
    return {"keras": release.group(1) if release else "", "found": found, "arguments": takes}


def _arguments(name: str, classes: dict[str, list[ast.ClassDef]], seen: frozenset[str] = frozenset()) -> list[str]:
    """What a class takes, with what it inherits; of several classes of one name, what any takes and all need."""
    every = [_taken(node, classes, seen | {name}) for node in classes.get(name, ())]
    needed = set.intersection(*({each for each in taken if taken[each]} for taken in every)) if every else set()
    return sorted({each + "!" * (each in needed) for taken in every for each in taken})


def _taken(node: ast.ClassDef, classes: dict[str, list[ast.ClassDef]], seen: frozenset[str]) -> dict[str, bool]:
    taken: dict[str, bool] = {}
    for base in sorted(_bases(node) - seen):
        taken |= {each.rstrip("!"): each.endswith("!") for each in _arguments(base, classes, seen)}
    for inner in node.body:
        if isinstance(inner, ast.FunctionDef) and inner.name == "__init__":
            taken = dict.fromkeys(taken, False)  # it may give those itself
            plain = [*inner.args.posonlyargs, *inner.args.args][1:]
            needed = len(plain) - len(inner.args.defaults)
            taken |= {each.arg: at < needed for at, each in enumerate(plain)}
            only = zip(inner.args.kwonlyargs, inner.args.kw_defaults, strict=True)
            taken |= {each.arg: default is None for each, default in only}
    return taken


def _bases(node: ast.ClassDef) -> set[str]:
    return {ast.unparse(base).split(".")[-1].split("(")[0] for base in node.bases}


def unpack(table: dict[str, Any]) -> dict[str, dict[str, dict[str, str]]]:
    """Release -> module -> name -> kind."""
    releases: list[str] = table["releases"]
    found: dict[str, dict[str, dict[str, str]]] = {release: {} for release in releases}
    for module, names in table["names"].items():
        for name, entries in names.items():
            for word, mask in entries.items():
                for bit, release in enumerate(releases):
                    if mask >> bit & 1:
                        found[release].setdefault(module, {})[name] = word
    return found


def pack(found: dict[str, dict[str, dict[str, str]]]) -> dict[str, Any]:
    """Module -> name -> kind -> the releases, a bit each."""
    releases = sorted(found, key=lambda release: [int(part) for part in release.split(".")])
    names: dict[str, dict[str, dict[str, int]]] = {}
    for bit, release in enumerate(releases):
        for module, things in found[release].items():
            for name, word in things.items():
                entry = names.setdefault(module, {}).setdefault(name, {})
                entry[word] = entry.get(word, 0) | 1 << bit
    return {"releases": releases, "names": {module: dict(sorted(names[module].items())) for module in sorted(names)}}


def merge(table: dict[str, str], answer: dict[str, list[str]]) -> None:
    """Class -> its arguments in any release, those with a ! that it must have in every one."""
    for name, arguments in answer.items():
        before = table[name].split() if name in table else arguments
        needed = {each for each in before if each.endswith("!")} & set(arguments)
        taken = {each.rstrip("!") for each in (*before, *arguments)}
        table[name] = " ".join(sorted(each + "!" * (f"{each}!" in needed) for each in taken))


def main(where: list[str]) -> None:
    table = json.loads(TABLE.read_text()) if TABLE.exists() else {"releases": [], "names": {}}
    found, arguments = unpack(table), table.get("arguments", {})
    for each in where:
        answer = read(Path(each)) if Path(each).is_dir() else ask(each)
        found[answer["keras"]] = answer["found"]
        merge(arguments, answer["arguments"])
        print(each, answer["keras"], sum(map(len, answer["found"].values())), len(answer["arguments"]))
    rows = pack(found) | {"arguments": dict(sorted(arguments.items()))}
    parts = [f'"releases":{json.dumps(rows["releases"])}']
    for part in ("names", "arguments"):
        lines = (f"{json.dumps(k)}:{json.dumps(v, separators=(',', ':'))}" for k, v in rows[part].items())
        parts.append(f'"{part}":{{\n' + ",\n".join(lines) + "\n}")
    TABLE.write_text("{" + ",\n".join(parts) + "}\n")
    print(TABLE, TABLE.stat().st_size)


if __name__ == "__main__":
    main(sys.argv[1:])
