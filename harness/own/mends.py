"""What mends a failure on a route: by the route, by what did not survive, and by the error; first match counts."""

from __future__ import annotations

import re

from harness.expectations.finding import Finding
from harness.own.report import essence

_STATE = "make weights and sub-layers in __init__ or build(), and keep them as attributes; call() only uses them"
# By the error's message, wherever it was raised.
ERRORS = (
    (r"add new elements of state|not allowed to create variables|tf\.Variable.*on the first call|singleton", _STATE),
    (
        r"missing \d+ required (?:positional|keyword-only) argument",
        "get_config() must return every argument of __init__",
    ),
    (
        r"unexpected keyword argument",
        "__init__ must take what get_config() returns: **kwargs, handed to super().__init__",
    ),
    (r"name already exists", "give each weight of the layer a name of its own: self.add_weight(name=…)"),
    (
        r"Unknown object: '\w+'",
        "write inner layers with keras.layers.serialize and read them with keras.layers.deserialize, or register them",
    ),
    (r"(?:Could not locate|Unknown layer|Cannot deserialize)", "register the class, or give custom_objects"),
    (
        r"expected \d+ variables, but received|was never built|has no variables",
        "build sub-layers in build(), each with the shape that it will see",
    ),
    (r"symbolic|KerasTensor|NotImplementedError.*numpy", "use keras.ops on tensors in call(), and no NumPy"),
)
# By route and observation, regular expressions both.
ROUTES = (
    (
        r".*_elsewhere",
        r".*",
        "give inner layers dtype=self.dtype_policy: else they take the global policy of the program that loads",
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
