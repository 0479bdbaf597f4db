"""What mends a failure on a route: by the route, by what did not survive, and by the error; first match counts."""

from __future__ import annotations

import re

from harness.expectations.finding import Finding
from harness.own.report import essence

_STATE = "make weights and sub-layers in __init__ or build(), and keep them as attributes; call() only uses them"
FROM_THE_CONFIG = (
    "build() must make the same weights whenever it is called on what get_config() says (under no condition such as"
    " self.trainable), and build its sub-layers, each with the shape that it will see"
)
# By the error's message, wherever it was raised.
ERRORS = (
    (
        r"add new elements of state",
        f"{_STATE}; a layer that came out of a config may be built: if not self.inner.built: self.inner.build(shape)",
    ),
    (r"not allowed to create variables|tf\.Variable.*on the first call|singleton", _STATE),
    (
        r"out of scope and cannot be used|is not accessible|inaccessible|TF_FuncGraph|cannot access .* from here",
        "keep no tensor in an attribute of the layer: what lasts from call to call is a weight,"
        " self.add_weight(trainable=False, …), which call() assigns",
    ),
    (
        r"\w*[dD]ict(?:Wrapper)?' object has no attribute '(?:build|call|count_params|get_config|built|\w+shape)'"
        r"|\w*[dD]ict(?:Wrapper)?' object is not callable",
        "what get_config() wrote of an object comes back as a dict: turn it back in from_config (or in __init__) with"
        " keras.saving.deserialize_keras_object",
    ),
    (
        r"missing \d+ required (?:positional|keyword-only) argument",
        "get_config() must return every argument of __init__",
    ),
    (
        r"unexpected keyword argument|Unrecognized keyword arguments|Keyword argument not understood"
        r"|multiple values for (?:keyword )?argument",
        "__init__ must take what get_config() returns, each by its name: **kwargs, handed to super().__init__",
    ),
    (
        r"name already exists",
        "give each weight of the layer a name of its own: self.add_weight(name=…); in Keras 2 build inner layers under"
        " theirs: with tf.name_scope(layer.name): layer.build(shape)",
    ),
    (
        r"Unknown object: '\w+'",
        "write inner layers with keras.layers.serialize and read them with keras.layers.deserialize, or register them",
    ),
    (r"(?:Could not locate|Unknown layer|Cannot deserialize)", "register the class, or give custom_objects"),
    (
        r"expected \d+ variables, but received|was never built|has no variables|Weight count mismatch"
        r"|Shape mismatch in layer|is not compatible with provided weight shape|target value in `variable\.assign",
        FROM_THE_CONFIG,
    ),
    (
        r"batch size must be static|stateful.*(?:fixed|static|batch)",
        "a stateful layer takes batches of one size: check a model of it, check_model(build), where build() begins with"
        " keras.Input(batch_shape=(4, …))",
    ),
    (r"No loss to compute", "define test_step(data) beside train_step(data), or give a loss to compile()"),
    (
        r"deserialization of a (?:`Lambda` layer|Python lambda)|^The (?:`function` of|config).*lambda",
        "write a function with a name and register it (@keras.saving.register_keras_serializable), or, for a Lambda,"
        " a layer class",
    ),
    (r"Could not parse config", "write inner objects with keras.saving.serialize_keras_object in get_config()"),
    (
        r"as a Python `?bool`?",
        "call() is traced: for an if on what a tensor holds write keras.ops.where or keras.ops.cond (Keras 2: tf.cond)",
    ),
    (r"outputs=None|invalid value None|must be .*tensors.*Found: None", "let call() return its outputs"),
    (r"symbolic|KerasTensor|NotImplementedError.*numpy", "use keras.ops on tensors in call(), and no NumPy"),
)
# By route and observation, regular expressions both.
ROUTES = (
    (
        r".*",
        "original",
        "what is asked for a file (get_config, get_build_config, save_own_variables, …) must change nothing in self:"
        " copy what you take things out of",
    ),
    (
        r".*_elsewhere",
        r".*",
        "give inner layers dtype=self.dtype_policy: else they take the global policy of the program that loads",
    ),
    (
        r".*",
        "frozen",
        "a layer that is frozen keeps its state, as BatchNormalization does: update it in call() only if training and"
        " self.trainable",
    ),
    (
        r".*",
        "compile",
        "let compile() hand everything to super().compile(), or define get_compile_config() and compile_from_config()",
    ),
    (r".*", "training outputs", "draw with keras.random and a keras.random.SeedGenerator that is kept as an attribute"),
    (
        r".*",
        "fresh",
        "draw first values with an initializer, in add_weight(initializer=…), and return that from get_config()",
    ),
    (r".*", "config", "get_config() of the layer that came back must say what the first one said"),
    (r".*", "weights", "every weight must be made by build() from the config alone, with a name of its own"),
    (r".*", "outputs|extracted|exported|losses", "what call() uses must be in a weight or in get_config()"),
    (r".*", "flags", "every layer and weight must come back under its name: hand **kwargs to super().__init__"),
    (r".*", "structure", "hand name to super().__init__(**kwargs), and return super().get_config() with it"),
)


def mend_of_error(error: BaseException) -> str:
    """One line on what mends it; empty where nothing is known."""
    return _of_message(essence(error))


def mend_of(finding: Finding) -> str:
    """One line on what mends a finding; empty where nothing is known."""
    if finding.error is not None:
        return _of_message(essence(str(finding.error["message"])))
    for route, observation, mend in ROUTES:
        if re.fullmatch(observation, finding.observation) and all(re.fullmatch(route, each) for each in finding.routes):
            return mend
    return ""


def _of_message(message: str) -> str:
    return next((mend for pattern, mend in ERRORS if re.search(pattern, message)), "")
