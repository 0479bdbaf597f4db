"""Every class and function that a config names, wherever nested, resolved as Keras resolves it, denied by default.

Keras finds an object in this order: what the user registered under `registered_name`; what Keras exports as
`module.class_name`; for a function of which only the name is written, what the modules of built-ins hold; and, in
releases before 3.9, whatever the module of that name holds once it is imported. Older files name the class alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from harness.inspection import costs, exports, foreign, particulars, positions, protobuf
from harness.inspection.exports import PARTS
from harness.inspection.limits import Limits
from harness.inspection.report import NAMES, Report
from harness.inspection.sharing import NUMBER, Shared

# Data, and no class: but only as Keras writes them, which is without a module. Not every release knows every one, and
# one that does not know it imports the module.
PLAIN = frozenset({"__keras_tensor__", "__bytes__", "__slice__", "__ellipsis__", "__tuple__", "TensorShape"})
CHECKED = frozenset({"layer", "initializer", "regularizer", "constraint"})  # of which the arguments are known
MODELS = {"Sequential": ("layers",), "Functional": ("layers", "input_layers", "output_layers")}
OBJECTS = frozenset({"activation", "initializer", "regularizer", "constraint"})
TENSOR = frozenset({"shape", "dtype", "keras_history"})
ARRAYS = frozenset({"__tensor__", "__numpy__"})
SPECS = frozenset({"__typespec__", "TypeSpec", "CompositeTensor"})
VALUES = PLAIN | ARRAYS | SPECS | {"function", "__lambda__"}  # what stands in a config and is no class of Keras
# Not exported as parts of a model, and saved all the same, from these modules.
_SPACES = ("keras.src.layers.preprocessing.feature_space", "keras.src.utils.feature_space", "keras.utils.feature_space")
SAVED = {"FeatureSpace": ("keras.utils", *_SPACES), "Feature": _SPACES, "Cross": _SPACES,
         "OptimizerMap": ("keras.src.optimizers.multi_optimizer",)}  # fmt: skip
LOCATIONS = ("filepath", "handle", "path", "url", "uri", "origin", "vocabulary_file", "vocabulary_path", "filename")
# A file on the disk is read through these as well: feature columns of Keras 2 have them.
FILES = frozenset({"vocabulary_file", "vocabulary_path", "ckpt_to_load_from"})
# Where Keras keeps parts of models: a name there that the table lacks is one of a newer release.
HOMES = re.compile(r"keras(\.(layers|models|ops|optimizers(\.\w+)?|losses|metrics|activations|initializers|constraints"
                   r"|regularizers|random|quantizers|dtype_policies))?$")  # fmt: skip
# Where Keras defines them: a class there that the table has elsewhere is of a release between those of the table.
INSIDE = re.compile(r"keras\.(src\.)?(api\.)?(engine|layers|models|ops|optimizers|losses|metrics|activations"
                    r"|initializers|constraints|regularizers|random|quantizers|dtype_policies|mixed_precision|legacy|trainers|utils"
                    r"|backend|saving|export|premade_models)\b[\w.]*$")  # fmt: skip
PICKLE = re.compile(r"gA[NSVUJIQ][\w+/]{16,}={0,2}$")

SHORT = 20  # characters; less is neither a pickle nor an address

Path = tuple[Any, ...]
Place = tuple[Any, Path, str, frozenset[str]]  # a value, where it stands, under which key, and what belongs there


def path_text(path: Path) -> str:
    """`$.config.layers[2].config`, of long keys their beginning."""
    return "$" + "".join(f"[{each}]" if isinstance(each, int) else f".{each[:100]}" for each in path)


class References:
    """Looks through one config; what it finds stands in the report."""

    def __init__(
        self, report: Report, limits: Limits, where: str, custom: dict[str, None], *, of_saved_model: bool = False
    ) -> None:
        self.report = report
        self.limits = limits
        self.prefix = where
        # A SavedModel of Keras 2 keeps the input_spec of a layer beside its config: data, as a shape is.
        self.plain = PLAIN | ({"InputSpec"} if of_saved_model else frozenset())
        self.layers = 0
        self.custom = custom
        self.over = False  # more of something than the limit: it is not looked through to its end
        self._references = 0
        # In the metadata of a SavedModel a number stands for an object of the graph.
        self._shared = None if of_saved_model else Shared()
        self._asked = 0  # numbers that arguments alone ask for

    def look(self, config: Any) -> None:
        """The whole config, without recursion; what waits is not made before it is looked at."""
        waiting: list[Iterator[Place]] = [iter([(config, (), "", PARTS)])]
        while waiting and not self.over:
            self.report.clock.tick()
            found = next(waiting[-1], None)
            if found is None:
                waiting.pop()
                continue
            value, path, key, kinds = found
            if isinstance(value, dict):
                self._refer(1, path)
                waiting.append(self._object(value, path, key, kinds))
            elif isinstance(value, list):
                waiting.append(self._list(value, path, key, kinds))
            elif isinstance(value, str):
                self._string(value, path, key, kinds)

    def _list(self, value: list[Any], path: Path, key: str, kinds: frozenset[str]) -> Iterator[Place]:
        # Short text among text is not looked at: a vocabulary can have millions of words.
        names = positions.ending(key) in positions.STRINGS_ARE_NAMES
        if names:
            self._refer(len(value), path)
        located = _is_located(key)
        for at, each in enumerate(value):
            kind = type(each)
            if kind is str:
                if not names and (len(each) < SHORT or not (located or PICKLE.match(each))):
                    continue
            elif kind is not dict and kind is not list:
                continue
            yield each, (*path, at), key, kinds

    def _refer(self, count: int, path: Path) -> None:
        self._references += count
        if self._references > self.limits.references and not self.over:
            self.over = True
            self._add("json-bomb", path, f"{self._references:,} objects and names of objects up to here; the limit is "
                      f"{self.limits.references:,}")  # fmt: skip

    def _add(self, rule: str, path: Path, what: str) -> None:
        if not self.report.full(rule):
            self.report.add(rule, f"{self.prefix}{path_text(path)}", what)

    def _object(self, value: dict[str, Any], path: Path, key: str, kinds: frozenset[str]) -> Iterator[Place]:
        if "class_name" in value:
            if not self._reference(value, path, kinds):
                return
        elif "config" in value and {"module", "registered_name"} & value.keys():
            self._add("config-shape", path, "an object without class_name")
        elif {"code", "defaults", "closure"} <= value.keys():
            self._add("python-code", path, "marshalled byte code of a function")
        inherits = "class_name" not in value and key in positions.STRINGS_ARE_NAMES
        for name, each in value.items():
            # A Lambda has its functions so, and so have the wrappers of cells.
            if each == "lambda" and name.endswith("_type") and isinstance(value.get(name[:-5]), str | list | dict):
                self._add("python-code", (*path, name[:-5]), "marshalled byte code of a lambda")
            if name in ("class_name", "module", "registered_name", "name", "spec_name", "input_layers",
                        "output_layers", "keras_history"):  # fmt: skip
                if isinstance(each, dict | list):
                    yield each, (*path, name), "", PARTS
                continue
            if inherits:  # losses and metrics by the name of their output
                yield each, (*path, name), key, kinds
            elif name == "config" and "class_name" in value:
                yield each, (*path, name), "", PARTS
            else:
                last = name[-100:]  # the end of a key says what belongs there
                yield each, (*path, name), last, positions.expected(last)

    def _string(self, value: str, path: Path, key: str, kinds: frozenset[str]) -> None:
        if len(value) >= SHORT and PICKLE.match(value):
            self._add("pickled-data", path, "a string that is pickled data, in base 64")
            return
        if (_is_located(key) and "://" in value) or (value and key in FILES):
            self._add("reads-outside", path, value)
            return
        ending = positions.ending(key)
        if ending not in positions.STRINGS_ARE_NAMES or value in positions.WORDS.get(ending, ()):
            return
        found = exports.written(value)
        if not found & kinds and not (ending == "activation" and found & PARTS):
            self._custom(path, value, "a name that Keras does not have")

    # One reference. False where nothing below it is to be looked at.
    def _reference(self, value: dict[str, Any], path: Path, kinds: frozenset[str]) -> bool:
        name = value["class_name"]
        if not isinstance(name, str):
            self._add("config-shape", path, f"class_name is {type(name).__name__}, not a string")
            return True
        key = self._shared.differs(value) if self._shared else None
        if key is not None:
            self._add("config-shape", path, f"another {key} than the first of {NUMBER} {value[NUMBER]}, which is taken")
        written = not value.get("module") and value.get("registered_name") in (None, "", name)
        if name in self.plain and written:
            inner = value.get("config")
            if name == "__keras_tensor__" and not (isinstance(inner, dict) and inner.keys() >= TENSOR):
                self._add("config-shape", path, "a tensor without shape, dtype or keras_history")
            return True
        if name == "__lambda__":
            self._add("python-code", path, "marshalled byte code of a lambda")
            return False
        if name in ARRAYS and written:
            self._told(particulars.of_array(value, path))
            return "config" not in value  # without it Keras takes the rest for a dict of objects
        if name == "__typespec__" or (name in SPECS and written):
            self._told(particulars.of_specification(value, path))
            return True
        if kinds >= positions.LAYERS and kinds != PARTS:
            if "config" in value:
                self._count(path)
            else:
                self._add("config-shape", path, f"the layer {name} without its config")
        if name == "function":
            return self._function(value, path, kinds)
        found = self._class(value, name, path, kinds)
        config, second = value.get("config"), value.get("registered_name")
        if isinstance(config, dict):
            # The legacy formats, and what Keras 2 builds as they do inside of others, leave the module aside; and where
            # a module has nothing by the first name, Keras 2 takes what it has by the second.
            self._particular(name, config, path)
            if isinstance(second, str) and second != name:
                self._particular(second, config, path)
        if found is None:
            return True
        if isinstance(config, dict):
            self._common(config, path)
            if found & CHECKED and name not in SAVED:
                self._arguments(value, name, config, path)
            missing = [each for each in MODELS.get(name, ()) if each not in config]
            if missing:
                self._add("config-shape", (*path, "config"), f"{name} without {missing[0]}")
        elif config is not None and not (isinstance(config, list) and name == "Sequential"):
            self._add("config-shape", path, f"the config of {name} is no object")
        if not isinstance(value.get("compile_config"), dict | None):
            self._add("config-shape", path, f"the compile_config of {name} is no object")
        return True

    def _arguments(self, value: dict[str, Any], name: str, config: dict[str, Any], path: Path) -> None:
        """Are they those of the class? Those of every release are taken together."""
        taken, needed = exports.arguments(name)
        if not taken:
            return
        strange = exports.strange(name, config)
        if strange:
            what = f"{name} has no argument {strange[0]!r} in any release that is known"
            if not exports.covers(self.report.keras_version):  # one that is newer or older may have others
                self._add("unknown-part", (*path, "config"), what)
            elif "module" in value:
                self._add("config-shape", (*path, "config"), what)
            else:
                # Where the class is all that is written, one of the author's by that name goes before Keras's own.
                self._custom(path, name, f"not the one of Keras: {what}")
                return
        missing = sorted(needed - config.keys())
        if missing:
            self._add("config-shape", (*path, "config"), f"{name} without {missing[0]}")

    def _common(self, config: dict[str, Any], path: Path) -> None:
        """What every layer has."""
        inner = (*path, "config")
        if not isinstance(config.get("name", ""), str | None):
            self._add("config-shape", (*inner, "name"), "a name that is no string")
        if not isinstance(config.get("trainable"), bool | None):
            self._add("config-shape", (*inner, "trainable"), "neither true nor false")
        if not isinstance(config.get("dtype"), str | dict | None):
            self._add("config-shape", (*inner, "dtype"), "no dtype")
        for key, value in config.items():
            if positions.ending(key) in OBJECTS and not isinstance(value, str | dict | None):
                self._add(
                    "config-shape", (*inner, key), f"a {type(value).__name__} where an object or its name belongs"
                )

    def _count(self, path: Path) -> None:
        self.layers += 1
        if self.layers > self.limits.layers and not self.over:
            self.over = True
            self._add("model-bomb", path, f"more than {self.limits.layers:,} layers")

    def _class(self, value: dict[str, Any], name: str, path: Path, kinds: frozenset[str]) -> frozenset[str] | None:
        """What the class is; None where it is none of Keras, and that is noted."""
        registered = value.get("registered_name")
        if "module" not in value:
            return self._bare(name, path, kinds)
        module = value["module"]
        if module is None or module == "":
            self._custom(path, str(registered or name), "")
            return None
        if not isinstance(module, str) or not (registered is None or isinstance(registered, str)):
            self._add("config-shape", path, "module or registered_name is no string")
            return None
        if foreign.wraps_cell(module, name, value.get("config")):
            self._custom(path, str(registered or name), "of TensorFlow: tf.nn.RNNCell" + name)
            return None
        if module in foreign.INITIALIZERS_AT and name in foreign.INITIALIZERS and registered in (None, "", name):
            module = "keras.initializers"
        if not self._is_keras(module, name, path, str(registered or name)):
            return None
        self._registered(registered, module, name, path, kinds)
        return self._judge(module, name, exports.kinds(module, name), path, kinds)

    def _registered(self, registered: str | None, module: str, name: str, path: Path, kinds: frozenset[str]) -> None:
        """Keras registers what is its own by no other name."""
        if not registered or registered == name or (registered == f"Custom>{name}" and name in exports.REGISTERED):
            return
        if ">" in registered:
            self._custom(path, registered, f"goes before {module}.{name}, where it is registered")
        else:
            self._add("config-shape", path, f"{module}.{name} is registered as {registered}")
            if module != "builtins":  # Keras 2 takes the second where the module has nothing by the first
                self._judge(module, registered, exports.kinds(module, registered), path, kinds)

    def _bare(self, name: str, path: Path, kinds: frozenset[str]) -> frozenset[str] | None:
        package, _, rest = name.rpartition(">")
        found = exports.bare(rest) or exports.written(rest)
        own = not package or (package == "Custom" and rest in exports.REGISTERED)
        if not own or not found & PARTS:
            if own and found:
                self._add("builtin-misused", path, f"{name}: a {'/'.join(sorted(found))} of Keras")
            else:
                self._custom(path, name, "")
            return None
        if not found & kinds:
            self._add(
                "wrong-kind", path, f"{name} is a {'/'.join(sorted(found & PARTS))}; {_words(kinds)} belongs here"
            )
        return found

    def _is_keras(self, module: str, name: str, path: Path, registered: str) -> bool:
        top = module.split(".", 1)[0]
        if top == "keras":
            return True
        if top == "builtins" or top in foreign.PYTHON:
            self._add("outside-keras", path, f"{module}.{name}: of Python's standard library")
        elif top in foreign.PACKAGES:
            self._add("outside-keras", path, f"{module}.{name}: of the package {top}, which is no extension of Keras")
        elif top in foreign.EXTENSIONS:
            self._custom(path, registered, f"of the package {top}: install and import it")
        else:
            self._custom(path, registered, f"from the module {module}")
        return False

    def _judge(
        self, module: str, name: str, found: frozenset[str], path: Path, kinds: frozenset[str]
    ) -> frozenset[str] | None:
        if module in SAVED.get(name, ()):
            return found or None
        if not found:
            # What a module of Keras has by this name need not be what Keras exports by it: `copy` is shutil's in one.
            elsewhere = exports.bare(name)
            moved = name[:1].isupper() and INSIDE.match(module) is not None and elsewhere & PARTS
            if moved or (HOMES.match(module) and name.isidentifier() and not elsewhere):
                self._add("unknown-part", path, f"{module}.{name}")
            else:
                self._add("keras-internal", path, f"{module}.{name}")
            return elsewhere if moved else None
        if not found & PARTS:
            self._add("builtin-misused", path, f"{module}.{name}: a {'/'.join(sorted(found))}, no part of a model")
            return None
        if not found & kinds:
            self._add("wrong-kind", path, f"{module}.{name} is a {'/'.join(sorted(found & PARTS))}; "
                      f"{_words(kinds)} belongs here")  # fmt: skip
        return found

    def _function(self, value: dict[str, Any], path: Path, kinds: frozenset[str]) -> bool:
        name, module = value.get("config"), value.get("module")
        if not isinstance(name, str):
            self._add("config-shape", path, "a function whose name is no string")
            return True
        registered = value.get("registered_name")
        if not module or not isinstance(module, str):
            self._custom(path, str(registered or name), "a function")
        elif not isinstance(registered, str | None):
            self._add("config-shape", path, "registered_name is no string")
        elif module == "builtins":
            found = exports.named_function(name)
            if found:
                self._registered(None if registered == "function" else registered, module, name, path, kinds)
                self._judge("keras", name, found, path, kinds)
            elif not foreign.of_python(name):
                self._custom(path, name, "a function")
            # Keras before 3.9 takes what Python has by the second name where it has nothing by the first.
            for each in dict.fromkeys((name, registered or name)):
                if foreign.of_python(each) and not (each == name and found):
                    self._add("outside-keras", path, f"builtins.{each}: of Python itself")
        elif self._is_keras(module, name, path, str(registered or name)):
            self._registered(None if registered == "function" else registered, module, name, path, kinds)
            self._judge(module, name, exports.kinds(module, name), path, kinds)
        return False

    def _custom(self, path: Path, name: str, what: str) -> None:
        if len(self.custom) < NAMES:
            self.custom.setdefault(name)
        self._add("custom-object", path, f"{name}{', ' if what else ''}{what}")

    def _ask(self, count: int, path: Path) -> None:
        self._asked += count
        limit = max(self.limits.parameters_floor, int(self.report.size * self.limits.parameters_over_file))
        if count and self._asked * 4 > limit:
            self._add("model-bomb", path, f"{self._asked * 4:,} bytes that arguments ask for up to here; the limit is "
                      f"{limit:,}")  # fmt: skip

    # What a built-in's own arguments can do.
    def _particular(self, name: str, config: dict[str, Any], path: Path) -> None:
        inner = (*path, "config")
        self._ask(costs.of(name, config), inner)
        if name == "Lambda":
            self._lambda(config, inner)
        budget = protobuf.Budget(self.limits.protobuf_messages, self.report.clock)
        self._told(particulars.of(name, config, inner, budget))

    def _told(self, found: particulars.Told) -> None:
        for rule, path, what in found:
            self._add(rule, path, what)

    def _lambda(self, config: dict[str, Any], path: Path) -> None:
        for key in ("function", "output_shape", "mask"):
            value, kind = config.get(key), config.get(f"{key}_type")
            where = (*path, key)
            module = config.get("module" if key == "function" else f"{key}_module")
            listed = isinstance(value, list) or (isinstance(value, dict) and value.get("class_name") == "__tuple__")
            if kind == "lambda" or (key == "function" and listed):
                self._add("python-code", where, "marshalled byte code of a lambda")
                continue
            named = value if isinstance(value, str) else key
            home = module if isinstance(module, str) and module not in ("", "__main__") else None
            known = home is None or self._is_keras(home, named, where, named)
            if isinstance(value, dict) and isinstance(value.get("class_name"), str):
                name = value["class_name"]
                if name == "function":
                    self._function(value, where, positions.CALLABLE)
                elif name not in PLAIN | ARRAYS | {"__lambda__"}:
                    of = value.get("module")
                    found = exports.kinds(of, name) if isinstance(of, str) else exports.bare(name)
                    if not found & {"layer", "model"}:
                        self._add("lambda-of-class", where, f"{of or ''}.{name}".lstrip("."))
            elif isinstance(value, str) and known:
                found = exports.kinds(home, value) if home else PARTS
                if home is None or self._judge(home, value, found, where, positions.CALLABLE):
                    self._custom(where, value, f"a function from the module {module}" if module else "a function")


def _is_located(key: str) -> bool:
    return key in LOCATIONS or key.rsplit("_", 1)[-1] in LOCATIONS


def _words(kinds: frozenset[str]) -> str:
    return " or ".join(sorted(kinds)) if kinds != PARTS else "a part of a model"
