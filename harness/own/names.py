"""The names of all checks, known without a TensorFlow: pytest items are made of them."""

from __future__ import annotations

from harness.expectations.table import parse

BUILD = "build"  # it can be built and observed at all
# In the order in which they are made: the config first, for what it loses is lost on every route.
DIAGNOSES = (
    "registration",
    "arguments",
    "base_arguments",
    "state",
    "nested",
    "weight_names",
    "output_shape",
    "training_argument",
    "randomness",
    "graph",
    "mask",
    "dtype",
)
SUBSTANCE = "substance"  # it computes something, which depends on what it is fed, and learns
# A route by another process would need the user's code in that process.
ROUTES = tuple(route for route in parse() if not route.endswith("_process"))
CHECKS = (BUILD, *DIAGNOSES, SUBSTANCE, *ROUTES)
