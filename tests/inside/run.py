"""Runs the sentences of `tests/inside` in one process: a worker's rooms import TensorFlow, and the tests do not.

A sentence is a function that asserts what its name says. Its random numbers are those of one seed each time; one that
has a parameter is given an empty folder.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import sys
import tempfile
import traceback
from pathlib import Path

HERE = Path(__file__).parent


def sentences(subject: str) -> list[str]:
    """Those of a file, as `file.name`, without importing it."""
    tree = ast.parse((HERE / f"{subject}.py").read_text(encoding="utf-8"))
    names = [each.name for each in tree.body if isinstance(each, ast.FunctionDef)]
    return [f"{subject}.{name}" for name in names if not name.startswith("_")]


def main(*subjects: str) -> None:
    """Prints, as JSON, what each of these raised: nothing where it is true."""
    states = importlib.import_module("harness.worker.states")
    told = {}
    for subject in subjects:
        module = importlib.import_module(f"tests.inside.{subject}")
        for name in sentences(subject):
            states.reseed(1)
            sentence = getattr(module, name.partition(".")[2])
            with tempfile.TemporaryDirectory() as folder:
                try:
                    sentence(*[Path(folder)][: len(inspect.signature(sentence).parameters)])
                    told[name] = ""
                except Exception:
                    told[name] = traceback.format_exc()
    json.dump(told, sys.stdout)
